"""Approvals: who may agree, when enough have, and what a refusal does. Nobody approves their own work."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from domain.comparing import is_set, same
from domain.definition import Definition
from domain.directory import EMPTY, Directory, still_here
from domain.document import Approval, EndsRun, Reopens, Requires, Step
from domain.events import ApprovalGiven, ApprovalRefused, Event, StepRelocked, StepValuesSaved
from domain.run.claiming import group_of, of_the_group
from domain.run.content import decided_on, must_be_in_view
from domain.run.doing import fail, finish_step
from domain.run.finishing import present
from domain.run.impartial import impartial, is_impartial
from domain.run.readiness import settle
from domain.run.reopening import question_or_reopen, reopen_one
from domain.run.state import Run
from domain.run.taking import take_inputs
from domain.run.values import missing, problems, refuse
from domain.run.work import Work, in_hand, reasoned, step_of
from domain.schedule import Calendar
from domain.words import Actor, Assignee, Rejected, StepKey, Values


def give_approval(  # noqa: PLR0913 - what is said, and what the house knows
    run: Run,
    definition: Definition,
    step: StepKey,
    comment: str | None = None,
    content_sha256: str | None = None,
    *,
    by: Actor,
    at: datetime,
    calendar: Calendar,
    directory: Directory = EMPTY,
) -> list[Event]:
    """Say yes; the approval is done when enough people have. Values for its fields are saved before.

    ``content_sha256``: the hash of what they had in view (None: what it is now); "content_changed" where it is no more.
    """
    known = _approval_step(definition, step)
    now = run.step(step)
    if now.state == "done" and (by in now.approvals or content_sha256 is None):
        return []
    if now.is_open and by in now.approvals and not _agreed(run, definition, known, directory):
        return []
    must_be_in_view(run, definition, step, content_sha256)
    if now.state == "done":
        return []
    _may_judge(run, definition, known, by, directory)
    work = Work(run, definition, by, at, calendar, directory)
    _keep_comment(work, known, step, comment)
    if by not in now.approvals:
        work.on(ApprovalGiven, step, comment=comment, **decided_on(work.run, definition, step))
    if not _agreed(work.run, definition, known, directory):
        return work.events
    refuse(step, missing(known.fields, present(work.run, known, step)))
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
    directory: Directory = EMPTY,
) -> list[Event]:
    """Say no, with a reason.

    As the process says, the steps it is about are reopened, the run ends, or new values are taken with the refusal.
    ``content_sha256`` is as of ``give_approval``.
    """
    known = _approval_step(definition, step)
    now = run.step(step)
    said = reasoned(reason)
    given = _resolved(known, step, values or {})
    if now.refused == (by, said) and not _new(run, given):
        return []
    _may_judge(run, definition, known, by, directory)
    must_be_in_view(run, definition, step, content_sha256)
    work = Work(run, definition, by, at, calendar, directory)
    _check_given(work, known, step, given)
    work.on(ApprovalRefused, step, reason=said, **decided_on(run, definition, step))
    return _consequence(work, known, step, said, given)


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
    still_here(Assignee(by), directory)
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


def _keep_comment(work: Work, known: Step, step: StepKey, comment: str | None) -> None:
    """A comment given with the approval fills the step's own comment field."""
    fields = {field.key for field in known.fields if field.kind in ("text", "long_text")}
    if comment and "comment" in fields and not is_set(present(work.run, known, step).get("comment")):
        work.on(StepValuesSaved, step, values={"comment": comment})


def _consequence(work: Work, known: Step, step: StepKey, reason: str, given: Values) -> list[Event]:
    approval = known.approval or Approval()
    match approval.on_refusal:
        case EndsRun(ends_run=outcome):
            fail(work, step, outcome, reason, ends_run=True)
            return work.events
        case Reopens(reopens=steps):
            return _reopen(work, step, steps, reason)
        case Requires():
            return settle(work, [*_take(work, given), *_next_round(work, step)])
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


def _resolved(known: Step, step: StepKey, values: Values) -> Values:
    """The values by path: a bare key means a required field of that name, else a field of the step itself."""
    approval = known.approval or Approval()
    wanted = approval.on_refusal.requires if isinstance(approval.on_refusal, Requires) else ()
    short = {path.rpartition(".")[2]: path for path in wanted if "." in path}
    return {key if "." in key else short.get(key, f"{step}.{key}"): value for key, value in values.items()}


def _new(run: Run, given: Values) -> Values:
    return {path: value for path, value in given.items() if not same(run.values.get(path), value)}


def _check_given(work: Work, known: Step, step: StepKey, given: Values) -> None:
    found = []
    for owner, values in _by_owner(given).items():
        found += problems(_fields(work.definition, owner), values)
    approval = known.approval or Approval()
    if isinstance(approval.on_refusal, Requires):
        new = _new(work.run, given)
        for path in approval.on_refusal.requires:
            if not is_set(new.get(path if "." in path else f"{step}.{path}")):
                found.append(
                    {"field": path, "problem": "required", "accepted": "a new value with the refusal"}
                )
    refuse(step, found)


def _take(work: Work, given: Values) -> list[Any]:
    """Record the values that came with the refusal, where each belongs; the steps whose conditions read them."""
    readers: list[Any] = []
    for owner, values in _by_owner(_new(work.run, given)).items():
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


def _fields(definition: Definition, owner: str) -> tuple[Any, ...]:
    if owner == "inputs":
        return definition.document.inputs
    known = definition.steps.get(StepKey(owner))
    return known.fields if known else ()
