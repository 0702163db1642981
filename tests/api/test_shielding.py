"""What every answer says to browsers, whatever it is: nothing of ours is framed, guessed at, or taken in by others."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from api.access.grants import first_login_link
from api.access.guard import Site
from api.app import create_app
from api.server import make_server
from api.wire.shielding import EVERYWHERE
from tests.api.conftest import DANA, Api
from tests.support.clients import client_of, sign_in


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/me"),
        ("HEAD", "/v1/me"),
        ("GET", "/v1/nothing"),
        ("GET", "/v1/runs/x"),
        ("PATCH", "/v1/runs"),
        ("GET", "/health/live"),
        ("GET", "/openapi.json"),
        ("GET", "/v1/%00"),
    ],
)
def test_every_answer_is_shielded(shared: Api, method: str, path: str):
    """Answers, refusals, unknown addresses and methods alike."""
    told = shared.client.request(method, path)
    assert {name: told.headers.get(name) for name in EVERYWHERE} == EVERYWHERE
    assert "strict-transport-security" not in told.headers, "nobody comes by https here"


def test_data_is_no_page(shared: Api):
    """Should a browser show an answer after all, it runs nothing, loads nothing, and nobody frames it."""
    policy = shared.client.get("/v1/me").headers["content-security-policy"]
    for part in ("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "sandbox"):
        assert part in policy


def test_https_is_for_good_only_where_people_come_by_https(shared: Api, monkeypatch: pytest.MonkeyPatch):
    """The header is part of what is sent exactly when the address of the installation begins with https."""
    for url, said in (("https://milepost.example", True), ("http://milepost.example", False)):
        monkeypatch.setattr(shared.services, "site", Site(url))
        shield = make_server(create_app(shared.services)).config.app
        assert (b"strict-transport-security" in dict(shield._headers)) is said  # type: ignore[union-attr]


@pytest.fixture(scope="module")
def browser(shared: Api) -> Iterator[httpx.Client]:
    """A browser's session."""
    with shared.services.pool.connection() as connection:
        link = first_login_link(connection, shared.url, DANA)
    with client_of(shared.url) as client:
        assert sign_in(client, link).is_redirect
        yield client


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "{url}"}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "nonsense"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "{url}"}, 422),
        ({"Sec-Fetch-Site": "same-origin"}, 422),
        ({"Origin": "{url}"}, 422),
    ],
)
def test_what_the_browser_says_comes_before_origin_and_that_before_the_token(
    shared: Api, browser: httpx.Client, headers: dict[str, str], status: int
):
    """Both have to say that the request is of our own page where both are there; then the token has to be right."""
    token = browser.get("/v1/me").json()["csrf"]
    sent = {name: value.format(url=shared.url) for name, value in headers.items()}
    told = browser.post("/v1/tasks", json={}, headers={**sent, "X-CSRF-Token": token})
    assert told.status_code == status, told.text
    without = browser.post("/v1/tasks", json={}, headers=sent)
    assert (without.status_code, without.json()["code"]) == (403, "cross_site")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}, 200),
        ({"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}, 200),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}, 200),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "object"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}, 403),
        ({"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}, 403),
    ],
)
def test_another_site_leads_to_a_page_and_takes_none_in(
    browser: httpx.Client, headers: dict[str, str], status: int
):
    """A link from a mail works; an image, a frame or a script of another site gets nothing of somebody's session."""
    assert browser.get("/v1/me", headers=headers).status_code == status
