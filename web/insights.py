"""The part of a process's page that says how its runs went: shares, spans of time, and the lengths of bars."""

from __future__ import annotations

from dataclasses import dataclass

from projections.answers import Insights, Spread, StepInsight

ODDITIES = {
    "skipped": "Skipped by a person", "set_aside": "Set aside, overdue for too long",
    "by_hand": "Automatic step done by hand", "out_of_order": "Done before what it waits for",
    "stage_overridden": "Stage set by hand", "due_by_hand": "Due set by hand",
}  # fmt: skip
MOST_LOOPS = 8


@dataclass(frozen=True, slots=True)
class Bar:
    """A step with its typical waiting and working, as spans and as lengths out of 100."""

    step: StepInsight
    waiting: str
    working: str
    cycle: str
    waiting_length: float
    working_length: float


def bars(insights: Insights) -> list[Bar]:
    """The steps that were completed at least once; the longest of their medians is 100 long."""
    done = [step for step in insights.steps if step.rounds]
    longest = max((_p50(step.waiting_hours) + _p50(step.working_hours) for step in done), default=0.0) or 1.0
    return [
        Bar(
            step, span(step.waiting_hours.p50), span(step.working_hours.p50), spread(step.cycle_hours),
            round(100 * _p50(step.waiting_hours) / longest, 1), round(100 * _p50(step.working_hours) / longest, 1),
        )
        for step in done
    ]  # fmt: skip


def spread(hours: Spread) -> str:
    """A median and an 85th percentile as people read them."""
    return f"{span(hours.p50)}, {span(hours.p85)}" if hours.count else "–"


def span(hours: float | None) -> str:
    """So many hours on the clock, in the unit that fits."""
    if hours is None:
        return "–"
    if hours < 1 / 60:
        return f"{hours * 3600:.0f} s"
    if hours < 1:
        return f"{hours * 60:.0f} min"
    return f"{hours:.1f} h" if hours < 48 else f"{hours / 24:.1f} d"


def share(part: int, whole: int) -> str:
    """A part of a whole in per cent; a dash when there is no whole."""
    return f"{100 * part / whole:.0f} %" if whole else "–"


def _p50(hours: Spread) -> float:
    return hours.p50 or 0.0
