"""Promises about files beside a run."""

from __future__ import annotations

from uuid import UUID

from domain.definition import Definition
from domain.events import AttachmentAdded, AttachmentRemoved, RunStarted
from domain.run import RUN, attach_file, detach_file
from domain.words import StepKey
from tests.support.given import DANA, NINE, Story

FILE = {"name": "a.pdf", "media_type": "application/pdf", "size_bytes": 3, "sha256": "ab" * 32}
ONE, TWO = UUID(int=1), UUID(int=2)
DEFINITION = Definition.load(
    "p",
    1,
    {
        "key": "p",
        "title": "P",
        "stages": [{"key": "s", "title": "S", "steps": [{"key": "look", "title": "Look"}]}],
    },
)
STARTED = RunStarted(process="p", process_version=1, name="P", by=DANA, at=NINE)
run = Story(RUN, DEFINITION).given(STARTED)


def test_a_file_is_put_beside_a_step():
    """What is known of the file is in the event; the content is elsewhere, under its hash."""
    run.when(attach_file, ONE, **FILE, step=StepKey("look")).then(
        AttachmentAdded(attachment=ONE, step=StepKey("look"), **FILE, by=DANA, at=NINE)
    )


def test_the_same_file_at_the_same_place_is_not_doubled():
    """Another id for the same file and place is the same attachment; another place is another one."""
    attached = run.after(attach_file, ONE, **FILE)
    attached.when(attach_file, TWO, **FILE).then()
    attached.when(attach_file, TWO, **FILE, step=StepKey("look")).then_types("attachment_added")


def test_a_file_is_taken_away_and_may_come_back():
    """Taking away is recorded once, with its reason; afterwards the file can be attached anew."""
    gone = (
        run.after(attach_file, ONE, **FILE)
        .when(detach_file, ONE, "wrong")
        .then(AttachmentRemoved(attachment=ONE, reason="wrong", by=DANA, at=NINE))
    )
    gone.when(attach_file, TWO, **FILE).then_types("attachment_added")


def test_what_is_not_there_is_not_taken_away():
    """The refusal names what is there; a step that the process does not have takes no file."""
    run.after(attach_file, ONE, **FILE).when(detach_file, TWO).rejected(
        "unknown_attachment", accepted=[str(ONE)]
    )
    run.when(attach_file, ONE, **FILE, step=StepKey("ghost")).rejected("unknown_step")
