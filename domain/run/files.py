"""Files beside a run or one of its steps: what is attached, and what is taken away again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.definition import Definition
from domain.events import AttachmentAdded, AttachmentRemoved, Event
from domain.run.state import Run
from domain.run.work import step_of
from domain.words import Actor, Rejected, StepKey


def attach_file(  # noqa: PLR0913 - all that is known of a file
    run: Run,
    definition: Definition,
    attachment: UUID,
    name: str,
    media_type: str,
    size_bytes: int,
    sha256: str,
    step: StepKey | None = None,
    *,
    by: Actor,
    at: datetime,
) -> list[Event]:
    """Put a file beside the run, or beside one of its steps; also after its end. The same file there is not doubled."""
    if step is not None:
        step_of(definition, step)
    there = (known for known in run.attachments.values() if not known.removed)
    if any((known.step, known.name, known.sha256) == (step, name, sha256) for known in there):
        return []
    return [
        AttachmentAdded(
            attachment=attachment,
            step=step,
            name=name,
            media_type=media_type,
            size_bytes=size_bytes,
            sha256=sha256,
            by=by,
            at=at,
        )
    ]


def detach_file(
    run: Run, attachment: UUID, reason: str | None = None, *, by: Actor, at: datetime
) -> list[Event]:
    """Show the file no longer beside the run; what was recorded stays recorded."""
    known = run.attachments.get(attachment)
    if known is None:
        raise Rejected(
            "unknown_attachment",
            f"this run has no attachment {attachment}",
            accepted=[str(key) for key, kept in run.attachments.items() if not kept.removed],
        )
    return [] if known.removed else [AttachmentRemoved(attachment=attachment, reason=reason, by=by, at=at)]


def shown_files(run: Run) -> Iterator[tuple[StepKey | None, str | None, Mapping[str, Any]]]:
    """Every file that the run shows: (step, field or None for an attachment, its name, size, type and sha256)."""
    for known in run.attachments.values():
        if not known.removed:
            yield known.step, None, {"name": known.name, "type": known.media_type, "sha256": known.sha256}
    for path, value in run.values.items():
        step, _, field = path.partition(".")
        yield from ((StepKey(step), field, file) for file in files_in(value))
    for key, state in run.steps.items():
        for field, value in state.draft.items():
            yield from ((key, field, file) for file in files_in(value))


def files_in(value: Any) -> Iterator[Mapping[str, Any]]:
    """The files that a value names."""
    if isinstance(value, list):
        yield from (one for one in value if isinstance(one, dict) and isinstance(one.get("sha256"), str))
