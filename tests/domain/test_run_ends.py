"""Promises about what ends do: only what ended well lets others, and the run, go on; a new value is asked for again."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import pytest

from domain.run import complete_step, decline_signature, reopen_step, skip_step, standing, start_run
from domain.words import StepKey
from tests.domain.documents import run_of, step
from tests.support.given import Story

SIGN, SEND = StepKey("sign"), StepKey("send")
NEEDLESS: dict[str, Any] = {"when": {"field": "inputs.plan", "operator": "equals", "value": "large"}}


def ended(end: str) -> Story:
    """A run whose signature ended so; sending waits for it."""
    more = NEEDLESS if end == "not_applicable" else {}
    story = run_of(step("sign", None, kind="sign", **more), step("send", ["sign"])).after(start_run)
    if end == "done":
        return story.after(complete_step, "sign")
    if end == "skipped":
        return story.after(skip_step, "sign", "it is signed on paper")
    return story.after(decline_signature, "sign", "too dear") if end == "failed" else story


@pytest.mark.parametrize("end", ["done", "skipped", "not_applicable"])
def test_what_ended_well_lets_others_go_on(end: str):
    """Done, skipped or not applicable: the next step is ready."""
    story = ended(end)
    assert (story.state.step(SIGN).state, story.state.step(SEND).state) == (end, "ready")


def test_what_failed_holds_what_waits_for_it():
    """Until it is reopened and done; the run goes on all the while."""
    story = ended("failed")
    assert (story.state.step(SIGN).state, story.state.step(SEND).state) == ("failed", "locked")
    assert story.definition is not None
    assert standing(story.state, story.definition, SEND, UTC) == "locked"
    assert story.state.state == "running"
    again = story.after(reopen_step, "sign", "a better price").after(complete_step, "sign")
    assert again.state.step(SEND).state == "ready"


def test_a_run_waits_for_what_somebody_reopened():
    """Required or not: whoever had it reopened wants it done again."""
    story = run_of(step("send"), step("sign", kind="task", required=False)).after(start_run)
    story = story.after(complete_step, "sign").after(reopen_step, "sign", "a page is missing")
    story = story.after(complete_step, "send")
    assert story.state.state == "running"
    assert story.after(complete_step, "sign").state.state == "completed"


def test_a_value_that_changes_is_asked_by_steps_far_behind():
    """What a condition reads may be done anew while the steps between stay done: the condition is asked again."""
    size = {"key": "n", "title": "N", "kind": "number"}
    large = {"field": "ask.n", "operator": "more", "value": 2}
    story = run_of(
        step("ask", kind="form", fields=[size]),
        step("plan", ["ask"]),
        step("lift", ["plan"], when=large),
        step("end", ["plan"]),
    ).after(start_run)
    story = story.after(complete_step, "ask", {"n": 1}).after(complete_step, "plan")
    assert story.state.step(StepKey("lift")).state == "not_applicable"
    story = story.after(reopen_step, "ask", "counted wrong").after(complete_step, "ask", {"n": 5})
    assert (story.state.step(StepKey("plan")).state, story.state.step(StepKey("lift")).state) == (
        "done",
        "ready",
    )
