"""Approvals: who may agree, when enough have, and what a refusal does. Nobody approves their own work."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from domain.comparing import is_set
from domain.definition import Definition
from domain.directory import Directory, must_not_have_left
from domain.document import Approval, EndsRun, Reopens, Requires, Step
from domain.events import ApprovalGiven, ApprovalRefused, Event, StepRelocked, StepValuesSaved
from domain.run.claiming import group_of, of_the_group
from domain.run.content import decided_on, must_be_in_view
from domain.run.doing import already_done, fail, finish_step
from domain.run.finishing import missing_in, present
from domain.run.impartial import impartial, is_impartial
from domain.run.readiness import settle
from domain.run.reopening import question_or_reopen, reopen_one
from domain.run.state import Run
from domain.run.taking import beyond_reach, take_inputs
from domain.run.values import House, Problem, amiss, refuse, settled
from domain.run.work import Work, in_hand, reasoned, step_of
from domain.schedule import Calendar
from domain.words import Actor, Assignee, Rejected, StepKey, Values, full_path


def give_approval(  # noqa: PLR0913 - what is said, and what the house knows
    run: Run,
    definition: Definition,
    step: StepKey,
    comment: str | None = None,
    values: Values | None = None,
    content_sha256: str | None = None,
    *,
    by: Actor,
    at: datetime,
    calendar: Calendar,
    directory: Directory,
) -> list[Event]:
    """Say yes, with values for the approval's own fields; it is done when enough people have said so.

    Values that were saved before count too.
    ``content_sha256``: the hash of what they had in view (None: what it is now); "content_changed" where it is no more.
    """
    known = _approval_step(definition, step)
    now, given = run.step(step), values or {}
    before = present(run, known, step)
    refuse(step, amiss(known.fields, given, before, House(directory, calendar, at)))
    if now.state == "done" and (given or by in now.approvals or content_sha256 is None):
        return already_done(run, known, now, given, None)
    new = settled(given, before)
    if now.is_open and not new and by in now.approvals and not _agreed(run, definition, known, directory):
        return []
    must_be_in_view(run, definition, step, content_sha256)
    if now.state == "done":
        return []
    _may_judge(run, definition, known, by, directory)
    work = Work(run, definition, by, at, calendar, directory)
    _keep(work, step, new)
    if new and set(now.approvals) - {by}:
        settle(work, [step])  # they agreed to other values
        in_hand(work.run, definition, step)
    _keep_comment(work, known, step, comment)
    if by not in work.run.step(step).approvals:
        work.on(ApprovalGiven, step, comment=comment, **decided_on(work.run, definition, step))
    if not _agreed(work.run, definition, known, directory):
        return work.events
    refuse(step, missing_in(work, step, {}))
    return finish_step(work, step, {}, "approved")


def refuse_approval(  # noqa: PLR0913 - what is said, and what the house knows
    run: Run,
    definition: Definition,
    step: StepKey,
    reason: str,
    values: Values | None = None,
    content_sha256: str | None = None,
    *,
    by: Actor,
    at: datetime,
    calendar: Calendar,
    directory: Directory,
) -> list[Event]:
    """Say no, with a reason.

    As the process says, the steps it is about are reopened, the run ends, or new values are taken with the refusal.
    Values for the approval's own fields are kept in every case.
    ``content_sha256`` is as of ``give_approval``.
    """
    known = _approval_step(definition, step)
    now = run.step(step)
    said = reasoned(reason)
    given = _resolved(definition, step, values or {})
    if now.refused == (by, said) and not _new(run, definition, given):
        return []
    _may_judge(run, definition, known, by, directory)
    must_be_in_view(run, definition, step, content_sha256)
    work = Work(run, definition, by, at, calendar, directory)
    _check_given(work, known, step, given)
    new = _by_owner(_new(run, definition, given))
    _keep(work, step, new.pop(step, {}))
    work.on(ApprovalRefused, step, reason=said, **decided_on(work.run, definition, step))
    return _consequence(work, known, step, said, new)


def _approval_step(definition: Definition, step: StepKey) -> Step:
    known = step_of(definition, step)
    if known.kind != "approval":
        raise Rejected(
            "not_an_approval", f"{step} is a {known.kind} step: complete it", step=step, kind=known.kind
        )
    return known


def _may_judge(run: Run, definition: Definition, known: Step, by: Actor, directory: Directory) -> None:
    now = in_hand(run, definition, StepKey(known.key))
    impartial(run, definition, known, by)
    must_not_have_left(by, directory)
    group = group_of(now)
    if group is not None and group in directory.groups and now.assignee != Assignee(by):
        of_the_group(by, group, directory)


def _agreed(run: Run, definition: Definition, known: Step, directory: Directory) -> bool:
    """Whether enough people have agreed: one, so many different ones, or everybody who may judge.

    Everybody is each active member of the group whose work the step is, save those who did what it is about; whoever
    it is, when it is the work of one person or of a group that nobody created. Who has worked on it since, or may not
    judge it by a newer version, does not count.
    """
    now = run.step(StepKey(known.key))
    needs = known.approval.needs if known.approval else "any"
    agreed = {who for who in now.approvals if is_impartial(run, definition, known, who)}
    if isinstance(needs, int):
        return len(agreed) >= needs
    group = group_of(now)
    if needs == "any" or group is None:
        return bool(agreed)
    wanted = {who for who in directory.members(group) if is_impartial(run, definition, known, who)}
    return bool(agreed) and wanted <= set(map(Assignee, agreed))


def _keep(work: Work, step: StepKey, new: Values) -> None:
    """Values for the approval's own fields, kept with what was decided."""
    if new:
        work.on(StepValuesSaved, step, values=new)


def _keep_comment(work: Work, known: Step, step: StepKey, comment: str | None) -> None:
    """A comment given with the approval fills the step's own comment field."""
    fields = {field.key for field in known.fields if field.kind in ("text", "long_text")}
    if comment and "comment" in fields and not is_set(present(work.run, known, step).get("comment")):
        work.on(StepValuesSaved, step, values={"comment": comment})


def _consequence(
    work: Work, known: Step, step: StepKey, reason: str, demanded: Mapping[str, Values]
) -> list[Event]:
    approval = known.approval or Approval()
    match approval.on_refusal:
        case EndsRun(ends_run=outcome):
            fail(work, step, outcome, reason, ends_run=True)
            return work.events
        case Reopens(reopens=steps):
            return _reopen(work, step, steps, reason)
        case Requires():
            return settle(work, [*_take(work, demanded), *_next_round(work, step)])
        case None:
            return _reopen(work, step, approval.covers, reason)


def _reopen(work: Work, step: StepKey, steps: Iterable[StepKey], reason: str) -> list[Event]:
    """Exactly these steps are done again, their evidence kept; the approval waits for them in a new round."""
    touched: list[StepKey] = []
    for key in steps:
        if work.run.step(key).state in ("done", "skipped"):
            reopen_one(work, key, reason, "rule")
            touched += [key, *question_or_reopen(work, key, "keep", but=step)]
    return settle(work, [*touched, *_next_round(work, step)])


def _next_round(work: Work, step: StepKey) -> list[StepKey]:
    work.on(StepRelocked, step, round=work.run.step(step).round + 1, cause="rule")
    return [step]


def _resolved(definition: Definition, step: StepKey, values: Values) -> Values:
    """The values by path: a bare key means a required field of that name, else a field of the step itself."""
    short = {path.rpartition(".")[2]: path for path in definition.asked_with_refusal(step)}
    return {short.get(key, full_path(key, step)): value for key, value in values.items()}


def _new(run: Run, definition: Definition, given: Values) -> Values:
    found: Values = {}
    for owner, values in _by_owner(given).items():
        known = definition.steps.get(StepKey(owner))
        before = run.inputs if known is None else present(run, known, StepKey(owner))
        found |= {f"{owner}.{key}": value for key, value in settled(values, before).items()}
    return found


def _check_given(work: Work, known: Step, step: StepKey, given: Values) -> None:
    wanted = work.definition.asked_with_refusal(step)
    own = [f"{step}.{field.key}" for field in known.fields]
    found = []
    for owner, values in _by_owner(given).items():
        asked = {key: value for key, value in values.items() if owner == step or f"{owner}.{key}" in wanted}
        found += _placed(_amiss(work, owner, asked), owner, step)
        found += [
            {"field": f"{owner}.{key}", "problem": "unknown_field", "accepted": ", ".join([*wanted, *own])}
            for key in values
            if key not in asked
        ]
    new = _new(work.run, work.definition, given)
    found += [
        {"field": path, "problem": "required", "accepted": "a new value with the refusal"}
        for path in wanted
        if not is_set(new.get(path))
    ]
    refuse(step, found)


def _amiss(work: Work, owner: str, values: Values) -> list[Problem]:
    known = work.definition.steps.get(StepKey(owner))
    if known is not None:
        return amiss(known.fields, values, present(work.run, known, StepKey(owner)), work.house)
    new = settled(values, work.run.inputs)
    wrong = amiss(work.definition.document.inputs, values, work.run.inputs, work.house)
    return wrong + beyond_reach(work.definition, new)


def _placed(found: Iterable[Problem], owner: str, step: StepKey) -> list[Problem]:
    """The problems with the whole path of fields that are not the approval's own."""
    return [each if owner == step else {**each, "field": f"{owner}.{each['field']}"} for each in found]


def _take(work: Work, demanded: Mapping[str, Values]) -> list[Any]:
    """Record the values that the refusal had to bring, where each belongs; the steps whose conditions read them."""
    readers: list[Any] = []
    for owner, values in demanded.items():
        if owner == "inputs":
            readers += take_inputs(work, values)
        else:
            work.on(StepValuesSaved, StepKey(owner), values=values)
            readers += work.changed([f"{owner}.{key}" for key in values])
    return readers


def _by_owner(given: Values) -> dict[str, Values]:
    found: dict[str, Values] = {}
    for path, value in given.items():
        owner, _, key = path.partition(".")
        found.setdefault(owner, {})[key] = value
    return found
