"""The application: every command is loaded, decided and saved here; on a conflict it is loaded and decided again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

from eventsourcing.application import AggregateNotFoundError, Application, Repository
from eventsourcing.persistence import EventStore, InfrastructureFactory, Mapper
from eventsourcing.utils import Environment, EnvType
from psycopg import Connection

from application.asked import Asked
from application.blocking import blocks, finish, wait_for
from application.definitions import Definitions
from application.directory import Directories
from application.folding import Loaded, NewestCache, projector
from application.refused import not_there
from application.rights.gate import Check, Gate
from domain.aggregate import Aggregate
from domain.definition import Definition
from domain.events import Event
from domain.run.state import Run
from domain.schedule import Calendar
from domain.words import Rejected
from store.errors import CommandMismatch, Conflict, Repeated
from store.events import StreamEvent, in_stream
from store.factory import LogFactory
from store.log import Bulk, Log
from store.mapper import LogMapper
from store.model import Command, StoredCommand
from store.recorder import LogEventStore
from store.unit import fingerprint_text

S = TypeVar("S")
T = TypeVar("T")
E = TypeVar("E", bound=Event)
_TRIES = 12
"""While the machine sends mails and makes calls for a run, it moves several times in the time of one decision."""

Decide = Callable[[S | None], Sequence[E]]
Meta = Mapping[str, Any] | Callable[[S | None], Mapping[str, Any]]
"""What is kept beside events: said ahead, or told of the state that they are decided on."""


@dataclass(frozen=True, slots=True)
class Outcome(Generic[E]):
    """What a command did: its stream's version and newest position afterwards, and the events it stored."""

    version: int
    position: int
    events: Sequence[E]


class Beside(Protocol):
    """Other streams that a decision looks at. Its events are stored only while these are as they were read."""

    def read(self) -> Mapping[UUID, int]:
        """Read them anew, before each try; the answer is at which version each of them is."""


class Milepost(Application[UUID]):
    """The write side of one log: whatever changes anything goes through ``execute`` or ``save_bulk``.

    Threads and coroutines are served side by side, and what they save at a time is stored as one group. States of
    streams are kept in memory, immutable, and brought forward by the library's repository.
    """

    def __init__(
        self,
        log: Log,
        *,
        calendar: Calendar | None = None,
        file_types: Sequence[str] = ("*/*",),
        cache_size: int = 4_096,
    ) -> None:
        """``log`` is started and stopped by whoever made it; ``calendar`` is the one that dues are reckoned by.

        ``file_types`` are patterns of the media types of files that are taken, such as ``image/*``. ``cache_size``:
        how many streams are kept folded.
        """
        self.started_log = log
        self.calendar = calendar or Calendar()
        self.file_types = tuple(file_types)
        self.directories = Directories(log)
        self.gate = Gate(self)
        self._cache = NewestCache(cache_size)
        self._definitions = Definitions(log)
        super().__init__()

    # -- how the library is set up

    def construct_env(self, name: str, env: EnvType | None = None) -> Environment:
        """Nothing comes from the process's environment."""
        return Environment(name, dict(env or {}))

    def construct_factory(self, env: Environment) -> InfrastructureFactory[Any]:
        """On the log that was given."""
        return LogFactory(env, self.started_log)

    def construct_mapper(self) -> Mapper[UUID]:
        """Of the domain's events."""
        return self.factory.mapper(self.construct_transcoder(), LogMapper)

    def construct_repository(self) -> Repository[UUID]:
        """With states in memory, which nobody can change and which need no copy."""
        made: Repository[UUID] = Repository(self.events, cache_maxsize=None, deepcopy_from_cache=False)
        made.cache = self._cache
        return made

    def construct_event_store(self) -> EventStore[UUID]:
        """On the log, for coroutines and in bulk too."""
        self._store = LogEventStore(self.mapper, self.recorder)
        return self._store

    # -- reading

    def load(self, aggregate: Aggregate[S], stream: UUID) -> S | None:
        """The newest state of a stream, asked of the database; None when it has no events. Blocks."""
        state: S | None = self.newest(aggregate, stream).state
        return state

    def load_version(self, aggregate: Aggregate[S], stream: UUID) -> tuple[int, S | None]:
        """The newest version and state of a stream. Blocks."""
        found = self.newest(aggregate, stream)
        return found.version, found.state

    def newest(self, aggregate: Aggregate[Any], stream: UUID) -> Loaded:
        """The stream folded up to its newest version, asked of the database. Blocks."""
        try:
            found: Loaded = self.repository.get(stream, projector_func=projector(aggregate))
        except AggregateNotFoundError:
            return Loaded(stream)
        _must_be(aggregate, found)
        self._cache.put(stream, found)
        return found

    async def seen(self, aggregate: Aggregate[Any], stream: UUID, *, fresh: bool) -> Loaded:
        """The stream as it is known here; as the log has it now where it has to be ``fresh``, or is not known."""
        known = None if fresh else self._cache.newest(stream)
        return await wait_for(lambda: self.newest(aggregate, stream)) if known is None else known

    def definition(self, process: str, version: int) -> Definition:
        """The compiled graph of a published version, or of a draft (see ``draft_version``); raises UnknownVersion."""
        return self._definitions.get(process, version)

    def versions(self, run: Run) -> tuple[Definition, ...]:
        """The version that a run follows, then those that it followed before."""
        numbers = dict.fromkeys((run.process_version, *run.followed))
        return tuple(self.definition(run.process, number) for number in numbers)

    async def ask(self, question: Callable[[Connection[Any]], T]) -> T:
        """What a question to the database gives."""
        return await wait_for(lambda: self.started_log.ask(question))

    # -- writing

    async def act(
        self,
        aggregate: Aggregate[S],
        stream: UUID,
        decide: Decide[S, E],
        asked: Asked,
        *,
        check: Check | None,
        meta: Meta[S] | None = None,
        beside: Beside | None = None,
    ) -> Outcome[E]:
        """As ``execute_async``, of what was asked; ``meta`` in place of what was asked with.

        ``check`` says whether it may be asked for; None where that was looked at already.
        """
        return await self.execute_async(
            aggregate,
            stream,
            decide,
            command=asked.command,
            meta=asked.meta if meta is None else meta,
            expected_version=asked.expected_version,
            beside=beside,
            check=check,
        )

    async def unless_made(
        self, aggregate: Aggregate[S], stream: UUID, make: Awaitable[Outcome[E]]
    ) -> Outcome[E]:
        """What making the stream gives; where that is refused and it is there already, it stays as it is.

        Whoever makes something under an id of its own, and died before writing that down, makes it again: what has
        changed since is no reason then.
        """
        try:
            return await make
        except Rejected:
            found = await wait_for(lambda: self.newest(aggregate, stream))
            if found.state is None:
                raise
            return Outcome(found.version, found.position, ())

    async def execute_async(
        self,
        aggregate: Aggregate[S],
        stream: UUID,
        decide: Decide[S, E],
        *,
        command: Command | None = None,
        meta: Meta[S] | None = None,
        expected_version: int | None = None,
        beside: Beside | None = None,
        check: Check | None = None,
    ) -> Outcome[E]:
        """Decide on the stream's newest state and store what was decided.

        ``meta`` is stored with the events: the same always, or what it says of the state that was decided on.
        A conflict is decided again, eleven times at most; with ``expected_version`` it goes to the caller.
        What ``decide`` reads ``beside`` is read before it, and has not moved when the events are stored; neither has
        what the right to ask rests on, by ``check``. No events: nothing is appended, only the command id is kept.
        Raises what ``check`` and ``decide`` raise, Repeated for a command that was accepted before, and what
        ``Log.append`` raises.
        """
        known = self._cache.newest(stream)
        if known is not None:
            _must_be(aggregate, known)
        fresh = known is None
        loaded = await wait_for(lambda: self.newest(aggregate, stream)) if known is None else known
        tries = 1
        while True:
            unmoved: Mapping[UUID, int] = {} if beside is None else await wait_for(beside.read)
            rests_on, refusal = await _checked(check, loaded.state, fresh)
            events: Sequence[E] = ()
            if refusal is None:
                events, refusal = _tried(decide, loaded, expected_version)
            if not events and fresh:
                return await self._nothing(command, loaded, refusal)
            if events:
                try:
                    told = meta(loaded.state) if callable(meta) else meta or {}
                    position = await self._save(loaded, events, told, command, {**unmoved, **rests_on})
                except Conflict as conflict:
                    own = conflict.stream == stream
                    if (own and expected_version is not None) or tries == _TRIES:
                        raise
                    tries += 1
                else:
                    return self._stored(aggregate, loaded, events, position)
            # a conflict, or a no on an old state, which is no answer
            loaded, fresh = await wait_for(lambda: self.newest(aggregate, stream)), True

    def execute(
        self,
        aggregate: Aggregate[S],
        stream: UUID,
        decide: Decide[S, E],
        *,
        command: Command | None = None,
        meta: Meta[S] | None = None,
        expected_version: int | None = None,
        beside: Beside | None = None,
        check: Check | None = None,
    ) -> Outcome[E]:
        """As ``execute_async``, for a thread."""
        how: dict[str, Any] = {
            "command": command, "meta": meta, "expected_version": expected_version, "beside": beside, "check": check
        }  # fmt: skip
        return finish(self.execute_async(aggregate, stream, decide, **how))

    def save_bulk(self, streams: Iterable[Sequence[StreamEvent]]) -> Bulk:
        """Store the events of many streams, each stream on its own, in groups so small that nobody waits long.

        A stream that has moved on is among the ``conflicts`` of the answer. Raises what ``Log.append`` raises. Blocks.
        """
        return self._store.put_bulk(streams)

    async def _save(
        self,
        loaded: Loaded,
        events: Sequence[Event],
        meta: Mapping[str, Any],
        command: Command | None,
        unmoved: Mapping[UUID, int],
    ) -> int:
        told = meta if command is None else {**meta, "command": command.id}
        placed = in_stream(loaded.id, loaded.version, events, told)
        others = {stream: version for stream, version in unmoved.items() if stream != loaded.id}
        return (await self._append(placed, command=command, unmoved=others))[-1]

    async def _append(self, events: Sequence[StreamEvent], **kwargs: Any) -> Sequence[int]:
        """The positions; a coroutine waits without keeping its thread."""
        if blocks():
            return self._store.append(events, **kwargs)
        return await self._store.append_async(events, **kwargs)

    def _stored(
        self, aggregate: Aggregate[Any], loaded: Loaded, events: Sequence[E], position: int
    ) -> Outcome[E]:
        version = loaded.version + len(events)
        newer = Loaded(loaded.id, version, position, aggregate.fold(events, loaded.state), aggregate.name)
        self._cache.put(loaded.id, newer)
        return Outcome(version, position, events)

    async def _nothing(
        self, command: Command | None, loaded: Loaded, refusal: Exception | None
    ) -> Outcome[Any]:
        """Nothing was decided: a repeated command is answered as the first time, a refusal is raised."""
        if command is not None:
            if refusal is None:
                await self._append((), command=command)
            else:
                stored = await wait_for(lambda: self.started_log.find_command(command.id))
                _raise_if_stored(command, stored)
        if refusal is not None:
            raise refusal
        return Outcome(loaded.version, loaded.position, ())


async def _checked(
    check: Check | None, state: Any, fresh: bool
) -> tuple[Mapping[UUID, int], Exception | None]:
    """What the right to ask rests on, or why there is none."""
    try:
        return ({} if check is None else await check(state, fresh)), None
    except Rejected as refusal:
        return {}, refusal


def _must_be(aggregate: Aggregate[Any], found: Loaded) -> None:
    """Refused where the stream is of another kind: an id says nothing of what it belongs to."""
    if found.kind != aggregate.name:
        raise not_there(aggregate.name, found.id)


def _tried(
    decide: Callable[[Any], Sequence[E]], loaded: Loaded, expected_version: int | None
) -> tuple[Sequence[E], Exception | None]:
    """What is decided on this state, or why nothing is."""
    if expected_version is not None and expected_version != loaded.version:
        return (), Conflict(loaded.id, expected_version, loaded.version)
    try:
        return decide(loaded.state), None
    except Rejected as refusal:
        return (), refusal


def _raise_if_stored(command: Command, stored: StoredCommand | None) -> None:
    if stored is None:
        return
    if stored.fingerprint != fingerprint_text(command):
        raise CommandMismatch(command.id)
    raise Repeated(stored.id, stored.result, stored.first_position, stored.last_position)
