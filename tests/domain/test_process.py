"""Promises about processes: drafts, versions, retirement."""

from __future__ import annotations

from typing import Any

from domain.document import Document, stored_form
from domain.events import ProcessDraftSaved, ProcessRetired, ProcessVersionPublished
from domain.process import PROCESS, publish, retire, save_draft
from domain.words import Actor
from tests.support.given import NINE, Story

W: dict[str, Any] = {"by": Actor("person:dana"), "at": NINE}
process = Story(PROCESS)


def document(key: str = "hire", title: str = "Hire", **step: Any) -> Document:
    """A process of one step."""
    steps = [{"key": "ask", "title": "Ask", **step}]
    return Document.model_validate(
        {"key": key, "title": title, "stages": [{"key": "one", "title": "One", "steps": steps}]}
    )


FIRST, SECOND = document(), document(title="Hiring")
STORED, STORED_SECOND = stored_form(FIRST), stored_form(SECOND)
SAVED = ProcessDraftSaved(process="hire", document=STORED, **W)
PUBLISHED = ProcessVersionPublished(process="hire", process_version=1, note="new", document=STORED, **W)
SAVED_SECOND = ProcessDraftSaved(process="hire", document=STORED_SECOND, **W)


def test_a_draft_is_saved_and_published():
    """Publishing makes the draft version 1; doing either again changes nothing."""
    drafted = process.when(save_draft, FIRST).then(SAVED)
    drafted.when(publish, "new").then(PUBLISHED)


def test_the_next_version_counts_on():
    """A changed draft becomes version 2."""
    second = process.given(SAVED, PUBLISHED).when(save_draft, SECOND).then(SAVED_SECOND)
    second.when(publish, "title").then(
        ProcessVersionPublished(process="hire", process_version=2, note="title", document=STORED_SECOND, **W)
    )


def test_restoring_makes_a_draft_of_an_earlier_version():
    """A restore is a new draft that says where it came from; only published versions can be restored."""
    past = process.given(SAVED, PUBLISHED, SAVED_SECOND)
    past.when(save_draft, FIRST, restored_from=1).then(
        ProcessDraftSaved(process="hire", document=STORED, restored_from=1, **W)
    )
    past.when(save_draft, FIRST, restored_from=7).rejected("unknown_version", newest=1)


def test_a_draft_with_problems_is_kept_but_not_published():
    """Publishing names every problem at once, each with its place and code."""
    wrong = process.when(save_draft, document(role="nobody", after=["nothing"])).events()
    refusal = process.given(wrong).when(publish, "x").rejected("lint")
    codes = {(problem["path"], problem["code"]) for problem in refusal.facts["problems"]}
    assert codes == {("stages.0.steps.0.role", "unknown_role"), ("stages.0.steps.0.after.0", "unknown_step")}


def test_publishing_needs_a_draft_and_a_note():
    """Without either nothing is published."""
    process.given(ProcessRetired(process="hire", reason="x", **W)).when(publish, "x").rejected("no_draft")
    process.given(SAVED).when(publish, " ").rejected("bad_text", field="note")


def test_a_process_keeps_its_key():
    """Another key is another process."""
    process.given(SAVED).when(save_draft, document("fire")).rejected("wrong_key", accepted=["hire"])


def test_a_retired_process_takes_no_changes():
    """Retiring is recorded once; after it there are no drafts and no versions."""
    retired = (
        process.given(SAVED).when(retire, "over").then(ProcessRetired(process="hire", reason="over", **W))
    )
    retired.when(save_draft, SECOND).rejected("process_retired")
    retired.when(publish, "x").rejected("process_retired")


def test_the_stored_form_reads_back_as_the_same_document():
    """Nothing is lost by leaving defaults out."""
    assert Document.model_validate(STORED) == FIRST
