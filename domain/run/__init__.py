"""Runs: one execution of one process version. State, how events change it, and every decision on it."""

from domain.aggregate import Aggregate
from domain.run.actions import action_uncertain, fail_action, queue, start_action, succeed_action
from domain.run.approvals import give_approval, refuse_approval
from domain.run.card import (
    clear_help,
    clear_stage_override,
    comment,
    link_run,
    move_run,
    override_stage,
    rank_run,
    request_help,
    set_priority,
)
from domain.run.claiming import claim_step, release_step
from domain.run.doing import (
    complete_by_hand,
    complete_step,
    decline_signature,
    save_values,
    skip_step,
    start_step,
)
from domain.run.dues import recompute_dues, rule_due
from domain.run.evidence import add_evidence
from domain.run.evolve import evolve, evolve_all
from domain.run.files import attach_file, detach_file, shown_files
from domain.run.firing import (
    end_wait,
    escalate,
    fire,
    raise_reminder,
    record_overdue,
    skip_overdue,
    time_out_wait,
)
from domain.run.inputs import change_inputs, set_target
from domain.run.life import cancel_run, pause_run, resume_run, set_step_due
from domain.run.people import assign_role, assign_step
from domain.run.readiness import standing
from domain.run.reopening import reopen_step
from domain.run.start import start_run
from domain.run.state import ActionState, Help, Incident, Run, StepState, action_key
from domain.run.work import unmet

RUN: Aggregate[Run] = Aggregate("run", evolve, evolve_all)

__all__ = [
    "RUN",
    "ActionState",
    "Help",
    "Incident",
    "Run",
    "StepState",
    "action_key",
    "action_uncertain",
    "add_evidence",
    "assign_role",
    "assign_step",
    "attach_file",
    "cancel_run",
    "change_inputs",
    "claim_step",
    "clear_help",
    "clear_stage_override",
    "comment",
    "complete_by_hand",
    "complete_step",
    "decline_signature",
    "detach_file",
    "end_wait",
    "escalate",
    "evolve",
    "fail_action",
    "fire",
    "give_approval",
    "link_run",
    "move_run",
    "override_stage",
    "pause_run",
    "queue",
    "raise_reminder",
    "rank_run",
    "recompute_dues",
    "record_overdue",
    "refuse_approval",
    "release_step",
    "reopen_step",
    "request_help",
    "resume_run",
    "rule_due",
    "save_values",
    "set_priority",
    "set_step_due",
    "set_target",
    "shown_files",
    "skip_overdue",
    "skip_step",
    "standing",
    "start_action",
    "start_run",
    "start_step",
    "succeed_action",
    "time_out_wait",
    "unmet",
]
