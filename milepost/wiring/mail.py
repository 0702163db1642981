"""What sending mails needs, from the settings: the server, the outbox, and the links that guests come in by."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

from domain.addresses import AddressBook
from domain.guests import Pass
from domain.mail_decisions import LIFETIME as DECISION_LIFETIME
from domain.mail_decisions import MailDecision, seal_decision
from domain.mails import Desk
from domain.passes import LIFETIME, seal
from domain.run.guest_codes import code_of
from milepost.settings.link_secret import link_secret
from milepost.settings.settings import Settings
from projections.people.directory import directory
from store.log import Log
from workers.automations.email import Emailing
from workers.automations.mailer import Mailer, MailSettings
from workers.automations.smtp import SmtpServer


def mail_settings(settings: Settings) -> MailSettings:
    """Where mails go and who sends them."""
    server = SmtpServer(settings.smtp_url) if settings.smtp_url else None
    return MailSettings(settings.home / "outbox", settings.mail_from, server)


def guest_links(settings: Settings) -> Callable[[UUID, Pass], str]:
    """Gives the address that a pass opens, for 30 days from now."""
    secret, base = link_secret(settings), settings.base_url

    def link(run: UUID, held: Pass) -> str:
        return f"{base}/guest/{seal(run, held, datetime.now(UTC) + LIFETIME, secret)}"

    return link


def decision_links(settings: Settings) -> Callable[[UUID, MailDecision], str]:
    """Gives the address at which an approval is decided, for 7 days from now."""
    secret, base = link_secret(settings), settings.base_url

    def link(run: UUID, held: MailDecision) -> str:
        return f"{base}/decide/{seal_decision(run, held, datetime.now(UTC) + DECISION_LIFETIME, secret)}"

    return link


def guest_codes(settings: Settings) -> Callable[[UUID, str, datetime | None], str]:
    """Gives the code that the mail of an action brings."""
    secret = link_secret(settings)
    return lambda run, action, queued_at: code_of(run, action, queued_at, secret)


def emailing(settings: Settings, log: Log) -> Emailing:
    """The executor of mails: with the addresses of the directory as they are at each attempt."""
    link, decision_link = guest_links(settings), decision_links(settings)

    def desk() -> Desk:
        with log.lend() as connection:
            book = AddressBook.of(directory(connection))
        return Desk(
            book,
            settings.base_url,
            settings.calendar.zone,
            link,
            decision_link,
            guest_code=guest_codes(settings),
        )

    return Emailing(Mailer(mail_settings(settings)), desk)
