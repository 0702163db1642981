"""The duty that migrates many runs: a page at a time, each run on its newest state, never in anybody's way.

What is to be done is a list in the database, what has been done is in the log, and migrating a run that is there
already decides nothing: after a crash at any point the page at hand is simply gone through again. What it means for
people follows from the log too. When the last run is through, one mail for each of them is queued with a run that it
tells of, under a name that is the same whenever it is tried again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
import psycopg
import structlog

from application.asked import Asked
from application.blocking import finish
from application.milepost import Milepost
from application.on_run import BY_MACHINE, on_run
from application.processes import must_move_runs
from domain.definition import Definition
from domain.events import Event
from domain.migration import Letter, Moved, News, letters, migrate_run, news_of, queue_letter
from domain.person import PERSON
from domain.run import RUN, Run
from domain.schedule import Calendar
from domain.words import MACHINE, Actor, Rejected, person_stream
from projections.process import migration_queries
from store import migration_jobs
from store.errors import Conflict, InvalidEvent
from store.events import StreamEvent, in_stream
from store.log import Log
from store.mapper import to_event
from store.migration_jobs import MOST_TRIES, Done, Item, Job, Told
from store.model import Recorded
from workers.duty import NOBODYS, Duty
from workers.staff import Staff
from workers.trouble import described

PAGE = 50
"""Runs that are decided together; their events go into the log in groups that nobody waits long behind."""
LOOK_SECONDS = 1.0

log = structlog.get_logger(__name__)
Clock = Callable[[], datetime]


def now() -> datetime:
    """The time of this machine."""
    return datetime.now(UTC)


def migrations(database_url: str, growing: Log, calendar: Calendar) -> Duty:
    """The duty of a worker."""
    return Duty("migrations", database_url, Migrations(growing, calendar))


class _Decided(NamedTuple):
    """What was decided of one run: events to store in their places, or why there are none."""

    done: Done
    stored: Sequence[StreamEvent] = ()


class Migrations:
    """One page of runs after the other, of the oldest job first."""

    def __init__(self, growing: Log, calendar: Calendar, clock: Clock = now) -> None:
        """``growing`` is a started log."""
        self._staff = Staff(growing)
        self._log = growing
        self._app = Milepost(growing, calendar=calendar)
        self._calendar = calendar
        self._clock = clock

    async def once(self) -> float:
        """Migrate the next page; the seconds until the next look."""
        return await asyncio.get_running_loop().run_in_executor(None, self.round)

    def round(self) -> float:
        """As ``once``, for a thread."""
        with self._log.lend() as connection:
            job = migration_jobs.next_job(connection)
            if job is None:
                return LOOK_SECONDS
            items = migration_jobs.waiting(connection, job.id, PAGE)
            if items and (gone := self._asker_left(job)) is not None:
                migration_jobs.call_off(connection, job.id, gone.code, gone.detail)
            elif items:
                self._migrate(connection, job, items)
            elif self._tell(connection, job):
                migration_jobs.finish(connection, job.id)
            else:
                return LOOK_SECONDS
        return 0.0

    def _asker_left(self, job: Job) -> Rejected | None:
        """Why no more runs are moved in this name; None while who asked for it is here and may. Asked for each page."""
        kind, _, key = job.actor.partition(":")
        asker = self._app.load(PERSON, person_stream(key)) if kind == "person" else None
        if asker is None or asker.active:
            return self._may_no_more(job)
        said = f"{job.actor}, who asked for it, was deactivated; retry, and it goes on in your name"
        return Rejected("person_deactivated", said, person=job.actor)

    def _may_no_more(self, job: Job) -> Rejected | None:
        """Why who asked for it may not any more; None while they may."""
        asked = Asked(Actor(job.actor), self._clock(), frozenset({"manage", "admin"}))
        try:
            finish(must_move_runs(self._app, job.process, asked))
        except Rejected as refusal:
            return refusal
        return None

    def _migrate(self, connection: psycopg.Connection[Any], job: Job, items: Sequence[Item]) -> None:
        decided = [self._decide(job, item) for item in items]
        lost, refused = self._store([each.stored for each in decided if each.stored])
        tries = {item.run: item.tries for item in items}
        done = [
            _moved_on(each.done, tries[each.done.run]) if each.done.run in lost
            else refused.get(each.done.run, each.done)
            for each in decided
        ]  # fmt: skip
        migration_jobs.mark(connection, job.id, done)

    def _store(self, runs: Sequence[Sequence[StreamEvent]]) -> tuple[set[UUID], dict[UUID, Done]]:
        """The runs that have moved on, and those whose events the log does not take: told, and in nobody's way."""
        try:
            found = self._app.save_bulk(runs).conflicts if runs else ()
            return {conflict.stream for conflict in found}, {}
        except InvalidEvent as error:
            if len(runs) == 1:
                run = runs[0][0].originator_id
                return set(), {run: Done(run, "failed", "too_large", str(error), MOST_TRIES)}
        alone = [self._store([events]) for events in runs]
        return {run for lost, _ in alone for run in lost}, {
            run: done for _, of in alone for run, done in of.items()
        }

    def _decide(self, job: Job, item: Item) -> _Decided:
        """What becomes of a run: a refusal is told with its reason, a defect is tried again and then told."""
        try:
            return self._moved(job, item)
        except Rejected as refusal:
            return _Decided(Done(item.run, "refused", refusal.code, refusal.detail, item.tries + 1))
        except NOBODYS:
            raise
        except Exception as error:  # noqa: BLE001 - a defect of one run is told, and stops no other
            log.error("migration_failed", run=str(item.run), job=str(job.id), **described(error))
            return _Decided(Done(item.run, "failed", "internal", type(error).__name__, item.tries + 1))

    def _moved(self, job: Job, item: Item) -> _Decided:
        """The run on the other version, ready to be stored."""
        found = self._app.load_version(RUN, item.run)
        events, run = self._events(job, item, found[1]), found[1]
        assert run is not None
        news = self._news(run, events) if events else self._news_before(job, item.run)
        done = Done(item.run, "migrated", tries=item.tries + 1, news=news, mailed=not run.imported)
        return _Decided(done, self._stored(job, item.run, found[0], events))

    def _news(self, before: Run, events: Sequence[Event]) -> tuple[News, ...]:
        """What these events of a run mean for people."""
        after = RUN.fold(events, before)
        assert after is not None
        return news_of(before, after, self._version_of(before), self._version_of(after))

    def _news_before(self, job: Job, run: UUID) -> tuple[News, ...]:
        """As ``_news`` of a run that this job had moved already when a worker died before it wrote that down."""
        stored = self._log.read_stream(run)
        own = [recorded.version for recorded in stored if _is_of(recorded, job)]
        if not own:
            return ()
        before = RUN.fold([to_event(recorded) for recorded in stored[: own[0] - 1]])
        assert before is not None
        return self._news(before, [to_event(recorded) for recorded in stored[own[0] - 1 : own[-1]]])

    def _version_of(self, run: Run) -> Definition:
        return self._app.definition(run.process, run.process_version)

    def _tell(self, connection: psycopg.Connection[Any], job: Job) -> bool:
        """Queue a mail for each person whose work the job changed; False when a run that carries one is too busy."""
        for turn, told in migration_jobs.untold(connection, job.id):
            named = migration_queries.names_and_tests(connection, [run for run, _ in told])
            for test in (False, True):
                moved = [_moved(one, named) for one in told if named.get(one.run, ("", False))[1] is test]
                for letter in letters(moved, self._staff.recently()):
                    if not self._queue(job, f"{job.id}.{turn}", letter):
                        return False
        return True

    def _queue(self, job: Job, name: str, letter: Letter) -> bool:
        facts = {"by": job.actor, "text": job.reason, "version": job.to_version}
        at = self._clock()

        def decide(run: Run, definition: Definition) -> Sequence[Event]:
            told = (run, definition, letter, name, facts)
            return queue_letter(*told, by=MACHINE, at=at, calendar=self._calendar)

        try:
            finish(on_run(self._app, letter.run, Asked(MACHINE, at), BY_MACHINE, decide))
        except Conflict:
            return False
        except NOBODYS:
            raise
        except Exception as error:  # noqa: BLE001 - one letter that cannot be written keeps no job from its end
            log.error("letter_not_queued", run=str(letter.run), job=str(job.id), **described(error))
        return True

    def _events(self, job: Job, item: Item, run: Run | None) -> list[Event]:
        if run is None or run.process != job.process:
            raise Rejected("unknown_run", f"no run of {job.process} has this id")
        return migrate_run(
            run,
            self._version_of(run),
            self._app.definition(job.process, job.to_version),
            {**job.choices, **(item.choices or {})},
            job.reason,
            by=Actor(job.actor),
            at=self._clock(),
            calendar=self._calendar,
            directory=self._staff.recently(),
        )

    def _stored(self, job: Job, run: UUID, version: int, events: Sequence[Event]) -> list[StreamEvent]:
        meta = {"process": job.process, "process_version": job.to_version, "correlation": str(job.id)}
        return in_stream(run, version, events, meta)


def _is_of(recorded: Recorded, job: Job) -> bool:
    return bool(orjson.loads(recorded.meta).get("correlation") == str(job.id))


def _moved(told: Told, named: Mapping[UUID, tuple[str, bool]]) -> Moved:
    return Moved(told.run, named[told.run][0] if told.run in named else str(told.run), told.news)


def _moved_on(done: Done, tries: int) -> Done:
    """Somebody changed the run meanwhile: it waits for the next page, but not for ever."""
    if tries + 1 < MOST_TRIES:
        return Done(done.run, "waiting", tries=tries + 1)
    return Done(done.run, "failed", "too_busy_stream", "it kept changing while it was decided", tries + 1)
