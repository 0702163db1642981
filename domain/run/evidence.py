"""Giving a done step what it lacks without doing it again: only fields that have no value; none is changed."""

from __future__ import annotations

from datetime import datetime

from domain.comparing import is_set, same
from domain.definition import Definition
from domain.directory import Directory
from domain.events import Event, HelpCleared, StepValuesSaved
from domain.run.finishing import computed_values, fill_inputs, present, sets_beyond_reach
from domain.run.impartial import impartial
from domain.run.people import hand_over
from domain.run.readiness import settle
from domain.run.state import Run
from domain.run.values import House, check, missing, refuse, settled
from domain.run.work import Work, in_running, step_of
from domain.schedule import Calendar
from domain.words import Actor, Assignee, Rejected, StepKey, Values


def add_evidence(
    run: Run,
    definition: Definition,
    step: StepKey,
    values: Values,
    *,
    by: Actor,
    at: datetime,
    calendar: Calendar,
    directory: Directory,
) -> list[Event]:
    """Give fields of a done step that have no value one; the step stays done, as it was done by whom.

    Raises Rejected("already_given") for fields that have another value, ("not_done") for a step that is not done.
    What a migration asked for is no longer asked for once no required field lacks its value.
    """
    known = step_of(definition, step)
    before = present(run, known, step)
    check(known.fields, values, step, before, House(directory, calendar, at))
    now = run.step(step)
    if now.state != "done":
        raise Rejected(
            "not_done",
            f"{step} is {now.state}: values are saved while it is open",
            step=step,
            accepted=["save"],
        )
    new = settled(
        {key: value for key, value in values.items() if is_set(value) or is_set(before.get(key))}, before
    )
    _only_unset(step, new, before)
    if not new:
        return []
    in_running(run)
    impartial(run, definition, known, by)
    work = Work(run, definition, by, at, calendar, directory)
    refuse(step, sets_beyond_reach(work, step, new))
    return _added(work, step, new)


def _only_unset(step: StepKey, new: Values, before: Values) -> None:
    given = sorted(key for key in new if is_set(before.get(key)))
    if given:
        raise Rejected(
            "already_given",
            f"{step} has {', '.join(given)} already; reopen it to change what was given",
            step=step,
            fields=given,
            accepted=["reopen"],
        )


def _added(work: Work, step: StepKey, new: Values) -> list[Event]:
    """The values, and all that follows from them: computed fields, inputs, roles, conditions, dues."""
    computed = computed_values(work, step, {**present(work.run, work.definition.steps[step], step), **new})
    new |= {
        key: value for key, value in computed.items() if not same(work.run.values.get(f"{step}.{key}"), value)
    }
    work.on(StepValuesSaved, step, values=new)
    paths = {f"{step}.{key}": value for key, value in new.items()}
    readers = work.changed(paths) + fill_inputs(work, step, paths)
    for key, role in work.definition.sets_roles.get(step, ()):
        if isinstance(new.get(key), str):
            hand_over(work, role, Assignee(new[key]), "rule", None)
    answer_help(work, step)
    return settle(work, readers)


def answer_help(work: Work, step: StepKey) -> None:
    """Clear the help that a migration asked for, once no required value is missing any more."""
    now, known = work.run.step(step), work.definition.steps[step]
    if now.help_wanted is None or now.help_wanted.cause != "migration":
        return
    if not missing(known.fields, present(work.run, known, step)):
        work.on(HelpCleared, step, note=None)
