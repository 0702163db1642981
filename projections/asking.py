"""What all queries share: named statements, and how fresh an answer is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import Connection

from projections.engine.projection import blocks

Conn = Connection[Any]

CARD_COLUMNS = (
    "card", "kind", "name", "project", "stage", "state", "late_at", "blocked_at", "life", "version", "rank", "priority",
    "process", "process_version", "stages", "progress", "next_action", "who", "due_at", "entered_stage_at", "also_in",
    "help", "blocked", "comments", "labels", "checklist_done", "checklist_total", "description", "waits_for", "outcome",
    "started_at", "target_at", "target_stage", "target_reached_at", "ended_at", "due_on", "override", "lowered",
    "progressed_at",
)  # fmt: skip
_AS_TEXT = {"stages": "c.stages::text as stages"}
"""What is read as text, because its reader keeps what it made of the same text before."""
CARD_PARTS = ", ".join(_AS_TEXT.get(name, f"c.{name}") for name in CARD_COLUMNS)
"""The columns of a card in a statement."""
OPEN_STEP_COLUMNS = (
    "run", "step", "title", "kind", "stage", "manual", "outside", "required", "assignee", "round", "ready_at", "due_at",
    "due_moves", "help_since", "incident", "incident_kind", "incident_since",
    "state",
)  # fmt: skip
FILTER = """
(%(person)s::text is null or c.who = %(person)s) and (%(process)s::text is null or c.process = %(process)s)
  and (%(priority)s::text is null or c.priority = %(priority)s) and (%(kind)s::text is null or c.kind = %(kind)s)
  and (%(label)s::text is null or %(label)s = any(c.labels))
  and (%(text)s::text is null or strpos(lower(c.name), lower(%(text)s)) > 0)
  and (%(stage)s::text is null or c.stage = %(stage)s or %(in_first)s and c.stage <> all(%(stages)s::text[]))
  and (%(state)s::text is null or coalesce(j.state, c.state) = %(state)s)
"""
"""Which cards are let through, see CardFilter; ``j`` knows the states that the clock decides."""
JUDGED = "read.card c left join unnest(%(judged)s::uuid[], %(states)s::text[]) as j (card, state) on j.card = c.card"
DUE_OF_CARD = "coalesce(c.due_at, (c.due_on + %(closes)s::time) at time zone %(zone)s)"
OF_RUNS = """
c.kind = 'run' and (%(process)s::text is null or c.process = %(process)s)
  and (%(project)s::uuid is null or c.project = %(project)s) and (%(life)s::text is null or c.life = %(life)s)
  and (%(after)s::uuid is null
    or (c.started_at, c.card) < (select a.started_at, a.card from read.card a where a.card = %(after)s))
"""
DUE = "coalesce(i.due_at, (i.due_on + %(closes)s::time) at time zone %(zone)s)"
IN_PROJECT = "c.project = %(project)s and (c.ended_at is null or c.ended_at is not null)"
"""Open and ended cards have an index each; said apart, both are used, and no card of another project is read."""
OF_PROCESS = "c.process = %(process)s"


def _load() -> dict[str, str]:
    found: dict[str, str] = {}
    parts = {
        "card": CARD_PARTS,
        "filter": FILTER,
        "judged": JUDGED,
        "due_of_card": DUE_OF_CARD,
        "due": DUE,
        "of_runs": OF_RUNS,
        "open_step": ", ".join(f"s.{name}" for name in OPEN_STEP_COLUMNS),
    }
    for name, text in blocks("queries").items():
        if "{scope}" in text:
            found[f"{name}_of_project"] = text.format(scope=IN_PROJECT, **parts)
            found[f"{name}_of_process"] = text.format(scope=OF_PROCESS, **parts)
            found[f"{name}_of_all"] = text.format(scope="true", **parts)
        else:
            found[name] = text.format(**parts)
    return found


SQL = _load()


class NotFound(Exception):
    """No such run, project or process in the read models (yet)."""

    def __init__(self, kind: str, id_: UUID | str, accepted: Sequence[int] | None = None) -> None:
        """``accepted``: what there is instead, where that is known."""
        super().__init__(f"no {kind} {id_}")
        self.kind = kind
        self.id = id_
        self.accepted = accepted


class Fresh(NamedTuple):
    """The position an answer reflects, the instant at which it was true, and how many events it lacks."""

    position: int
    as_of: datetime
    behind: int


def rows(connection: Conn, name: str, **values: Any) -> list[tuple[Any, ...]]:
    """All rows of a named statement."""
    return connection.execute(SQL[name].encode(), values, prepare=True).fetchall()


def no_version(connection: Conn, process: str, version: int) -> NotFound:
    """That a process has no such version, and which it has."""
    there = sorted(row[0] for row in rows(connection, "process_versions", process=process))
    return NotFound("process version", f"{process} {version}", there)


def fresh(connection: Conn, *names: str) -> Fresh:
    """How fresh the named read models are. Ask before the rows, so that they are at least as fresh."""
    position, moved_at, head, now = rows(connection, "freshness", names=list(names))[0]
    behind = max(head - position, 0)
    return Fresh(position, now if behind == 0 or moved_at is None else moved_at, behind)


def moment(now: datetime | None) -> datetime:
    """The instant for which lateness is worked out: the caller's, or now."""
    return datetime.now(UTC) if now is None else now
