"""Sends the mails of one action: through the mail server that is set, else into the local outbox; each address once."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from domain.mail_address import NoAddress, mail_address, sender_address
from domain.mails import Mail
from workers.automations.message import Garbled, message, name_of, tag_of
from workers.automations.outbox import Outbox
from workers.automations.smtp import MailFailed, MailUncertain, SmtpServer, close, connect, hand_over


@dataclass(frozen=True, slots=True)
class MailSettings:
    """Where mails go and who sends them. ``server`` None: into ``outbox`` only."""

    outbox: Path
    sender: str
    server: SmtpServer | None = None


@dataclass(frozen=True, slots=True)
class Posted:
    """What came of an action's mails. ``delivered``: the tags of the addresses that have theirs now, earlier ones too.

    ``failure`` None: everybody has; ``uncertain``: one mail may or may not have arrived.
    """

    delivered: tuple[str, ...]
    receipt: str
    failure: MailFailed | None = None
    uncertain: str | None = None


class Mailer:
    """Posts mails; one action at a time or many at once, it keeps nothing in between."""

    def __init__(self, settings: MailSettings) -> None:
        self._settings = settings
        self._outbox = Outbox(settings.outbox)

    async def post(
        self, mails: Sequence[Mail], *, key: str, at: datetime, test: bool, delivered: Collection[str] = ()
    ) -> Posted:
        """Send what is not delivered yet. ``test``: into the outbox only, whatever is set."""
        waiting = [mail for mail in mails if tag_of(mail) not in delivered]
        before = tuple(tag_of(mail) for mail in mails if tag_of(mail) in delivered)
        if test or self._settings.server is None:
            return await asyncio.to_thread(self._keep, waiting, before, key, at)
        return await self._send(self._settings.server, waiting, before, key, at)

    def _keep(self, mails: Sequence[Mail], before: tuple[str, ...], key: str, at: datetime) -> Posted:
        done, refused = list(before), []
        for mail in mails:
            try:
                self._outbox.keep(name_of(key, mail), self._made(mail, key, at))
                done.append(tag_of(mail))
            except MailFailed as failure:
                refused.append(failure)
            except OSError as error:
                return Posted(tuple(done), "", MailFailed(f"the outbox: {error.strerror}", permanent=False))
        return Posted(tuple(done), f"outbox {len(done)}", _worst(refused))

    def _made(self, mail: Mail, key: str, at: datetime) -> bytes:
        """The message; MailFailed for good where it cannot be made, or would say something else than it should."""
        try:
            return message(mail, key=key, sender=self._settings.sender, at=at)
        except (NoAddress, Garbled) as error:
            raise MailFailed(f"the mail cannot be sent as it is: {error}", permanent=True) from error

    async def _send(
        self, server: SmtpServer, mails: Sequence[Mail], before: tuple[str, ...], key: str, at: datetime
    ) -> Posted:
        """One after the other on one connection. Who is refused for good does not keep the others waiting."""
        _, sender = sender_address(self._settings.sender)
        done, refused, told = list(before), [], ""
        try:
            client = await connect(server)
        except MailFailed as failure:
            return Posted(before, "", failure)
        try:
            for mail in mails:
                try:
                    made = self._made(mail, key, at)
                    told = await hand_over(client, sender, mail_address(mail.to.address), made)
                    done.append(tag_of(mail))
                except MailFailed as failure:
                    refused.append(failure)
                    if not failure.permanent:
                        break
        except MailUncertain as error:
            return Posted(tuple(done), told, uncertain=str(error))
        finally:
            await close(client)
        return Posted(tuple(done), told, _worst(refused))


def _worst(refused: Sequence[MailFailed]) -> MailFailed | None:
    """What is worth trying again comes first: what was refused for good is then refused once more, and asked about."""
    return min(refused, key=lambda failure: failure.permanent, default=None)
