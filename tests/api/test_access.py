"""Who comes in, and what they may do."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, get_args
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest
from fastapi import FastAPI

from api.access import grants as access
from api.access.grants import CALENDAR, SCOPES
from api.access.guard import Site, UnguardedRouteError, guard_routes
from api.access.matrix import RULES, Rule
from api.access.origins import is_own
from api.access.throttle import Callers
from api.app import api_router
from api.handling.bodies import TokenScope
from api.server import make_server
from domain.words import Actor
from tests.api.conftest import Api
from tests.support.clients import client_of, get, sign_in

_LOOKED_AT_ELSEWHERE = {
    "GET /v1/changes",  # a stream does not end
    "DELETE /v1/access",  # ends the token that this test goes on with
    "POST /v1/people/{key}/invite",  # gives without a body what this test's tokens do not have
}
_NEEDS_A_PARAMETER = {"GET /v1/recurrences/preview", "GET /v1/search"}
UNKNOWN = "01938c2e-7a31-7c11-b1b9-0d6c2f6a9e55"


def filled(path: str) -> str:
    """A path with something in each of its places."""
    return (
        path.replace("{id}", UNKNOWN)
        .replace("{key}", "nothing")
        .replace("{step}", "x")
        .replace("{version}", "1")
    )


def wants_scope(client: httpx.Client, route: str) -> bool:
    """Whether a bare request to a row of the matrix is refused for want of a scope."""
    method, path = route.split(" ")
    told = client.request(method, filled(path))
    if told.status_code != 403:
        return False
    said = told.json()
    return "needs the scope" in said["detail"] if path.startswith("/scim/") else "needs" in said


def answered(client: httpx.Client, route: str) -> int:
    """The status of a bare request to a row of the matrix."""
    method, path = route.split(" ")
    return client.request(method, filled(path)).status_code


def test_every_route_has_a_row_and_every_row_a_route():
    """The matrix and the routes are the same set."""
    routes = {
        f"{method} {route.path}"  # type: ignore[attr-defined]
        for route in api_router().routes
        for method in route.methods - {"HEAD"}  # type: ignore[attr-defined]  # HEAD goes by the rule of GET
    }
    assert routes == set(RULES)


def test_a_route_without_a_row_stops_the_start():
    """Who may call a route has to be decided before it can be served."""
    rules = {name: rule for name, rule in RULES.items() if name != "GET /v1/runs"}
    with pytest.raises(UnguardedRouteError, match="GET /v1/runs is not in the matrix"):
        guard_routes(list(api_router().routes), rules, None, None, Callers(), None)  # type: ignore[arg-type]


def test_the_matrix_holds_for_every_route_and_scope(api: Api):
    """Every route x scope: exactly those whom the row names get past the guard, and to an answer that is no failure."""
    head = api.head
    for scope in SCOPES:
        with api.as_("person:cell", scope) as client:
            for route, rule in RULES.items():
                if route in _LOOKED_AT_ELSEWHERE:
                    continue
                if rule.open or scope in rule.scopes:
                    status = answered(client, route)
                    assert status in _decent(route) or not wants_scope(client, route), (route, scope, status)
                    assert status < 500, (route, scope, status)
                else:
                    assert wants_scope(client, route), (route, scope)
    assert api.head == head


_FOR_A_ROLE = {"GET /v1/security-events"}
"""Asks for a role in the house too, whatever the scope."""


def _decent(route: str) -> set[int]:
    """What a route may answer to a bare request that it lets in: what is asked for where it can, never a failure."""
    method, path = route.split(" ")
    if route in _FOR_A_ROLE:
        return {200, 403}
    if method == "GET" and "{" not in path and route not in _NEEDS_A_PARAMETER:
        return {200}
    return {200, 201, 404, 422}


def test_nobody_gets_in_without_a_token(api: Api):
    """A request that names nobody is 401 on every route that is not open."""
    with client_of(api.url) as nobody:
        for route, rule in RULES.items():
            assert (answered(nobody, route) == 401) == (not rule.open), route


def test_head_goes_by_the_rule_of_get(api: Api):
    """Where GET is asked for a token HEAD is, where GET is refused a scope HEAD is, and nothing else takes HEAD."""
    gets = [(route, rule) for route, rule in RULES.items() if route.startswith("GET ")]
    assert len(gets) > 50
    with client_of(api.url) as nobody, api.as_("person:cell", "service") as other:
        for route, rule in gets:
            if route in _LOOKED_AT_ELSEWHERE:
                continue
            path = filled(route.removeprefix("GET "))
            assert (nobody.head(path).status_code == 401) == (not rule.open), route
            assert (other.head(path).status_code == 403) == (
                not rule.open and "service" not in rule.scopes
            ), route
        posts = {route.partition(" ")[2] for route in RULES} - {route.partition(" ")[2] for route, _ in gets}
        path = filled(min(posts))
        assert nobody.head(path).status_code in (401, 405)


@pytest.mark.parametrize(
    "header",
    ["Bearer", "Bearer x", "Bearer mpt_unknown", "Basic bXB0Xw==", "bearer mpl_x", "mpt_x", "Bearer mps_x"],
)
def test_a_wrong_authorization_is_turned_away(shared: Api, header: str):
    """Whatever is not one of our tokens is 401 with a challenge."""
    answer = get(f"{shared.url}/v1/me", headers={"Authorization": header})
    assert (answer.status_code, answer.json()["code"]) == (401, "bad_token")
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_revoked_token_is_dead_when_the_answer_comes(shared: Api):
    """Once a revocation is answered no process accepts the token, also one that had just used it."""
    made = shared.client.post("/v1/tokens", json={"actor": "service:crm", "scopes": ["read"]}).json()
    with client_of(shared.url, headers={"Authorization": f"Bearer {made['token']}"}) as crm:
        assert crm.get("/v1/me").json()["actor"] == "service:crm"
        assert shared.client.delete(f"/v1/tokens/{made['id']}").status_code == 204
        assert crm.get("/v1/me").status_code == 401
    assert shared.client.delete(f"/v1/tokens/{UNKNOWN}").status_code == 404


def test_a_secret_is_shown_once_and_kept_nowhere(shared: Api):
    """The list of tokens and the table hold no secret."""
    made = shared.client.post("/v1/tokens", json={"actor": "person:bo", "scopes": ["read"]}).json()
    assert made["token"] not in shared.client.get("/v1/tokens").text
    with psycopg.connect(shared.database.app_url) as connection:
        rows = connection.execute("select t::text from log.access_token t").fetchall()
    assert made["token"] not in str(rows)


def test_a_token_may_have_every_scope_that_there_is_for_tokens(shared: Api):
    """All that the document names at once, and no more than those."""
    scopes = list(get_args(TokenScope))
    assert set(scopes) == {*SCOPES} - {CALENDAR}
    made = shared.client.post("/v1/tokens", json={"actor": "service:all", "scopes": scopes})
    assert made.status_code == 201, made.text
    with client_of(shared.url, made.json()["token"]) as client:
        assert set(client.get("/v1/me").json()["scopes"]) == set(scopes)


def test_nobody_gives_what_they_do_not_have(shared: Api):
    """A token can only be made with scopes that its maker has."""
    with shared.as_("person:bo", "admin") as admin:
        refused = admin.post("/v1/tokens", json={"actor": "person:bo", "scopes": ["admin", "work"]})
        assert (refused.status_code, refused.json()["needs"]) == (403, ["work"])


def test_an_expired_token_is_no_token(shared: Api):
    """A token ends with its lifetime."""
    with psycopg.connect(shared.database.app_url, autocommit=True) as connection:
        token = access.create_token(connection, Actor("person:bo"), ["read"], timedelta(seconds=-1))
        assert access.find(connection, token.secret) is None


def test_acting_for_somebody_needs_the_scope(shared: Api):
    """Milepost-Actor is for programs with act_as, whomever they name; a person's token is for that person."""
    cases = {
        ("read", "person:bo"): 403,
        ("service", "person:bo"): 403,
        ("service", "service:crm"): 403,
        ("act_as", "person:bo"): 200,
        ("act_as", "system:timer"): 400,
        ("act_as", "bo"): 400,
    }
    for (scope, actor), status in cases.items():
        with shared.as_("service:bridge", scope) as client:
            assert client.get("/v1/me", headers={"Milepost-Actor": actor}).status_code == status, (
                scope,
                actor,
            )
    with shared.as_("person:dana", "act_as") as client:
        refused = client.get("/v1/me", headers={"Milepost-Actor": "person:bo"})
        assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
        assert client.get("/v1/me", headers={"Milepost-Actor": "person:dana"}).status_code == 200


@pytest.fixture
def browser(api: Api) -> Iterator[httpx.Client]:
    """A browser that was signed in by a first-login link."""
    with psycopg.connect(api.database.app_url, autocommit=True) as connection:
        link = access.first_login_link(connection, api.url, Actor("person:dana"), ["read", "work", "manage"])
    with client_of(api.url) as client:
        signed_in = sign_in(client, link)
        assert (signed_in.status_code, signed_in.headers["location"]) == (303, "/")
        cookie = signed_in.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie
        assert sign_in(client, link).json()["code"] == "bad_link"
        yield client


def test_a_first_login_link_signs_in_once(browser: httpx.Client):
    """The link makes a session, once; the session is the person's."""
    me = browser.get("/v1/me").json()
    assert (me["actor"], sorted(me["scopes"])) == ("person:dana", ["manage", "read", "work"])


def test_a_link_is_no_token(shared: Api):
    """The secret of a link opens nothing but a session."""
    with psycopg.connect(shared.database.app_url, autocommit=True) as connection:
        link = access.first_login_link(connection, shared.url, Actor("person:dana"))
        secret = urlsplit(link).query.partition("=")[2]
        assert access.find(connection, secret) is None
        assert access.find(connection, secret.replace("mpl_", "mpt_")) is None


def test_a_change_from_a_browser_needs_origin_and_csrf_token(api: Api, browser: httpx.Client):
    """With a cookie alone nothing changes: another site, no origin, no token, a wrong token are all refused."""
    csrf = browser.get("/v1/me").json()["csrf"]
    ours = {"Origin": api.url, "X-CSRF-Token": csrf}
    body = {"name": "P", "stages": [{"key": "a", "title": "A"}]}
    refused: list[dict[str, str]] = [
        {},
        {"X-CSRF-Token": csrf},
        {"Origin": api.url},
        {**ours, "Origin": "https://evil.example"},
        {**ours, "Origin": "null"},
        {**ours, "X-CSRF-Token": "0" * 64},
        {"X-CSRF-Token": csrf, "Sec-Fetch-Site": "cross-site"},
    ]
    head = api.head
    for headers in refused:
        answer = browser.post("/v1/projects", json=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "cross_site"), headers
    assert api.head == head
    assert browser.post("/v1/projects", json=body, headers=ours).status_code == 201


def test_a_host_header_that_matches_origin_is_not_trusted(api: Api, browser: httpx.Client):
    """A page of another name that leads here is another site, for changes and for signing in alike."""
    csrf = browser.get("/v1/me").json()["csrf"]
    evil = {"Origin": "http://evil.example", "Host": "evil.example", "Sec-Fetch-Site": "same-origin"}
    head = api.head
    refused = browser.post(
        "/v1/projects",
        json={"name": "P", "stages": [{"key": "a", "title": "A"}]},
        headers={**evil, "X-CSRF-Token": csrf},
    )
    assert (refused.status_code, refused.json()["code"], api.head) == (403, "cross_site", head)
    with client_of(api.url) as nobody:
        assert nobody.post("/sign-in", data={"link": "mpl_x"}, headers=evil).status_code == 403


@pytest.mark.parametrize(
    ("origin", "host", "site", "own"),
    [
        ("https://m.example", "m.example", Site("https://m.example"), True),
        ("https://M.example:443", "anything", Site("https://m.example"), True),
        ("https://m.example", "m.example", Site("https://m.example/below"), True),
        ("http://m.example", "m.example", Site("https://m.example"), False),
        ("https://m.example:444", "m.example:444", Site("https://m.example"), False),
        ("https://evil.example", "evil.example", Site("https://m.example"), False),
        ("https://evil.example", "evil.example", Site("http://127.0.0.1:8000", loopback=True), False),
        ("http://localhost:9000", "localhost:9000", Site("http://127.0.0.1:8000", loopback=True), True),
        ("http://localhost:3000", "localhost:8000", Site("http://127.0.0.1:8000", loopback=True), False),
        ("http://localhost:8000", "localhost:8000", Site("http://127.0.0.1:8000"), False),
        ("https://old.example", "x", Site("https://m.example", ("old.example", "[::1]:8443")), True),
        ("https://[::1]:8443", "x", Site("https://m.example", ("old.example", "[::1]:8443")), True),
        ("http://old.example", "old.example", Site("https://m.example", ("old.example",)), False),
        ("https://m.example@evil.example", "evil.example", Site("https://m.example"), False),
        ("https://m.example/", "m.example", Site("https://m.example"), False),
        ("null", "m.example", Site("https://m.example"), False),
    ],
)
def test_only_addresses_that_were_set_are_our_own(origin: str, host: str, site: Site, own: bool):
    """The Host header counts where nothing was set and the server is on the loopback address, and else never."""
    assert is_own(origin, host, site.base_url, site.hosts, loopback=site.loopback) is own


@pytest.mark.parametrize("proxies", [(), ("127.0.0.1",), ("10.0.0.0/8",)])
def test_only_a_trusted_proxy_says_who_asks(proxies: tuple[str, ...]):
    """X-Forwarded-For of anybody else is taken for nothing."""

    async def told(scope: Any, receive: Any, send: Any) -> None:
        heard.append(scope["client"][0])

    heard: list[str] = []
    app = FastAPI()
    app.state.services = SimpleNamespace(site=Site("https://m.example"))
    config = make_server(app, proxies=proxies).config
    config.app = told
    config.load()
    scope = {"type": "http", "client": ("127.0.0.1", 1), "headers": [(b"x-forwarded-for", b"203.0.113.9")]}
    asyncio.run(config.loaded_app(scope, None, None))
    assert heard == ["203.0.113.9" if proxies == ("127.0.0.1",) else "127.0.0.1"]


def test_signing_out_ends_the_session(api: Api, browser: httpx.Client):
    """After signing out the cookie is worth nothing."""
    csrf = browser.get("/v1/me").json()["csrf"]
    cookie = dict(browser.cookies)
    assert browser.delete("/v1/session", headers={"Origin": api.url, "X-CSRF-Token": csrf}).status_code == 204
    assert get(f"{api.url}/v1/me", cookies=cookie).status_code == 401


def test_cookies_are_bound_to_https_where_people_come_by_it():
    """Behind https the cookie is Secure and carries the __Host- prefix."""
    assert Site("https://milepost.example").cookie.startswith("__Host-")
    assert Site("https://milepost.example").secure


def test_a_rule_with_no_scope_lets_nobody_in():
    """An empty row is a closed door, not an open one."""
    assert not Rule(frozenset()).open
