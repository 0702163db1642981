"""The outbox: every mail that Milepost sent or will send, with its state, for those whom its run concerns."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Annotated, Any, Literal, get_args
from uuid import UUID

from fastapi import APIRouter, Query, Request
from psycopg import Connection
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.access.guard import Caller, caller_of
from api.handling.answering import answer, services_of, to_json
from api.handling.queries import Limit, PageQuery, ViewQuery
from api.handling.registering import add_view, stream_id
from api.handling.services import Services
from api.run.mail_trail import Trail, mails_of, trail
from api.run.sight import Sight, sight_of
from application.refused import Refused
from domain.addresses import AddressBook
from domain.run.state import action_key
from domain.words import StepKey
from projections.asking import NotFound
from projections.machine.mail_queries import MailFacts, MailList, Wanted, mails
from projections.people.directory import directory

MailState = Literal["queued", "sending", "sent", "unsent", "skipped", "failed", "uncertain", "withdrawn"]
STATES: tuple[MailState, ...] = get_args(MailState)
RUN_LEVEL = "-"
"""Stands in an address for the step of a mail that is about the run as a whole."""


class OutboxQuery(PageQuery):
    """Which mails, those that changed last first."""

    run: UUID | None = None
    state: MailState | None = None
    limit: Limit = 50


@dataclass(frozen=True, slots=True)
class MailRow(MailFacts):
    """One mail. ``to`` and ``subject`` are null for somebody whom the run does not concern.

    ``queued`` waits for its instant or next try (``next_at``), ``unsent`` had nobody to go to, instead of a ``skipped``
    one a later reminder went, ``failed`` and ``uncertain`` ask somebody to decide (``incident``), ``withdrawn`` was not
    worth sending any more.
    """

    to: tuple[str, ...] | None = None
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class Outbox:
    """Mails; ``more`` come after these, behind ``next_after``. ``incidents`` counts all that wait for a decision."""

    rows: tuple[MailRow, ...]
    incidents: int
    position: int
    as_of: datetime
    behind: int = 0
    more: int = 0
    next_after: int | None = None


@dataclass(frozen=True, slots=True)
class MailText:
    """A mail to one address, as it was sent; links of guests and sensitive values are left out."""

    to: str
    name: str
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class SentMail:
    """One mail with its texts, one for each address."""

    mail: MailRow
    texts: tuple[MailText, ...]
    position: int
    as_of: datetime
    behind: int = 0


def add_outbox(router: APIRouter) -> None:
    """Register the two views."""
    add_view(router, "/v1/outbox", outbox, Outbox, "Mails, those that changed last first", tag="Mails")
    add_view(
        router,
        "/v1/outbox/{run}/{step}/{round}/{action}",
        mail,
        SentMail,
        "One mail with its texts",
        tag="Mails",
    )


async def outbox(request: Request, query: Annotated[OutboxQuery, Query()]) -> Response:
    """To whom, about what, in which state; texts only where the reader sees the values of the run."""
    found = await find_outbox(request, query)
    return to_json(found, {"Milepost-Position": str(found.position)})


async def mail(
    request: Request,
    run: str,
    step: str,
    round: Annotated[int, Field(ge=1, le=1_000_000)],  # noqa: A002 - its name in the address
    action: str,
    query: Annotated[ViewQuery, Query()],
) -> Response:
    """The texts as they were sent (or will be), written anew from the log."""
    found = await find_mail(request, stream_id(run), step, round, action, query.min_position)
    return to_json(found, {"Milepost-Position": str(found.position)})


async def find_outbox(request: Request, query: OutboxQuery) -> Outbox:
    """The mails that the query wants, as this caller may see them."""
    services = services_of(request)
    wanted = Wanted(query.run, state=query.state, limit=query.limit, after=query.after)
    listed: MailList = await answer(
        services, lambda connection: mails(connection, wanted), query.min_position
    )
    reader = await _reader(request)
    rows = await run_in_threadpool(
        lambda: tuple(_row(row, reader.texts(row)) for row in listed.rows if reader.may_see(row.run))
    )
    return Outbox(
        rows, listed.incidents, listed.position, listed.as_of, listed.behind, listed.more, listed.next_after
    )  # fmt: skip


async def find_mail(
    request: Request, run: UUID, step: str, round_: int, action: str, least: int | None
) -> SentMail:
    """One mail with its texts; none of them for somebody whom the run does not concern."""
    wanted = Wanted(run, "" if step == RUN_LEVEL else step, round_, action)

    def ask(connection: Connection[Any]) -> MailList:
        found = mails(connection, wanted)
        if not found.rows:
            raise NotFound("mail of this kind in the run", run)
        return found

    listed = await answer(services_of(request), ask, least)
    reader = await _reader(request)
    if not await run_in_threadpool(reader.may_see, run):
        raise NotFound("mail of this kind in the run", run)
    seen = await run_in_threadpool(reader.texts, listed.rows[0])
    return SentMail(
        _row(listed.rows[0], seen), seen[1] if seen else (), listed.position, listed.as_of, listed.behind
    )


async def _reader(request: Request) -> _Reader:
    services = services_of(request)
    book = AddressBook.of(await services.read(directory))
    return _Reader(services, caller_of(request), book)


class _Reader:
    """Reads each run of a list once."""

    def __init__(self, services: Services, caller: Caller, book: AddressBook) -> None:
        self._services, self._caller, self._book = services, caller, book
        self._known: dict[UUID, tuple[Sight, Trail] | None] = {}

    def texts(self, row: MailFacts) -> tuple[str, tuple[MailText, ...]] | None:
        """Subject and texts of a mail; None when they do not concern the caller."""
        seen = self._run(row.run)
        if seen is None:
            return None
        sight, found = seen
        key = action_key(StepKey(row.step) if row.step else None, row.round, row.action)
        if not sight.sees_values or key not in found.at(key).actions:
            return None
        subject, mails = mails_of(self._services, self._book, sight, found, key)
        return subject, tuple(MailText(one.to.address, one.to.name, one.subject, one.body) for one in mails)

    def may_see(self, run: UUID) -> bool:
        """Whether there is such a run for the caller."""
        return self._run(run) is not None

    def _run(self, run: UUID) -> tuple[Sight, Trail] | None:
        if run not in self._known:
            self._known[run] = self._read(run)
        return self._known[run]

    def _read(self, run: UUID) -> tuple[Sight, Trail] | None:
        try:
            sight = sight_of(self._services, run, self._caller)
        except Refused:
            return None
        return sight, trail(run, self._services.log.read_stream(run))


def _row(row: MailFacts, seen: tuple[str, tuple[MailText, ...]] | None) -> MailRow:
    told = {each.name: getattr(row, each.name) for each in fields(MailFacts)}
    told["to"] = None if seen is None else tuple(text.to for text in seen[1])
    told["subject"] = None if seen is None else seen[0]
    return MailRow(**told)
