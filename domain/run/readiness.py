"""Which steps can be worked on: settles everything that a change touches, and ends the run when all is done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import tzinfo
from heapq import heapify, heappop, heappush
from typing import Any

from domain.condition import holds
from domain.definition import Definition
from domain.events import (
    Event,
    RunCompleted,
    StepBecameApplicable,
    StepBecameNotApplicable,
    StepBecameReady,
    StepCancelled,
    StepRelocked,
)
from domain.run.dues import due_when_ready, redue
from domain.run.entailing import own_action
from domain.run.finishing import apply_rules, follow
from domain.run.kept import take_kept
from domain.run.state import OPEN, SATISFIED, Run, StepWord
from domain.run.voiding import asked_anew, decided_about, decisions_of, void_changed
from domain.run.work import Standing, Work
from domain.words import Assignee, Cause, StepKey


def standing(
    run: Run, definition: Definition, key: StepKey, zone: tzinfo, voided: Sequence[StepKey] | None = None
) -> Standing:
    """What the graph says of a step: it waits, it can be worked on, or its condition sets it aside.

    It waits also for each of ``voided`` (None: those that there are) that it comes after, over what is done between.
    ``zone`` is the organisation's.
    """
    steps = run.steps
    for dependency in definition.dependencies[key]:
        found = steps.get(dependency)
        if found is None or found.state not in SATISFIED:
            return "locked"
    for decision in asked_anew(run, definition) if voided is None else voided:
        if steps[decision].state not in SATISFIED and definition.is_behind(key, decision):
            return "locked"
    return "ready" if holds(definition.steps[key].when, run.values, zone) else "not_applicable"


def settle(work: Work, keys: Iterable[StepKey], cause: Cause = "rule") -> list[Event]:
    """Bring these steps, and all that follows from them, to where the graph says; then dues, then the run's end.

    ``keys`` are the steps that a change may have touched; the answer is everything decided so far. A step is looked
    at after all that it waits for: nothing is announced that the same change locks again. Decisions whose content the
    change has changed are voided; a migration changes no value, and voids what its choices say.
    """
    decisions = () if cause == "migration" else decisions_of(work.first)
    _bring(work, [*keys, *void_changed(work, decisions), *_lifted(work)], cause, decisions)
    _finish(work)
    redue(work)
    return work.events


def _bring(work: Work, keys: Iterable[StepKey], cause: Cause, decisions: Sequence[StepKey]) -> None:
    places, order = work.definition.places, work.definition.order
    voided, about = asked_anew(work.run, work.definition), decided_about(work.first, decisions)
    queued = {places[key] for key in keys}
    queue = list(queued)
    heapify(queue)
    while queue and not work.run.ended:
        place = heappop(queue)
        queued.discard(place)
        values, end = work.run.values, work.run.step(order[place]).last_end
        touched = _settle_one(work, order[place], cause, voided)
        if about and (concerned := _concerned(work, order[place], values, end, about)):
            touched = (*touched, *void_changed(work, concerned))
            voided = asked_anew(work.run, work.definition)
        for key in touched:
            if places[key] not in queued:
                queued.add(places[key])
                heappush(queue, places[key])


def _concerned(
    work: Work,
    key: StepKey,
    values: Mapping[str, Any],
    end: StepWord | None,
    about: Mapping[StepKey, Iterable[str]],
) -> list[StepKey]:
    """The decisions that are about what this step has just changed: how it ended, its values, inputs that it set."""
    now = work.run
    owners = {str(key)} if now.step(key).last_end != end else set()
    if now.values is not values:
        owners |= {
            path.partition(".")[0] for path, value in now.values.items() if values.get(path) is not value
        }
    return [decision for decision, of in about.items() if not owners.isdisjoint(of)]


def _lifted(work: Work) -> list[StepKey]:
    """What may go on because a decision has been made anew that it was waiting for, over what is done between."""
    before = [key for key in asked_anew(work.first, work.definition) if not _satisfied(work.first, key)]
    over = [key for key in before if _satisfied(work.run, key)]
    return [behind for key in over for behind in work.definition.behind(key)]


def _satisfied(run: Run, key: StepKey) -> bool:
    return run.step(key).state in SATISFIED


def cancel_open(work: Work, cause: Cause) -> None:
    """Close every open step because its run ends."""
    for key, step in list(work.run.steps.items()):
        if step.is_open:
            work.on(StepCancelled, key, cause=cause)


def assignee_of(run: Run, definition: Definition, key: StepKey) -> Assignee | None:
    """Whose work the step is: the one it was given to by hand, else who fills its role, else nobody."""
    step = run.step(key)
    if step.assigned_by_hand:
        return step.assignee
    known = definition.steps.get(key)
    return None if known is None or known.role is None else run.roles.get(known.role)


def _settle_one(work: Work, key: StepKey, cause: Cause, voided: Sequence[StepKey]) -> tuple[StepKey, ...]:
    step = work.run.step(key)
    now = step.state
    if now not in _MOVES or step.added_later or step.kept:
        return ()
    match (now, standing(work.run, work.definition, key, work.calendar.zone, voided)):
        case ("locked", "ready"):
            return _announce(work, key, cause)
        case ("not_applicable", "ready"):
            return _take_back(work, key, cause)
        case ("ready" | "in_progress", "locked"):
            work.on(StepRelocked, key, round=_round_after(work, key, cause), cause=cause)
        case ("not_applicable", "locked") if not work.run.step(key).evidence:
            work.on(StepRelocked, key, round=_round_after(work, key, cause), cause=cause)
        case ("locked" | "ready" | "in_progress" | "done", "not_applicable"):
            work.on(StepBecameNotApplicable, key, cause=cause)
        case _:
            return ()
    return _looking(work, key)


def _looking(work: Work, key: StepKey) -> tuple[StepKey, ...]:
    """The steps that look at whether this one has ended; all behind it, where its decision is asked for anew."""
    anew = work.run.step(key).asked_anew is not None
    return tuple(work.definition.behind(key)) if anew else follow(work, key)


def _round_after(work: Work, key: StepKey, cause: Cause) -> int:
    """The round of a step that waits again: a new one once the machine tried, so that it tries under a new key.

    A new one also for an approval to which somebody agreed: what they saw is done again.
    """
    now = work.run.step(key).round
    if work.run.step(key).approvals and cause != "migration":
        return now + 1
    own = own_action(work.definition.steps.get(key), key, now)
    action = None if own is None else work.run.actions.get(own)
    return now if action is None or action.attempt == 0 else now + 1


_MOVES: frozenset[str] = frozenset({"locked", "ready", "in_progress", "done", "not_applicable"})
"""States that the graph can move a step out of; skipped, failed and cancelled are decisions that stay."""


def _announce(work: Work, key: StepKey, cause: Cause) -> tuple[StepKey, ...]:
    if work.run.state == "paused" and not (cause == "migration" and work.run.step(key).before in OPEN):
        return ()
    assignee = _taker(work, key)
    due, calendar, alarms = due_when_ready(work, key)
    work.on(
        StepBecameReady, key, cause=cause, assignee=assignee, due_at=due, calendar=calendar, alarms=alarms
    )
    stage = work.definition.stage_of[key]
    work.anchors.update((f"step_ready:{key}", f"stage_entered:{stage}"))
    if work.definition.steps[key].rules:
        apply_rules(work, key, "ready")
    return tuple(take_kept(work, key)) if work.run.kept else ()


def _taker(work: Work, key: StepKey) -> Assignee | None:
    """Who gets the step. What would be somebody's who has left is for the group of its role, or nobody's."""
    who = assignee_of(work.run, work.definition, key)
    if who is None or not work.directory.has_left(who):
        return who
    role = work.definition.steps[key].role
    group = None if role is None else work.definition.roles[role].group
    left_to = None if group is None else Assignee(f"group:{group}")
    return left_to if left_to is not None and work.directory.members(left_to) else None


def _take_back(work: Work, key: StepKey, cause: Cause) -> tuple[StepKey, ...]:
    work.on(StepBecameApplicable, key, cause=cause)
    return (key, *_looking(work, key))


def _finish(work: Work) -> None:
    """The run is complete when everything needed has ended well; optional work still open is closed.

    A paused run stands still: it is completed when it goes on.
    """
    if work.run.state != "running" or not _all_ended_well(work.run, work.definition):
        return
    cancel_open(work, "rule")
    work.record(RunCompleted(outcome=_outcome(work.run, work.definition), by=work.by, at=work.at))


def _all_ended_well(run: Run, definition: Definition) -> bool:
    steps = run.steps
    for key in definition.needed:
        found = steps.get(key)
        if found is None or found.state not in SATISFIED:
            return False
    return not any(
        step.wanted and step.state not in SATISFIED and key in definition.steps for key, step in steps.items()
    )


def _outcome(run: Run, definition: Definition) -> str | None:
    named = (run.step(key).outcome for key in definition.closing)
    return next((outcome for outcome in named if outcome is not None), None)
