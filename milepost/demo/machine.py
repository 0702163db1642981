"""What Milepost itself did in a played run: alarms, digests, mails and calls, each at its instant, with a receipt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple
from uuid import UUID

from domain.definition import Definition
from domain.directory import Directory
from domain.events import Event
from domain.run import RUN, Run, fire
from domain.run.actions import effect_key, fail_action, start_action, succeed_action
from domain.run.alarms import OVERDUE, can_be_overdue, ends_at_due
from domain.run.digests import begins, instant_of, last_known, queue_digest
from domain.run.entailing import own_action
from domain.run.state import ActionState, action_key
from domain.schedule import Calendar
from domain.words import MACHINE, StepKey, Values
from milepost.demo.staff import house
from milepost.demo.values import fill

TOOK = timedelta(seconds=0.4)
"""How long an attempt took."""


class Next(NamedTuple):
    """What the machine does next, and when: an action by its key, an alarm of a step, or (neither) a digest."""

    at: datetime
    action: str = ""
    step: str = ""
    alarm: str = ""


@dataclass
class Machine:
    """The machine of one run. ``refused`` has the calls that failed for good, and what their service answered."""

    run_id: UUID
    definition: Definition
    calendar: Calendar
    values: Mapping[str, Values] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    directory: Directory = field(default_factory=house)

    def next(self, run: Run, latest: datetime | None = None) -> Next | None:
        """What comes first, never before the latest that happened; None when nothing is to come."""
        first = min((*self._actions(run), *self._alarms(run), *self._digests(run)), default=None)
        return first if first is None or latest is None else first._replace(at=max(first.at, latest))

    def act(self, run: Run, what: Next) -> list[Event]:
        """Do it, as the worker would have."""
        if what.action:
            return self._attempt(run, run.actions[what.action], what.at)
        if what.alarm:
            return fire(
                run, self.definition, StepKey(what.step), what.alarm, by=MACHINE, at=what.at, calendar=self.calendar,
                directory=self.directory,
            )  # fmt: skip
        return queue_digest(run, self.definition, by=MACHINE, at=what.at, calendar=self.calendar)

    def _actions(self, run: Run) -> Iterator[Next]:
        waiting = (run.actions[key] for keys in run.pending.values() for key in keys)
        for action in waiting:
            instants = [instant for instant in (action.queued_at, action.next_at) if instant is not None]
            if action.waits and instants:
                yield Next(max(instants) + TOOK, action=_key(action))

    def _alarms(self, run: Run) -> Iterator[Next]:
        if run.state != "running":
            return
        for key, step in run.steps.items():
            if not step.is_open:
                continue
            for alarm, instant in step.alarms.items():
                yield Next(instant, step=key, alarm=alarm)
            kind = self.definition.steps[key].kind
            is_limit = can_be_overdue(kind) and not ends_at_due(step)
            if step.due_at is not None and step.overdue != step.due_at and is_limit:
                yield Next(step.due_at, step=key, alarm=OVERDUE)

    def _digests(self, run: Run) -> Iterator[Next]:
        digest = self.definition.document.digest
        start = None if digest is None else begins(run, digest)
        if digest is None or start is None or run.state != "running" or not digest.to:
            return
        instant = instant_of(digest, start, last_known(run) + 1, self.calendar)
        if instant is not None:
            yield Next(instant)

    def _attempt(self, run: Run, action: ActionState, at: datetime) -> list[Event]:
        """The intent, and its result a moment later."""
        name = (action.step, action.round, action.action)
        events = start_action(run, *name, key=effect_key(self.run_id, run, action), by=MACHINE, at=at)
        tried = RUN.fold(events, run)
        assert tried is not None  # a run that has an action exists
        why = self.refused.get(action.step or "") if action.kind == "http" else None
        if why is not None:
            return events + fail_action(
                tried, self.definition, *name, why, permanent=True, receipt="409", by=MACHINE, at=at + TOOK
            )
        result, receipt = _answer(self.run_id, action)
        return events + succeed_action(
            tried, self.definition, *name, result, receipt, self._answered(run, action, at), by=MACHINE, at=at + TOOK,
            calendar=self.calendar, directory=self.directory,
        )  # fmt: skip

    def _answered(self, run: Run, action: ActionState, at: datetime) -> Values | None:
        """What the service answered, where the action is what its step consists of."""
        if action.step is None:
            return None
        step = self.definition.steps[action.step]
        if own_action(step, action.step, run.step(action.step).round) != _key(action):
            return None
        chance = Random(f"{self.run_id} {_key(action)}")  # noqa: S311 - a play, not a secret
        return fill(step.fields, chance, at, self.values.get(action.step, {}))


def _key(action: ActionState) -> str:
    return action_key(action.step, action.round, action.action)


def _answer(run_id: UUID, action: ActionState) -> tuple[str, str]:
    """The result and the receipt of what went well."""
    if action.kind != "email":
        return "answered", "200"
    queue = Random(f"{run_id} {_key(action)} mail").getrandbits(40)  # noqa: S311 - a play, not a secret
    return "sent", f"250 2.0.0 Ok: queued as {queue:010X}"
