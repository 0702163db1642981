"""Makes recurring work when its time has come: each instant once, with an id that a second try would have too."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from secrets import token_hex
from typing import Any
from uuid import UUID, uuid5

import structlog

from application.milepost import Milepost
from domain import task as tasks
from domain.definition import Definition
from domain.directory import why_not_here
from domain.events import Event
from domain.process import PROCESS
from domain.project import PROJECT, Project, column
from domain.rank import between
from domain.recurrence import (
    RECURRENCE,
    Occasion,
    Recurrence,
    deal_with,
    filled,
    local_day,
    made_id,
    occasions,
    way_at,
)
from domain.run import RUN, start_run
from domain.run.content import SALT_BYTES
from domain.schedule import Calendar
from domain.task import TASK
from domain.words import Actor, Assignee, Rejected, RoleKey, process_stream
from projections.board.queries import last_rank
from projections.machine import recurrence_queries as queries
from store.connect import connect
from workers.apart import Apart
from workers.duty import NOBODYS
from workers.staff import Staff
from workers.trouble import described

MACHINE = Actor("system:milepost")
LONGEST_WAIT_SECONDS = 5.0
SHORTEST_WAIT_SECONDS = 0.05

log = structlog.get_logger(__name__)


class Recurring:
    """One round: everything that has come is made. ``clock`` says what time it is."""

    def __init__(
        self, database_url: str, app: Milepost, calendar: Calendar, clock: Callable[[], datetime]
    ) -> None:
        self._url = database_url
        self._apart = Apart("recurrence_set_apart")
        self._staff = Staff(database_url)
        self._app = app
        self._calendar = calendar
        self._clock = clock
        self._ranks: dict[tuple[UUID, str], str] = {}

    async def once(self) -> float:
        """Make what has come; the answer is how long nothing else comes, at most a few seconds."""
        return await asyncio.to_thread(self._once)

    def _once(self) -> float:
        now = self._clock()
        with connect(self._url, "recurring work") as connection:
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

        def decide(known: Recurrence | None) -> Sequence[Event]:
            return [] if known is None else deal_with(known, occasion, made, by=MACHINE, at=now)

        self._app.execute(RECURRENCE, stream, decide)

    def _make_task(self, known: Recurrence, occurs_at: datetime, stream: UUID, now: datetime) -> None:
        way = way_at(known, occurs_at)
        template, time_zone = way.template, way.time_zone
        project = self._project(known)
        stage = column(project, template["stage"]).key
        assert known.project is not None
        rank = self._behind_all(known.project, stage, stream)
        days = template.get("due_in_days")
        due_on = None if days is None else local_day(occurs_at, time_zone) + timedelta(days=days)
        wanted = _assignee(template.get("assignee"))
        directory = self._staff.now()
        gone = None if wanted is None else why_not_here(wanted, directory)

        def decide(task: tasks.Task | None) -> Sequence[Event]:
            if task is not None:
                return []
            events: list[Any] = tasks.add_task(
                None,
                project=known.project,  # type: ignore[arg-type]  # a task has one, it was checked
                title=filled(template["title"], occurs_at, time_zone)[:200],
                stage=stage,
                rank=rank,
                description=filled(template.get("description") or "", occurs_at, time_zone),
                assignee=None if gone else wanted,
                priority=template.get("priority") or "none",
                due_on=due_on,
                labels=tuple(template.get("labels") or ()),
                by=MACHINE,
                at=now,
                directory=directory,
            )
            card = TASK.fold(events)
            for number, text in enumerate(template.get("checklist") or ()):
                assert card is not None
                entry = uuid5(stream, str(number))
                events += tasks.add_checklist_entry(card, entry, text, by=MACHINE, at=now)
            if gone:
                assert card is not None
                said = f"{wanted} was to have this: {gone}. It is nobody's."
                events += tasks.comment(
                    card, uuid5(stream, "gone"), said, by=MACHINE, at=now, directory=directory
                )
            return events

        self._app.execute(TASK, stream, decide)

    def _start_run(self, known: Recurrence, occurs_at: datetime, stream: UUID, now: datetime) -> None:
        definition = self._definition(known)
        if known.project is not None:
            self._project(known)
        way = way_at(known, occurs_at)
        template, time_zone = way.template, way.time_zone
        name = template.get("name")
        directory = self._staff.for_start(definition)

        def decide(run: Any) -> Sequence[Event]:
            return start_run(
                run,
                definition,
                name=None if name is None else filled(name, occurs_at, time_zone)[:200],
                inputs=template.get("inputs") or {},
                roles=_roles(definition, known, template.get("roles") or {}),
                project=known.project,
                priority=template.get("priority") or "none",
                content_salt=token_hex(SALT_BYTES),
                by=MACHINE,
                at=now,
                calendar=self._calendar,
                directory=directory,
            )

        meta = {"process": definition.process, "process_version": definition.version}
        self._app.execute(RUN, stream, decide, meta=meta)

    def _project(self, known: Recurrence) -> Project:
        project = None if known.project is None else self._app.load(PROJECT, known.project)
        if project is None or project.closed:
            raise Rejected("project_closed", "its project takes no more work")
        return project

    def _definition(self, known: Recurrence) -> Definition:
        assert known.process is not None
        process = self._app.load(PROCESS, process_stream(known.process))
        if process is None or process.version == 0 or process.retired:
            raise Rejected("process_retired", f"the process {known.process} takes no new runs")
        return self._app.definition(known.process, process.version)

    def _behind_all(self, project: UUID, stage: str, card: UUID) -> str:
        """The rank behind all cards of the column, those included that were made here and that nobody sees yet."""
        last = max(self._last_rank(project, stage) or "", self._ranks.get((project, stage), "")) or None
        rank = self._ranks[project, stage] = between(last, None, card=card)
        return rank

    def _last_rank(self, project: UUID, stage: str) -> str | None:
        with connect(self._url, "recurring work") as connection:
            return last_rank(connection, project, stage)


def _roles(definition: Definition, known: Recurrence, given: Mapping[str, str]) -> dict[RoleKey, Assignee]:
    """Who was named, and whoever set the schedule up in place of a person who starts the run."""
    found = {
        key: Assignee(known.set_up_by)
        for key, role in definition.roles.items()
        if role.initiator and known.set_up_by is not None
    }
    return found | {RoleKey(role): Assignee(who) for role, who in given.items()}


def _assignee(text: str | None) -> Assignee | None:
    return None if text is None else Assignee(text)
