"""Signing in by a link: looking uses nothing up, a button does, and the page that was wanted is not lost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal
from urllib.parse import quote, urljoin, urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import BrowserContext, expect

from api.access import grants as access
from api.access.matrix import RULES
from api.wire.destinations import own_page
from tests.support.clients import TLS, get, sign_in
from tests.web.conftest import App, keep
from web import routes

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
OURS = "https://milepost.example"


@pytest.fixture(scope="module")
def workspace(shared_workspace: App) -> App:
    """One for all: each test has links and sessions of its own."""
    return shared_workspace


@pytest.fixture(scope="module")
def app(workspace: App) -> App:
    """What the browser looks at."""
    return workspace


@pytest.fixture
def visitor(workspace: App) -> Iterator[httpx.Client]:
    """A browser that is not signed in, without a browser."""
    with httpx.Client(base_url=workspace.url, headers={"Accept": "text/html"}, verify=TLS) as client:
        yield client


def test_looking_at_a_link_uses_nothing_up(workspace: App, visitor: httpx.Client):
    """A program that fetches every address of a mail leaves the link as it was; only the button signs in, once."""
    link = workspace.link("person:dana")
    for _ in range(2):
        assert visitor.head(link).status_code == 200
        shown = visitor.get(link)
        assert (shown.status_code, "Sign in as Dana" in shown.text) == (200, True)
        assert "set-cookie" not in shown.headers
        assert shown.headers["referrer-policy"] == "same-origin"
    assert visitor.get("/").status_code == 401
    assert sign_in(visitor, link).headers["location"] == "/"
    assert visitor.get("/").status_code == 200
    assert sign_in(visitor, link).status_code == 401
    assert "This link is used up" in visitor.get(link).text


def test_another_site_signs_nobody_in(workspace: App, visitor: httpx.Client):
    """A form elsewhere cannot make a browser somebody else's; the link is not used up by trying."""
    link = workspace.link()
    form = {"link": link.partition("link=")[2]}
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        refused = visitor.post("/sign-in", data=form, headers=headers)
        assert (refused.status_code, "set-cookie" in refused.headers) == (403, False)
    assert visitor.post("/sign-in", data=form, headers={"Origin": workspace.url}).status_code == 303


def test_signing_in_again_ends_the_session_before(workspace: App, visitor: httpx.Client):
    """The browser gets a new session, and what it forgets is worth nothing to anybody."""
    sign_in(visitor, workspace.link())
    before = dict(visitor.cookies)
    assert "signed in as Dana" in visitor.get(workspace.link("person:bo")).text
    sign_in(visitor, workspace.link("person:bo"))
    workspace.services.leases.forget_all()
    assert get(f"{workspace.url}/v1/me", cookies=before).status_code == 401
    assert visitor.get("/v1/me").json()["actor"] == "person:bo"


def test_a_deep_link_survives_signing_in(workspace: App, visitor: httpx.Client):
    """Whoever follows a link of a mail without being signed in sees what it leads to once they are, and only once."""
    wanted = f"/runs/{workspace.run(workspace.project())}?step=kickoff"
    assert visitor.get(wanted).status_code == 401
    link = workspace.link()
    assert wanted in visitor.get(link).text
    assert sign_in(visitor, link).headers["location"] == wanted
    assert sign_in(visitor, workspace.link()).headers["location"] == "/"
    assert sign_in(visitor, workspace.link(), wanted).headers["location"] == wanted
    shown = visitor.get(f"{workspace.link()}&next={quote(wanted, safe='')}").text
    assert f'name="next" value="{wanted}"' in shown


@pytest.mark.parametrize(
    "wanted", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_nobody_is_sent_elsewhere_by_signing_in(workspace: App, visitor: httpx.Client, wanted: str):
    """What is no page of ours is forgotten, wherever it stands: in the form, in the address, in the cookie."""
    visitor.cookies.set(workspace.services.site.wanted_cookie, quote(wanted, safe=""))
    link = workspace.link()
    assert "evil" not in visitor.get(f"{link}&next={quote(wanted, safe='')}").text
    assert sign_in(visitor, link, wanted).headers["location"] == "/"


TRICKS = st.sampled_from(
    ["/", "//", "\\", "/\\", "%2f", "%5c", "%252f", "%255c", "..", ".", "%2e", "%2e%2e", "\t", "\n", "\r", "%0a", "%00",
     "\0", "@", ":", "?", "#", ";", "http:", "https://", "javascript:", "evil.example", "runs", "é", "／", " ", "%20"]
)  # fmt: skip


@given(st.lists(TRICKS | st.text(max_size=4), max_size=8).map("".join))
def test_where_somebody_is_sent_is_always_a_page_of_ours(wanted: str):
    """However it is written, what is taken is of this origin as browsers read addresses, and is one line of ASCII."""
    taken = own_page(wanted)
    if taken is None:
        return
    assert taken == wanted
    assert taken.isascii()
    assert taken.isprintable()
    # browsers drop tabs and line ends, and read \ as /
    read = taken.replace("\\", "/")
    assert urlsplit(urljoin(OURS, read)).netloc == urlsplit(OURS).netloc
    assert urlsplit(urljoin(OURS, read)).scheme == "https"
    assert not read.startswith("//")


@pytest.mark.parametrize(
    ("wanted", "taken"),
    [
        ("/", True), ("/runs/018f?step=x", True), ("/search?q=M%C3%BCller+%26+Co", True),
        ("/projects/1/list?sort=due", True), ("/é", False), ("/ｅvil", False), ("/\\evil.example", False),
        ("", False), ("runs/1", False), ("//evil.example", False), ("///evil.example", False),
        ("/%5cevil.example", False), ("/%2fevil.example", False), ("/%252f%252fevil.example", False),
        ("/%25252f%25252fevil.example", False), ("/\t/evil.example", False), ("/\n/evil.example", False),
        ("/..//evil.example", False), ("/%2e%2e//evil.example", False), ("/a//b", False), ("/.", False),
        ("https:/runs", False), ("https://milepost.example/runs/1", False), ("javascript:alert(1)", False),
        ("/runs\r\nSet-Cookie: a=b", False), ("/search?q=a%0d%0ab", False),
        ("/runs/1#x", False), ("/sign-in?link=x", False), ("/sign-out", False), ("/v1/me", False),
        ("/guest/abc", False), ("/" + "a" * 3_000, False),
    ],
)  # fmt: skip
def test_only_pages_are_places_to_go_on_to(wanted: str, taken: bool):
    """Own path and query; no host, scheme, backslash, control character or dot segment, in no layer of encoding."""
    assert (own_page(wanted) == wanted) is taken


def test_the_link_is_redeemed_by_a_click(workspace: App, context: BrowserContext):
    """In a browser: the page wanted, the way in, the button, the page wanted."""
    context.clear_cookies()
    page = context.new_page()
    run = workspace.run(workspace.project())
    page.goto(f"{workspace.url}/runs/{run}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in to Milepost")
    page.goto(workspace.link())
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in as Dana")
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        keep(page, f"sign-in-{scheme}")
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(f"{workspace.url}/runs/{run}")
    workspace.trouble.clear()  # the browser itself logs the 401


# --- HEAD ---


def test_head_answers_as_get_does_without_a_body(workspace: App):
    """Every page, view and feed: the same status and headers, nothing after them; and a stream lets go at once."""
    workspace.client.timeout = httpx.Timeout(
        30
    )  # the document of the interface is written when first asked for
    project = workspace.project()
    run = workspace.run(project)
    task = workspace.task(project, "Call")
    workspace.post("/v1/people", person="dana", name="Dana")
    url = workspace.client.post("/v1/calendar-links", json={}).json()["url"]
    known = {
        "/v1/runs/{id}": run, "/runs/{id}": run, "/v1/projects/{id}": project, "/projects/{id}": project,
        "/v1/tasks/{id}": task, "/tasks/{id}": task, "/v1/people/{key}": "dana", "/people/{key}": "dana",
    }  # fmt: skip
    for name in sorted({**RULES, **routes.RULES}):
        method, path = name.split(" ")
        if method != "GET":
            continue
        start = next((start for start in known if path.startswith(start)), None)
        if start is not None:
            path = start[: start.index("{")] + known[start] + path[len(start) :]
        path = path.replace("/calendar/{name}", urlsplit(url).path).replace("{name}", "app.css")
        path = path.replace("{key}", "onboarding").replace("{version}", "1")
        with workspace.client.stream("GET", path) as get:
            head = workspace.client.head(path)
            assert (head.status_code, head.content) == (get.status_code, b""), path
            assert {*head.headers} == {*get.headers} - {"transfer-encoding"}, path
            assert head.headers["content-type"] == get.headers["content-type"], path
            assert int(head.headers.get("content-length", 1)) > 0, path
    assert workspace.client.head("/v1/runs/x/pause").status_code == 405


def test_head_of_a_stream_ends(workspace: App):
    """The feed as a stream has its headers, and holds nobody."""
    head = workspace.client.head("/v1/events?after=0", headers={"Accept": "text/event-stream"})
    assert (head.status_code, head.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")


def test_a_head_and_the_button_of_the_same_link(workspace: App, visitor: httpx.Client):
    """HEAD of the page of a used link is the refusal that GET gives."""
    link = workspace.link()
    sign_in(visitor, link)
    assert (visitor.head(link).status_code, visitor.get(link).status_code) == (401, 401)
    with workspace.services.pool.connection() as connection:
        assert access.peek(connection, link.partition("link=")[2]) is None
