"""A long rebuild is done by several processes: each folds its share of the streams, with a checkpoint of its own.

The rows of a stream depend on its own history only, so that nobody has to wait for anybody. The checkpoint of a part is
called ``board_v1_g2#0/2``; the generation's own checkpoint moves once all of its parts are where they are going.
"""

from __future__ import annotations

import os
import pickle
import signal
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from multiprocessing import connection as pipes
from multiprocessing import get_all_start_methods, get_context
from types import TracebackType
from typing import Any, Self

from psycopg import Connection

from projections.engine.generations import Standing
from projections.engine.live import Progress, Span, advance
from projections.engine.projection import Projection
from projections.engine.reading import HoleInLog, Part
from projections.engine.writing import MOVE, CheckpointLost, connect

LONG_SPAN = 50_000
"""From here on the time that several processes save is worth beginning them."""
MOST = 4
_OPEN = "insert into log.checkpoint (name, position) select unnest(%s::text[]), %s"
_OPENED = """
select split_part(name, '#', 1), split_part(split_part(name, '#', 2), '/', 1)::int, split_part(name, '/', 2)::int,
  position
from log.checkpoint where split_part(name, '#', 1) = any(%s) and name like '%%#%%' order by 1, 2
"""
_CLOSE = "delete from log.checkpoint where name = any(%s) and position = %s"
_COUNT = "select count(*) from log.event where position > %s and position <= %s"

Shares = dict[Part, int]
"""Where each part of a generation stands."""


class PartEnded(Exception):
    """A process of a rebuild ended without a word; the rebuild can be called again."""


def can_fork() -> bool:
    """Whether processes can be begun cheaply and safely: a fork copies no thread but the one that forks."""
    return "fork" in get_all_start_methods() and threading.active_count() == 1


def parts_for(span: int) -> int:
    """In how many parts a span of so many positions is best done; 1 is not in parts at all."""
    return min(os.cpu_count() or 1, MOST) if span >= LONG_SPAN and can_fork() else 1


def open_parts(connection: Connection[Any], schemas: Iterable[str], number: int, position: int) -> None:
    """Divide these generations, all of which stand at ``position``."""
    names = [schema + Part(part, number).suffix for schema in schemas for part in range(number)]
    connection.execute(_OPEN, [names, position])


def opened(connection: Connection[Any], schemas: Iterable[str]) -> dict[str, Shares]:
    """The parts in which an unfinished rebuild left each of these generations."""
    found: dict[str, Shares] = {}
    for schema, number, of, position in connection.execute(_OPENED, [list(schemas)]):
        found.setdefault(schema, {})[Part(number, of)] = position
    return found


def close_parts(connection: Connection[Any], standing: Sequence[Standing], shares: Shares, upto: int) -> None:
    """The generations stand at ``upto`` from now on; raises when a part, or an event of the log, is missing."""
    schemas, after = [each.schema for each in standing], standing[0].position
    row = connection.execute(_COUNT, [after, upto]).fetchone()
    if row != (upto - after,):
        raise HoleInLog(f"{upto - after} positions above {after} hold {row and row[0]} events")
    with connection.transaction():
        names = [schema + part.suffix for schema in schemas for part in shares]
        closed = connection.execute(_CLOSE, [names, upto]).rowcount
        moved = connection.execute(MOVE, [upto, schemas, after]).rowcount
        if (closed, moved) != (len(names), len(schemas)):
            raise CheckpointLost(f"parts of {schemas} are not at {upto}, or another process closed them")


def advance_in_parts(
    url: str,
    standing: Sequence[Standing],
    by_name: Mapping[str, Projection],
    shares: Shares,
    upto: int,
    batch: int,
    progress: Progress,
    meanwhile: Callable[[Progress], None],
) -> None:
    """Bring every part to ``upto``, each in a process of its own where that is possible; ``meanwhile`` runs here."""

    def work(part: Part, hear: Progress) -> None:
        at = [each._replace(position=shares[part]) for each in standing]
        with connect(url, f"rebuild {part.suffix}") as connection:
            advance(url, Span(connection, at, by_name, part), upto, batch, hear)

    behind = [part for part, position in shares.items() if position < upto]
    if not can_fork():
        for part in behind:
            work(part, progress)
        meanwhile(progress)
        return
    with _Processes(behind, work, upto, progress) as processes:
        meanwhile(processes.hear)
        processes.wait()


class _Processes:
    """One process per part; whatever one of them raises is raised here, and the others are ended."""

    def __init__(
        self,
        parts: Iterable[Part],
        work: Callable[[Part, Progress], None],
        upto: int,
        progress: Progress,
    ) -> None:
        self._upto = upto
        self._progress = progress
        self._context = get_context("fork")
        self._work = work
        self._parts = list(parts)
        self._processes: list[Any] = []
        self._positions: dict[Any, int] = {}
        self._here = upto

    def __enter__(self) -> Self:
        for part in self._parts:
            receiving, sending = self._context.Pipe(duplex=False)
            process = self._context.Process(target=_run, args=(self._work, part, sending), daemon=True)
            process.start()
            sending.close()
            self._processes.append(process)
            self._positions[receiving] = 0
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._processes:
            if kind is not None:
                process.terminate()
            process.join()

    def hear(self, position: int, _upto: int) -> None:
        """What runs here has come to ``position``."""
        self._here = position
        self._take(0)

    def wait(self) -> None:
        """Until all have done their part."""
        self._here = self._upto
        while any(not pipe.closed for pipe in self._positions):
            self._take(None)

    def _take(self, seconds: float | None) -> None:
        for pipe in pipes.wait([pipe for pipe in self._positions if not pipe.closed], seconds):
            self._receive(pipe)
        heard = [position for position in self._positions.values() if position]
        if len(heard) == len(self._positions):
            self._progress(min(self._here, *heard), self._upto)

    def _receive(self, pipe: Any) -> None:
        try:
            word = pipe.recv()
        except EOFError:
            raise PartEnded("a process of the rebuild was ended; call the rebuild again") from None
        if isinstance(word, BaseException):
            raise word
        if word is None:
            self._positions[pipe] = self._upto
            pipe.close()
        else:
            self._positions[pipe] = word


def _run(work: Callable[[Part, Progress], None], part: Part, pipe: Any) -> None:
    """The life of a process: it says how far it is, and at last None or why it gave up."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        work(part, lambda position, _upto: pipe.send(position))
        pipe.send(None)
    except Exception as error:  # noqa: BLE001 - raised again where the process was begun
        pipe.send(_sendable(error))


def _sendable(error: Exception) -> Exception:
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    except Exception:  # noqa: BLE001 - some errors cannot travel
        return PartEnded(f"{type(error).__name__}: {error}")
    return error
