"""What all views of a run share: its state and that of its steps. Values of fields never enter this state."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from domain import events as e
from domain.card import Override
from domain.run.entailing import OWN
from domain.run.evolve_migrated import named_in
from domain.words import Assignee, RoleKey, StepKey
from projections.answers import Help
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
        self.roles: dict[RoleKey, Assignee] = {}
        self.project: UUID | None = None
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
        self.earlier: list[UUID] = []
        self.removed: frozenset[StepKey] = frozenset()
        self.comments = 0
        self.steps: dict[StepKey, StepFacts] = {}


def _step(run: RunFacts, event: e.StepEvent) -> StepFacts:
    key = event.step
    step = run.steps.get(key)
    if step is None:
        step = run.steps[key] = StepFacts()
    if event.round != step.round:
        begin_round(step, event.round, event.at)
    return step


def run_started(run: RunFacts, event: e.RunStarted) -> None:
    run.process = event.process
    run.process_version = event.process_version
    run.name = event.name
    run.subject = event.subject
    run.roles = dict(event.roles)
    run.project = event.project
    run.priority = event.priority
    run.target_at = event.target_at
    run.test = event.test
    run.imported = event.imported
    run.started_at = event.at
    run.started_by = event.by


def run_target_set(run: RunFacts, event: e.RunTargetSet) -> None:
    run.target_at = event.target_at


def run_priority_set(run: RunFacts, event: e.RunPrioritySet) -> None:
    run.priority = event.priority


def run_linked(run: RunFacts, event: e.RunLinked) -> None:
    if run.project is not None and run.project not in run.earlier:
        run.earlier.append(run.project)
    run.project = event.project


def run_migrated(run: RunFacts, event: e.RunMigrated) -> None:
    run.process = event.process
    run.process_version = event.to_version
    run.from_version = event.from_version
    run.removed = (run.removed | named_in(event.plan, "removed")) - named_in(event.plan, "returned")
    if back := named_in(event.plan, "restored"):
        for step in run.steps.values():
            undoubt(step, back)


def run_ranked(run: RunFacts, event: e.RunRanked) -> None:
    run.rank = event.rank


def run_paused(run: RunFacts, event: e.RunPaused) -> None:
    run.state = "paused"
    run.reason = event.reason


def run_resumed(run: RunFacts, _event: e.RunResumed) -> None:
    run.state = "running"
    run.reason = None


def run_completed(run: RunFacts, event: e.RunCompleted) -> None:
    _ended(run, "completed", event.at, None, event.outcome)


def run_ended_early(run: RunFacts, event: e.RunEndedEarly) -> None:
    _ended(run, "ended_early", event.at, event.reason, event.outcome)


def run_cancelled(run: RunFacts, event: e.RunCancelled) -> None:
    _ended(run, "cancelled", event.at, event.reason, None)


def _ended(run: RunFacts, state: str, at: datetime, reason: str | None, outcome: str | None) -> None:
    run.state = state
    run.ended_at = at
    run.reason = reason
    run.outcome = outcome


def run_reopened(run: RunFacts, event: e.RunReopened) -> None:
    run.state = "running"
    run.ended_at = run.outcome = None
    run.reason = event.reason


def role_assigned(run: RunFacts, event: e.RoleAssigned) -> None:
    run.roles.pop(event.role, None)
    if event.assignee is not None:
        run.roles[event.role] = event.assignee


def run_commented(run: RunFacts, event: e.RunCommented) -> None:
    run.comments += 1
    if event.step is not None and event.step in run.steps:
        run.steps[event.step].comments += 1


def stage_overridden(run: RunFacts, event: e.StageOverridden) -> None:
    run.overridden = Override(event.stage, event.from_stage)
    run.override_facts = {"reason": event.reason, "by": event.by, "at": event.at}


def override_cleared(run: RunFacts, _event: e.StageOverrideCleared) -> None:
    run.overridden = run.override_facts = None


def step_became_ready(run: RunFacts, event: e.StepBecameReady) -> None:
    step = _step(run, event)
    step.state = "ready"
    step.ready_at = event.at
    step.started_at = step.ended_at = None
    step.assignee = event.assignee
    due = event.due_at
    if due is not None:
        step.overdue = False
        step.due_source = step.due_source or "rule"
    if due is not None or event.cause == "migration":
        step.due_at = due


def step_overdue(run: RunFacts, event: e.StepBecameOverdue) -> None:
    _step(run, event).overdue = True


def step_relocked(run: RunFacts, event: e.StepRelocked) -> None:
    """A migration that asks those anew who agreed keeps who they were: another may take that back."""
    known = run.steps.get(event.step)
    if known is not None and known.approvals and event.round != known.round:
        remember(known, by_migration=event.cause == "migration")
    step = _step(run, event)
    step.joined = step.joined or step.state == "not_applicable"
    step.state = "locked"
    step.ready_at = step.started_at = None


def step_assigned(run: RunFacts, event: e.StepAssigned) -> None:
    step = _step(run, event)
    step.assignee = event.assignee
    step.reminded_at = step.reminded_by = None


def step_due_set(run: RunFacts, event: e.StepDueSet) -> None:
    step, due = _step(run, event), event.due_at
    if due != step.due_at:
        step.due_moves += step.due_at is not None
        step.overdue = False
    step.due_at = due
    step.due_source = event.source


def step_started(run: RunFacts, event: e.StepStarted) -> None:
    step = _step(run, event)
    step.state = "in_progress"
    step.started_at = run.progressed_at = event.at


def step_values_saved(run: RunFacts, event: e.StepValuesSaved) -> None:
    if event.cause != "migration":
        run.progressed_at = event.at


def step_completed(run: RunFacts, event: e.StepCompleted) -> None:
    step = _closed(run, event, "done", event.outcome, event.reason)
    step.asked_anew = False


def step_skipped(run: RunFacts, event: e.StepSkipped) -> None:
    step = _closed(run, event, "skipped", None, event.reason)
    step.asked_anew = False


def step_failed(run: RunFacts, event: e.StepFailed) -> None:
    _closed(run, event, "failed", event.outcome, event.reason)


def step_cancelled(run: RunFacts, event: e.StepCancelled) -> None:
    """A step that a migration took away keeps what it had: another may bring it back."""
    if event.cause != "migration":
        _closed(run, event, "cancelled", None, None)
        return
    step = _step(run, event)
    step.state = "cancelled"
    step.ended_at = event.at


def _closed(
    run: RunFacts, event: e.StepEvent, state: str, outcome: str | None, reason: str | None
) -> StepFacts:
    step = _step(run, event)
    step.state = state
    step.ended_at = run.progressed_at = event.at
    step.by = event.by
    step.outcome = outcome
    step.reason = reason
    step.help = step.incident = None
    step.joined = False
    return step


def step_not_applicable(run: RunFacts, event: e.StepBecameNotApplicable) -> None:
    step = _step(run, event)
    step.state = "not_applicable"
    step.ended_at = step.ended_at or event.at
    step.added_later = event.added_later
    if event.cause != "migration":
        step.help = None
    step.incident = None
    step.joined = False


def step_applicable(run: RunFacts, event: e.StepBecameApplicable) -> None:
    if event.restored:
        run.steps[event.step] = restored(run.steps.get(event.step) or StepFacts())
        return
    step = _step(run, event)
    step.state = "done" if step.by is not None and step.ended_at is not None else "locked"
    step.joined = step.state == "locked"
    step.added_later = False
    if step.joined:
        step.ended_at = None


def step_reminded(run: RunFacts, event: e.StepReminderRaised) -> None:
    step = _step(run, event)
    step.reminded_at, step.reminded_by = event.at, event.by


def step_reopened(run: RunFacts, event: e.StepReopened) -> None:
    step = run.steps.setdefault(event.step, StepFacts())
    remember(step, by_migration=event.cause == "migration")
    begin_round(step, event.round, event.at)
    step.reason = event.reason


def step_questioned(run: RunFacts, event: e.StepEvidenceQuestioned) -> None:
    step = _step(run, event)
    if event.cause == "migration":
        step.doubted |= {event.reopened}
    else:
        step.questioned = True


def approval_given(run: RunFacts, event: e.ApprovalGiven) -> None:
    step = _step(run, event)
    step.approvals += 1
    if event.by is not None and event.by not in step.approved_by:
        step.approved_by = [*step.approved_by, event.by]
    run.progressed_at = event.at


def decision_voided(run: RunFacts, event: e.DecisionVoided) -> None:
    _step(run, event).asked_anew = True


def action_started(run: RunFacts, event: e.ActionStarted) -> None:
    step = None if event.step is None else run.steps.get(event.step)
    if step is not None and event.round == step.round and event.action in OWN:
        step.called = True


def incident_opened(run: RunFacts, event: e.IncidentOpened) -> None:
    step = None if event.step is None else run.steps.get(event.step)
    if step is not None:
        step.incident = Incident(event.incident, event.problem, event.at, event.assignee)


def incident_resolved(run: RunFacts, event: e.IncidentResolved) -> None:
    step = None if event.step is None else run.steps.get(event.step)
    if step is not None and step.incident is not None and step.incident.id == event.incident:
        step.incident = None


def help_requested(run: RunFacts, event: e.HelpRequested) -> None:
    _step(run, event).help = Help(event.reason, event.at, event.waiting_on, event.until)


def help_cleared(run: RunFacts, event: e.HelpCleared) -> None:
    _step(run, event).help = None
