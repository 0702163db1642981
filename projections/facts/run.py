"""What all views of a run share: its state and that of its steps. Values of fields never enter this state."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from domain.card import Override
from domain.run.entailing import OWN
from domain.words import StageKey, StepKey
from projections.answers import Help
from projections.engine.fold import Data, Fold, Handler, instant
from projections.facts.step import Incident, StepFacts, begin_round, remember, restored, undoubt

OPEN_STEP = frozenset({"ready", "in_progress"})
ENDED_RUN = frozenset({"completed", "ended_early", "cancelled"})


class RunFacts:
    """One run."""

    __slots__ = (
        "comments", "earlier", "ended_at", "from_version", "imported", "name", "outcome", "overridden",
        "override_facts", "priority", "process", "process_version", "progressed_at", "project", "rank", "reason",
        "removed", "roles", "started_at", "started_by", "state", "steps", "subject", "target_at", "test",
    )  # fmt: skip

    def __init__(self) -> None:
        self.state = "running"
        self.process = ""
        self.process_version = 0
        self.name = ""
        self.subject: str | None = None
        self.roles: dict[str, str | None] = {}
        self.project: str | None = None
        self.priority = "none"
        self.rank: str | None = None
        self.target_at: datetime | None = None
        self.test = False
        self.imported = False
        self.started_at: datetime | None = None
        self.started_by: str | None = None
        self.ended_at: datetime | None = None
        self.outcome: str | None = None
        self.reason: str | None = None
        self.overridden: Override | None = None
        self.override_facts: dict[str, object] | None = None
        self.progressed_at: datetime | None = None
        self.from_version: int | None = None
        self.earlier: list[str] = []
        self.removed: frozenset[str] = frozenset()
        self.comments = 0
        self.steps: dict[StepKey, StepFacts] = {}


def _step(run: RunFacts, data: Data, at: datetime) -> StepFacts:
    key = data["step"]
    step = run.steps.get(key)
    if step is None:
        step = run.steps[key] = StepFacts()
    if data["round"] != step.round:
        begin_round(step, data["round"], at)
    return step


def _run_started(run: RunFacts, data: Data, at: datetime, by: str | None) -> None:
    run.process = data["process"]
    run.process_version = data["process_version"]
    run.name = data["name"]
    run.subject = data.get("subject")
    run.roles = dict(data.get("roles") or {})
    run.project = data.get("project")
    run.priority = data.get("priority") or "none"
    run.target_at = instant(data.get("target_at"))
    run.test = bool(data.get("test"))
    run.imported = bool(data.get("imported"))
    run.started_at = at
    run.started_by = by


def _run_target_set(run: RunFacts, data: Data, _at: datetime, _by: str | None) -> None:
    run.target_at = instant(data["target_at"])


def _run_priority_set(run: RunFacts, data: Data, _at: datetime, _by: str | None) -> None:
    run.priority = data["priority"]


def _run_linked(run: RunFacts, data: Data, _at: datetime, _by: str | None) -> None:
    if run.project is not None and run.project not in run.earlier:
        run.earlier.append(run.project)
    run.project = data["project"]


def _run_migrated(run: RunFacts, data: Data, _at: datetime, _by: str | None) -> None:
    run.process = data["process"]
    run.process_version = data["to_version"]
    run.from_version = data["from_version"]
    plan = data.get("plan") or {}
    run.removed = (run.removed | frozenset(plan.get("removed", ()))) - frozenset(plan.get("returned", ()))
    if back := frozenset(plan.get("restored", ())):
        for step in run.steps.values():
            undoubt(step, back)


def _run_ranked(run: RunFacts, data: Data, _at: datetime, _by: str | None) -> None:
    run.rank = data["rank"]


def _run_paused(run: RunFacts, data: Data, _at: datetime, _by: str | None) -> None:
    run.state = "paused"
    run.reason = data["reason"]


def _run_resumed(run: RunFacts, _data: Data, _at: datetime, _by: str | None) -> None:
    run.state = "running"
    run.reason = None


def _run_ended(state: str) -> Handler:
    def ended(run: RunFacts, data: Data, at: datetime, _by: str | None) -> None:
        run.state = state
        run.ended_at = at
        run.reason = data.get("reason")
        run.outcome = data.get("outcome")

    return ended


def _run_reopened(run: RunFacts, data: Data, _at: datetime, _by: str | None) -> None:
    run.state = "running"
    run.ended_at = run.outcome = None
    run.reason = data["reason"]


def _role_assigned(run: RunFacts, data: Data, _at: datetime, _by: str | None) -> None:
    run.roles[data["role"]] = data["assignee"]


def _run_commented(run: RunFacts, data: Data, _at: datetime, _by: str | None) -> None:
    run.comments += 1
    if data.get("step") in run.steps:
        run.steps[data["step"]].comments += 1


def _stage_overridden(run: RunFacts, data: Data, at: datetime, by: str | None) -> None:
    from_stage = data.get("from_stage")
    run.overridden = Override(StageKey(data["stage"]), None if from_stage is None else StageKey(from_stage))
    run.override_facts = {"reason": data["reason"], "by": by, "at": at}


def _override_cleared(run: RunFacts, _data: Data, _at: datetime, _by: str | None) -> None:
    run.overridden = run.override_facts = None


def _step_became_ready(run: RunFacts, data: Data, at: datetime, _by: str | None) -> None:
    step = _step(run, data, at)
    step.state = "ready"
    step.ready_at = at
    step.started_at = step.ended_at = None
    step.assignee = data.get("assignee")
    due = instant(data.get("due_at"))
    if due is not None:
        step.overdue = False
        step.due_source = step.due_source or "rule"
    if due is not None or data.get("cause") == "migration":
        step.due_at = due


def _step_overdue(run: RunFacts, data: Data, at: datetime, _by: str | None) -> None:
    _step(run, data, at).overdue = True


def _step_relocked(run: RunFacts, data: Data, at: datetime, _by: str | None) -> None:
    """A migration that asks those anew who agreed keeps who they were: another may take that back."""
    known = run.steps.get(data["step"])
    if known is not None and known.approvals and data["round"] != known.round:
        remember(known, by_migration=data.get("cause") == "migration")
    step = _step(run, data, at)
    step.joined = step.joined or step.state == "not_applicable"
    step.state = "locked"
    step.ready_at = step.started_at = None


def _step_assigned(run: RunFacts, data: Data, at: datetime, _by: str | None) -> None:
    step = _step(run, data, at)
    step.assignee = data["assignee"]
    step.reminded_at = step.reminded_by = None


def _step_due_set(run: RunFacts, data: Data, at: datetime, _by: str | None) -> None:
    step, due = _step(run, data, at), instant(data["due_at"])
    if due != step.due_at:
        step.due_moves += step.due_at is not None
        step.overdue = False
    step.due_at = due
    step.due_source = data["source"]


def _step_started(run: RunFacts, data: Data, at: datetime, _by: str | None) -> None:
    step = _step(run, data, at)
    step.state = "in_progress"
    step.started_at = run.progressed_at = at


def _step_values_saved(run: RunFacts, data: Data, at: datetime, _by: str | None) -> None:
    if data.get("cause") != "migration":
        run.progressed_at = at


_DECIDED = frozenset({"done", "skipped"})
"""After this nothing waits any more for a decision that was voided before."""


def _step_ended(state: str) -> Callable[[RunFacts, Data, datetime, str | None], None]:
    def ended(run: RunFacts, data: Data, at: datetime, by: str | None) -> None:
        step = _step(run, data, at)
        step.state = state
        step.ended_at = run.progressed_at = at
        step.by = by
        step.outcome = data.get("outcome")
        step.reason = data.get("reason")
        step.help = step.incident = None
        step.joined = False
        step.asked_anew = step.asked_anew and state not in _DECIDED

    return ended


_ended_cancelled = _step_ended("cancelled")


def _step_cancelled(run: RunFacts, data: Data, at: datetime, by: str | None) -> None:
    """A step that a migration took away keeps what it had: another may bring it back."""
    if data.get("cause") != "migration":
        _ended_cancelled(run, data, at, by)
        return
    step = _step(run, data, at)
    step.state = "cancelled"
    step.ended_at = at


def _step_not_applicable(run: RunFacts, data: Data, at: datetime, _by: str | None) -> None:
    step = _step(run, data, at)
    step.state = "not_applicable"
    step.ended_at = step.ended_at or at
    step.added_later = bool(data.get("added_later"))
    if data.get("cause") != "migration":
        step.help = None
    step.incident = None
    step.joined = False


def _step_applicable(run: RunFacts, data: Data, at: datetime, _by: str | None) -> None:
    if data.get("restored"):
        run.steps[data["step"]] = restored(run.steps.get(data["step"]) or StepFacts())
        return
    step = _step(run, data, at)
    step.state = "done" if step.by is not None and step.ended_at is not None else "locked"
    step.joined = step.state == "locked"
    step.added_later = False
    if step.joined:
        step.ended_at = None


def _step_reminded(run: RunFacts, data: Data, at: datetime, by: str | None) -> None:
    step = _step(run, data, at)
    step.reminded_at, step.reminded_by = at, by


def _step_reopened(run: RunFacts, data: Data, at: datetime, _by: str | None) -> None:
    step = run.steps.setdefault(data["step"], StepFacts())
    remember(step, by_migration=data.get("cause") == "migration")
    begin_round(step, data["round"], at)
    step.reason = data["reason"]


def _step_questioned(run: RunFacts, data: Data, at: datetime, _by: str | None) -> None:
    step = _step(run, data, at)
    if data.get("cause") == "migration":
        step.doubted |= {data["reopened"]}
    else:
        step.questioned = True


def _approval_given(run: RunFacts, data: Data, at: datetime, by: str | None) -> None:
    step = _step(run, data, at)
    step.approvals += 1
    if by is not None and by not in step.approved_by:
        step.approved_by = [*step.approved_by, by]
    run.progressed_at = at


def _decision_voided(run: RunFacts, data: Data, at: datetime, _by: str | None) -> None:
    _step(run, data, at).asked_anew = True


def _action_started(run: RunFacts, data: Data, _at: datetime, _by: str | None) -> None:
    step = run.steps.get(data["step"])
    if step is not None and data["round"] == step.round and data["action"] in OWN:
        step.called = True


def _incident_opened(run: RunFacts, data: Data, at: datetime, _by: str | None) -> None:
    step = run.steps.get(data["step"])
    if step is not None:
        step.incident = Incident(data["incident"], data["problem"], at, data.get("assignee"))


def _incident_resolved(run: RunFacts, data: Data, _at: datetime, _by: str | None) -> None:
    step = run.steps.get(data["step"])
    if step is not None and step.incident is not None and step.incident.id == data["incident"]:
        step.incident = None


def _help_requested(run: RunFacts, data: Data, at: datetime, _by: str | None) -> None:
    _step(run, data, at).help = Help(data["reason"], at, data.get("waiting_on"), instant(data.get("until")))


def _help_cleared(run: RunFacts, data: Data, at: datetime, _by: str | None) -> None:
    _step(run, data, at).help = None


RUN_FACTS = Fold(
    "run_facts",
    RunFacts,
    {
        "run_started": _run_started,
        "run_target_set": _run_target_set,
        "run_priority_set": _run_priority_set,
        "run_linked": _run_linked,
        "run_migrated": _run_migrated,
        "run_ranked": _run_ranked,
        "run_paused": _run_paused,
        "run_resumed": _run_resumed,
        "run_completed": _run_ended("completed"),
        "run_ended_early": _run_ended("ended_early"),
        "run_cancelled": _run_ended("cancelled"),
        "run_reopened": _run_reopened,
        "role_assigned": _role_assigned,
        "run_commented": _run_commented,
        "stage_overridden": _stage_overridden,
        "stage_override_cleared": _override_cleared,
        "step_became_ready": _step_became_ready,
        "step_relocked": _step_relocked,
        "step_assigned": _step_assigned,
        "step_due_set": _step_due_set,
        "step_became_overdue": _step_overdue,
        "step_reminder_raised": _step_reminded,
        "step_started": _step_started,
        "step_values_saved": _step_values_saved,
        "step_completed": _step_ended("done"),
        "step_skipped": _step_ended("skipped"),
        "step_failed": _step_ended("failed"),
        "step_cancelled": _step_cancelled,
        "step_became_not_applicable": _step_not_applicable,
        "step_became_applicable": _step_applicable,
        "step_reopened": _step_reopened,
        "step_evidence_questioned": _step_questioned,
        "approval_given": _approval_given,
        "decision_voided": _decision_voided,
        "help_requested": _help_requested,
        "help_cleared": _help_cleared,
        "action_started": _action_started,
        "incident_opened": _incident_opened,
        "incident_resolved": _incident_resolved,
    },
)
