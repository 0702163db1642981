"""Sends invitations and links for new passwords: each link is made when its mail goes out, and is kept as a hash."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any

import psycopg

from application.accounts import attempts, mails
from application.accounts.mails import Asked
from application.milepost import Milepost
from domain.account_mails import Addressee, account_mail
from domain.person import PERSON, Person
from domain.words import Assignee, person_stream
from workers.automations.mailer import Mailer
from workers.duty import Duty

EVERY_SECONDS = 1.0


class AccountMails:
    """One round after the other: what was asked for is sent; what failed for a while is tried again later."""

    def __init__(self, app: Milepost, mailer: Mailer, base_url: str, clock: Callable[[], datetime]) -> None:
        self._app, self._mailer, self._base_url, self._clock = app, mailer, base_url, clock

    async def once(self) -> float:
        """Send what is due."""
        with self._app.started_log.lend() as connection:
            for asked in mails.due(connection, at=self._clock()):
                await self._send(connection, asked)
            attempts.forget(connection, at=self._clock())
            mails.forget(connection, at=self._clock())
        return EVERY_SECONDS

    async def _send(self, connection: psycopg.Connection[Any], asked: Asked) -> None:
        at = self._clock()
        person = await asyncio.to_thread(self._person, asked.actor)
        if person is None or not person.active or person.email is None:
            why = (
                "nobody is here under this key" if person is None or not person.active else "no mail address"
            )
            mails.failed(connection, asked, why, for_good=True, at=at)
            return
        link, secret = mails.make_link(connection, asked, person.email)
        to = Addressee(Assignee(asked.actor), person.name, person.email)
        by = await asyncio.to_thread(self._person, asked.asked_by or "")
        mail = account_mail(
            asked.kind,
            to,
            link=f"{self._base_url}/sign-in?link={secret}",
            house=self._base_url,
            by=by.name if by is not None else None,
        )
        posted = await self._mailer.post([mail], key=f"account {asked.id}", at=at, test=False)
        if posted.failure is not None:
            why, for_good = str(posted.failure), posted.failure.permanent
            mails.failed(connection, asked, why, link=link, for_good=for_good, at=at)
        else:  # one that may have arrived is never sent twice; whoever lacks it asks again
            mails.sent(connection, asked, at=at)

    def _person(self, actor: str) -> Person | None:
        kind, _, key = actor.partition(":")
        return self._app.load(PERSON, person_stream(key)) if kind == "person" else None


def account_mails(
    database_url: str, app: Milepost, mailer: Mailer, base_url: str, clock: Callable[[], datetime]
) -> Duty:
    """The duty, for every worker."""
    return Duty("account mails", database_url, AccountMails(app, mailer, base_url, clock))
