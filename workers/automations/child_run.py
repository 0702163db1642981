"""Starts child runs, tells their parents when they end, and calls those off that nobody waits for any more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from secrets import token_hex
from typing import Any
from uuid import UUID

import structlog

from application.definitions import UnknownVersion
from application.milepost import Milepost
from domain.definition import Definition
from domain.directory import EMPTY, Directory
from domain.document import ChildRun
from domain.events import Event
from domain.process import PROCESS
from domain.run import RUN, Run, cancel_run
from domain.run.children import (
    Ended,
    child_doers,
    child_ended,
    child_givers,
    child_inputs,
    child_outputs,
    child_reopened,
    child_roles,
    child_to_take_up,
)
from domain.run.content import SALT_BYTES
from domain.run.start import start_child
from domain.schedule import Calendar
from domain.words import Actor, Rejected, process_stream
from projections.machine import action_queries as queries
from projections.machine.action_queries import Family
from store.connect import connect
from store.errors import InvalidEvent
from workers.apart import Apart
from workers.automations.contract import Answer, ChildStarted, Due, Failed
from workers.duty import NOBODYS
from workers.kept import KeptFiles
from workers.staff import Staff
from workers.trouble import described

MACHINE = Actor("system:milepost")
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
        calendar: Calendar,
        staff: Callable[[Definition], Directory] = lambda _: EMPTY,
    ) -> None:
        """``staff`` tells who works here; without it, roles that a rule has to fill find nobody."""
        self._staff = staff
        self._app = app
        self._calendar = calendar

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
            definition = self._definition(step.run)
            self._begin(due, step.run, definition, UUID(due.key))
        except Rejected as refusal:
            return Failed(_told(refusal), permanent=True)
        except UnknownVersion as error:
            return Failed(str(error), permanent=True, problem="bad_document")
        return ChildStarted(UUID(due.key), definition.process)

    def _begin(self, due: Due, told: ChildRun, definition: Definition, child: UUID) -> None:
        step, changes = due.action.step, due.action.changes
        assert step is not None
        inputs = {**child_inputs(due.run, due.definition, step), **changes.get("inputs", {})}
        roles = child_roles(due.run, due.definition, step, definition)
        directory = self._staff(definition)

        def decide(run: Run | None) -> Sequence[Event]:
            return start_child(
                run,
                definition,
                due.run,
                parent_run=due.run_id,
                parent_step=step,
                inputs=inputs,
                roles=roles,
                project=due.run.project if told.in_project else None,
                given_by=child_givers(due.run, due.definition, step),
                content_salt=token_hex(SALT_BYTES),
                by=MACHINE,
                at=due.at,
                calendar=self._calendar,
                directory=directory,
            )

        meta = {"process": definition.process, "process_version": definition.version}
        self._app.execute(RUN, child, decide, meta=meta)

    def _definition(self, told: ChildRun) -> Definition:
        process = self._app.load(PROCESS, process_stream(told.process))
        if process is None or process.version == 0:
            raise Rejected("unknown_process", f"no process {told.process} is published")
        if process.retired:
            raise Rejected("process_retired", f"the process {told.process} takes no new runs")
        return self._app.definition(told.process, told.version or process.version)

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
        database_url: str,
        app: Milepost,
        calendar: Calendar,
        clock: Callable[[], datetime],
        file_types: Sequence[str] = ("*/*",),
    ) -> None:
        """``file_types`` are patterns of the types of files that a child may bring."""
        self._url = database_url
        self._apart = Apart("family_set_apart")
        self._files = KeptFiles(database_url, file_types)
        self._staff = Staff(database_url)
        self._app = app
        self._calendar = calendar
        self._clock = clock

    async def once(self) -> float:
        """Do what has come up since; all of it can be done twice without harm."""
        return await asyncio.to_thread(self._once)

    def _once(self) -> float:
        with connect(self._url, "child runs") as connection:
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
        meta: dict[str, Any] = {}

        def on_run(run: Run | None) -> Sequence[Event]:
            if run is None:
                return []
            meta.update(process=run.process, process_version=run.process_version)
            return decide(run, self._app.definition(run.process, run.process_version))

        self._app.execute(RUN, stream, on_run, meta=meta)


def _told(refusal: Rejected) -> str:
    """The refusal, with what is wrong with each input."""
    problems = refusal.facts.get("problems") or []
    named = [f"{one['field']}: {one['problem']}, accepted is {one['accepted']}" for one in problems]
    return "; ".join([f"the child run is refused: {refusal.detail}", *named])
