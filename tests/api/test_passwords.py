"""Signing in with a password: set by a link, asked for, slowed down without a lock-out, changed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import psycopg
import pytest
from argon2 import PasswordHasher

from api.access import grants as access
from api.access.grants import SessionLimits
from application.accounts.hashing import MOST_WAITING, Passwords, common_passwords
from domain.throttling import PAIR
from domain.words import Actor
from tests.api.conftest import Api
from tests.support.clients import client_of

GOOD, BETTER = "four words nobody expects", "quite another sentence, with a comma"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


OPEN: list[httpx.Client] = []


def browser_of(api: Api, **more: Any) -> httpx.Client:
    """A browser that is closed when the test ends."""
    made = client_of(api.url, **more)
    OPEN.append(made)
    return made


@pytest.fixture
def house(shared: Api) -> Iterator[Api]:
    """A server on which nobody has failed yet, with hashes that cost little."""
    shared.services.passwords = Passwords(CHEAP)
    with psycopg.connect(shared.database.app_url) as connection:
        connection.execute("delete from log.failed_sign_in")
        connection.execute("delete from log.known_browser")
    clock = shared.services.clock
    yield shared
    shared.services.clock = clock
    while OPEN:
        OPEN.pop().close()


def link(api: Api, actor: str, *scopes: Any) -> str:
    """The secret of a link that was handed over."""
    with psycopg.connect(api.database.app_url, autocommit=True) as connection:
        made = access.first_login_link(connection, api.url, Actor(actor), scopes or ("read", "work"))
    return made.partition("link=")[2]


def somebody(api: Api, key: str, password: str = GOOD, **more: Any) -> httpx.Client:
    """A browser of somebody who has just set a password."""
    told = api.client.post("/v1/people", json={"person": key, "name": key.capitalize(), **more})
    assert told.status_code == 201, told.text
    browser = browser_of(api)
    set_ = browser.post("/sign-in", data={"link": link(api, f"person:{key}"), "password": password})
    assert set_.status_code == 303, set_.text
    return browser


def enter(browser: httpx.Client, name: str, password: str, **more: str) -> httpx.Response:
    """Fill in the form."""
    return browser.post("/sign-in", data={"name": name, "password": password, **more})


def me(browser: httpx.Client) -> Any:
    """Who the server says that a browser is."""
    return browser.get("/v1/me").json()


def told(api: Api, *columns: str) -> list[tuple[Any, ...]]:
    """The security events, oldest first."""
    with psycopg.connect(api.database.app_url) as connection:
        asked = f"select {', '.join(columns)} from log.security_event order by id"  # noqa: S608 - names from tests
        return connection.execute(asked.encode()).fetchall()


def test_a_password_that_was_set_signs_in(house: Api):
    """By the key or the mail address, however they are written, with the rights of the link, on to the wanted page."""
    somebody(house, "ada", email="ada@acme.example")
    for name in ("ada", " Ada ", "person:ada", "ADA@acme.example"):
        with client_of(house.url) as browser:
            came = enter(browser, name, GOOD, next="/runs/x?y=1")
            assert (came.status_code, came.headers["location"]) == (303, "/runs/x?y=1")
            assert (me(browser)["actor"], me(browser)["scopes"]) == ("person:ada", ["read", "work"])
    with client_of(house.url) as browser:
        assert enter(browser, "ada", GOOD, next="//evil.example").headers["location"] == "/"


def test_every_sign_in_has_a_session_of_its_own(house: Api):
    """What a browser had before is never taken up, and is worth nothing afterwards."""
    browser = somebody(house, "bea")
    before = dict(browser.cookies)
    enter(browser, "bea", GOOD)
    assert browser.cookies["milepost_session"] != before["milepost_session"]
    house.services.leases.forget_all()
    with client_of(house.url, cookies={"milepost_session": before["milepost_session"]}) as old:
        assert old.get("/v1/me").status_code == 401


def test_a_wrong_password_and_an_unknown_name_are_answered_alike(house: Api, monkeypatch: pytest.MonkeyPatch):
    """Nobody finds out who has an account: the same words, and a hash is computed for whom there is none."""
    somebody(house, "cleo")
    house.client.post("/v1/people", json={"person": "nopass", "name": "No Password"})
    compared: list[str | None] = []
    real = house.services.passwords._compare

    def noted(kept: str | None, password: str) -> bool:
        compared.append(kept)
        return real(kept, password)

    monkeypatch.setattr(house.services.passwords, "_compare", noted)
    with client_of(house.url) as browser:
        answers = [
            enter(browser, name, "wrong password!").content for name in ("cleo", "nobody", "nopass", "x@y.zz")
        ]
    assert len(set(answers)) == 1
    assert b"wrong_password" in answers[0]
    assert [kept is None for kept in compared] == [False, True, True, True]


def test_a_weak_password_uses_nothing_up(house: Api):
    """The refusal says why, and the link is good still."""
    house.client.post("/v1/people", json={"person": "dot", "name": "Dot Matrix"})
    secret = link(house, "person:dot")
    with client_of(house.url) as browser:
        for weak in ("short", "Password1234", "dotmatrix2026"):
            refused = browser.post("/sign-in", data={"link": secret, "password": weak})
            assert (refused.status_code, refused.json()["code"]) == (409, "weak_password")
        assert browser.post("/sign-in", data={"link": secret, "password": GOOD}).status_code == 303


def test_guessing_is_slowed_down_and_nobody_is_locked_out(house: Api):
    """After a few tries there is a wait, also for the right password; elsewhere it comes in at once, and later here."""
    known = somebody(house, "eve")
    now = house.services.clock()
    house.services.clock = lambda: now
    with client_of(house.url) as stranger:
        answers = [enter(stranger, "eve", f"wrong password {count}") for count in range(PAIR.free + 1)]
        assert [each.status_code for each in answers] == [401] * PAIR.free + [429]
        assert answers[-1].headers["retry-after"] == "1"
        assert enter(stranger, "eve", GOOD).status_code == 429
        assert enter(known, "eve", GOOD).status_code == 303
        house.services.clock = lambda: now + timedelta(seconds=2)
        assert enter(stranger, "eve", GOOD).status_code == 303
        house.services.clock = lambda: now + timedelta(seconds=4)
        assert enter(stranger, "eve", "wrong again, once").status_code == 401
    assert told(house, "kind", "actor").count(("sign_in_throttled", "person:eve")) == 1


def test_unknown_accounts_are_slowed_down_alike(house: Api):
    """Waiting tells as little of who is here as an answer does."""
    now = house.services.clock()
    house.services.clock = lambda: now
    with client_of(house.url) as stranger:
        answers = [enter(stranger, "nobody-here", "wrong password") for _ in range(PAIR.free + 1)]
    assert [each.status_code for each in answers] == [401] * PAIR.free + [429]


def test_a_password_is_changed_with_the_one_before(house: Api):
    """The new one signs in, the old one does not; other browsers are signed out, this one stays; guesses are few."""
    browser, other = somebody(house, "fay"), browser_of(house)
    enter(other, "fay", GOOD)
    send = {"X-CSRF-Token": me(browser)["csrf"], "Sec-Fetch-Site": "same-origin"}
    wrong = browser.post("/v1/password", json={"old": BETTER, "new": BETTER}, headers=send)
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "old")
    same = browser.post("/v1/password", json={"old": GOOD, "new": GOOD}, headers=send)
    assert (same.status_code, same.json()["code"]) == (409, "same_password")
    done = browser.post("/v1/password", json={"old": GOOD, "new": BETTER}, headers=send)
    assert (done.status_code, done.json()) == (200, {"actor": "person:fay", "ended": 1})
    assert (browser.get("/v1/me").status_code, other.get("/v1/me").status_code) == (200, 401)
    with client_of(house.url) as again:
        assert enter(again, "fay", GOOD).status_code == 401
        assert enter(again, "fay", BETTER).status_code == 303
    for _ in range(PAIR.free):
        browser.post("/v1/password", json={"old": "guess", "new": BETTER}, headers=send)
    waiting = browser.post("/v1/password", json={"old": BETTER, "new": GOOD}, headers=send)
    assert (waiting.status_code, "retry-after" in waiting.headers) == (429, True)


def test_a_password_from_before_somebody_left_opens_nothing(house: Api):
    """Who leaves and comes back is let in anew, as with everything that lets people in."""
    somebody(house, "gil")
    assert house.client.post("/v1/people/gil/deactivate", json={"reason": "left"}).is_success
    with client_of(house.url) as browser:
        assert enter(browser, "gil", GOOD).status_code == 401
        assert house.client.post("/v1/people/gil/reactivate", json={}).is_success
        assert enter(browser, "gil", GOOD).status_code == 401


def test_nothing_that_is_kept_or_told_holds_a_password(house: Api):
    """Neither the tables nor the log nor what is listed: of a password there is its argon2id hash and nothing else."""
    somebody(house, "hal")
    with psycopg.connect(house.database.app_url) as connection:
        ((kept,),) = connection.execute("select password_hash from log.account where actor = 'person:hal'")
        everywhere = connection.execute("select e::text from log.event e union all "
                                        "select s::text from log.security_event s").fetchall()  # fmt: skip
    assert kept.startswith("$argon2id$")
    assert GOOD not in str(everywhere)
    assert kept not in str(everywhere)
    assert ("password_set", "person:hal") in told(house, "kind", "actor")


def test_a_session_ends_by_itself(house: Api):
    """After its whole life however much it is used, and before that when nobody has used it for long."""
    with psycopg.connect(house.database.app_url, autocommit=True) as connection:
        for limits in (SessionLimits(timedelta(0), timedelta(1)), SessionLimits(timedelta(1), timedelta(0))):
            session = access.begin_session(connection, Actor("person:ida"), ["read"], "password", limits)
            assert access.find(connection, session.secret) is None
        good = access.begin_session(connection, Actor("person:ida"), ["read"], "password")
        assert access.find(connection, good.secret) is not None


def test_the_form_comes_from_our_own_page(house: Api):
    """Another site signs nobody in, not even as themselves."""
    somebody(house, "jo")
    with client_of(house.url, headers={"Origin": "https://evil.example"}) as browser:
        assert enter(browser, "jo", GOOD).status_code == 403


@pytest.mark.parametrize("form", [{"name": "x"}, {"password": "y"}, {}, {"name": " ", "password": "z"}])
def test_an_empty_form_says_what_is_missing(house: Api, form: dict[str, str]):
    """And counts as no try."""
    answer = browser_of(house).post("/sign-in", data=form)
    assert answer.status_code == 422
    assert {each["field"] for each in answer.json()["errors"]} <= {"name", "password"}


def test_an_older_hash_is_renewed_by_signing_in(house: Api):
    """When the parameters rise, whoever signs in has a hash by the new ones."""
    somebody(house, "kim")
    house.services.passwords = Passwords(PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    with client_of(house.url) as browser:
        assert enter(browser, "kim", GOOD).status_code == 303
    with psycopg.connect(house.database.app_url) as connection:
        ((kept,),) = connection.execute("select password_hash from log.account where actor = 'person:kim'")
    assert "m=16,t=2" in kept


async def _crowd(passwords: Passwords) -> list[Any]:
    import asyncio

    return await asyncio.gather(
        *[passwords.hash("x") for _ in range(MOST_WAITING + 5)], return_exceptions=True
    )


def test_too_many_at_once_are_sent_away():
    """Hashing takes memory: a few at a time, some more wait, the others are told to come again."""
    import asyncio

    answers = asyncio.run(_crowd(Passwords(CHEAP)))
    assert sum(isinstance(each, Exception) for each in answers) == 5


def test_the_list_of_common_passwords_is_there():
    """It came with the program, and has the usual ones."""
    assert {"password", "qwerty", "letmein", "dragon"} <= common_passwords()
    assert len(common_passwords()) > 5_000
