"""Signing in with a password, one's own account and the security events, as pages."""

from __future__ import annotations

import pyotp
import pytest
from argon2 import PasswordHasher
from playwright.sync_api import Page as BrowserPage

from application.accounts.hashing import Passwords
from tests.web.conftest import DANA, App, keep
from tests.web.plain import Page, browser_of

GOOD, BETTER = "four words nobody expects", "quite another sentence, with a comma"


@pytest.fixture
def house(app: App) -> App:
    """An application whose hashes cost little."""
    app.services.passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    app.add("dana")
    return app


def test_the_first_link_sets_a_password_that_signs_in(house: App):
    """From the page of the link to the form of every later day; there is no password before that."""
    with browser_of(house.url) as browser:
        assert (
            Page.at(browser, "/sign-in").press("Sign in", {"name": "dana", "password": "owner"}).status == 401
        )
        first = Page.at(browser, house.link(DANA, "read", "work", "admin"))
        assert first.press("Sign in", {"password": GOOD}).status == 200
        assert Page.at(browser, "/account").press("Sign out").status == 200
        wrong = Page.at(browser, "/sign-in").press("Sign in", {"name": "dana", "password": "something else"})
        assert (wrong.status, wrong.problems) == (401, ["The name or the password is wrong."])
        assert wrong.press("Sign in", {"name": "dana", "password": GOOD}).status == 200
        seen = browser.get("/security-events").text
        assert "Wrong password" in seen
        assert "Password set by a link" in seen


def test_a_weak_password_leads_back_to_the_link(house: App):
    """Nothing is lost: the page that says why leads to where another one can be chosen."""
    with browser_of(house.url) as browser:
        refused = Page.at(browser, house.link()).press("Sign in", {"password": "Password1234"})
        assert refused.status == 409
        assert "tried first" in refused.problems[0]
        (back,) = refused.tree.xpath('//a[text()="Go back"]/@href')
        assert Page.at(browser, back).press("Sign in", {"password": GOOD}).status == 200


def test_the_account_changes_its_password_and_ends_its_sessions(house: App):
    """With the one before; and each browser is listed, with how it came in, and can be signed out."""
    with browser_of(house.url) as browser, browser_of(house.url) as other:
        browser.headers["User-Agent"] = other.headers["User-Agent"] = "Mozilla/5.0 (X11; Linux) Firefox/150.0"
        Page.at(browser, house.link()).press("Sign in", {"password": GOOD})
        Page.at(other, "/sign-in").press("Sign in", {"name": "dana", "password": GOOD})
        seen = Page.at(browser, "/account")
        assert seen.tree.text_content().count("Firefox on Linux") == 2
        assert "with the password" in seen.tree.text_content()
        differ = seen.press("Change the password", {"old": GOOD, "new": BETTER, "again": GOOD})
        assert (differ.status, "two ways" in differ.problems[0]) == (422, True)
        done = seen.press("Change the password", {"old": GOOD, "new": BETTER, "again": BETTER})
        assert "the new one" in done.tree.text_content()
        assert other.get("/account").status_code == 401
        assert Page.at(other, "/sign-in").press("Sign in", {"name": "dana", "password": BETTER}).status == 200
        (theirs,) = [form for form in Page.at(browser, "/account").forms if form.address == "/account/end-session"
                     and "Firefox" in str(form.buttons[0].get("aria-label"))
                     and form.element.getparent().xpath('.//*[@class="tag"]') == []]  # fmt: skip
        assert theirs.send().status == 200
        assert other.get("/account").status_code == 401


def test_a_second_factor_is_set_up_asked_for_and_taken_away(house: App):
    """From the account's page to the form after the password, and back, without script."""
    with browser_of(house.url) as browser, browser_of(house.url) as other:
        Page.at(browser, house.link(DANA, "read", "work", "admin")).press("Sign in", {"password": GOOD})
        asked = Page.at(browser, "/account").press("Set up a second factor", {"password": GOOD})
        assert asked.tree.xpath("//svg[@class='segno']")
        app = pyotp.TOTP(asked.tree.xpath("string(//main//code)"))
        now = house.services.clock()
        kept = asked.press("Have signing in ask for it", {"code": app.at(now)})
        codes = [one.text_content() for one in kept.tree.xpath("//ul[@class='codes']//code")]
        assert len(codes) == 10
        form = Page.at(other, "/sign-in").press("Sign in", {"name": "dana", "password": GOOD})
        assert "Code of your app" in form.tree.text_content()
        wrong = form.press("Go on", {"code": app.at(now)})
        assert (wrong.status, "used before" in wrong.problems[0]) == (401, True)
        assert wrong.press("Go on", {"code": codes[0]}).status == 200
        assert "9 recovery codes" in Page.at(other, "/account").tree.text_content()
        done = Page.at(other, "/account").press(
            "Take the second factor away", {"password": GOOD, "code": codes[1]}
        )
        assert "no second factor any more" in done.tree.text_content()
        assert "Set up a second factor" in done.tree.text_content()


def test_how_the_pages_look(house: App, page: BrowserPage):
    """Both schemes, to be looked at."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for path, name in (
            ("/account", "account"),
            ("/sign-in", "sign-in-password"),
            (house.link(), "sign-in-link"),
        ):
            page.goto(house.url + path if path.startswith("/") else path)
            keep(page, f"{name}-{scheme}")
