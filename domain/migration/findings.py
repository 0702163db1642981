"""What a difference means for one run, in plain words: docs/explanation/changing-a-process.md has the same table."""

from __future__ import annotations

from typing import Literal, NamedTuple

from domain.migration.difference import Change, Difference, Row
from domain.run.state import StepState

Column = Literal["not_reached", "under_way", "done"]
Weight = Literal["safe", "warning", "choice", "blocked"]
Effect = Literal[
    "applied", "recomputed", "kept", "hidden", "converted", "noted", "dropped", "closed", "relocked", "set_aside",
    "asked", "returned", "nothing",
]  # fmt: skip


class Finding(NamedTuple):
    """One difference as it concerns one run. ``accepted``: the answers to a choice, the cautious one first."""

    change: Row
    where: str
    column: Column
    weight: Weight
    effect: Effect
    reason: str
    accepted: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """What an answer names: ``step_added:kyc``; the part before the colon answers all of that kind."""
        return f"{self.change}:{self.where}"


LEAVE, REOPEN, ASK = "leave", "reopen", "ask"
ASIDE, REQUIRED = "not_applicable", "required"
MISSING_EVIDENCE = (LEAVE, ASK, REOPEN)
ADDED_BEHIND = (ASIDE, REQUIRED)
SHOWN_OTHERWISE = (LEAVE, REOPEN)
CHOICES: dict[str, tuple[str, ...]] = {
    "field_required": MISSING_EVIDENCE, "step_added": ADDED_BEHIND, "content": SHOWN_OTHERWISE,
}  # fmt: skip
"""The kinds of choice that there are, and their answers."""


def column_of(step: StepState) -> Column:
    """How far the run is at a step."""
    if step.is_open:
        return "under_way"
    ended = step.state in ("done", "skipped", "failed", "cancelled") or step.evidence or step.added_later
    return "done" if ended else "not_reached"


_PLAIN: dict[tuple[Row, Column], tuple[Effect, str]] = {
    ("text", "not_reached"): ("applied", "it will be worked on in its new words"),
    ("text", "under_way"): ("applied", "the new words are shown; the work so far stays"),
    ("text", "done"): ("applied", "the new words are shown; nothing else changes"),
    ("content", "not_reached"): ("applied", "it will be decided on what it shows then"),
    ("content", "under_way"): ("applied", "whoever decides sees what it shows now"),
    ("content", "done"): ("nothing", "no decision was taken on anything else"),
    ("role", "not_reached"): ("applied", "it will go to the new role"),
    ("role", "under_way"): ("kept", "it stays with whoever has it"),
    ("role", "done"): ("nothing", "it is done"),
    ("due", "not_reached"): ("applied", "it will be due by the new rule"),
    ("due", "under_way"): ("recomputed", "it is due by the new rule, unless its due was set by hand"),
    ("due", "done"): ("nothing", "it is done"),
    ("settings", "not_reached"): ("applied", "it will work in the new way"),
    ("settings", "under_way"): ("applied", "it goes on in the new way; what was begun is not begun again"),
    ("settings", "done"): ("nothing", "it is done"),
    ("kind", "not_reached"): ("applied", "it will be of the new kind"),
    ("kind", "under_way"): ("applied", "it is of the new kind from now on; its values stay"),
    ("kind", "done"): ("kept", "it stays done"),
    ("field_added", "not_reached"): ("applied", "the field will be there"),
    ("field_added", "under_way"): ("applied", "the field is there, empty"),
    ("field_added", "done"): ("applied", "the field is there, empty"),
    ("field_required", "not_reached"): ("applied", "it will have to be filled in"),
    ("field_required", "under_way"): ("applied", "the step cannot be completed before it is filled in"),
    ("field_required", "done"): ("nothing", "nothing is missing"),
    ("field_type", "not_reached"): ("applied", "the field will have its new form"),
    ("field_type", "under_way"): ("applied", "the field has its new form"),
    ("field_type", "done"): ("kept", "the value stays as it was given"),
    ("field_removed", "not_reached"): ("applied", "the field will not be there"),
    ("field_removed", "under_way"): ("hidden", "its value stays in the history and is not shown"),
    ("field_removed", "done"): ("hidden", "its value stays in the history and is not shown"),
    ("step_added", "not_reached"): ("applied", "it lies ahead"),
    ("step_removed", "not_reached"): ("dropped", "nobody will have to do it"),
    ("step_removed", "under_way"): ("closed", "it is closed; what was given so far stays"),
    ("step_removed", "done"): ("kept", "it stays in the history and no longer counts"),
    ("step_returned", "not_reached"): ("returned", "it is back, as it was left"),
    ("step_returned", "under_way"): ("returned", "it is back, as it was left"),
    ("step_returned", "done"): ("returned", "it is back, as it was left"),
    ("dependency", "not_reached"): ("applied", "it will wait for more"),
    ("dependency", "under_way"): ("nothing", "what it waits for now has ended already"),
    ("dependency", "done"): ("kept", "it stays done"),
    ("dependency_removed", "not_reached"): ("applied", "it waits for less and may begin at once"),
    ("dependency_removed", "under_way"): ("nothing", "it has begun already"),
    ("dependency_removed", "done"): ("nothing", "it is done"),
    ("condition", "not_reached"): ("recomputed", "whether it applies is asked anew"),
    ("condition", "under_way"): ("recomputed", "it still applies"),
    ("condition", "done"): ("kept", "it stays done, whatever the new condition says"),
    ("stage_moved", "not_reached"): ("applied", "it counts in its new stage"),
    ("stage_moved", "under_way"): ("applied", "it counts in its new stage; the work goes on"),
    ("stage_moved", "done"): ("applied", "it counts in its new stage"),
    ("input", "done"): ("kept", "inputs given at the start stay as they are"),
}
"""Cells of the table that hold for every run: what is done and why; all of them are safe."""


def plain(difference: Difference, place: int, change: Change, column: Column) -> Finding:
    """The cell of the table, for the change at this place of the difference."""
    found = difference.plain.get((place, column))
    if found is None:
        effect, reason = _PLAIN[change.row, column]
        found = Finding(change.row, change.where, column, "safe", effect, reason)
        difference.plain[place, column] = found
    assert isinstance(found, Finding)
    return found


def special(
    change: Change,
    column: Column,
    weight: Weight,
    effect: Effect,
    reason: str,
    accepted: tuple[str, ...] = (),
    row: Row | None = None,
) -> Finding:
    """A cell whose content depends on the run."""
    return Finding(row or change.row, change.where, column, weight, effect, reason, accepted)
