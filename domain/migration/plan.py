"""Plans how a run comes from one version of its process to another: every difference gets a verdict in plain words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, Literal

from domain.comparing import is_set
from domain.condition import holds
from domain.definition import Definition
from domain.migration.conversion import converted
from domain.migration.difference import Change, Difference, difference
from domain.migration.findings import (
    ADDED_BEHIND,
    MISSING_EVIDENCE,
    SHOWN_OTHERWISE,
    Column,
    Finding,
    column_of,
    plain,
    special,
)
from domain.run.content import DECISIONS, content_of
from domain.run.entailing import OWN
from domain.run.state import SATISFIED, Run, StepState, altered
from domain.run.values import missing
from domain.run.voiding import is_decided
from domain.words import StepKey

Verdict = Literal["safe", "needs_choice", "blocked"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a migration does with one run. ``kept``: done steps that stay so against their new condition.

    ``restored``: steps that an earlier migration had done again, that nobody has worked on since, and that lack nothing
    of what this version requires: they are done, as they were. ``hidden``: fields (by path) that the new version does
    not show.
    """

    process: str
    from_version: int
    to_version: int
    findings: tuple[Finding, ...]
    added: tuple[StepKey, ...] = ()
    removed: tuple[StepKey, ...] = ()
    returned: tuple[StepKey, ...] = ()
    kept: tuple[StepKey, ...] = ()
    restored: tuple[StepKey, ...] = ()
    hidden: frozenset[str] = frozenset()

    @property
    def verdict(self) -> Verdict:
        """Safe, or what it lacks."""
        weights = {finding.weight for finding in self.findings}
        return "blocked" if "blocked" in weights else "needs_choice" if "choice" in weights else "safe"

    @property
    def choices(self) -> tuple[Finding, ...]:
        """What somebody has to decide."""
        return tuple(finding for finding in self.findings if finding.weight == "choice")

    def as_data(self) -> dict[str, Any]:
        """As ``run_migrated`` keeps it: keys and words, never a value of a field."""
        return {
            "verdict": self.verdict,
            "findings": [_data(finding) for finding in self.findings],
            "added": list(self.added),
            "removed": list(self.removed),
            "returned": list(self.returned),
            "kept": list(self.kept),
            "restored": list(self.restored),
            "hidden": sorted(self.hidden),
        }


def _data(finding: Finding) -> dict[str, Any]:
    return {
        "change": finding.change, "where": finding.where, "column": finding.column, "weight": finding.weight,
        "effect": finding.effect, "reason": finding.reason,
    }  # fmt: skip


def plan(run: Run, old: Definition, new: Definition, zone: tzinfo) -> Plan:
    """What each difference between the versions means for this run. Pure and total: it never refuses, it says why.

    ``zone`` is the organisation's.
    """
    found = _impossible(run, old, new)
    if found is not None:
        return Plan(new.process, old.version, new.version, (found,))
    between = difference(old, new)
    findings = [
        finding
        for place, change in enumerate(between.changes)
        for finding in _ROWS.get(change.row, _plainly)(run, between, place, change, zone)
    ]
    restored = _restored(run, new, zone)
    findings += [_as_it_was(run, key) for key in restored]
    if not _anything_left(run, new, zone):
        findings.insert(0, _past(run))
    return Plan(
        process=new.process,
        from_version=old.version,
        to_version=new.version,
        findings=tuple(findings),
        added=tuple(key for key in between.added if key not in run.removed),
        removed=between.removed,
        returned=tuple(key for key in between.added if key in run.removed),
        kept=tuple(key for key, step in run.steps.items() if _stays_done(run, new, key, step, zone)),
        restored=restored,
        hidden=(run.hidden | between.gone) - between.paths,
    )


def _impossible(run: Run, old: Definition, new: Definition) -> Finding | None:
    if run.process != new.process or old.process != new.process:
        return _of_run(f"it is a run of {run.process}, not of {new.process}")
    if run.process_version != old.version:
        return _of_run(f"it follows version {run.process_version}, not version {old.version}")
    if run.ended:
        return _of_run(f"it is {run.state.replace('_', ' ')}; reopen one of its steps first")
    return None


def _of_run(reason: str) -> Finding:
    return Finding("run", "run", "done", "blocked", "nothing", reason)


def _past(run: Run) -> Finding:
    """Everything that the new version asks for has ended: a migration ends no run, a paused one ends by going on."""
    found = _of_run("the run is past it: everything that the new version asks for has ended")
    return found._replace(weight="warning") if run.state == "paused" else found


def _stays_done(run: Run, new: Definition, key: StepKey, step: StepState, zone: tzinfo) -> bool:
    """Done under a condition that is false by now: it stays done, unless it was set aside before another migration."""
    if step.state != "done" or step.before == "not_applicable" or key not in new.steps:
        return False
    return not holds(new.steps[key].when, run.values, zone)


def _restored(run: Run, new: Definition, zone: tzinfo) -> tuple[StepKey, ...]:
    """Steps that are done again only because of a version that the run leaves; none where the run would end by that."""
    before = {
        key: step.reopened
        for key, step in run.steps.items()
        if step.reopened is not None
        and key in new.steps
        and _nobody_worked(step, step.reopened)
        and _lacks_nothing(run, new, key, step.reopened)
        and _decided_on_that(run, new, key, step.reopened)
    }
    ends = run.state != "paused" and not _anything_left(
        altered(run, steps={**run.steps, **before}), new, zone
    )
    return () if ends else tuple(before)


def _nobody_worked(now: StepState, before: StepState) -> bool:
    """Whether nothing came of it that the step is done again: nobody began, gave a value, or decided anything."""
    refused = now.refused is not None and now.refused != before.refused
    begun = now.doers or now.approvals or refused or now.round != before.round + 1
    return not begun and now.state in ("locked", "ready", "not_applicable", "cancelled")


def _decided_on_that(run: Run, new: Definition, key: StepKey, before: StepState) -> bool:
    """Whether what was decided here is what this version shows; also where nothing was: a guest fills in a form."""
    if before.decided is None or new.steps[key].kind not in DECISIONS:
        return True
    then = altered(run, steps={**run.steps, key: before})
    return content_of(then, new, key).sha256 == before.decided


def _lacks_nothing(run: Run, new: Definition, key: StepKey, before: StepState) -> bool:
    if before.state != "done":
        return True
    known = new.steps[key]
    given = {field.key: run.values.get(f"{key}.{field.key}") for field in known.fields}
    return not missing(known.fields, given)


def _as_it_was(run: Run, key: StepKey) -> Finding:
    reason = "nobody has worked on it since it was asked for again: it is done, as it was"
    return Finding("step_returned", key, column_of(run.step(key)), "safe", "returned", reason)


def _anything_left(run: Run, new: Definition, zone: tzinfo) -> bool:
    """Whether the run still has something to wait for under the new version."""
    steps = run.steps
    wanted = [key for key, step in steps.items() if step.wanted and key in new.steps]
    waits = [key for key in (*new.needed, *wanted) if not _satisfied(steps.get(key))]
    if any(holds(new.steps[key].when, run.values, zone) for key in waits):
        return True
    return bool(waits) and not set(waits) <= _set_aside(run, new, zone)


def _satisfied(step: StepState | None) -> bool:
    """Whether a step has ended well for good: one that only its condition set aside is asked anew."""
    if step is None or step.state not in SATISFIED:
        return False
    return step.state != "not_applicable" or step.evidence or step.added_later


def _set_aside(run: Run, new: Definition, zone: tzinfo) -> set[StepKey]:
    """Every step that has ended well, or that its condition sets aside once all before it have; none that failed."""
    well = {key for key in new.steps if _satisfied(run.steps.get(key))}
    false = {key for key, step in new.steps.items() if not holds(step.when, run.values, zone)} - well
    false -= {key for key in false if run.step(key).state == "failed"}
    while more := {key for key in false if new.dependencies[key] <= well}:
        well |= more
        false -= more
    return well


_PASSED = frozenset({"done", "skipped", "failed"})


# --- the rows of the table whose cells depend on the run ---

Findings = Iterator[Finding]


def _plainly(run: Run, between: Difference, place: int, change: Change, _zone: tzinfo) -> Findings:
    yield plain(between, place, change, column_of(run.step(change.step)))


def in_flight(run: Run, step: StepKey) -> bool:
    """Whether the machine has begun to do what the step consists of, and nobody knows yet how it ends."""
    actions = (run.actions[key] for key in run.pending.get(step, ()))
    return any(action.attempt and action.action in OWN for action in actions)


def _under_call(change: Change) -> Finding:
    reason = "its call is under way: wait until it has come back, or decide its incident"
    return special(change, "under_way", "blocked", "nothing", reason)


def _removed(run: Run, between: Difference, place: int, change: Change, _zone: tzinfo) -> Findings:
    if run.step(change.step).is_open and in_flight(run, change.step):
        yield _under_call(change)
    else:
        yield from _plainly(run, between, place, change, _zone)


def _kind(run: Run, between: Difference, place: int, change: Change, _zone: tzinfo) -> Findings:
    step = run.step(change.step)
    if step.is_open and in_flight(run, change.step):
        yield _under_call(change)
    elif step.is_open and step.approvals:
        reason = f"{len(step.approvals)} approved already; let it be decided first"
        yield special(change, "under_way", "blocked", "nothing", reason)
    else:
        yield plain(between, place, change, column_of(step))


def _required(run: Run, between: Difference, place: int, change: Change, _zone: tzinfo) -> Findings:
    step = run.step(change.step)
    column = column_of(step)
    if step.state == "done" and not is_set(run.values.get(change.where)):
        reason = "done without it: leave it so, ask for it, or have the step done again"
        yield special(change, "done", "choice", "kept", reason, MISSING_EVIDENCE)
    else:
        yield plain(between, place, change, column)


def _content(run: Run, between: Difference, place: int, change: Change, _zone: tzinfo) -> Findings:
    step = run.step(change.step)
    column = column_of(step)
    if not is_decided(step) or _decided_on_that(run, between.new, change.step, step):
        yield plain(between, place, change, column)
    elif column == "under_way":
        reason = f"{len(step.approvals)} agreed to what it showed before: let that stand, or ask them anew"
        yield special(change, column, "choice", "kept", reason, SHOWN_OTHERWISE)
    else:
        reason = "decided on what it showed before: let the decision stand for that, or have it made anew"
        yield special(change, column, "choice", "kept", reason, SHOWN_OTHERWISE)


def _type(run: Run, between: Difference, place: int, change: Change, _zone: tzinfo) -> Findings:
    step = run.step(change.step)
    column: Column = column_of(step)
    value = step.draft.get(change.field, run.values.get(change.where))
    if column == "done" or not is_set(value):
        yield plain(between, place, change, column)
        return
    old, new = (version.fields[f"{change.step}.{change.field}"] for version in (between.old, between.new))
    turned = converted(old, new, value)
    if not turned.whole:
        reason = (
            "the value given so far has no place in the new form: it stays as a note, and the field is empty"
        )
        yield special(change, column, "warning", "noted", reason)
    elif turned.value == value:
        yield plain(between, place, change, column)
    else:
        yield special(
            change, column, "safe", "converted", "the value given so far is turned into the new form"
        )


def _added(run: Run, between: Difference, place: int, change: Change, zone: tzinfo) -> Findings:
    key = change.step
    if key in run.removed:
        column = column_of(run.step(key))
        yield special(change, column, "safe", "returned", "it is back, as it was left", row="step_returned")
        return
    passed = _passed(run, between, key)
    if passed is None or not _applies(run, between.new, key, zone):
        yield plain(between, place, change, "not_reached")
        return
    reason = f"{passed}: set it aside as added later, or have it done after all"
    yield special(change, "done", "choice", "set_aside", reason, ADDED_BEHIND)


def _passed(run: Run, between: Difference, key: StepKey) -> str | None:
    """Why the step lies behind the run: what follows it is done, or its whole stage is over and a later one began."""
    after = [other for other in between.after[key] if run.step(other).state in _PASSED]
    if after:
        return f"{after[0]}, which comes after it, is {run.step(after[0]).state}"
    mates, later = between.earlier[key], between.later[key]
    over = bool(mates) and all(run.step(other).state in SATISFIED for other in mates)
    if over and any(column_of(run.step(other)) != "not_reached" for other in later):
        return "its stage is over"
    return None


def _applies(run: Run, new: Definition, key: StepKey, zone: tzinfo) -> bool:
    return holds(new.steps[key].when, run.values, zone)


def _dependency(run: Run, between: Difference, place: int, change: Change, _zone: tzinfo) -> Findings:
    step = run.step(change.step)
    waits = [other for other in change.steps if run.step(other).state not in SATISFIED]
    if step.is_open and waits and in_flight(run, change.step):
        yield _under_call(change)
    elif step.is_open and waits:
        reason = f"it has to wait for {', '.join(waits)}; the work so far stays"
        yield special(change, "under_way", "warning", "relocked", reason)
    else:
        yield plain(between, place, change, column_of(step))


def _condition(run: Run, between: Difference, place: int, change: Change, zone: tzinfo) -> Findings:
    step = run.step(change.step)
    applies = _applies(run, between.new, change.step, zone)
    if step.is_open and not applies and in_flight(run, change.step):
        yield _under_call(change)
    elif step.is_open and not applies:
        reason = "it does not apply any more and is set aside; the work so far stays"
        yield special(change, "under_way", "warning", "set_aside", reason)
    else:
        yield plain(between, place, change, column_of(step))


def _input(run: Run, between: Difference, place: int, change: Change, _zone: tzinfo) -> Findings:
    fields = {field.key: field for field in between.new.document.inputs}
    field = fields.get(change.field)
    if field is not None and field.required and not is_set(run.inputs.get(field.key)):
        reason = "it is required and has no value: give it when the inputs are changed next"
        yield special(change, "done", "warning", "kept", reason)
    else:
        yield plain(between, place, change, "done")


_ROWS: dict[str, Callable[[Run, Difference, int, Change, tzinfo], Findings]] = {
    "kind": _kind,
    "content": _content,
    "field_required": _required,
    "field_type": _type,
    "step_added": _added,
    "step_removed": _removed,
    "dependency": _dependency,
    "condition": _condition,
    "input": _input,
}
