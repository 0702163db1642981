"""The summary of a run that a digest tells: where it stands, what happened lately, what is next. Never a value."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, tzinfo

from domain.definition import Definition
from domain.run.state import SATISFIED, Run
from domain.shown import NameOf, when
from domain.words import StepKey

_MOST_LINES = 12
_MARKS = {"done": "done", "open": "under way", "none": "not begun"}


def digest_text(
    run: Run, definition: Definition, since: datetime | None, name_of: NameOf, zone: tzinfo
) -> str:
    """Stages, what was done since the last digest, and who does what next; instants in ``zone``."""
    parts = [
        ("Where it stands", _stages(run, definition)),
        ("Done since the last summary" if since else "Done so far", _lately(run, definition, since)),
        ("What is next", _next(run, definition, name_of, zone)),
        ("Where help is needed", _help(run, definition)),
    ]
    told = (f"{title}\n" + "\n".join(_short(lines)) for title, lines in parts if lines)
    target = (
        f"\n\n{_target(definition)} {when(run.target_at, zone)}." if run.target_at and not run.ended else ""
    )
    return "\n\n".join(told) + target


def _target(definition: Definition) -> str:
    stage = definition.document.target_stage
    return "The target is" if stage is None else f"The target for {definition.stages[stage].title} is"


def _stages(run: Run, definition: Definition) -> list[str]:
    return [
        f"- {stage.title}: {_MARKS[_standing(run, definition.steps_of[key])]}"
        for key, stage in definition.stages.items()
    ]


def _standing(run: Run, steps: tuple[StepKey, ...]) -> str:
    states = [run.step(key).state for key in steps]
    if all(state in SATISFIED for state in states):
        return "done"
    return "open" if any(state not in ("locked", "not_applicable") for state in states) else "none"


def _lately(run: Run, definition: Definition, since: datetime | None) -> list[str]:
    done = [
        (now.done_at, key)
        for key, now in run.steps.items()
        if now.state == "done" and now.done_at is not None and (since is None or now.done_at >= since)
    ]
    return [f"- {definition.steps[key].title}" for _, key in sorted(done) if key in definition.steps]


def _next(run: Run, definition: Definition, name_of: NameOf, zone: tzinfo) -> list[str]:
    return [_open_line(run, definition, key, name_of, zone) for key in _open(run, definition)]


def _open(run: Run, definition: Definition) -> Iterator[StepKey]:
    yield from (key for key in definition.steps if run.step(key).is_open)


def _open_line(run: Run, definition: Definition, key: StepKey, name_of: NameOf, zone: tzinfo) -> str:
    now = run.step(key)
    whose = name_of(now.assignee) if now.assignee else "nobody yet"
    late = " (overdue)" if now.overdue is not None and now.overdue == now.due_at else ""
    due = f", due {when(now.due_at.astimezone(zone).date(), zone)}{late}" if now.due_at else ""
    return f"- {definition.steps[key].title}: {whose}{due}"


def _help(run: Run, definition: Definition) -> list[str]:
    return [f"- {definition.steps[key].title}" for key in _open(run, definition) if run.step(key).help_wanted]


def _short(lines: list[str]) -> list[str]:
    left = len(lines) - _MOST_LINES
    return lines if left <= 0 else [*lines[:_MOST_LINES], f"- and {left} more"]
