"""Digests come again and again from their moment on, each once, and end with the run."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from domain.events import ActionQueued
from domain.run import cancel_run, complete_step, fail_action, pause_run, start_action, start_run
from domain.run.digests import queue_digest
from tests.domain.documents import run_of, step
from tests.support.given import NINE, Story

WEEK = timedelta(days=7)
WEEKLY = {"offset": 7, "unit": "calendar_days", "after": "kickoff", "to": ["boss@example.org"]}


def story(**digest: Any) -> Story:
    """A run whose digests begin with its kickoff."""
    return run_of(step("kickoff"), step("work", ["kickoff"]), digest={**WEEKLY, **digest}).after(start_run)


def numbers(told: Story, at: datetime) -> list[tuple[str, str]]:
    """The digests that are queued at this instant, each with the moment since which it tells."""
    events = told.when(queue_digest, at=at).events()
    return [(event.action, event.facts["since"]) for event in events if isinstance(event, ActionQueued)]


def test_nothing_is_told_before_its_moment():
    """Neither before the step is done nor before the first distance has passed."""
    assert numbers(story(), NINE + 9 * WEEK) == []
    begun = story().after(complete_step, "kickoff")
    assert numbers(begun, NINE + WEEK - timedelta(seconds=1)) == []


def test_each_digest_comes_once():
    """Every week one, which tells what happened since the one before."""
    begun = story().after(complete_step, "kickoff")
    assert numbers(begun, NINE + WEEK) == [("digest:1", NINE.isoformat())]
    first = begun.when(queue_digest, at=NINE + WEEK).then_types("action_queued")
    assert numbers(first, NINE + WEEK) == []
    assert numbers(first, NINE + 2 * WEEK) == [("digest:2", (NINE + WEEK).isoformat())]


def test_what_was_missed_is_not_sent_late():
    """After three weeks without a worker there is one digest, not three."""
    begun = story().after(complete_step, "kickoff")
    assert numbers(begun, NINE + 3 * WEEK + timedelta(hours=1)) == [("digest:3", NINE.isoformat())]


def test_a_digest_that_nobody_got_gives_way_to_the_next():
    """Its incident ends with it, it is not tried again, and the next one tells from where it would have."""
    begun = story().after(complete_step, "kickoff").after(queue_digest, at=NINE + WEEK)
    tried = begun.after(start_action, None, 1, "digest:1", key="k", at=NINE + WEEK)
    lost = tried.after(fail_action, None, 1, "digest:1", "nobody", problem="no_address", permanent=True)
    later = lost.when(queue_digest, at=NINE + 2 * WEEK).then_types(
        "incident_resolved", "action_withdrawn", "action_queued"
    )
    assert later.state.actions["/1/digest:2"].facts == {"since": NINE.isoformat()}
    assert not later.state.actions["/1/digest:1"].waits


def test_without_a_step_digests_count_from_the_start():
    """The moment is the start of the run where the document names no step."""
    assert numbers(story(after=None), NINE + WEEK) == [("digest:1", NINE.isoformat())]


def test_a_pause_and_an_end_silence_them():
    """A paused run tells nothing, and a digest that waits is withdrawn when the run ends."""
    begun = story().after(complete_step, "kickoff")
    assert numbers(begun.after(pause_run, "holidays"), NINE + WEEK) == []
    waiting = begun.after(queue_digest, at=NINE + WEEK)
    ended = [event.type for event in waiting.when(cancel_run, "off").events()]
    assert ended == ["step_cancelled", "run_cancelled", "action_withdrawn"]
    assert numbers(waiting.after(cancel_run, "off"), NINE + 9 * WEEK) == []


def test_a_distance_of_nothing_tells_nothing_without_end():
    """A document with a distance of zero does not fill the log."""
    begun = story(offset=0).after(complete_step, "kickoff")
    assert len(numbers(begun, NINE + WEEK)) <= 1
