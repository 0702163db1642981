"""The rules of lint about what waits for what: references, cycles, conditions and dues."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from domain.condition import All, Anyone, Comparison, Condition, Not
from domain.document import (
    AnchorField,
    AnchorStageEntered,
    AnchorStepDone,
    AnchorStepReady,
    Due,
    Reopens,
    Step,
)
from domain.lint_values import possible
from domain.outline import Finding, Findings, Outline, Path, Placed, near, some


def known_step(outline: Outline, path: Path, step: str) -> Findings:
    """Finds a step that is not there."""
    if step not in outline.steps:
        yield Finding(path, "unknown_step", f"no step is called {step!r}", some(outline.steps))


def known_stage(outline: Outline, path: Path, stage: str) -> Findings:
    """Finds a stage that is not there."""
    if stage not in outline.stages:
        yield Finding(path, "unknown_stage", f"no stage is called {stage!r}", some(outline.stages))


def _step_list(outline: Outline, path: Path, steps: Iterable[str]) -> Findings:
    for place, step in enumerate(steps):
        yield from known_step(outline, (*path, place), step)


def references(outline: Outline, placed: Placed) -> Findings:
    """Every step that is named has to be there."""
    step, path, _ = placed
    if isinstance(step.after, tuple):
        yield from _step_list(outline, (*path, "after"), step.after)
    if step.gate is not None and step.gate.blocks != "following_stages":
        yield from _step_list(outline, (*path, "gate", "blocks"), step.gate.blocks)
    yield from _step_list(outline, (*path, "actor_differs_from"), step.actor_differs_from)
    for below, steps in _judged(step):
        yield from _step_list(outline, (*path, *below), steps)


def _judged(step: Step) -> list[tuple[Path, tuple[str, ...]]]:
    if step.approval is None:
        return []
    judged: list[tuple[Path, tuple[str, ...]]] = [(("approval", "covers"), tuple(step.approval.covers))]
    if isinstance(step.approval.on_refusal, Reopens):
        judged.append((("approval", "on_refusal", "reopens"), tuple(step.approval.on_refusal.reopens)))
    return judged


def covers_earlier(outline: Outline, placed: Placed) -> Findings:
    """An approval judges what came before it."""
    for below, steps in _judged(placed.step):
        for place, key in enumerate(steps):
            if key in outline.steps and outline.steps[key].place >= placed.place:
                message = f"{placed.step.key!r} cannot judge {key!r}, which does not come before it"
                earlier = list(outline.steps)[: placed.place]
                yield Finding((*placed.path, *below, place), "covers_later", message, some(earlier))


def cycles(outline: Outline) -> Findings:
    """No step waits for itself over others, and none waits behind such a circle."""
    stuck = outline.steps.keys() - set(outline.order)
    on_cycle: set[str] = set()
    for start in outline.steps:
        if start in stuck and start not in on_cycle:
            cycle = _cycle_from(outline, start, stuck)
            if start in cycle and not on_cycle & set(cycle):
                on_cycle.update(cycle)
                middle = [*cycle[:6], "…", *cycle[-3:]] if len(cycle) > 12 else cycle
                chain = " → ".join([*middle, cycle[0]])
                yield Finding(
                    (*outline.steps[start].path, "after"),
                    "dependency_cycle",
                    f"these steps wait for each other: {chain}",
                )
    for key in outline.steps:
        if key in stuck - on_cycle:
            message = f"{key!r} can never become ready: it waits for steps that wait for each other"
            yield Finding((*outline.steps[key].path, "after"), "unreachable_step", message)


def _cycle_from(outline: Outline, start: str, stuck: set[str]) -> list[str]:
    """The shortest way from a step over what it waits for back to itself; only ``stuck`` steps can be on it."""
    came: dict[str, str] = {}
    queue = [start]
    for key in queue:  # grows while it is walked through
        for other in sorted(outline.waits_for[key] & stuck):
            if other == start:
                return _way_back(came, start, key)
            if other not in came:
                came[other] = key
                queue.append(other)
    return []


def _way_back(came: dict[str, str], start: str, last: str) -> list[str]:
    way = [last]
    while way[-1] != start:
        way.append(came[way[-1]])
    return way[::-1]


# --- conditions ---


def _comparisons(condition: Condition | None, path: Path) -> Iterator[tuple[Comparison, Path]]:
    match condition:
        case Comparison():
            yield condition, path
        case All(all=parts):
            for place, part in enumerate(parts):
                yield from _comparisons(part, (*path, "all", place))
        case Anyone(any=parts):
            for place, part in enumerate(parts):
                yield from _comparisons(part, (*path, "any", place))
        case Not(not_=part):
            yield from _comparisons(part, (*path, "not"))
        case None:
            return


def conditions(outline: Outline, placed: Placed) -> Findings:
    """A condition reads fields that are there and set before it is asked."""
    step, path, _ = placed
    yield from _condition(outline, placed, step.when, (*path, "when"), own=False)
    for place, rule in enumerate(step.rules):
        yield from _condition(
            outline, placed, rule.when, (*path, "rules", place, "when"), own=rule.on == "done"
        )
    if step.repeat_until is not None:
        below = (*path, "repeat_until", "condition")
        yield from _condition(outline, placed, step.repeat_until.condition, below, own=True)


def _condition(
    outline: Outline, placed: Placed, condition: Condition | None, path: Path, *, own: bool
) -> Findings:
    for comparison, at in _comparisons(condition, path):
        field = outline.fields.get(comparison.field)
        if field is None:
            message = f"there is no field {comparison.field!r}"
            yield Finding((*at, "field"), "unknown_field", message, near(outline, comparison.field))
            continue
        yield from _set_before(outline, placed, comparison.field, (*at, "field"), own=own)
        yield from possible(field, comparison, at, outline.fields)


def _set_before(outline: Outline, placed: Placed, field: str, path: Path, *, own: bool) -> Findings:
    source, key = field.partition(".")[0], placed.step.key
    if source == "inputs" or (own and source == key) or key not in outline.before:
        return
    if not outline.is_before(source, key):
        message = f"{field!r} is set later: {key!r} does not wait for {source!r}"
        accepted = [name for name in outline.fields if _is_known_before(outline, name, key)]
        yield Finding(path, "condition_set_later", message, some(accepted))


def _is_known_before(outline: Outline, field: str, step: str) -> bool:
    source = field.partition(".")[0]
    return source == "inputs" or outline.is_before(source, step)


# --- dues ---


def dues(outline: Outline, placed: Placed) -> Findings:
    """A due has an anchor that can be set before the step is done."""
    if placed.step.due is not None:
        yield from _due(outline, placed, placed.step.due, (*placed.path, "due", "anchor"))
    if placed.step.wait is not None and placed.step.wait.until is not None:
        yield from _due(outline, placed, placed.step.wait.until, (*placed.path, "wait", "until", "anchor"))


def _due(outline: Outline, placed: Placed, due: Due, path: Path) -> Findings:
    key = placed.step.key
    match due.anchor:
        case AnchorField(field=field):
            yield from date_field(outline, (*path, "field"), field)
            source = field.partition(".")[0]
            if source in outline.steps and (source == key or outline.is_before(key, source)):
                yield _never_set(path, f"{field!r} is only set when {key!r} is done")
        case AnchorStepReady(step_ready=step):
            yield from known_step(outline, (*path, "step_ready"), step)
            if step in outline.steps and outline.is_before(key, step):
                yield _never_set(path, f"{step!r} becomes ready only after {key!r} is done")
        case AnchorStepDone(step_done=step):
            yield from known_step(outline, (*path, "step_done"), step)
            if step in outline.steps and (step == key or outline.is_before(key, step)):
                yield _never_set(path, f"{step!r} is not done before {key!r} is")
        case AnchorStageEntered(stage_entered=stage):
            yield from _stage_entered(outline, key, stage, path)
        case "run_start" | "run_target":
            return


def _stage_entered(outline: Outline, key: str, stage: str, path: Path) -> Findings:
    yield from known_stage(outline, (*path, "stage_entered"), stage)
    if stage in outline.stages and all(
        step != key and outline.is_before(key, step) for step in outline.stages[stage]
    ):
        yield _never_set(path, f"{stage!r} is entered only after {key!r} is done")


def _never_set(path: Path, why: str) -> Finding:
    accepted = ("run_start", "run_target", "a date field, step or stage that comes before")
    return Finding(path, "due_never_set", f"this due can never be set in time: {why}", accepted)


def date_field(outline: Outline, path: Path, field: str) -> Findings:
    """The path of a field that holds a date."""
    dates = [name for name, each in outline.fields.items() if each.kind in ("date", "datetime")]
    if field not in outline.fields:
        yield Finding(path, "unknown_field", f"there is no field {field!r}", some(dates))
    elif field not in dates:
        yield Finding(path, "not_a_date", f"{field!r} is of kind {outline.fields[field].kind}", some(dates))
