"""Imports a log file: reads and checks all of it first, then stores its runs; an interrupted import can be repeated."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Literal, TypeVar
from uuid import UUID, uuid5

from pydantic import ValidationError

from application.milepost import Milepost
from domain.checks import line
from domain.directory import EMPTY
from domain.document import Document
from domain.events import AnyProcessEvent, Event, ProjectStage
from domain.lint import lint
from domain.process import PROCESS, Process, publish, save_draft
from domain.project import PROJECT, open_project
from domain.words import Actor, Rejected, StageKey, process_stream
from interchange.bad_log import BadLog
from interchange.logs.csv import read_csv
from interchange.logs.document import Known, Layout
from interchange.logs.facts import Historian, History, run_stream
from interchange.logs.growth import news, stored_run
from interchange.logs.mapping import StageMap, load_map
from interchange.logs.report import Report, examine
from interchange.logs.source import Source, SourceCase, bounded
from interchange.logs.spool import Spool, SpooledCase
from interchange.logs.times import Clock, zone_of
from interchange.logs.xes import read_xes
from store.events import StreamEvent
from store.log import Bulk, Log

LogFormat = Literal["xes", "csv"]
READERS: dict[LogFormat, Callable[[Source], Iterator[SourceCase]]] = {"xes": read_xes, "csv": read_csv}
PAGE_RUNS = 200
"""Runs of an earlier import that are compared at once."""
NAMED = 10
"""Cases that a report names."""
IMPORT = Actor("system:import")
Progress = Callable[[str, int, int], None]
"""Hears (what is being done, how much of it, out of how much): bytes while reading, events while storing."""


@dataclass(frozen=True)
class Request:
    """What a person asks for. ``project`` names the one that shows the runs; "": as the process; None: none.

    ``encoding`` and ``delimiter`` of a CSV file are found out where they are None.
    """

    path: Path
    log_format: LogFormat
    process: str
    stages: Path | None = None
    zone: str | None = None
    project: str | None = None
    by: Actor = IMPORT
    encoding: str | None = None
    delimiter: str | None = None


@dataclass(frozen=True)
class Imported:
    """What an import did. ``last_position`` is where a read model must be to show all of it (0: nothing was stored).

    ``runs`` are new ones; how many others went on is in the report.
    """

    report: Report
    process: str
    process_version: int
    project: UUID | None
    runs: int
    events: int
    last_position: int


def _silent(_doing: str, _done: int, _of: int) -> None:
    """Say nothing."""


class Importer:
    """Reads one file into a spool, looks at it, and stores it when asked to."""

    def __init__(
        self,
        request: Request,
        directory: Path,
        progress: Progress = _silent,
        known: Known = Known(),
    ) -> None:
        """``directory`` is a place for the temporary spool; ``known`` is what earlier imports called things."""
        self.request, self.progress = request, progress
        _named(request)
        self.mapping: StageMap = load_map(request.stages)
        self.clock = Clock(zone_of(request.zone))
        self.spool = Spool(directory / "spool.sqlite")
        self.report = self._read()
        self.layout = Layout(self.mapping, self.report.activities, self.spool.attributes(), known)
        self.document: Document = self._document()

    def _read(self) -> Report:
        request, path = self.request, self.request.path
        size = path.stat().st_size
        source = Source(
            path, self.mapping.columns, self.clock, request.encoding, request.delimiter,
            lambda at: self.progress("reading", at, size),
        )  # fmt: skip
        self.spool.fill(bounded(READERS[request.log_format](source)))
        report = examine(self.spool, self.clock, source.notes)
        if report.events == 0:
            raise BadLog(f"{path.name} holds no event", accepted="a log with at least one event")
        return report

    def _document(self) -> Document:
        try:
            document = self.layout.document(self.request.process)
        except ValidationError as error:
            wrong = "; ".join(f"{'.'.join(map(str, part['loc']))}: {part['msg']}" for part in error.errors())
            raise BadLog(
                f"no process can be made of this log: {wrong}", accepted="keys such as loan_application"
            ) from error
        if problems := lint(document):
            raise BadLog(
                f"no process can be made of this log: {'; '.join(str(problem) for problem in problems)}"
            )
        return document

    def histories(self, version: int, project: UUID | None) -> Iterator[tuple[UUID, History]]:
        """Every run of the file: its stream and its history."""
        historian = self.historian(version, project, self.report)
        for case in self.spool.cases():
            yield run_stream(self.request.process, case.case), historian.history(case)

    def historian(self, version: int, project: UUID | None, report: Report) -> Historian:
        """Who tells the cases as runs of this version; what is odd is counted in ``report``."""
        return Historian(self.document, version, self.layout, self.clock, report, project)

    def cases_of(self, streams: Collection[UUID]) -> Iterator[tuple[UUID, SpooledCase]]:
        """The cases whose runs are among these."""
        for case in self.spool.cases():
            if (stream := run_stream(self.request.process, case.case)) in streams:
                yield stream, case

    def check(self) -> None:
        """Make every event once, so that whatever cannot be stored is found before anything is stored."""
        for done, _history in enumerate(self.histories(1, None)):
            self.progress("checking", done + 1, self.report.cases)
        self._forget_counts()

    def _forget_counts(self) -> None:
        report = self.report
        report.ignored_events = report.completed_without_start = report.started_without_completion = 0
        report.outcomes, report.open_runs = {}, 0


def import_log(request: Request, log: Log, progress: Progress = _silent) -> Imported:
    """Store the runs of a file. Raises BadLog before anything is stored.

    Repeating an import adds what is missing, and what has happened since to cases that are there.
    """
    with tempfile.TemporaryDirectory(prefix="milepost-import-") as directory:
        importer = Importer(request, Path(directory), progress, _known(request, log))
        importer.check()
        try:
            return _store(importer, log, progress)
        except Rejected as refusal:
            raise BadLog(refusal.detail) from refusal


def _known(request: Request, log: Log) -> Known:
    process = Milepost(log).load(PROCESS, process_stream(request.process))
    published = None if process is None else process.published
    return Known.of(None if published is None else Document.model_validate(published))


def _named(request: Request) -> None:
    """The project's name is one, before anything is read."""
    try:
        line("name of the project", request.project or "p")
    except Rejected as refusal:
        raise BadLog(refusal.detail) from refusal


def examine_log(request: Request, progress: Progress = _silent) -> tuple[Report, Document]:
    """A dry run: the report and the document that an import of this file would make."""
    with tempfile.TemporaryDirectory(prefix="milepost-import-") as directory:
        importer = Importer(request, Path(directory), progress)
        for done, _history in enumerate(importer.histories(1, None)):
            progress("checking", done + 1, importer.report.cases)
        return importer.report, importer.document


def _store(importer: Importer, log: Log, progress: Progress) -> Imported:
    request, report = importer.request, importer.report
    app = Milepost(log)
    now = datetime.now(UTC)
    version = _published(importer.document, app, request.by, now)
    project = _project(importer, app, now)
    meta = {"process": request.process, "process_version": version, "import": _import_id(request)}
    stored = _Counting(importer.histories(version, project), report.events + report.cases, meta, progress)
    bulk = app.save_bulk(stored.streams())
    there = {conflict.stream for conflict in bulk.conflicts}
    more = _go_on(importer, app, there, version, project, meta)
    report.already_imported = len(there) - report.gone_on - report.not_taken
    last = max(bulk.last_position, more.last_position)
    runs = stored.runs - len(there)
    return Imported(report, request.process, version, project, runs, bulk.events + more.events, last)


def _go_on(
    importer: Importer,
    app: Milepost,
    there: set[UUID],
    version: int,
    project: UUID | None,
    meta: dict[str, Any],
) -> Bulk:
    """Append what is new of the runs that were imported before; one on which somebody acts meanwhile is read again."""
    report = importer.report
    historian = importer.historian(version, project, replace(report, outcomes={}))
    events = last = 0
    while there:
        runs = list(_grown(importer, historian, app.started_log, there, meta))
        bulk = app.save_bulk(runs)
        there = {conflict.stream for conflict in bulk.conflicts}
        events, last = events + bulk.events, max(last, bulk.last_position)
        report.gone_on += len({run[0].originator_id for run in runs} - there)
    return Bulk(events, last, ())


def _grown(
    importer: Importer, historian: Historian, log: Log, there: set[UUID], meta: dict[str, Any]
) -> Iterator[Sequence[StreamEvent]]:
    report = importer.report
    for page in batched(importer.cases_of(there), PAGE_RUNS):
        recorded = log.read_streams([stream for stream, _case in page])
        for stream, case in page:
            known = stored_run(recorded.get(stream, []))
            found = History([], {}) if known is None else news(historian, case, known)
            if found is None:
                report.not_taken += 1
                report.not_taken_cases += [case.case] if report.not_taken <= NAMED else []
            elif found.events and known is not None:
                yield found.in_stream(stream, known.version, meta)


def _published(document: Document, app: Milepost, by: Actor, at: datetime) -> int:
    stream = process_stream(document.key)
    app.execute(PROCESS, stream, lambda state: save_draft(state, document, by=by, at=at))

    def decide(state: Process | None) -> list[AnyProcessEvent]:
        return [] if state is None else publish(state, "Imported history", by=by, at=at)

    app.execute(PROCESS, stream, decide)
    process = app.load(PROCESS, stream)
    assert process is not None  # its draft was saved above
    return process.version


def _project(importer: Importer, app: Milepost, at: datetime) -> UUID | None:
    request = importer.request
    if request.project is None:
        return None
    stream = uuid5(process_stream(request.process), f"project {request.project or request.process}")
    stages = tuple(
        ProjectStage(key=StageKey(stage.key), title=stage.title) for stage in importer.document.stages
    )
    name, by = request.project or importer.document.title, request.by

    def decide(state: Any) -> list[Event]:
        if state is not None:
            return []
        return list(
            open_project(
                state, name=name, stages=stages, process=request.process, by=by, at=at, directory=EMPTY
            )
        )

    app.execute(PROJECT, stream, decide)
    return stream


def _import_id(request: Request) -> str:
    digest = hashlib.sha256()
    with request.path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()[:16]


T = TypeVar("T")


def batched(things: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of so many, the last one shorter (itertools has it from Python 3.12 on)."""
    rest = iter(things)
    while page := list(islice(rest, size)):
        yield page


class _Counting:
    """The runs of an import, counted as they are taken."""

    def __init__(
        self,
        histories: Iterator[tuple[UUID, History]],
        total: int,
        meta: dict[str, Any],
        progress: Progress,
    ) -> None:
        self._histories, self._total, self._meta, self._progress = histories, total, meta, progress
        self.runs = self.events = 0

    def streams(self) -> Iterator[Sequence[StreamEvent]]:
        for stream, history in self._histories:
            self.runs += 1
            self.events += len(history.events)
            yield history.in_stream(stream, 0, self._meta)
            self._progress("storing", self.events, self._total)
