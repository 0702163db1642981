"""How far runs got: how many reached each stage, how many stand there, and how they ended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from domain.project import stands_in
from projections.answers import Funnel, FunnelStage
from projections.asking import Conn, Fresh, NotFound, fresh, rows
from projections.board.projects import project_of
from projections.cards.row import PARTS
from projections.cards.tallies import Tally, by_stage_and_life, reached, tallies
from projections.statements import ask, composed

_OUTCOMES = {
    scope: composed("board/funnel", scope=PARTS[f"of_{scope}"])["outcomes"]
    for scope in ("project", "process")
}


def funnel(connection: Conn, of: UUID | str) -> Funnel:
    """How far runs got: those of a project (its id) or of a process (its key). Raises NotFound."""
    current = fresh(connection, "board")
    if isinstance(of, UUID):
        stages, cards = titled(project_of(connection, of).stages), tallies(connection, project=of)
    else:
        versions = rows(connection, "process_versions", process=of)
        if not versions:
            raise NotFound("process", of)
        stages, cards = titled(versions[0][6]["stages"]), tallies(connection, process=of)
    return funnel_of(stages, cards, outcomes_of(connection, of), current)


def outcomes_of(connection: Conn, of: UUID | str) -> dict[str, int]:
    """How many runs of a project (its id) or of a process (its key) ended how, the most frequent first."""
    scope = "project" if isinstance(of, UUID) else "process"
    return dict(ask(connection, _OUTCOMES[scope], _Outcome, **{scope: of}))


class _Outcome(NamedTuple):
    """So many runs ended so."""

    outcome: str
    runs: int


def titled(stages: Iterable[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Stages as keys and titles."""
    return [(stage["key"], stage["title"]) for stage in stages]


def funnel_of(
    stages: Sequence[tuple[str, str]], cards: Sequence[Tally], outcomes: dict[str, int], current: Fresh
) -> Funnel:
    """The funnel through these stages of the runs among these cards."""
    came, standing = reached(cards), dict(by_stage_and_life(cards))
    open_runs = sum(count for (_, life), count in standing.items() if life in {"running", "paused"})
    standing = _on_board(stages, standing)
    return Funnel(
        runs=sum(standing.values()),
        open=open_runs,
        stages=tuple(
            FunnelStage(
                key,
                title,
                came[key],
                standing.get((key, "running"), 0) + standing.get((key, "paused"), 0),
                standing.get((key, "completed"), 0),
                standing.get((key, "ended_early"), 0),
                standing.get((key, "cancelled"), 0),
            )
            for key, title in stages
        ),
        outcomes=outcomes,
        position=current.position,
        as_of=current.as_of,
        behind=current.behind,
    )


def _on_board(
    stages: Sequence[tuple[str, str]], standing: Mapping[tuple[str, str], int]
) -> dict[tuple[str, str], int]:
    """How many runs stand in each stage by what became of them: every run counts in a stage that is shown."""
    shown_ = [stage for stage, _ in stages]
    found: dict[tuple[str, str], int] = {}
    for life in {life for _, life in standing}:
        of_life = {stage: count for (stage, each), count in standing.items() if each == life}
        found |= {(stage, life): count for stage, count in by_column(of_life, shown_).items()}
    return found


def by_column(counts: Mapping[str, int], known: Sequence[str]) -> dict[str, int]:
    """The counts by stage as a board with these columns shows them: other stages stand in the first one."""
    found: dict[str, int] = {}
    for stage, count in counts.items():
        column = stands_in(known, stage)
        found[column] = found.get(column, 0) + count
    return found
