"""Invitations and links for new passwords, from what is asked over HTTP to a real mail server and back by the link."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from argon2 import PasswordHasher

from application.accounts.hashing import Passwords
from tests.api.conftest import Api, serving
from tests.support.clients import client_of
from tests.support.databases import Database
from tests.support.mailbox import Mailbox, mailbox, text_of
from workers.account_mails import AccountMails
from workers.automations.mailer import Mailer, MailSettings
from workers.automations.smtp import SmtpServer

GOOD, BETTER = "four words nobody expects", "quite another sentence, with a comma"
_SECRET = re.compile(r"/sign-in\?link=(mpl_[A-Za-z0-9_-]+)")


@dataclass
class House:
    """A server, a mail server, and the duty that sends."""

    api: Api
    box: Mailbox
    work: AccountMails
    now: list[datetime]
    open: list[httpx.Client] = field(default_factory=list)

    def send(self, *, later: timedelta = timedelta(0)) -> list[str]:
        """One round of the duty; the texts of all mails so far."""
        self.now[0] += later
        asyncio.run(self.work.once())
        return [text_of(message) for message in self.box.messages]

    def secret(self) -> str:
        """The secret of the link in the newest mail."""
        found = _SECRET.search(text_of(self.box.messages[-1]))
        assert found is not None
        return found[1]

    def invite(self, key: str, *scopes: str) -> None:
        """Have somebody invited and the mail sent."""
        body = {"scopes": scopes or ("read", "work", "manage")}
        assert self.api.client.post(f"/v1/people/{key}/invite", json=body).status_code == 202
        self.send()

    def browser(self, **more: Any) -> httpx.Client:
        """One that is closed when the test ends."""
        self.open.append(client_of(self.api.url, **more))
        return self.open[-1]

    def redeem(self, secret: str, password: str = GOOD) -> int:
        """Press the button of the page that a link leads to."""
        return self.browser().post("/sign-in", data={"link": secret, "password": password}).status_code


@pytest.fixture
def house(database: Database, tmp_path: Path) -> Iterator[House]:
    """Ada works here, and has a mail address."""
    with serving(database) as api, mailbox() as box:
        now = [api.services.clock()]
        api.services.clock = lambda: now[0]
        api.services.passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        mailer = Mailer(MailSettings(tmp_path, "house@acme.example", SmtpServer(box.url)))
        work = AccountMails(api.services.app, mailer, api.url, lambda: now[0])
        told = api.client.post(
            "/v1/people", json={"person": "ada", "name": "Ada", "email": "ada@acme.example"}
        )
        assert told.status_code == 201
        made = House(api, box, work, now)
        yield made
        for browser in made.open:
            browser.close()


def test_an_invitation_makes_an_account(house: House):
    """The mail names who invites; its link sets a password once, and the account may what was said, no more."""
    house.api.add("dana")
    house.invite("ada", "read")
    assert "Dana invites you" in text_of(house.box.messages[0])
    assert house.box.readers == ["ada@acme.example"]
    secret = house.secret()
    for method in ("GET", "HEAD", "GET"):
        house.browser().request(method, f"/sign-in?link={secret}")
    assert house.browser().post("/sign-in", data={"link": secret}).status_code == 422
    assert (house.redeem(secret), house.redeem(secret)) == (303, 401)
    browser = house.browser()
    assert browser.post("/sign-in", data={"name": "ada", "password": GOOD}).status_code == 303
    assert browser.get("/v1/me").json()["scopes"] == ["read"]
    assert len(house.send()) == 1


def test_whoever_lost_a_password_has_a_link_sent(house: House):
    """The new one signs in, the old one does not, and every browser from before is signed out."""
    house.invite("ada")
    old = house.browser()
    assert old.post("/sign-in", data={"link": house.secret(), "password": GOOD}).status_code == 303
    assert house.browser().post("/v1/password-resets", json={"name": "ada@acme.example"}).status_code == 202
    house.send()
    assert "new password" in text_of(house.box.messages[-1])
    assert house.redeem(house.secret(), BETTER) == 303
    assert old.get("/v1/me").status_code == 401
    for password, status in ((GOOD, 401), (BETTER, 303)):
        assert (
            house.browser().post("/sign-in", data={"name": "ada", "password": password}).status_code == status
        )


def test_asking_for_a_new_password_tells_nobody_who_is_here(house: House):
    """One answer for who has an account, who has none, and who does not exist; and mails only to accounts, not many."""
    house.invite("ada")
    house.redeem(house.secret())
    house.api.client.post("/v1/people", json={"person": "bo", "name": "Bo", "email": "bo@acme.example"})
    asked = house.browser()
    answers = [
        asked.post("/v1/password-resets", json={"name": name})
        for name in ("ada", "bo", "nobody", "x@y.zz", "ada")
    ]
    assert len({(each.status_code, each.content, str(sorted(each.headers))) for each in answers}) == 1
    assert len(house.send()) == 2
    asked.post("/v1/password-resets", json={"name": "ada"})
    assert len(house.send(later=timedelta(minutes=6))) == 2
    asked.post("/v1/password-resets", json={"name": "ada"})
    assert len(house.send()) == 3


def test_a_link_dies_with_the_address_that_it_went_to(house: House):
    """Whoever reads an old mailbox does not come in by what lies there; nor does who has left."""
    house.invite("ada")
    secret = house.secret()
    house.api.client.post("/v1/people/ada/change", json={"email": "ada@new.example"})
    assert house.redeem(secret) == 401
    house.invite("ada")
    assert house.box.readers[-1] == "ada@new.example"
    secret = house.secret()
    house.api.client.post("/v1/people/ada/deactivate", json={"reason": "left"})
    assert house.redeem(secret) == 401


def test_a_link_expires_and_a_newer_password_ends_it(house: House):
    """An hour for a reset; and once a password was set, no earlier link sets another."""
    house.invite("ada")
    first = house.secret()
    house.invite("ada")
    assert house.redeem(house.secret()) == 303
    assert house.redeem(first) == 401
    house.browser().post("/v1/password-resets", json={"name": "ada"})
    house.send()
    with psycopg.connect(house.api.database.app_url) as connection:
        ((lifetime,),) = connection.execute(
            "select expires_at - created_at from log.access_token where purpose = 'reset'"
        ).fetchall()
        connection.execute(
            "update log.access_token set expires_at = clock_timestamp() where purpose = 'reset'"
        )
    assert timedelta(minutes=59) < lifetime <= timedelta(minutes=61)
    assert house.redeem(house.secret()) == 401


def test_a_mail_that_fails_is_tried_again_with_another_link(house: House):
    """The link of a mail that nobody has opens nothing; a refusal for good is told to administrators."""
    house.box.answers.append("451 later")
    house.invite("ada")
    assert house.send() == []
    assert len(house.send(later=timedelta(minutes=1))) == 1
    house.box.refused["ada@acme.example"] = "550 nobody here"
    house.invite("ada")
    with psycopg.connect(house.api.database.app_url) as connection:
        live = connection.execute(
            "select count(*) from log.access_token where purpose is not null and revoked_at is null"
        ).fetchone()
    assert live == (1,)
    kinds = [each["kind"] for each in house.api.client.get("/v1/security-events").json()["rows"]]
    assert kinds[0] == "mail_failed"


def test_an_invitation_is_for_who_can_have_one(house: House):
    """A stranger, somebody without an address, and more rights than the inviter's are refused; nothing is sent."""
    house.api.add("bo")
    bo = house.api.client.post("/v1/people/bo/invite", json={"scopes": ["read"]})
    assert (bo.status_code, bo.json()["code"]) == (409, "no_address")
    with house.api.as_("person:root", "admin", "read") as admin:
        more = admin.post("/v1/people/ada/invite", json={"scopes": ["manage", "read"]})
        assert (more.status_code, more.json()["needs"]) == (403, ["manage"])
    with house.api.as_("person:root", "read", "work", "manage") as other:
        assert other.post("/v1/people/ada/invite", json={"scopes": ["read"]}).status_code == 403
    assert house.send() == []


def test_security_events_are_for_administrators(house: House):
    """A page of them at a time, of one kind or person, and no secret in any."""
    house.invite("ada")
    secret = house.secret()
    house.redeem(secret)
    with house.api.as_("person:bo", "read", "work", "manage") as other:
        assert other.get("/v1/security-events").status_code == 403
    told = house.api.client.get("/v1/security-events", params={"actor": "person:ada", "limit": 2}).json()
    assert [each["kind"] for each in told["rows"]] == ["signed_in", "password_set"]
    assert (told["more"], told["next_after"]) == (2, 2)
    whole = house.api.client.get("/v1/security-events").text
    assert secret not in whole
    assert "argon2" not in whole
    assert house.api.client.get("/v1/security-events", params={"kind": "nonsense"}).status_code == 422
    with (
        psycopg.connect(house.api.database.app_url) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("delete from log.security_event")
