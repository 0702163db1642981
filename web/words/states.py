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
HOUSE_ROLES = {"administrator": "Administrator", "process_owner": "Process owner", "auditor": "Auditor"}
PROJECT_ACCESS = {"owner": "Owner", "manager": "Lead", "member": "Member", "viewer": "Viewer"}
ACCESS = {
    "session": "Browser",
    "token": "API token",
    "sign_in_link": "Sign-in link, not used yet",
    "calendar_link": "Calendar link",
}
INVITED_TO = {
    "read": "see processes, projects and their own runs",
    "work": "work on runs, tasks and projects of theirs",
    "manage": "change the processes that they look after",
    "admin": "administer the house, while they are administrator",
}
SIGNED_IN_BY = {
    "link": "by a sign-in link",
    "password": "with the password",
    "password_and_code": "with the password and a code",
    "invitation": "by the invitation",
    "reset": "by a link for a new password",
    "provider": "by the provider",
}
SECURITY_EVENTS = {
    "signed_in": "Signed in",
    "sign_in_failed": "Wrong password",
    "sign_in_throttled": "Told to wait after wrong passwords",
    "session_ended": "Signed out",
    "token_made": "Token made",
    "token_rotated": "Token renewed",
    "token_ended": "Token or link ended",
    "password_set": "Password set by a link",
    "password_changed": "Password changed",
    "second_factor_failed": "Wrong code of the second factor",
    "second_factor_set": "Second factor set up",
    "second_factor_removed": "Second factor taken away",
    "recovery_codes_made": "New recovery codes made",
    "recovery_code_used": "Recovery code used",
    "invitation_asked": "Invited",
    "reset_asked": "Link for a new password asked for",
    "mail_sent": "Link sent by mail",
    "mail_failed": "Mail with a link failed",
    "identity_connected": "Connected with the provider",
    "identity_disconnected": "Disconnected from the provider",
}
"""What people call what happened to a way in."""

_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"),
            ("Mac OS", "Mac"), ("Linux", "Linux"))  # fmt: skip


def device(told: str | None) -> str:
    """Which browser on which system, as far as it says so itself."""
    text = told or ""
    browser = next((name for mark, name in _BROWSERS if mark in text), None)
    system = next((name for mark, name in _SYSTEMS if mark in text), None)
    if browser is None:
        return text.partition(" ")[0][:40] or "A browser"
    return f"{browser} on {system}" if system else browser


def stage_state(stage: StageView, run: RunView) -> str:
    """What is said of a stage of a run: that only waits for work under way in other stages is not blocked."""
    if stage.state != "blocked" or run.state != "running" or _is_open(stage):
        return stage.state
    return "waiting" if any(_is_open(other) for other in run.stages) else stage.state


def _is_open(stage: StageView) -> bool:
    return any(step.state in ("ready", "in_progress") for step in stage.steps)
