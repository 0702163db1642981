"""The words, shapes and tones that pages use for states, kinds and priorities."""

from __future__ import annotations

from projections.answers import RunView, StageView

# state -> (word, shape in the sprite, tone); a state is never told by its colour alone
STATES: dict[str, tuple[str, str, str]] = {
    "failed": ("Failed", "failed", "late"),
    "needs_help": ("Needs help", "help", "help"),
    "blocked": ("Blocked", "blocked", "blocked"),
    "late": ("Late", "late", "late"),
    "overdue": ("Overdue", "late", "late"),
    "at_risk": ("At risk", "risk", "risk"),
    "in_progress": ("In progress", "work", "work"),
    "ready": ("Ready", "ready", "work"),
    "locked": ("Locked", "locked", "quiet"),
    "not_started": ("Not started", "empty", "quiet"),
    "waiting": ("Waits for other stages", "locked", "quiet"),
    "done": ("Done", "done", "done"),
    "skipped": ("Skipped", "skipped", "quiet"),
    "not_applicable": ("Not needed here", "none", "quiet"),
    "cancelled": ("Cancelled", "cancelled", "quiet"),
    "running": ("Running", "work", "work"),
    "paused": ("Paused", "paused", "risk"),
    "completed": ("Completed", "done", "done"),
    "ended_early": ("Ended early", "failed", "late"),
    "open": ("Open", "ready", "work"),
    "closed": ("Closed", "done", "quiet"),
    "unassigned": ("Unassigned", "nobody", "risk"),
    "incident": ("Incident", "failed", "late"),
    "owner_deactivated": ("Owner left", "nobody", "risk"),
    "owner_unknown": ("Owner unknown", "nobody", "risk"),
    "waiting_outside": ("Waits outside", "blocked", "blocked"),
    "not_told": ("Not told", "nobody", "risk"),
    "approval": ("Approval waits", "gate", "risk"),
    "stalled": ("Stalled", "paused", "risk"),
    "draft": ("Draft", "empty", "quiet"),
    "published": ("Published", "done", "done"),
    "retired": ("Retired", "cancelled", "quiet"),
}
PRIORITIES = {"urgent": "Urgent", "high": "High", "medium": "Medium", "low": "Low", "none": "No priority"}
KINDS = {
    "task": "Task",
    "form": "Form",
    "approval": "Approval",
    "sign": "Signature",
    "file": "Files",
    "email": "Automatic mail",
    "http": "Automatic call",
    "wait": "Waits for an event",
    "run": "Another process",
}
ACCESS = {
    "session": "Browser",
    "token": "API token",
    "sign_in_link": "Sign-in link, not used yet",
    "calendar_link": "Calendar link",
}


def stage_state(stage: StageView, run: RunView) -> str:
    """What is said of a stage of a run: that only waits for work under way in other stages is not blocked."""
    if stage.state != "blocked" or run.state != "running" or _is_open(stage):
        return stage.state
    return "waiting" if any(_is_open(other) for other in run.stages) else stage.state


def _is_open(stage: StageView) -> bool:
    return any(step.state in ("ready", "in_progress") for step in stage.steps)
