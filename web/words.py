"""The words, shapes and tones that pages use for states, people, events and times."""

from __future__ import annotations

from contextvars import ContextVar
from datetime import UTC, date, datetime
from functools import lru_cache
from math import ceil
from typing import Any

from markupsafe import Markup

from domain.directory import EMPTY, Directory
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
    "run_ended_early": "late",
    "run_cancelled": "late",
    "step_started": "work",
    "step_became_ready": "work",
    "run_started": "work",
}


NAMES: ContextVar[Directory] = ContextVar("names", default=EMPTY)
"""What the people of this page are called; each request sets it."""


def who(actor: str | None) -> str:
    """A person, group, guest or service as people call them: as the directory says, else ``person:dana`` is Dana."""
    if not actor:
        return "Nobody yet"
    told = NAMES.get().name_of(actor)
    if told:
        return told
    kind, _, name = actor.rpartition(":")
    if not kind and name != name.lower():  # the title of a role, as it is written
        return name
    spoken = " ".join(
        part.capitalize() for part in name.replace(".", " ").replace("_", " ").replace("-", " ").split()
    )
    return {"guest": f"{spoken} (guest)", "service": f"{spoken} (service)", "system": "Milepost"}.get(
        kind, spoken or name
    )


def initials(actor: str | None) -> str:
    """Two letters for the face of somebody."""
    parts = who(actor).replace("(", "").split()
    return "".join(part[0] for part in parts[:2]).upper() if actor else "?"


def moment(value: datetime | date | None, style: str = "full") -> Markup:
    """A time that script shows in the reader's zone; without script it reads in UTC."""
    if value is None:
        return Markup("")
    if not isinstance(value, datetime):
        return Markup(f'<time datetime="{value.isoformat()}">{value:%-d %b %Y}</time>')  # noqa: S704 - ours
    return _written(value.astimezone(UTC), style, datetime.now(UTC).year)


@lru_cache(maxsize=20_000)
def _written(instant: datetime, style: str, year: int) -> Markup:
    """Kept, because pages show the same times again: to write them took a quarter of drawing a long list."""
    day = "%-d %b" if instant.year == year else "%-d %b %Y"
    shapes = {
        "full": f"{day} %H:%M UTC", "since": f"since {day} %H:%M UTC", "date": day, "seconds": "%H:%M:%S"
    }  # fmt: skip
    stamp = instant.isoformat(timespec="seconds").replace("+00:00", "Z")
    return Markup(f'<time datetime="{stamp}" data-as="{style}">{instant.strftime(shapes[style])}</time>')  # noqa: S704 - ours


def age(since: datetime | None, now: datetime) -> str:
    """How long it took, in the largest unit that says enough."""
    if since is None:
        return ""
    seconds = max(0, int((now - since).total_seconds()))
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return "less than 1 min"


def here(stage_days: float | None, usual_days: float | None) -> str:
    """How long a card has been in its stage, in working days, against what is usual there."""
    if stage_days is None:
        return ""
    told = "new here" if stage_days < 1 else f"{int(stage_days)} d here"
    return told if usual_days is None else f"{told}, usually up to {max(1, ceil(usual_days))} d"


_JUST_NOW = 5
"""Seconds within which an answer that lacked nothing counts as current."""


def lag(as_of: datetime, behind: int, now: datetime) -> str:
    """How far an answer is behind the log, in words."""
    if behind <= 0:
        seconds = int((now - as_of).total_seconds())
        return "up to date" if seconds < _JUST_NOW else f"{seconds} s ago"
    milliseconds = max(1, round((now - as_of).total_seconds() * 1000))
    return f"{milliseconds} ms behind" if milliseconds < 10_000 else f"{milliseconds // 1000} s behind"


def is_somebody(text: str) -> bool:
    """Whether a text names a person, a group, a guest or a service rather than saying something."""
    return text.startswith(("person:", "guest:", "group:", "service:"))


def quoted(text: str) -> str:
    """A title within a sentence."""
    return f"“{text}”"


def named(text: str) -> str:
    """Whoever or whatever is meant: somebody by name, other words as they are."""
    return who(text) if is_somebody(text) else text


def sentence(entry: Any, titles: dict[str, str]) -> Markup:
    """What one event of a history tells, in one line."""
    verb = EVENTS.get(entry.type, entry.type.replace("_", " "))
    step = Markup("<em>{}</em>").format(titles.get(entry.step, entry.step)) if entry.step else Markup("")
    if entry.data.get("restored"):
        verb = "is done again, as it was"
    if entry.type in STEP_FIRST:
        return Markup("{} {}").format(step, verb)
    detail = _detail(entry)
    return Markup("<strong>{}</strong> {} {}{}").format(
        who(entry.by) if entry.by else "Milepost", verb, step, detail
    )


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


def paragraphs(text: str) -> list[str]:
    """A text as its author meant it: a blank line begins a paragraph, a dash a line; other line ends only wrap."""
    blocks = (block.strip() for block in text.split("\n\n"))
    return [_wrapped(block) for block in blocks if block]


def _wrapped(block: str) -> str:
    first, *others = block.split("\n")
    made = [first]
    for line in filter(str.strip, others):
        begun = line.lstrip()
        made.append(f"\n{line}" if begun[:2] in ("- ", "* ", "• ") else f" {begun}")
    return "".join(made)


def stage_state(stage: StageView, run: RunView) -> str:
    """What is said of a stage of a run: that only waits for work under way in other stages is not blocked."""
    if stage.state != "blocked" or run.state != "running" or _is_open(stage):
        return stage.state
    return "waiting" if any(_is_open(other) for other in run.stages) else stage.state


def _is_open(stage: StageView) -> bool:
    return any(step.state in ("ready", "in_progress") for step in stage.steps)
