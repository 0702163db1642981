"""A step is done: its values count, and roles, inputs and rules that go by them follow; nothing is settled yet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from domain.comparing import same
from domain.computing import compute
from domain.condition import holds
from domain.document import Rule, Step
from domain.events import HelpRequested, RunPrioritySet, StepCompleted, StepReopened
from domain.run.evolve_step import REPEAT
from domain.run.people import hand_over
from domain.run.queueing import queue
from domain.run.state import Run
from domain.run.taking import beyond_reach, take_inputs
from domain.run.values import House, Problem, amiss, missing, settled
from domain.run.work import Work
from domain.words import Assignee, Rejected, StepKey, Values, full_path


def mark_done(
    work: Work,
    step: StepKey,
    given: Values,
    outcome: str | None,
    reason: str | None = None,
    content: Mapping[str, Any] | None = None,
) -> list[StepKey]:
    """Record the step as done and what its completion says at once; the steps that have to be settled then.

    ``content``: what the event says of what was signed.
    """
    known = work.definition.steps[step]
    given = {**given, **computed_values(work, step, given)}
    draft = {**work.run.step(step).draft, **given}
    after = {**work.run.values, **{f"{step}.{key}": value for key, value in draft.items()}}
    paths = [
        f"{step}.{key}"
        for key, value in draft.items()
        if not same(work.run.values.get(f"{step}.{key}"), value)
    ]
    if known.repeat_until is not None and not holds(known.repeat_until.condition, after, work.calendar.zone):
        return [*_again(work, step, given), *work.changed(paths)]
    outcome = _outcome(known, step, outcome, after)
    work.on(StepCompleted, step, values=given, outcome=outcome, reason=reason, **(content or {}))
    _fill_roles(work, step, after)
    readers = work.changed(paths) + fill_inputs(work, step, after)
    work.anchors.add(f"step_done:{step}")
    apply_rules(work, step, "done")
    return [*follow(work, step), *readers]


def follow(work: Work, step: StepKey) -> tuple[StepKey, ...]:
    """The steps that look at whether this one has ended."""
    return work.definition.dependents.get(step, ())


def present(run: Run, known: Step, step: StepKey) -> Values:
    """The values that the step has: those of its draft, and (unless it repeats) those of earlier rounds."""
    now = run.step(step)
    if known.repeat_until is not None and now.state != "done":
        return now.draft
    found = {field.key: run.values.get(f"{step}.{field.key}") for field in known.fields}
    return {key: value for key, value in found.items() if value is not None} | now.draft


def apply_rules(work: Work, step: StepKey, on: str) -> None:
    """Carry out the step's rules for this moment whose condition holds."""
    for number, rule in enumerate(work.definition.steps[step].rules):
        if rule.on == on and holds(rule.when, work.run.values, work.calendar.zone):
            _apply(work, step, rule)
            if rule.then.notify:
                queue(work, step, f"notice:{on}:{number}", "email", facts={"roles": list(rule.then.notify)})


def computed_values(work: Work, step: StepKey, given: Values) -> Values:
    """The values of the step's computed fields, from what it is completed with and what it has."""
    fields = work.definition.computed.get(step)
    if fields is None:
        return {}
    own = {**work.run.step(step).draft, **given}
    values = {**work.run.values, **{f"{step}.{key}": value for key, value in own.items()}}
    return compute(fields, step, values, work.calendar.zone)


def lacking(work: Work, step: StepKey, given: Values, house: House | None = None) -> list[Problem]:
    """Why the step cannot be done with these values beside those that it has: what is wrong, and what is missing.

    ``house``: what they are judged by where they are not given now.
    """
    known = work.definition.steps[step]
    wrong = amiss(known.fields, given, present(work.run, known, step), house or work.house)
    return wrong + missing_in(work, step, given)


def missing_in(work: Work, step: StepKey, given: Values) -> list[Problem]:
    """The same for values that are well-formed: what is still required, and a target for the run beyond reach."""
    known = work.definition.steps[step]
    after = {**present(work.run, known, step), **given}
    return missing(known.fields, after) + sets_beyond_reach(work, step, after)


def sets_beyond_reach(work: Work, step: StepKey, values: Values) -> list[Problem]:
    """What is wrong with the field that gives the run its target, where its value is another than the run's input."""
    new = _new_inputs(work, step, {f"{step}.{key}": value for key, value in values.items()})
    field_of = {key: field for field, key in work.definition.sets_inputs.get(step, ())}
    return [{**one, "field": field_of[one["field"]]} for one in beyond_reach(work.definition, new)]


def _again(work: Work, step: StepKey, given: Values) -> list[StepKey]:
    """The attempt is kept, and the step is to be done once more."""
    work.on(StepCompleted, step, values=given, outcome=REPEAT)
    reason = "the result asks for another attempt"
    work.on(StepReopened, step, round=work.run.step(step).round + 1, reason=reason, cause="rule")
    return [step]


def _outcome(known: Step, step: StepKey, given: str | None, values: Values) -> str | None:
    """The named result: what a field says, else what the process says, else what the actor says."""
    named: Any = known.outcome
    if known.outcome_from is not None:
        path = full_path(known.outcome_from, step)
        named = values.get(path)
    if named is None:
        return given or ("signed" if known.kind == "sign" else None)
    if given not in (None, str(named)) and known.kind != "approval":
        raise Rejected("outcome_fixed", f"the outcome of {step} is {named}", step=step, accepted=str(named))
    return str(named)


def _fill_roles(work: Work, step: StepKey, values: Values) -> None:
    for key, role in work.definition.sets_roles.get(step, ()):
        person = values.get(f"{step}.{key}")
        hand_over(work, role, Assignee(person) if isinstance(person, str) and person else None, "rule", None)


def fill_inputs(work: Work, step: StepKey, values: Values) -> list[StepKey]:
    """Confirmed or corrected inputs become the run's; the steps whose conditions read them."""
    new = _new_inputs(work, step, values)
    return take_inputs(work, new) if new else []


def _new_inputs(work: Work, step: StepKey, values: Values) -> Values:
    """The inputs that these values of the step, by path, give another value."""
    pairs = work.definition.sets_inputs.get(step, ())
    given = {key: values.get(f"{step}.{field}") for field, key in pairs}
    return settled({key: value for key, value in given.items() if value is not None}, work.run.inputs)


def _apply(work: Work, step: StepKey, rule: Rule) -> None:
    effects = rule.then
    if effects.set_priority is not None and effects.set_priority != work.run.priority:
        work.record(RunPrioritySet(priority=effects.set_priority, cause="rule", by=work.by, at=work.at))
    if effects.request_help is not None and work.run.step(step).help_wanted is None:
        work.on(HelpRequested, step, reason=effects.request_help, cause="rule")
