"""Starts child runs, tells their parents when they end, and calls those off that nobody waits for any more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

import structlog

from application.asked import Asked
from application.blocking import finish
from application.children import NewChild, start_child_run
from application.definitions import UnknownVersion
from application.milepost import Milepost
from application.on_run import BY_MACHINE, on_run
from domain.definition import Definition
from domain.directory import EMPTY, Directory
from domain.document import ChildRun
from domain.events import Event
from domain.run import RUN, Run, cancel_run
from domain.run.children import (
    Ended,
    child_doers,
    child_ended,
    child_inputs,
    child_outputs,
    child_reopened,
    child_to_take_up,
)
from domain.schedule import Calendar
from domain.words import MACHINE, Rejected, StepKey
from projections.machine import action_queries as queries
from projections.machine.action_queries import Family
from store.errors import InvalidEvent
from workers.apart import Apart
from workers.automations.contract import Answer, ChildStarted, Due, Failed
from workers.duty import NOBODYS
from workers.kept import KeptFiles
from workers.staff import Staff
from workers.trouble import described

log = structlog.get_logger(__name__)
MOST_GENERATIONS = 8
"""Runs that start runs that start runs: deeper than this is taken for a circle."""
LOOK_SECONDS = 0.5
BUSY_SECONDS = 0.05


class ChildStarter:
    """The executor of child runs. The child's id follows from the action's key, so a second attempt finds the first."""

    def __init__(
        self,
        app: Milepost,
        staff: Callable[[Definition], Directory] = lambda _: EMPTY,
    ) -> None:
        """``staff`` tells who works here; without it, roles that a rule has to fill find nobody."""
        self._staff = staff
        self._app = app

    async def __call__(self, due: Due) -> Answer:
        """Start the run that the step waits for."""
        return await asyncio.to_thread(self._start, due)

    def _start(self, due: Due) -> Answer:
        step = due.definition.steps.get(due.action.step) if due.action.step is not None else None
        if step is None or step.run is None or due.action.step is None:
            return Failed("the process does not say what to run", permanent=True, problem="bad_document")
        again = child_to_take_up(due.run, due.definition, due.action.step)
        if again is not None and not due.action.changes:
            return ChildStarted(again.child, again.process)
        if self._generation(due.run) >= MOST_GENERATIONS:
            reason = f"runs are nested {MOST_GENERATIONS} deep: a process starts itself over others"
            return Failed(reason, permanent=True, problem="bad_document")
        try:
            self._begin(due, due.action.step, step.run, UUID(due.key))
        except Rejected as refusal:
            return Failed(_told(refusal), permanent=True)
        except UnknownVersion as error:
            return Failed(str(error), permanent=True, problem="bad_document")
        return ChildStarted(UUID(due.key), step.run.process)

    def _begin(self, due: Due, step: StepKey, told: ChildRun, child: UUID) -> None:
        new = NewChild(
            parent=due.run_id,
            step=step,
            process=told.process,
            process_version=told.version,
            inputs={**child_inputs(due.run, due.definition, step), **due.action.changes.get("inputs", {})},
            in_project=told.in_project,
        )
        asked = Asked(MACHINE, due.at)
        finish(start_child_run(self._app, child, new, due.run, due.definition, asked, house=self._staff))

    def _generation(self, run: Run) -> int:
        count = 0
        while run.parent_run is not None and count < MOST_GENERATIONS:
            parent = self._app.load(RUN, run.parent_run)
            if parent is None:
                break
            run, count = parent, count + 1
        return count


class Families:
    """One round: parents hear of children that ended or go on; children that nobody waits for are called off."""

    def __init__(
        self,
        app: Milepost,
        calendar: Calendar,
        clock: Callable[[], datetime],
        file_types: Sequence[str] = ("*/*",),
    ) -> None:
        """``file_types`` are patterns of the types of files that a child may bring."""
        self._apart = Apart("family_set_apart")
        self._files = KeptFiles(app.started_log, file_types)
        self._staff = Staff(app.started_log)
        self._app = app
        self._calendar = calendar
        self._clock = clock

    async def once(self) -> float:
        """Do what has come up since; all of it can be done twice without harm."""
        return await asyncio.to_thread(self._once)

    def _once(self) -> float:
        with self._app.started_log.lend() as connection:
            apart = [family.child for family in self._apart.resting()]
            reopened = queries.reopened_children(connection, apart)
            ended = queries.ended_children(connection, apart)
            forlorn = queries.forlorn_children(connection, apart)
        done = [self._do(self._tell_of_reopening, family) for family in reopened]
        done += [self._do(self._tell, family) for family in ended]
        done += [self._do(self._call_off, family) for family in forlorn]
        return BUSY_SECONDS if any(done) else LOOK_SECONDS

    def _do(self, work: Callable[[Family], None], family: Family) -> bool:
        """Whether anything was done; a family that fails is told of, rests, and keeps no other waiting."""
        if self._apart.rests(family):
            return False
        with self._apart.each(family, run=str(family.run), child=str(family.child)):
            work(family)
        return True

    def _tell_of_reopening(self, family: Family) -> None:
        """Also of a child that has ended again since: the parent hears of each in turn."""
        child = self._app.load(RUN, family.child)
        if child is None:
            return
        reopenings = child.reopenings

        def decide(run: Run, parent: Definition) -> Sequence[Event]:
            told = (run, parent, family.child, reopenings)
            return child_reopened(*told, by=MACHINE, at=self._clock(), calendar=self._calendar)

        self._execute(family.run, decide)

    def _tell(self, family: Family) -> None:
        """What cannot be taken ends in an incident of the step, as what the child brings wrongly does."""
        child = self._app.load(RUN, family.child)
        if child is None or child.state not in ("completed", "ended_early", "cancelled"):
            return
        try:
            self._hand_over(family, child, child.state)
        except NOBODYS:
            raise
        except InvalidEvent as error:
            self._hand_over(family, child, child.state, f"what the run brings cannot be stored: {error}")
        except Exception as error:  # noqa: BLE001 - told as an incident of the step, and in the log
            log.error("child_defect", run=str(family.run), child=str(family.child), **described(error))
            self._hand_over(family, child, child.state, f"the machine failed: {type(error).__name__}")

    def _hand_over(self, family: Family, child: Run, state: Ended, failed: str | None = None) -> None:
        def decide(run: Run, parent: Definition) -> Sequence[Event]:
            known = run.children.get(family.child)
            if known is None:
                return []
            taken = failed is None and known.step in parent.steps
            outputs = child_outputs(parent, known.step, child, child.outcome) if taken else {}
            definition = self._app.definition(child.process, child.process_version)
            return child_ended(
                run,
                parent,
                family.child,
                state,
                child.outcome,
                outputs,
                child_doers(child, definition),
                child.reopenings,
                failed or self._files.wrong(outputs, run, child),
                by=MACHINE,
                at=self._clock(),
                calendar=self._calendar,
                directory=self._staff.naming(outputs),
            )

        self._execute(family.run, decide)

    def _call_off(self, family: Family) -> None:
        """Only when the parent still does not wait for it: the read model may be behind."""
        parent = self._app.load(RUN, family.run)
        known = None if parent is None else parent.children.get(family.child)
        if parent is None or known is None:
            return
        step = parent.step(known.step)
        waits = not parent.ended and step.is_open and step.round == known.round
        if waits or known.reopened:
            return

        def decide(run: Run, definition: Definition) -> Sequence[Event]:
            if run.ended:
                return []
            reason = "the run that waited for this one does not any more"
            return cancel_run(run, definition, reason, by=MACHINE, at=self._clock())

        self._execute(family.child, decide)

    def _execute(self, stream: UUID, decide: Callable[[Run, Definition], Sequence[Event]]) -> None:
        finish(on_run(self._app, stream, Asked(MACHINE, self._clock()), BY_MACHINE, decide))


def _told(refusal: Rejected) -> str:
    """The refusal, with what is wrong with each input."""
    problems = refusal.facts.get("problems") or []
    named = [f"{one['field']}: {one['problem']}, accepted is {one['accepted']}" for one in problems]
    return "; ".join([f"the child run is refused: {refusal.detail}", *named])
