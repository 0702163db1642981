"""Read models as they were at an instant or a position: today's rows where nothing changed since, else folded anew.

There is one implementation of every rule: streams that changed are folded by the folds of the projections, up to the
moment, and their rows are made by the functions that make those of today.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import UUID

from domain.events import EVENT_TYPES
from projections.asking import Conn, NotFound, fresh
from projections.attention.open_steps import OpenStep
from projections.attention.rows import ATTENTION_LIST
from projections.board.rows import BOARD, BoardProject
from projections.cards.row import PARTS, CardRow
from projections.engine.parking import tell
from projections.engine.projection import Definitions, Projection, Row
from projections.engine.reading import LogEvent, decode, head
from projections.statements import ask, columns, composed, value_of, values_of

_ALWAYS = "infinity"


class AheadOfLog(Exception):
    """The position asked for is not there yet; ``head`` is the newest."""

    def __init__(self, position: int) -> None:
        super().__init__(f"the log ends at {position}")
        self.head = position


class Moment(NamedTuple):
    """A moment of the past: what had occurred by ``at``, of what was stored up to ``position``.

    ``stored``: all of that counts, whenever it is said to have occurred.
    """

    at: datetime
    position: int
    stored: bool = False


class Light(NamedTuple):
    """What counts of a card: where it stands, how it ended, what filters ask for."""

    card: UUID
    kind: str
    project: UUID | None
    stage: str
    life: str
    state: str
    outcome: str | None
    reached: Sequence[str]
    ended_at: datetime | None
    who: str | None
    process: str | None
    priority: str
    labels: Sequence[str]
    name: str


_LIGHT = attrgetter(*Light._fields)
SQL = composed("past/moment", open_step=columns(OpenStep, "s"), light=columns(Light, "c"), **PARTS)


class _Candidate(NamedTuple):
    """A card that may have been there, and whether it is as it was."""

    card: UUID
    same: bool


def at_instant(connection: Conn, at: datetime) -> Moment:
    """An instant, by what is known today of what had occurred by then."""
    return Moment(at, fresh(connection, "board", "attention").position)


def at_position(connection: Conn, position: int) -> Moment:
    """When the log ended at a position; what had been stored by then counts. Raises AheadOfLog."""
    newest = head(connection)
    if not 0 < position <= newest:
        raise AheadOfLog(newest)
    return Moment(value_of(connection, SQL["moment_at_position"], position=position), position, stored=True)


class Then:
    """The cards of a project at a moment. Nothing is folded but what has changed since.

    ``after``: cards that had ended by this earlier moment (and have not been taken up again) are left out. ``beside``:
    another moment of the same project; rows of today that it has read (``stored``) are not read again.
    """

    def __init__(
        self,
        connection: Conn,
        project: UUID,
        moment: Moment,
        definitions: Definitions,
        after: Moment | None = None,
        beside: Then | None = None,
    ) -> None:
        self.stored: dict[UUID, CardRow] = {} if beside is None else beside.stored
        self._connection, self._definitions = connection, definitions
        self._read_up_to = fresh(connection, "board", "attention").position
        self._moment = moment
        self._values: dict[str, Any] = {
            "project": project,
            "read": self._read_up_to,
            "position": moment.position,
            "at": _ALWAYS if moment.stored else moment.at,
            "after": None if after is None or after.stored else after.at,
        }
        self.project = project
        same, changed = self._candidates()
        self._histories = self._read([*changed, project])
        self._rows = {
            row.card: row
            for stream in changed
            for _, row in self._made(BOARD, stream)
            if isinstance(row, CardRow) and row.project == project
        }
        folded = [Light(*_LIGHT(row)) for row in self._rows.values()]
        standing = ask(connection, SQL["lights"], Light, cards=same)
        self.lights = [*folded, *(each for each in standing if each.project == project)]

    def project_row(self) -> BoardProject:
        """The project itself; NotFound when it was not there yet.

        A project that was opened for history read in later is as it was opened: it has cards that are older than it.
        """
        history = self._histories.get(self.project, [])
        if not history and value_of(self._connection, SQL["had_cards"], **self._values):
            values = {"streams": [self.project], "position": self._read_up_to, "at": _ALWAYS}
            history = self._events(values).get(self.project, [])[:1]
        for _, row in rows_of(BOARD, self.project, history, self._definitions):
            if isinstance(row, BoardProject):
                return row
        raise NotFound("project", self.project)

    def cards(self, wanted: Iterable[UUID]) -> list[CardRow]:
        """The rows of these cards."""
        folded, standing = [], []
        for card in wanted:
            row = self._rows.get(card)
            if row is None:
                standing.append(card)
            else:
                folded.append(row)
        if new := [card for card in standing if card not in self.stored]:
            self.stored.update(
                (row.card, row) for row in ask(self._connection, SQL["cards"], CardRow, cards=new)
            )
        return [*folded, *(self.stored[card] for card in standing if card in self.stored)]

    def open_steps(self, wanted: Iterable[UUID]) -> list[OpenStep]:
        """The rows of the steps that these runs had open."""
        found: list[OpenStep] = []
        stored = []
        for card in wanted:
            if card in self._rows:
                found += [row for _, row in self._made(ATTENTION_LIST, card) if isinstance(row, OpenStep)]
            else:
                stored.append(card)
        return [*found, *(ask(self._connection, SQL["open_steps"], OpenStep, cards=stored) if stored else ())]

    def _candidates(self) -> tuple[list[UUID], list[UUID]]:
        """The cards that are as they were, and those that have changed since, or that the board does not know yet."""
        found = ask(self._connection, SQL["candidates"], _Candidate, **self._values)
        same = [each.card for each in found if each.same]
        changed = [each.card for each in found if not each.same]
        if self._moment.position > self._read_up_to:
            known = {*same, *changed}
            newcomers = values_of(self._connection, SQL["newcomers"], **self._values)
            changed += [stream for stream in newcomers if stream not in known and stream != self.project]
        return same, changed

    def _read(self, streams: list[UUID]) -> dict[UUID, list[LogEvent]]:
        return self._events({"streams": streams, **{name: self._values[name] for name in ("position", "at")}})

    def _events(self, values: dict[str, Any]) -> dict[UUID, list[LogEvent]]:
        rows = self._connection.execute(SQL["events"], values, binary=True, prepare=True).fetchall()
        found: dict[UUID, list[LogEvent]] = {}
        for event in decode(rows):
            found.setdefault(event[1], []).append(event)
        return found

    def _made(self, projection: Projection, stream: UUID) -> list[tuple[int, Row]]:
        return rows_of(projection, stream, self._histories.get(stream, ()), self._definitions)


def rows_of(
    projection: Projection, stream: UUID, history: Sequence[LogEvent], definitions: Definitions
) -> list[tuple[int, Row]]:
    """The rows that a projection makes of a stream with this history, up to an event that it cannot digest.

    That is what the live read model shows of such a stream: it is parked there, see ``projections.engine.live``.
    """
    source = projection.sources.get(aggregate_of(history))
    return [] if source is None else tell(source, stream, history, definitions).rows


def aggregate_of(history: Sequence[LogEvent]) -> str:
    """What a stream is, told by the first of its events that this release knows."""
    known = (EVENT_TYPES[event[3]].aggregate for event in history if event[3] in EVENT_TYPES)
    return next(known, "")
