"""Brings one run to another version of its process: one event says so, the graph of that version does the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from domain.definition import Definition
from domain.directory import Directory
from domain.events import (
    ActionWithdrawn,
    Event,
    HelpRequested,
    RoleAssigned,
    RunMigrated,
    StepBecameApplicable,
    StepBecameNotApplicable,
    StepCancelled,
    StepEvidenceQuestioned,
    StepRelocked,
    StepStarted,
    StepValuesSaved,
)
from domain.migration.choices import Answers, answered
from domain.migration.findings import ASIDE, ASK, REOPEN
from domain.migration.plan import Plan, plan
from domain.migration.values import carried
from domain.run.dues import count_anew, rule_due
from domain.run.entailing import OWN
from domain.run.evidence import answer_help
from domain.run.finishing import follow
from domain.run.readiness import settle, standing
from domain.run.reopening import reopen_one
from domain.run.roles import usual_holder
from domain.run.state import OPEN, Run, action_key
from domain.run.voiding import void
from domain.run.work import Work
from domain.schedule import Calendar
from domain.words import Actor, Assignee, Rejected, StepKey


def migrate_run(  # noqa: PLR0913 - the run, the two versions, and what the house knows
    run: Run,
    old: Definition,
    new: Definition,
    choices: Mapping[str, str] | None = None,
    reason: str | None = None,
    *,
    by: Actor,
    at: datetime,
    calendar: Calendar,
    directory: Directory,
) -> list[Event]:
    """Let the run follow another version. ``choices`` answer what the plan leaves open (see domain.migration.choices).

    A run that is there already stays as it is. Rejected("migration_blocked"), ("choice_missing"), ("unknown_choice") or
    ("wrong_choice") say what would be accepted.
    """
    if run.process == new.process and run.process_version == new.version:
        return []
    made = plan(run, old, new, calendar.zone)
    answers = answered(made, choices or {})
    work = Work(run, new, by, at, calendar, directory)
    work.record(
        RunMigrated(
            process=new.process,
            from_version=old.version,
            to_version=new.version,
            plan=made.as_data(),
            choices=answers.as_data(),
            reason=reason,
            by=by,
            at=at,
        )
    )
    _close(work, made)
    _restore(work, made)
    _set_aside(work, answers)
    _carry_values(work, run, old, made)
    _begin_anew(work, old)
    _fill_roles(work, old)
    _ask_no_more(work)
    touched = [*_take_back(work, made), *_aside_again(work), *_ask_again(work, answers)]
    settle(work, [*touched, *new.steps], "migration")
    _go_on(work)
    _count_anew(work, run, old)
    _check(work, made)
    return work.events


def _check(work: Work, made: Plan) -> None:
    """Rejected where what follows from the plan would end the run, or let go of a call that is under way."""
    if work.run.ended:
        detail = f"with these choices version {made.to_version} has nothing left to do: the run would end"
        raise Rejected("migration_blocked", detail, findings=[], accepted=["other choices"])
    calls = [
        event.step for event in work.events if isinstance(event, ActionWithdrawn) and _tried(work, event)
    ]
    if calls:
        detail = f"the call of {calls[0]} is under way: wait until it has come back, or decide its incident"
        raise Rejected("migration_blocked", detail, findings=[{"where": calls[0], "reason": detail}])


def _tried(work: Work, event: ActionWithdrawn) -> bool:
    action = work.run.actions[action_key(event.step, event.round, event.action)]
    return action.attempt > 0 and action.action in OWN


def _begin_anew(work: Work, old: Definition) -> None:
    """A step under way that is of another kind now waits and becomes ready again: so what its kind does is done."""
    for key, step in work.definition.steps.items():
        if key in old.steps and old.steps[key].kind != step.kind and work.run.step(key).is_open:
            work.on(StepRelocked, key, cause="migration")


def _close(work: Work, made: Plan) -> None:
    """Steps that are gone: those under way are closed, with all that was given so far."""
    for key in made.removed:
        if work.run.step(key).is_open:
            work.on(StepCancelled, key, cause="migration")


def _restore(work: Work, made: Plan) -> None:
    """What was to be done again for the version that the run leaves, and nobody has worked on since, is as it was."""
    for key in made.restored:
        before = work.run.step(key).reopened
        if before is not None:
            work.on(StepBecameApplicable, key, round=before.round, cause="migration", restored=True)


def _set_aside(work: Work, answers: Answers) -> None:
    for key in answers.of("step_added", ASIDE):
        work.on(StepBecameNotApplicable, StepKey(key), cause="migration", added_later=True)


def _carry_values(work: Work, run: Run, old: Definition, made: Plan) -> None:
    """Values of steps that are not done take the form of their fields; what cannot stays as a note."""
    for key in work.definition.steps:
        if key not in old.steps or key in made.restored:
            continue
        values, replaced = carried(run.step(key), old.steps[key], work.definition.steps[key], run.values)
        if values:
            work.on(StepValuesSaved, key, values=values, cause="migration", replaced=replaced)


def _fill_roles(work: Work, old: Definition) -> None:
    """Roles that the old version did not have get whom they get at a start, where the run tells who that is."""
    for key, role in work.definition.roles.items():
        if key in old.roles or key in work.run.roles or work.run.started_by is None:
            continue
        holder = usual_holder(role, work.run.inputs, work.run.started_by)
        if holder is not None:
            work.record(
                RoleAssigned(role=key, assignee=Assignee(holder), cause="migration", by=work.by, at=work.at)
            )


def _take_back(work: Work, made: Plan) -> list[StepKey]:
    """Steps that are back and were closed when they went: the graph says whether they can be worked on."""
    closed = [key for key in made.returned if work.run.step(key).state == "cancelled"]
    for key in closed:
        work.on(StepBecameApplicable, key, cause="migration")
    return closed


def _aside_again(work: Work) -> list[StepKey]:
    """What only another version counted as done is set aside as before, also where it waits to be taken back.

    A step without a condition is never set aside: it stays done, whatever it waits for.
    """
    found = [
        key
        for key, known in work.definition.steps.items()
        if known.when is not None
        and work.run.step(key).state == "done"
        and work.run.step(key).before == "not_applicable"
        and standing(work.run, work.definition, key, work.calendar.zone) != "ready"
    ]
    for key in found:
        work.on(StepBecameNotApplicable, key, cause="migration")
    return found


def _ask_again(work: Work, answers: Answers) -> list[StepKey]:
    """What was done without what is required now is done again, or somebody is asked for it."""
    version = work.definition.version
    touched: list[StepKey] = []
    for step, fields in _by_step(answers.of("field_required", REOPEN)).items():
        reopen_one(work, step, f"{', '.join(fields)}: required since version {version}", "migration")
        touched += [step, *_doubt(work, step)]
    for step in map(StepKey, answers.of("content", REOPEN)):
        void(work, step, (), "migration")
        touched += [step, *work.definition.behind(step), *_doubt(work, step)]
    for step, fields in _by_step(answers.of("field_required", ASK)).items():
        if work.run.step(step).help_wanted is None:
            reason = f"missing since version {version}: {', '.join(fields)}"
            waiting_on = work.run.step(step).done_by
            work.on(HelpRequested, step, reason=reason, waiting_on=waiting_on, cause="migration")
    return touched


def _doubt(work: Work, reopened: StepKey) -> tuple[StepKey, ...]:
    """Mark every done step that builds on this one; the steps that have to be settled."""
    steps = work.run.steps
    for key in work.definition.behind(reopened):
        if key in steps and steps[key].state == "done":
            told = {"round": steps[key].round, "by": work.by, "at": work.at}
            work.mark(StepEvidenceQuestioned(step=key, reopened=reopened, cause="migration", **told))
    return follow(work, reopened)


def _ask_no_more(work: Work) -> None:
    """What an earlier migration asked for and this version does not want is asked for no longer."""
    for key in work.definition.steps:
        answer_help(work, key)


def _by_step(paths: Iterable[str]) -> dict[StepKey, list[str]]:
    found: dict[StepKey, list[str]] = {}
    for path in paths:
        step, _, field = path.partition(".")
        found.setdefault(StepKey(step), []).append(field)
    return found


def _go_on(work: Work) -> None:
    """What was being worked on before a migration stopped it, and can be again, is being worked on."""
    for key in work.definition.steps:
        step = work.run.step(key)
        if step.state == "ready" and step.before == "in_progress":
            work.on(StepStarted, key, cause="migration")


def _count_anew(work: Work, run: Run, old: Definition) -> None:
    """Dues and alarms of steps that stayed open, where the two versions say something else; never a due by hand."""
    for key in work.definition.steps:
        before, now = run.step(key), work.run.step(key)
        stayed = before.state in OPEN and now.state in OPEN and before.ready_at == now.ready_at
        if not stayed or key not in old.steps:
            continue
        due = rule_due(run, old, key, work.calendar)
        new_due = rule_due(work.run, work.definition, key, work.calendar)
        if _timing(old, key) != _timing(work.definition, key) or due != new_due:
            count_anew(work, key, "migration")


def _timing(version: Definition, key: StepKey) -> tuple[object, ...]:
    step, document = version.steps[key], version.document
    return step.due, step.reminders, step.overdue, step.wait, document.reminders, document.escalate_after
