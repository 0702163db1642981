"""The mails of a run as they were sent, or as they will be: written anew from the log, so that nobody keeps a copy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from api.handling.services import Services
from api.run.sight import Sight
from domain.addresses import AddressBook
from domain.events import ActionStarted
from domain.guests import Pass
from domain.mail_decisions import MailDecision
from domain.mails import Desk, Mail, compose, headline
from domain.run import RUN, Run
from domain.run.mail_action import MailAction
from domain.run.state import action_key
from store.mapper import to_event
from store.model import Recorded

LINK = "(a personal link)"
"""Stands for the link of a guest, which is for nobody else."""


@dataclass(frozen=True, slots=True)
class Trail:
    """A run as it was when each of its actions was tried last."""

    run_id: UUID
    now: Run
    tried: Mapping[str, Run]

    def at(self, key: str) -> Run:
        """The run as it was at the last attempt of the action; as it is, before the first."""
        return self.tried.get(key, self.now)


def trail(run_id: UUID, stored: Iterable[Recorded]) -> Trail:
    """The run at each attempt, from its events in order."""
    run: Run | None = None
    tried: dict[str, Run] = {}
    for recorded in stored:
        event = to_event(recorded)
        run = RUN.evolve(run, event)
        if isinstance(event, ActionStarted):
            tried[action_key(event.step, event.round, event.action)] = run
    return Trail(run_id, run or Run(), tried)


def mails_of(
    services: Services, book: AddressBook, sight: Sight, found: Trail, key: str
) -> tuple[str, tuple[Mail, ...]]:
    """Subject and mails of an action as its reader may see them: nothing sensitive, and no links of guests.

    A mail that went to nobody has none, also when somebody got an address since.
    """
    run = found.at(key)
    action = run.actions[key]
    definition = services.app.definition(run.process, run.process_version)
    desk = Desk(
        book,
        services.site.base_url,
        services.calendar.zone,
        _no_link,
        _no_link,
        hide_sensitive=not sight.sees_sensitive,
        earlier=tuple(sight.versions),
    )
    told = (found.run_id, run, definition, MailAction.of(action), desk)
    now = found.now.actions[key]
    to_nobody = now.state == "unsent" or now.result in ("no_address", "superseded")
    return headline(*told), () if to_nobody else compose(*told).mails


def _no_link(_run: UUID, _held: Pass | MailDecision) -> str:
    return LINK
