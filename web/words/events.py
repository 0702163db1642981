"""What pages say of an event: a sentence of a history, its tone, and the words that somebody gave with it."""

from __future__ import annotations

import re
from typing import Any

from markupsafe import Markup

from web.words.people import who
from web.words.states import PRIORITIES

EVENTS: dict[str, str] = {
    "run_started": "started the run",
    "run_inputs_changed": "changed the inputs",
    "run_target_set": "set the target",
    "run_priority_set": "set the priority",
    "run_linked": "linked the run to a project",
    "run_ranked": "moved the card",
    "run_paused": "paused the run",
    "run_resumed": "let the run go on",
    "run_completed": "completed the run",
    "run_ended_early": "ended the run early",
    "run_cancelled": "called the run off",
    "run_reopened": "reopened the run",
    "role_assigned": "filled the role",
    "guest_address_changed": "changed the mail address of the guest",
    "guest_address_confirmed": "confirmed the mail address of the guest",
    "guest_links_revoked": "revoked the links of the guest",
    "guest_links_allowed": "allowed links for the guest again",
    "house_role_granted": "granted a role of the house",
    "house_role_withdrawn": "withdrew a role of the house",
    "deputy_named": "named a deputy",
    "deputy_dismissed": "dismissed a deputy",
    "run_commented": "wrote",
    "stage_overridden": "moved the card to another stage",
    "stage_override_cleared": "gave the card its own stage back",
    "step_became_ready": "became ready",
    "step_relocked": "has to wait again",
    "step_assigned": "assigned",
    "step_due_set": "set the due of",
    "step_became_overdue": "became overdue",
    "step_reminder_raised": "reminded of",
    "step_escalated": "told the lead of",
    "step_wait_timed_out": "has waited for too long",
    "step_started": "began",
    "step_values_saved": "saved values of",
    "step_completed": "completed",
    "approval_given": "approved",
    "approval_refused": "refused",
    "decision_voided": "has to be decided anew: what it was about has changed",
    "step_skipped": "skipped",
    "step_became_not_applicable": "is not needed here",
    "step_became_applicable": "is needed after all",
    "step_failed": "failed",
    "step_cancelled": "was cancelled",
    "step_reopened": "reopened",
    "step_evidence_questioned": "should be looked at again",
    "help_requested": "asked for help on",
    "help_cleared": "needs no more help on",
    "run_migrated": "moved the run to another version of its process",
    "action_queued": "queued the automatic work of",
    "action_started": "began the automatic work of",
    "action_succeeded": "did the automatic work of",
    "action_reached_nobody": "reached nobody for",
    "action_failed": "could not do the automatic work of",
    "action_became_uncertain": "does not know what became of the automatic work of",
    "action_withdrawn": "withdrew the automatic work of",
    "incident_opened": "asked somebody to decide about",
    "incident_resolved": "decided what becomes of",
    "external_event_received": "told of something that happened elsewhere",
    "child_run_started": "started the run of",
    "child_run_ended": "heard that a run has ended, which was started by",
    "child_run_reopened": "heard that a run goes on, which was started by",
    "attachment_added": "attached a file",
    "attachment_removed": "took a file away",
    "task_added": "added the task",
    "task_edited": "edited the task",
    "task_moved": "moved the card",
    "task_assigned": "assigned the task",
    "task_priority_set": "set the priority",
    "task_due_set": "set the due day",
    "task_labelled": "set the labels",
    "task_checklist_entry_added": "added a line",
    "task_checklist_entry_ticked": "ticked a line",
    "task_dependency_added": "let the task wait for another",
    "task_dependency_removed": "let the task wait no longer",
    "task_blocked": "blocked the task",
    "task_unblocked": "let the task go on",
    "task_help_requested": "asked for help",
    "task_help_cleared": "needs no more help",
    "task_commented": "wrote",
    "task_completed": "marked the task done",
    "task_reopened": "reopened the task",
    "task_cancelled": "called the task off",
}
STEP_FIRST = frozenset(
    {
        "step_became_ready",
        "step_relocked",
        "decision_voided",
        "step_became_overdue",
        "step_wait_timed_out",
        "step_became_not_applicable",
        "step_became_applicable",
        "step_failed",
        "step_cancelled",
        "step_evidence_questioned",
    }
)
"""Events of which the step is the subject of the sentence, not who caused it."""
_PREPOSITION = re.compile(r",? (?:which was started by|of|at|on|about|for)$")
"""What leads to the step; nothing does where an event is of the whole run."""
EVENT_TONES = {
    "step_completed": "done",
    "run_completed": "done",
    "approval_given": "done",
    "help_requested": "help",
    "step_became_overdue": "late",
    "step_escalated": "late",
    "step_wait_timed_out": "late",
    "approval_refused": "late",
    "decision_voided": "risk",
    "step_failed": "late",
    "action_failed": "late",
    "action_reached_nobody": "risk",
    "action_became_uncertain": "risk",
    "incident_opened": "help",
    "run_ended_early": "late",
    "run_cancelled": "late",
    "step_started": "work",
    "step_became_ready": "work",
    "run_started": "work",
}


def sentence(entry: Any, titles: dict[str, str]) -> Markup:
    """What one event of a history tells, in one line."""
    verb = EVENTS.get(entry.type, entry.type.replace("_", " "))
    step = Markup("<em>{}</em>").format(titles.get(entry.step, entry.step)) if entry.step else Markup("")
    if entry.data.get("restored"):
        verb = "is done again, as it was"
    if not step:
        verb = _PREPOSITION.sub("", verb)
    if entry.type in STEP_FIRST:
        return Markup("{} {}").format(step, verb)
    detail = _detail(entry)
    return Markup("<strong>{}</strong> {} {}{}").format(_actors(entry), verb, step, detail)


def _actors(entry: Any) -> str:
    """Who it was; where somebody acted in their name, both: Bo for Dana."""
    if not entry.by:
        return "Milepost"
    hand = entry.authenticated_by
    return f"{who(hand)} for {who(entry.by)}" if hand and ":" in hand else who(entry.by)


def _detail(entry: Any) -> Markup:
    told = entry.data
    match entry.type:
        case "step_assigned" | "role_assigned":
            role = f" {told['role'].replace('_', ' ')}" if "role" in told else ""
            return (
                Markup("{} to {}").format(role, who(told.get("assignee")))
                if told.get("assignee")
                else Markup("")
            )
        case "run_priority_set":
            return Markup("to {}").format(PRIORITIES.get(told.get("priority"), ""))
        case "step_completed" | "run_completed" | "run_ended_early" if told.get("outcome"):
            return Markup(": {}").format(told["outcome"])
        case "step_reopened":
            return Markup(", round {}").format(entry.round)
        case _:
            return Markup("")


def said(entry: Any) -> str | None:
    """The words that somebody gave with an event: a reason, a comment, a text."""
    for key in ("reason", "comment", "text", "note"):
        told = entry.data.get(key)
        if isinstance(told, str) and (key != "comment" or entry.type == "approval_given"):
            return told
    return None
