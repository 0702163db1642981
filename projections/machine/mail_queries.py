"""What is asked of mails: the newest first, in the words of the outbox, and how many wait for a decision."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from projections.asking import Conn, fresh
from projections.paging import Page, left
from projections.statements import ask, composed, value_of

_SQL = composed("machine/mail_queries")


@dataclass(frozen=True, slots=True)
class MailFacts:
    """One mail without its texts; ``step`` None: it is about the run as a whole."""

    run: UUID
    step: str | None
    round: int
    action: str
    state: str
    attempt: int
    next_at: datetime | None
    at: datetime
    reason: str | None
    incident: UUID | None
    run_name: str
    step_title: str | None
    test: bool


@dataclass(frozen=True, slots=True)
class MailList:
    """Mails, those that changed last first; ``more`` come after these. ``incidents``: all that wait for a decision."""

    rows: tuple[MailFacts, ...]
    incidents: int
    position: int
    as_of: datetime
    behind: int = 0
    more: int = 0
    next_after: int | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which mails; ``step`` is empty for those of the run as a whole, None for all."""

    run: UUID | None = None
    step: str | None = None
    round: int | None = None
    action: str | None = None
    state: str | None = None
    limit: int = 50
    after: int = 0


def mails(connection: Conn, wanted: Wanted) -> MailList:
    """A page of the mails that are wanted."""
    current = fresh(connection, "actions")
    told = {name: getattr(wanted, name) for name in Wanted.__slots__}
    found = tuple(ask(connection, _SQL["mails"], MailFacts, **told))
    waiting: int = value_of(connection, _SQL["waiting"])
    total: int = value_of(connection, _SQL["mails_count"], **told)
    return MailList(found, waiting, *current, *left(total, Page(wanted.limit, wanted.after), len(found)))
