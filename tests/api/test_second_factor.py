"""The second factor: set up, asked for at each way in, each code once, guessing slowed down, recovery, taken away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import httpx
import psycopg
import pyotp
import pytest

from application.accounts.hashing import Passwords
from domain.throttling import SECOND
from tests.api.conftest import Api
from tests.api.test_passwords import CHEAP, GOOD, OPEN, enter, link, me, somebody, told
from tests.support.clients import client_of


class Clock:
    """A time that stands still until it is moved."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """The time."""
        return self.now

    def on(self, **more: float) -> None:
        """Move it."""
        self.now += timedelta(**more)


@pytest.fixture
def house(shared: Api) -> Iterator[Api]:
    """A server on which nobody has failed yet, with hashes that cost little."""
    shared.services.passwords = Passwords(CHEAP)
    with psycopg.connect(shared.database.app_url) as connection:
        connection.execute("delete from log.failed_sign_in")
        connection.execute("delete from log.known_browser")
    yield shared
    while OPEN:
        OPEN.pop().close()


@pytest.fixture
def clock(house: Api) -> Iterator[Clock]:
    """The clock of the server."""
    before = house.services.clock
    house.services.clock = made = Clock(before())
    yield made
    house.services.clock = before


def post(browser: httpx.Client, path: str, **body: str) -> httpx.Response:
    """As a page of ours sends it."""
    send = {"X-CSRF-Token": me(browser)["csrf"], "Sec-Fetch-Site": "same-origin"}
    return browser.post(f"/v1/second-factor{path}", json=body, headers=send)


def set_up(house: Api, clock: Clock, key: str) -> tuple[httpx.Client, pyotp.TOTP, list[str]]:
    """Somebody with a second factor: their browser, their app, their recovery codes."""
    browser = somebody(house, key)
    made = post(browser, "", password=GOOD)
    assert made.status_code == 200, made.text
    app = pyotp.parse_uri(made.json()["uri"])
    assert isinstance(app, pyotp.TOTP)
    done = post(browser, "/confirm", code=app.at(clock.now))
    assert done.status_code == 200, done.text
    clock.on(seconds=60)
    return browser, app, done.json()["recovery_codes"]


@contextmanager
def half(house: Api, key: str) -> Iterator[httpx.Client]:
    """A browser in which the password was right."""
    with client_of(house.url) as browser:
        asked = enter(browser, key, GOOD, next="/runs/x")
        assert (asked.status_code, asked.headers["location"]) == (303, "/sign-in?code=")
        assert "milepost_session" not in browser.cookies
        yield browser


def test_signing_in_asks_for_a_code_and_goes_where_it_was_going(house: Api, clock: Clock):
    """The password opens nothing; the code does, once, and the destination survives both."""
    _, app, _ = set_up(house, clock, "otto")
    with half(house, "otto") as browser, half(house, "otto") as thief:
        came = browser.post("/sign-in", data={"code": app.at(clock.now)})
        assert (came.status_code, came.headers["location"]) == (303, "/runs/x")
        assert me(browser)["actor"] == "person:otto"
        replayed = thief.post("/sign-in", data={"code": app.at(clock.now)})
        assert (replayed.status_code, replayed.json()["code"]) == (401, "wrong_code")
        assert thief.get("/v1/me").status_code == 401
    assert ("second_factor_failed", "person:otto") in told(house, "kind", "actor")


def test_a_secret_counts_once_it_is_confirmed(house: Api, clock: Clock):
    """With the password, and then with what the app shows; other sessions end; a second one has to wait for that."""
    browser = somebody(house, "pia")
    assert post(browser, "", password="not hers at all").status_code == 422
    first = post(browser, "", password=GOOD).json()["secret"]
    with client_of(house.url) as other:
        assert enter(other, "pia", GOOD).headers["location"] == "/"
        app = pyotp.TOTP(post(browser, "", password=GOOD).json()["secret"])
        wrong = post(browser, "/confirm", code=pyotp.TOTP(first).at(clock.now))
        assert (wrong.status_code, wrong.json()["code"]) == (409, "wrong_code")
        codes = post(browser, "/confirm", code=app.at(clock.now)).json()["recovery_codes"]
        assert len(set(codes)) == 10
        assert (other.get("/v1/me").status_code, browser.get("/v1/me").status_code) == (401, 200)
    again = post(browser, "", password=GOOD)
    assert (again.status_code, again.json()["code"]) == (409, "second_factor_set")
    state = browser.get("/v1/second-factor").json()
    assert (state["on"], state["recovery_codes"]) == (True, 10)


@pytest.mark.parametrize("away", [-2, 2, 10])
def test_a_code_of_another_time_is_wrong(house: Api, clock: Clock, away: int):
    """One half minute to either side is given to clocks that differ, and no more."""
    key = f"quin{away + 2}"
    _, app, _ = set_up(house, clock, key)
    clock.on(minutes=5)
    with half(house, key) as browser:
        assert (
            browser.post(
                "/sign-in", data={"code": app.at(clock.now + timedelta(seconds=30 * away))}
            ).status_code
            == 401
        )
        assert (
            browser.post(
                "/sign-in", data={"code": app.at(clock.now + timedelta(seconds=30 * away // abs(away)))}
            ).status_code
            == 303
        )


def test_guessing_codes_is_slowed_down_in_whichever_browser(house: Api, clock: Clock):
    """The count is the account's, not the try's: another password form is no way around it."""
    _, app, _ = set_up(house, clock, "rhea")
    for _ in range(SECOND.free):
        with half(house, "rhea") as browser:
            assert browser.post("/sign-in", data={"code": "000000"}).status_code == 401
    with half(house, "rhea") as browser:
        waiting = browser.post("/sign-in", data={"code": app.at(clock.now)})
        assert (waiting.status_code, waiting.headers["retry-after"]) == (429, "1")
        clock.on(seconds=2)
        assert browser.post("/sign-in", data={"code": app.at(clock.now)}).status_code == 303


def test_a_recovery_code_works_once(house: Api, clock: Clock):
    """However its groups are typed; making new ones ends the others."""
    browser, app, codes = set_up(house, clock, "sue")
    with half(house, "sue") as one, half(house, "sue") as two:
        assert one.post("/sign-in", data={"code": codes[0].upper().replace("-", " ")}).status_code == 303
        assert two.post("/sign-in", data={"code": codes[0]}).status_code == 401
        assert ("recovery_code_used", "person:sue") in told(house, "kind", "actor")
    assert browser.get("/v1/second-factor").json()["recovery_codes"] == 9
    fresh = post(browser, "/recovery-codes", code=app.at(clock.now)).json()["recovery_codes"]
    with half(house, "sue") as three:
        assert three.post("/sign-in", data={"code": codes[1]}).status_code == 401
        assert three.post("/sign-in", data={"code": fresh[1]}).status_code == 303


def test_a_link_is_no_way_around_it(house: Api, clock: Clock):
    """Whoever reads somebody's mail lacks the app; a wrong code uses nothing up."""
    _, app, _ = set_up(house, clock, "tom")
    secret = link(house, "person:tom")
    with client_of(house.url) as browser:
        for code in ({}, {"code": "123"}):
            refused = browser.post("/sign-in", data={"link": secret, **code})
            assert (refused.status_code, refused.json()["code"]) == (401, "wrong_code")
        assert browser.post("/sign-in", data={"link": secret, "code": app.at(clock.now)}).status_code == 303


def test_half_a_sign_in_ends(house: Api, clock: Clock):
    """It opens no page, is of its browser, works once, and not after the password was changed."""
    browser, app, _ = set_up(house, clock, "uma")
    with half(house, "uma") as old, client_of(house.url) as other:
        kept = old.cookies["milepost_half"]
        for place in ({"Authorization": f"Bearer {kept}"}, {"Cookie": f"milepost_session={kept}"}):
            assert other.get("/v1/me", headers=place).status_code == 401
        assert other.post("/sign-in", data={"code": app.at(clock.now)}).status_code == 401
        send = {"X-CSRF-Token": me(browser)["csrf"], "Sec-Fetch-Site": "same-origin"}
        changed = {"old": GOOD, "new": "another sentence altogether"}
        assert browser.post("/v1/password", json=changed, headers=send).status_code == 200
        assert old.post("/sign-in", data={"code": app.at(clock.now)}).status_code == 401


def test_it_is_taken_away_with_password_and_code_or_by_an_administrator(house: Api, clock: Clock):
    """Neither the one nor the other alone does; and somebody else needs the scope for it."""
    browser, app, _ = set_up(house, clock, "vic")
    assert post(browser, "/remove", password=GOOD, code="000000").status_code == 409
    assert post(browser, "/remove", password="wrong, wrong", code=app.at(clock.now)).status_code == 422
    gone = post(browser, "/remove", password=GOOD, code=app.at(clock.now))
    assert (gone.status_code, gone.json()["removed"]) == (200, True)
    with client_of(house.url) as plain:
        assert enter(plain, "vic", GOOD).headers["location"] == "/"
    assert post(browser, "/remove", password=GOOD, code="1").json()["code"] == "no_second_factor"
    set_up(house, clock, "walt")
    with house.as_("person:vic", "work") as other:
        assert other.delete("/v1/people/walt/second-factor").status_code == 403
    assert house.client.delete("/v1/people/walt/second-factor").json()["removed"] is True
    assert house.client.delete("/v1/people/walt/second-factor").json()["removed"] is False
    with client_of(house.url) as plain:
        assert enter(plain, "walt", GOOD).headers["location"] == "/"


def test_what_is_told_holds_no_secret(house: Api, clock: Clock):
    """Neither the log, nor the security events, nor the state; of recovery codes only hashes are kept."""
    browser, app, codes = set_up(house, clock, "xena")
    with psycopg.connect(house.database.app_url) as connection:
        told_: list[Any] = connection.execute(
            "select e::text from log.event e union all select s::text from log.security_event s "
            "union all select c::text from log.recovery_code c"
        ).fetchall()
    everything = str(told_) + browser.get("/v1/second-factor").text
    assert not [secret for secret in (app.secret, *codes, codes[0].replace("-", "")) if secret in everything]
