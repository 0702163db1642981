"""The path that every command takes: load, decide, append; on a conflict load and decide again."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, Generic, NamedTuple, Protocol, TypeVar
from uuid import UUID

from domain.aggregate import Aggregate
from domain.definition import Definition
from domain.events import Event, ProcessDraftSaved, ProcessVersionPublished
from domain.run.state import Run
from domain.words import Rejected, process_stream
from store.errors import CommandMismatch, Conflict, LogError, Repeated
from store.log import Log
from store.mapper import to_event, to_new_event
from store.model import Accepted, Append, Command, Recorded, StoredCommand
from store.unit import fingerprint_text

S = TypeVar("S")
E = TypeVar("E", bound=Event)
_TRIES = 4
_DOCUMENTED = frozenset({ProcessDraftSaved.type, ProcessVersionPublished.type})


class UnknownVersion(LookupError):
    """The process has no published version of this number; ``published`` are those that it has."""

    def __init__(self, told: str, published: Sequence[int] = ()) -> None:
        super().__init__(told)
        self.published = published


@dataclass(frozen=True, slots=True)
class Outcome(Generic[E]):
    """What a command did: its stream's version and newest position afterwards, and the events it stored."""

    version: int
    position: int
    events: Sequence[E]


class Loaded(NamedTuple):
    """A stream folded up to a version; ``position`` is that of its last event."""

    version: int
    position: int
    state: Any


_NOTHING = Loaded(0, 0, None)


class Beside(Protocol):
    """Other streams that a decision looks at. Its events are stored only while these are as they were read."""

    def read(self) -> Mapping[UUID, int]:
        """Read them anew, before each try; the answer is at which version each of them is."""


@dataclass(frozen=True, slots=True)
class _Look:
    beside: Beside

    def now(self, _log: Log) -> Mapping[UUID, int]:
        return self.beside.read()

    async def later(self, _log: Log) -> Mapping[UUID, int]:
        return await asyncio.to_thread(self.beside.read)


@dataclass(frozen=True, slots=True)
class _Read:
    stream: UUID
    after_version: int

    def now(self, log: Log) -> list[Recorded]:
        return log.read_stream(self.stream, self.after_version)

    async def later(self, log: Log) -> list[Recorded]:
        return await asyncio.to_thread(self.now, log)


@dataclass(frozen=True, slots=True)
class _Find:
    command: str

    def now(self, log: Log) -> StoredCommand | None:
        return log.find_command(self.command)

    async def later(self, log: Log) -> StoredCommand | None:
        return await asyncio.to_thread(self.now, log)


@dataclass(frozen=True, slots=True)
class _Store:
    appends: tuple[Append, ...]
    command: Command | None

    def now(self, log: Log) -> Accepted:
        return log.append(self.appends, self.command)

    async def later(self, log: Log) -> Accepted:
        return await log.append_async(self.appends, self.command)


_Request = _Read | _Find | _Store | _Look
_Plan = Generator[_Request, Any, Outcome[E]]


@dataclass(frozen=True, slots=True)
class _Work(Generic[S, E]):
    """One call of ``execute``."""

    aggregate: Aggregate[S]
    stream: UUID
    decide: Callable[[S | None], Sequence[E]]
    command: Command | None
    meta: Mapping[str, Any]
    expected_version: int | None
    beside: Beside | None

    def try_on(self, loaded: Loaded) -> tuple[Sequence[E], Exception | None]:
        """What is decided on this state, or why nothing is."""
        if self.expected_version is not None and self.expected_version != loaded.version:
            return (), Conflict(self.stream, self.expected_version, loaded.version)
        try:
            return self.decide(loaded.state), None
        except Rejected as refusal:
            return (), refusal

    def fold(self, loaded: Loaded, events: Sequence[Event], position: int) -> Loaded:
        """The state after these events, the last of which is at ``position``."""
        if not events:
            return loaded
        return Loaded(loaded.version + len(events), position, self.aggregate.fold(events, loaded.state))


class Repository:
    """Runs decisions on the streams of one log, with the newest states in memory. For threads and coroutines."""

    def __init__(self, log: Log, *, cache_size: int = 4_096) -> None:
        """``cache_size``: how many streams are kept folded."""
        self._log = log
        self._cache = _Cache(cache_size)
        self._definitions: dict[tuple[str, int], Definition] = {}

    def execute(
        self,
        aggregate: Aggregate[S],
        stream: UUID,
        decide: Callable[[S | None], Sequence[E]],
        *,
        command: Command | None = None,
        meta: Mapping[str, Any] | None = None,
        expected_version: int | None = None,
        beside: Beside | None = None,
    ) -> Outcome[E]:
        """Decide on the stream's newest state and store what was decided.

        ``meta`` is stored with the events and read once ``decide`` has run, which may fill it in.
        A conflict is decided again, up to three times; with ``expected_version`` it goes to the caller. What ``decide``
        reads ``beside`` is read before it, and has not moved when the events are stored. No events:
        nothing is appended, only the command id is kept. Raises what ``decide`` raises, Repeated for a command that
        was accepted before, and what ``Log.append`` raises.
        """
        plan = self._plan(_Work(aggregate, stream, decide, command, _shared(meta), expected_version, beside))
        step = _resume(plan, None)
        while not isinstance(step, Outcome):
            try:
                step = _resume(plan, step.now(self._log))
            except LogError as error:
                step = _interrupt(plan, error)
        return step

    async def execute_async(
        self,
        aggregate: Aggregate[S],
        stream: UUID,
        decide: Callable[[S | None], Sequence[E]],
        *,
        command: Command | None = None,
        meta: Mapping[str, Any] | None = None,
        expected_version: int | None = None,
        beside: Beside | None = None,
    ) -> Outcome[E]:
        """As ``execute``, for a coroutine."""
        plan = self._plan(_Work(aggregate, stream, decide, command, _shared(meta), expected_version, beside))
        step = _resume(plan, None)
        while not isinstance(step, Outcome):
            try:
                step = _resume(plan, await step.later(self._log))
            except LogError as error:
                step = _interrupt(plan, error)
        return step

    def load(self, aggregate: Aggregate[S], stream: UUID) -> S | None:
        """The newest state of a stream; None when it has no events."""
        return self.load_version(aggregate, stream)[1]

    def load_version(self, aggregate: Aggregate[S], stream: UUID) -> tuple[int, S | None]:
        """The newest version and state of a stream."""
        known = self._cache.get(stream) or _NOTHING
        loaded = _folded(aggregate, known, self._log.read_stream(stream, known.version))
        self._cache.put(stream, loaded)
        return loaded.version, loaded.state

    def definition(self, process: str, version: int) -> Definition:
        """The compiled graph of a published version, or of a draft (see ``draft_version``); raises UnknownVersion."""
        key = process, version
        if key not in self._definitions:
            self._definitions[key] = self._compile(process, version)
        return self._definitions[key]

    def versions(self, run: Run) -> tuple[Definition, ...]:
        """The version that a run follows, then those that it followed before."""
        numbers = dict.fromkeys((run.process_version, *run.followed))
        return tuple(self.definition(run.process, number) for number in numbers)

    def _compile(self, process: str, version: int) -> Definition:
        document: dict[str, Any] | None = None
        published: list[int] = []
        for recorded in self._log.read_stream(process_stream(process)):
            if version < 0 and recorded.version > -version:
                break
            event = to_event(recorded) if recorded.type in _DOCUMENTED else None
            if isinstance(event, ProcessVersionPublished):
                published.append(event.process_version)
            if isinstance(event, ProcessVersionPublished) and event.process_version == version:
                return Definition.load(process, version, event.document)
            if version < 0 and isinstance(event, ProcessDraftSaved | ProcessVersionPublished):
                document = event.document
        if document is None:
            raise UnknownVersion(f"process {process} has no version {version}", published)
        return Definition.load(process, version, document)

    def _plan(self, work: _Work[S, E]) -> _Plan[E]:
        """The whole path, as the requests it makes of the log; every answer or error is sent back in."""
        loaded, fresh = self._cache.get(work.stream), False
        if loaded is None:
            loaded, fresh = (yield from self._refresh(work, _NOTHING)), True
        tries = 1
        while True:
            beside: Mapping[UUID, int] = (yield _Look(work.beside)) if work.beside is not None else {}
            events, refusal = work.try_on(loaded)
            if not events and not fresh:  # a no on an old state is no answer
                loaded, fresh = (yield from self._refresh(work, loaded)), True
                continue
            if not events:
                return (yield from self._nothing(work, loaded, refusal))
            try:
                accepted = yield _stored(work, loaded, events, beside)
            except Conflict as conflict:
                own = conflict.stream == work.stream
                if (own and work.expected_version is not None) or tries == _TRIES:
                    raise
                loaded, fresh = (yield from self._refresh(work, loaded)), True
                tries += 1
                continue
            loaded = work.fold(loaded, events, accepted.last_position)
            self._cache.put(work.stream, loaded)
            return Outcome(loaded.version, loaded.position, events)

    def _refresh(self, work: _Work[S, E], loaded: Loaded) -> Generator[_Request, Any, Loaded]:
        newer = _folded(work.aggregate, loaded, (yield _Read(work.stream, loaded.version)))
        self._cache.put(work.stream, newer)
        return newer

    def _nothing(self, work: _Work[S, E], loaded: Loaded, refusal: Exception | None) -> _Plan[E]:
        """Nothing was decided: a repeated command is answered as the first time, a refusal is raised."""
        if work.command is not None:
            if refusal is None:
                yield _Store((), work.command)
            else:
                _raise_if_stored(work.command, (yield _Find(work.command.id)))
        if refusal is not None:
            raise refusal
        return Outcome(loaded.version, loaded.position, ())


class _Cache:
    """The newest folded state of the streams used last."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._entries: OrderedDict[UUID, Loaded] = OrderedDict()
        self._lock = Lock()

    def get(self, stream: UUID) -> Loaded | None:
        """What is known of a stream."""
        with self._lock:
            found = self._entries.get(stream)
            if found is not None:
                self._entries.move_to_end(stream)
            return found

    def put(self, stream: UUID, loaded: Loaded) -> None:
        """Keep it, unless something newer is known."""
        with self._lock:
            known = self._entries.get(stream)
            if known is None or known.version < loaded.version:
                self._entries[stream] = loaded
                self._entries.move_to_end(stream)
            if len(self._entries) > self._size:
                self._entries.popitem(last=False)


def _shared(meta: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """What is stored beside the events: this very mapping, also an empty one, for ``decide`` may yet fill it."""
    return {} if meta is None else meta


def _resume(plan: _Plan[E], answer: object) -> _Request | Outcome[E]:
    try:
        return plan.send(answer)
    except StopIteration as end:
        outcome: Outcome[E] = end.value
        return outcome


def _interrupt(plan: _Plan[E], error: LogError) -> _Request | Outcome[E]:
    """Let the plan see what the log raised; when the plan itself raised it, it is over and this raises it again."""
    try:
        return plan.throw(error)
    except StopIteration as end:
        outcome: Outcome[E] = end.value
        return outcome


def _folded(aggregate: Aggregate[Any], loaded: Loaded, recorded: Sequence[Recorded]) -> Loaded:
    if not recorded:
        return loaded
    state = aggregate.fold(map(to_event, recorded), loaded.state)
    return Loaded(recorded[-1].version, recorded[-1].position, state)


def _stored(
    work: _Work[Any, Any], loaded: Loaded, events: Sequence[Event], beside: Mapping[UUID, int]
) -> _Store:
    meta = work.meta if work.command is None else {**work.meta, "command": work.command.id}
    new = [to_new_event(event, meta) for event in events]
    unmoved = (Append(stream, version, ()) for stream, version in beside.items() if stream != work.stream)
    return _Store((Append(work.stream, loaded.version, new), *unmoved), work.command)


def _raise_if_stored(command: Command, stored: StoredCommand | None) -> None:
    if stored is None:
        return
    if stored.fingerprint != fingerprint_text(command):
        raise CommandMismatch(command.id)
    raise Repeated(stored.id, stored.result, stored.first_position, stored.last_position)
