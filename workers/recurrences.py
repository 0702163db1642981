"""Makes recurring work when its time has come: each instant once, with an id that a second try would have too."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from application import recurrences, runs, tasks
from application.asked import Asked
from application.blocking import finish
from application.milepost import Milepost
from application.placing import Place
from application.runs import NewRun
from application.tasks import NewTask
from domain.directory import why_not_here
from domain.rank import between
from domain.recurrence import (
    RECURRENCE,
    Occasion,
    Recurrence,
    filled,
    local_day,
    made_id,
    occasions,
    way_at,
)
from domain.words import MACHINE, Assignee, Rejected, RoleKey, StageKey
from projections.board.queries import last_rank
from projections.machine import recurrence_queries as queries
from workers.apart import Apart
from workers.duty import NOBODYS
from workers.staff import Staff
from workers.trouble import described

LONGEST_WAIT_SECONDS = 5.0
SHORTEST_WAIT_SECONDS = 0.05

log = structlog.get_logger(__name__)


class Recurring:
    """One round: everything that has come is made. ``clock`` says what time it is."""

    def __init__(self, app: Milepost, clock: Callable[[], datetime]) -> None:
        self._apart = Apart("recurrence_set_apart")
        self._staff = Staff(app.started_log)
        self._app = app
        self._clock = clock
        self._ranks: dict[tuple[UUID, str], str] = {}

    async def once(self) -> float:
        """Make what has come; the answer is how long nothing else comes, at most a few seconds."""
        return await asyncio.to_thread(self._once)

    def _once(self) -> float:
        now = self._clock()
        with self._app.started_log.lend() as connection:
            apart = self._apart.resting()
            come = queries.due_recurrences(connection, now, apart)
            next_at = queries.next_instant(connection, apart)
        for stream in come:
            with self._apart.each(stream, recurrence=str(stream)):
                self._deal_with(stream, now)
        if come or next_at is None:
            return LONGEST_WAIT_SECONDS if next_at is None else SHORTEST_WAIT_SECONDS
        return min(max((next_at - now).total_seconds(), SHORTEST_WAIT_SECONDS), LONGEST_WAIT_SECONDS)

    def _deal_with(self, stream: UUID, now: datetime) -> None:
        known = self._app.load(RECURRENCE, stream)
        for occasion in [] if known is None else occasions(known, now):
            assert known is not None
            self._record(stream, self._made(stream, known, occasion, now), now)

    def _made(self, stream: UUID, known: Recurrence, occasion: Occasion, now: datetime) -> Occasion:
        """Make the work before it is recorded as made; what is refused is passed over, with the reason."""
        if occasion.passed_over is not None:
            return occasion
        make = self._make_task if known.makes == "task" else self._start_run
        try:
            make(known, occasion.occurs_at, made_id(stream, occasion.occurs_at), now)
        except Rejected as refusal:
            log.warning("recurring_work_refused", recurrence=str(stream), code=refusal.code)
            return occasion._replace(passed_over=refusal.detail)
        except NOBODYS:
            raise
        except Exception as error:  # noqa: BLE001 - told where the schedule tells what it made, and in the log
            log.error("recurring_work_defect", recurrence=str(stream), **described(error))
            return occasion._replace(passed_over=f"the machine failed: {type(error).__name__}")
        return occasion

    def _record(self, stream: UUID, occasion: Occasion, now: datetime) -> None:
        made = made_id(stream, occasion.occurs_at)
        asked = Asked(MACHINE, now)
        finish(recurrences.deal_with(self._app, stream, asked, occasion=occasion, made=made))

    def _make_task(self, known: Recurrence, occurs_at: datetime, task: UUID, now: datetime) -> None:
        way = way_at(known, occurs_at)
        template, time_zone = way.template, way.time_zone
        assert known.project is not None  # a task stands on a board: it was refused without one
        stage = StageKey(template["stage"])
        days = template.get("due_in_days")
        wanted = _assignee(template.get("assignee"))
        gone = None if wanted is None else why_not_here(wanted, self._staff.now())
        new = NewTask(
            project=known.project,
            title=filled(template["title"], occurs_at, time_zone)[:200],
            stage=stage,
            description=filled(template.get("description") or "", occurs_at, time_zone),
            assignee=None if gone else wanted,
            priority=template.get("priority") or "none",
            due_on=None if days is None else local_day(occurs_at, time_zone) + timedelta(days=days),
            labels=tuple(template.get("labels") or ()),
            checklist=tuple(template.get("checklist") or ()),
            comment=f"{wanted} was to have this: {gone}. It is nobody's." if gone else None,
            where=Place(after=self._behind_all(known.project, stage, task)),
        )
        finish(tasks.add_task(self._app, task, new, Asked(MACHINE, now)))

    def _start_run(self, known: Recurrence, occurs_at: datetime, run: UUID, now: datetime) -> None:
        assert known.process is not None  # a run follows a process: it was refused without one
        way = way_at(known, occurs_at)
        template, time_zone = way.template, way.time_zone
        name = template.get("name")
        new = NewRun(
            process=known.process,
            name=None if name is None else filled(name, occurs_at, time_zone)[:200],
            inputs=template.get("inputs") or {},
            roles={RoleKey(role): Assignee(who) for role, who in (template.get("roles") or {}).items()},
            project=known.project,
            priority=template.get("priority") or "none",
            initiator=None if known.set_up_by is None else Assignee(known.set_up_by),
        )
        finish(runs.start_run(self._app, run, new, Asked(MACHINE, now)))

    def _behind_all(self, project: UUID, stage: str, card: UUID) -> str:
        """The rank behind all cards of the column, those included that were made here and that nobody sees yet."""
        last = max(self._last_rank(project, stage) or "", self._ranks.get((project, stage), "")) or None
        rank = self._ranks[project, stage] = between(last, None, card=card)
        return rank

    def _last_rank(self, project: UUID, stage: str) -> str | None:
        return self._app.started_log.ask(lambda connection: last_rank(connection, project, stage))


def _assignee(text: str | None) -> Assignee | None:
    return None if text is None else Assignee(text)
