"""Signing in by a provider of identities, a real one in a process of its own, with what it and others may try."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import psycopg
import pytest

from api.access.provider import Provider, Registered
from tests.support.provider import CLIENT, LIES, SECRET, SUBJECT, Running, provider
from tests.web.conftest import DANA, App
from tests.web.plain import Page, browser_of

BUTTON = "Sign in by Acme"


@pytest.fixture(scope="module")
def acme() -> Iterator[Running]:
    """The provider."""
    with provider() as running:
        yield running


@pytest.fixture
def house(app: App, acme: Running) -> App:
    """An application that is registered with it; Dana and Bo work here."""
    acme.lie()
    app.services.provider = Provider(Registered(acme.issuer, CLIENT, SECRET, "Acme"))
    app.add("dana", "bo")
    return app


def went(left: Page) -> str:
    """Go to the provider from the page that leads there; the address that it sends the browser back to."""
    (address,) = left.tree.xpath('//a[text()="Go on"]/@href')
    sent = httpx.get(address, verify=False)  # noqa: S501 - it speaks no TLS
    assert sent.status_code == 302, sent.text
    return sent.headers["location"]


def connected(house: App, browser: httpx.Client, actor: str = DANA) -> Page:
    """A link that connects, followed to its end."""
    left = Page.at(browser, house.link(actor)).press(f"{BUTTON}, now and from now on")
    return Page.at(browser, went(left))


def who(browser: httpx.Client) -> str | None:
    """Who the server says that a browser is."""
    told = browser.get("/v1/me", headers={"Accept": "application/json"})
    return told.json().get("actor") if told.is_success else None


def events(house: App, kind: str) -> list[str]:
    """What administrators are told of a kind."""
    with psycopg.connect(house.database.app_url) as connection:
        found = connection.execute(
            "select facts::text from log.security_event where kind = %s order by id", [kind]
        )
        return [row[0] for row in found]


def test_a_link_connects_and_the_provider_lets_in_from_then_on(house: App):
    """By issuer and subject; to the page that was wanted; in a session of its own each time."""
    with browser_of(house.url) as first, browser_of(house.url) as later:
        assert connected(house, first).status == 200
        assert who(first) == DANA
        assert later.get("/search?q=x").status_code == 401
        came = Page.at(later, went(Page.at(later, "/sign-in").press(BUTTON)))
        assert (came.status, came.url.removeprefix(house.url)) == (200, "/search?q=x")
        assert who(later) == DANA
        assert len(events(house, "identity_connected")) == 1
        assert Page.at(first, "/account").status == 200


def test_an_identity_that_nobody_connected_opens_nothing(house: App, acme: Running):
    """Whatever mail address it has; and one that is somebody's is nobody else's."""
    with browser_of(house.url) as browser:
        came = Page.at(browser, went(Page.at(browser, "/sign-in").press(BUTTON)))
        assert (came.status, "ask for an invitation" in came.problems[0]) == (401, True)
        assert who(browser) is None
        connected(house, browser)
        link = house.link("person:bo")
        with browser_of(house.url) as other:
            left = Page.at(other, link).press(f"{BUTTON}, now and from now on")
            assert Page.at(other, went(left)).status == 401
            assert who(other) is None
            acme.lie(subject="another")
            left = Page.at(other, link).press(f"{BUTTON}, now and from now on")
            assert Page.at(other, went(left)).status == 200
            assert who(other) == "person:bo"


def test_no_lie_of_a_provider_lets_anybody_in(house: App, acme: Running):
    """Each is refused, tells a person little, and administrators why; then the truth lets in."""
    with browser_of(house.url) as browser:
        connected(house, browser)
    for lie in LIES:
        acme.lie(lie)
        before = len(events(house, "sign_in_failed"))
        with browser_of(house.url) as browser:
            came = Page.at(browser, went(Page.at(browser, "/sign-in").press(BUTTON)))
            assert (came.status, came.problems) == (
                401,
                ["signing in by the provider did not work; try again"],
            ), lie
            assert who(browser) is None, lie
        assert len(events(house, "sign_in_failed")) == before + 1, lie
    acme.lie()
    with browser_of(house.url) as browser:
        Page.at(browser, went(Page.at(browser, "/sign-in").press(BUTTON)))
        assert who(browser) == DANA


def test_coming_back_works_once_and_in_one_browser(house: App, acme: Running):
    """A replay, another browser, a state that was made up or left out, and another issuer's answer are refused."""
    with browser_of(house.url) as browser, browser_of(house.url) as thief:
        connected(house, browser)
        browser.post("/sign-out")
        back = went(Page.at(thief, "/sign-in").press(BUTTON))
        asked = acme.asked()
        with browser_of(house.url) as victim:
            assert victim.get(back).status_code == 401
            assert who(victim) is None
        assert thief.get(back + "&iss=https%3A%2F%2Fevil.example").status_code == 401
        assert thief.get(back).status_code == 401
        assert thief.get("/sign-in/provider/back?code=x&state=made-up").status_code == 401
        assert thief.get("/sign-in/provider/back?error=access_denied").status_code == 401
        assert acme.asked() == asked
        back = went(Page.at(thief, "/sign-in").press(BUTTON))
        assert thief.get(back).status_code == 200  # after going on to the page
        assert thief.get(back).status_code == 401
        assert who(thief) == DANA


def test_an_account_is_connected_and_disconnected_by_whoever_is_signed_in(house: App):
    """And a way back that began signed in as one connects nothing once somebody else is signed in."""
    with browser_of(house.url) as browser:
        Page.at(browser, house.link(DANA)).press("Sign in")
        left = Page.at(browser, "/account").press(f"{BUTTON} from now on")
        assert "You are connected" in Page.at(browser, went(left)).tree.text_content()
        assert "no more" in Page.at(browser, "/account").press("Disconnect").tree.text_content()
        left = Page.at(browser, "/account").press(f"{BUTTON} from now on")
        back = went(left)
        Page.at(browser, house.link("person:bo")).press("Sign in")
        assert browser.get(back).status_code == 401
        assert events(house, "identity_disconnected") == ["{}"]
        assert len(events(house, "identity_connected")) == 1


def test_a_link_connects_nobody_who_has_a_second_factor(house: App):
    """Whoever reads somebody's mail lacks their app, and an identity of their own is no way around it."""
    with psycopg.connect(house.database.app_url) as connection:
        connection.execute(
            "insert into log.second_factor (actor, secret, confirmed_at) values (%s, 'x', now())", [DANA]
        )
    link = house.link(DANA)
    with browser_of(house.url) as thief:
        left = Page.at(thief, link).press(f"{BUTTON}, now and from now on")
        assert thief.get(went(left)).status_code == 401
        assert who(thief) is None
        assert "Sign in as" in Page.at(thief, link).tree.text_content()


def test_who_left_comes_in_by_no_provider(house: App):
    """Nor when they are back, until they are connected anew."""
    with browser_of(house.url) as browser:
        connected(house, browser, "person:bo")
    house.post("/v1/people/bo/deactivate", reason="left")
    house.post("/v1/people/bo/reactivate")
    with browser_of(house.url) as browser:
        assert Page.at(browser, went(Page.at(browser, "/sign-in").press(BUTTON))).status == 401
        assert connected(house, browser, "person:bo").status == 200


def test_a_provider_that_is_gone_or_another_lets_people_wait(house: App, acme: Running):
    """Nothing breaks: the page says to try again. What names itself otherwise is not believed."""
    for issuer in ("http://127.0.0.1:9", acme.issuer + "/"):
        house.services.provider = Provider(Registered(issuer, CLIENT, SECRET, "Acme"))
        with browser_of(house.url) as browser:
            assert Page.at(browser, "/sign-in").press(BUTTON).status == 401
    assert SUBJECT not in str(events(house, "sign_in_failed"))
