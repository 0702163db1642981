"""Does what is queued: the intent is stored, the call is made, its result is stored; each one side by side."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from application.asked import Asked
from application.blocking import finish
from application.milepost import Milepost
from application.on_run import BY_MACHINE, on_run
from domain.definition import Definition
from domain.events import Event
from domain.run import RUN, Run
from domain.run.actions import (
    action_of,
    action_uncertain,
    effect_key,
    fail_action,
    reach_nobody,
    start_action,
    succeed_action,
)
from domain.run.children import child_started
from domain.schedule import Calendar
from domain.words import MACHINE, Rejected, StepKey
from projections.machine import action_queries as queries
from projections.machine.action_queries import Named
from store.errors import InvalidEvent
from workers.apart import Apart
from workers.automations.contract import Answer, ChildStarted, Done, Due, Executor, Failed, Unsent, kept
from workers.duty import AWAY, FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, NOBODYS
from workers.kept import KeptFiles
from workers.staff import Staff
from workers.trouble import described

LOOK_SECONDS = 0.25
BUSY_SECONDS = 0.05
FINISH_SECONDS = 10.0
"""How long calls under way may take to end when the worker stops; what then has no result is uncertain."""

log = structlog.get_logger(__name__)
_Told = tuple[Run, Definition, StepKey | None, int, str]


@dataclass(frozen=True)
class Limits:
    """How many calls are made at a time: in all, and to one other side."""

    calls: int = 32
    each: int = 8


class Acting:
    """One round: what is due is begun, and what a worker left without a result is settled. It waits for no call."""

    def __init__(
        self,
        app: Milepost,
        executors: Mapping[str, Executor],
        calendar: Calendar,
        clock: Callable[[], datetime],
        *,
        limits: Limits | None = None,
        file_types: Sequence[str] = ("*/*",),
        chance: Callable[[], float] = random.random,
    ) -> None:
        """``executors`` by kind of action; kinds without one are left alone. ``chance`` gives the jitter, 0 to 1.

        ``file_types`` are patterns of the types of files that an answer may name.
        """
        self._staff = Staff(app.started_log)
        self._app = app
        self._executors = executors
        self._calendar = calendar
        self._clock = clock
        self._limits = limits or Limits()
        self._files = KeptFiles(app.started_log, file_types)
        self._chance = chance
        self._under_way: dict[Named, asyncio.Task[None]] = {}
        self._lanes: Counter[str] = Counter()
        self._apart = Apart("action_set_apart")
        self._failure: BaseException | None = None

    async def once(self) -> float:
        """Begin what is due; the answer is when to look again. What is nobody's fault in a call is raised here."""
        if self._failure is not None:
            raise self._failure
        started, due = await asyncio.to_thread(self._look)
        for name in started:
            self._begin(name, self._settle)
        begun = sum(self._begin(name, self._attempt) for name in due)
        return BUSY_SECONDS if begun else LOOK_SECONDS

    async def close(self) -> None:
        """Let calls under way end, for a while; what is left then is found without a result by the next worker."""
        tasks = list(self._under_way.values())
        if tasks:
            _, left = await asyncio.wait(tasks, timeout=FINISH_SECONDS)
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)

    def _look(self) -> tuple[list[Named], list[Named]]:
        kinds = list(self._executors)
        passed_over = len(self._under_way) + len(self._apart)
        each, room = self._limits.each + passed_over, self._limits.calls * 2 + len(self._apart)
        with self._app.started_log.lend() as connection:
            started = queries.started_actions(connection, kinds)
            due = queries.due_actions(connection, self._clock(), kinds, each=each, limit=room)
        return started, due

    def _begin(self, name: Named, work: Callable[[Named], Any]) -> bool:
        """Begin it in the background, unless it is under way or set apart, or as much is as may be."""
        if name in self._under_way or self._apart.rests(name):
            return False
        if len(self._under_way) >= self._limits.calls or self._lanes[name.lane] >= self._limits.each:
            return False
        self._lanes[name.lane] += 1
        task = asyncio.create_task(work(name))
        self._under_way[name] = task
        task.add_done_callback(lambda done: self._ended(name, done))
        return True

    def _ended(self, name: Named, task: asyncio.Task[None]) -> None:
        del self._under_way[name]
        self._lanes[name.lane] -= 1
        error = None if task.cancelled() else task.exception()
        if isinstance(error, AWAY):
            log.warning("action_waits", action=name.action, run=str(name.run), reason=type(error).__name__)
        elif isinstance(error, NOBODYS):
            self._failure = error
        elif error is not None:
            self._apart.note(name, error, run=str(name.run), action=name.action)
        else:
            self._apart.forget(name)

    async def _attempt(self, name: Named) -> None:
        """The intent, the call, the result. Only who stored the intent makes the call."""
        due = await asyncio.to_thread(self._intend, name)
        if due is not None:
            await self._keep_result(name, await self._answer(due))

    async def _settle(self, name: Named) -> None:
        """An attempt that nobody is making any more: what came of it is not known."""
        await self._keep_result(name, None)

    def _intend(self, name: Named) -> Due | None:
        run = self._app.load(RUN, name.run)
        if run is None:
            return None
        key = effect_key(name.run, run, action_of(run, _step(name), name.round, name.action))
        at = self._clock()

        def decide(run: Run, _definition: Definition) -> Sequence[Event]:
            return start_action(run, _step(name), name.round, name.action, key=key, by=MACHINE, at=at)

        if not self._execute(name, decide):
            return None
        newest = self._app.load(RUN, name.run)
        assert newest is not None
        definition, *earlier = self._app.versions(newest)
        action = action_of(newest, _step(name), name.round, name.action)
        return Due(name.run, newest, definition, action, key, at, tuple(earlier))

    async def _answer(self, due: Due) -> Answer:
        """What the executor says. A defect in it is a failure that somebody sees, not the end of all other calls."""
        try:
            return await self._executors[due.action.kind](due)
        except Exception as error:  # noqa: BLE001 - told as an incident of the action, and in the log
            log.error("action_defect", run=str(due.run_id), action=due.action.action, **described(error))
            return _defect(error)

    async def _keep_result(self, name: Named, answer: Answer | None) -> None:
        """Store the result, however long the database is away: a call whose result is lost would be uncertain."""
        pause_seconds = FIRST_PAUSE_SECONDS
        while True:
            try:
                await asyncio.to_thread(self._record, name, answer)
                return
            except AWAY as error:
                log.warning(
                    "result_waits", action=name.action, run=str(name.run), reason=type(error).__name__
                )
                await asyncio.sleep(pause_seconds)
                pause_seconds = min(pause_seconds * 2, LONGEST_PAUSE_SECONDS)

    def _record(self, name: Named, answer: Answer | None) -> None:
        """Store what came of it; a result that cannot be stored ends the action, and somebody is asked."""
        try:
            self._store(name, answer)
        except NOBODYS:
            raise
        except Rejected as refusal:
            self._store(name, Failed(f"the answer cannot be taken: {refusal.detail}", permanent=True))
        except InvalidEvent as error:
            self._store(name, Failed(f"the answer cannot be stored: {error}", permanent=True))
        except Exception as error:  # noqa: BLE001 - told as an incident of the action, and in the log
            log.error("result_defect", run=str(name.run), action=name.action, **described(error))
            self._store(name, _defect(error))

    def _store(self, name: Named, answer: Answer | None) -> None:
        at, jitter = self._clock(), self._chance()

        def decide(run: Run, definition: Definition) -> Sequence[Event]:
            return self._decided(run, definition, name, kept(answer), at, jitter)

        self._execute(name, decide)

    def _decided(
        self,
        run: Run,
        definition: Definition,
        name: Named,
        answer: Answer | None,
        at: datetime,
        jitter: float,
    ) -> Sequence[Event]:
        told = (run, definition, _step(name), name.round, name.action)
        by = MACHINE
        match answer:
            case None:
                return action_uncertain(*told, jitter=jitter, by=by, at=at)
            case Failed():
                return _failed(told, answer, at, jitter)
            case Done(receipt=receipt, values=values) if (
                wrong := self._files.wrong(values, run)
            ) is not None:
                failed = f"the answer names a file that cannot be taken: {wrong}"
                return fail_action(*told, failed, permanent=True, receipt=receipt, by=by, at=at)
            case Done():
                return self._succeeded(told, answer, at)
            case ChildStarted(child=child, process=process):
                step = StepKey(name.step or "")
                return child_started(
                    run, definition, step, name.round, child, process, by=by, at=at, calendar=self._calendar
                )
            case Unsent():
                return reach_nobody(run, *told[2:], answer.reason, answer.whom, by=by, at=at)

    def _succeeded(self, told: _Told, answer: Done, at: datetime) -> Sequence[Event]:
        return succeed_action(
            *told,
            answer.result,
            answer.receipt,
            answer.values,
            reason=answer.reason,
            whom=answer.whom,
            by=MACHINE,
            at=at,
            calendar=self._calendar,
            directory=self._staff.naming(answer.values),
        )

    def _execute(self, name: Named, decide: Callable[[Run, Definition], Sequence[Event]]) -> Sequence[Event]:
        return finish(on_run(self._app, name.run, Asked(MACHINE, self._clock()), BY_MACHINE, decide)).events


def _step(name: Named) -> StepKey | None:
    return None if name.step is None else StepKey(name.step)


def _defect(error: BaseException) -> Failed:
    return Failed(f"the machine failed: {type(error).__name__}", permanent=True, uncertain=True)


def _failed(told: _Told, answer: Failed, at: datetime, jitter: float) -> Sequence[Event]:
    if answer.uncertain and not answer.permanent:
        return action_uncertain(
            *told, answer.reason, receipt=answer.receipt, jitter=jitter, by=MACHINE, at=at
        )
    return fail_action(
        *told,
        answer.reason,
        problem="uncertain" if answer.uncertain else answer.problem,
        permanent=answer.permanent,
        retry_after=answer.retry_after,
        receipt=answer.receipt,
        jitter=jitter,
        by=MACHINE,
        at=at,
    )
