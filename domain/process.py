"""A process: its draft, its published versions, and whether it still takes new runs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, assert_never

from domain.aggregate import Aggregate
from domain.checks import words
from domain.document import Document, stored_form
from domain.events import AnyProcessEvent, ProcessDraftSaved, ProcessRetired, ProcessVersionPublished
from domain.lint import lint
from domain.words import Actor, Rejected


@dataclass(frozen=True)
class Process:
    """What decisions about a process need to know; ``version`` is the newest published one (0: none yet)."""

    key: str = ""
    draft: dict[str, Any] | None = None
    version: int = 0
    published: dict[str, Any] | None = None
    retired: bool = False


def evolve(process: Process | None, event: AnyProcessEvent) -> Process:
    """The process after the event."""
    process = process or Process()
    match event:
        case ProcessDraftSaved():
            return replace(process, key=event.process, draft=event.document)
        case ProcessVersionPublished():
            return replace(
                process,
                key=event.process,
                draft=event.document,
                version=event.process_version,
                published=event.document,
            )
        case ProcessRetired():
            return replace(process, key=event.process, retired=True)
        case _:
            assert_never(event)


PROCESS = Aggregate("process", evolve)


# --- decisions ---


def save_draft(
    process: Process | None,
    document: Document,
    *,
    restored_from: int | None = None,
    by: Actor,
    at: datetime,
) -> list[AnyProcessEvent]:
    """Replace the draft by this document. A draft may still be wrong; publishing checks it.

    ``restored_from`` names the version whose document it is, when an older version is taken up again.
    """
    stored = stored_form(document)
    if process is not None:
        if process.draft == stored:
            return []
        _must_take_changes(process)
        if process.key != document.key:
            raise Rejected("wrong_key", f"this process is called {process.key!r}", accepted=[process.key])
    _must_exist(process, restored_from)
    return [
        ProcessDraftSaved(process=document.key, document=stored, restored_from=restored_from, by=by, at=at)
    ]


def publish(process: Process, note: str, *, by: Actor, at: datetime) -> list[AnyProcessEvent]:
    """Make the draft the next version. Refused (``lint``) with every problem at once while it has any."""
    if process.draft is not None and process.draft == process.published:
        return []
    document = must_be_sound(process)
    return [
        ProcessVersionPublished(
            process=process.key,
            process_version=process.version + 1,
            note=words("note", note),
            document=document,
            by=by,
            at=at,
        )
    ]


def must_be_sound(process: Process) -> dict[str, Any]:
    """The draft, when a run can follow it; Rejected says why not."""
    if process.draft is None:
        raise Rejected("no_draft", "there is no draft", accepted=["save_draft"])
    _must_take_changes(process)
    must_pass_lint(process.draft)
    return process.draft


def must_pass_lint(draft: dict[str, Any]) -> None:
    """Rejected("lint") with every problem at once while the document of a draft has any."""
    problems = lint(Document.model_validate(draft))
    if problems:
        raise Rejected(
            "lint",
            f"the draft has {len(problems)} problem{'s' * (len(problems) > 1)}; first: {problems[0].message}",
            problems=[problem.as_dict() for problem in problems],
        )


def draft_version(number: int) -> int:
    """The version of a run that tries out a draft: −n, for the draft as it stood after event n of its process."""
    return -number


def retire(process: Process, reason: str, *, by: Actor, at: datetime) -> list[AnyProcessEvent]:
    """Take no new runs; runs under way go on."""
    if process.retired:
        return []
    return [ProcessRetired(process=process.key, reason=words("reason", reason), by=by, at=at)]


def _must_take_changes(process: Process) -> None:
    if process.retired:
        raise Rejected("process_retired", "this process is retired", accepted=[])


def _must_exist(process: Process | None, version: int | None) -> None:
    newest = 0 if process is None else process.version
    if version is not None and not 1 <= version <= newest:
        raise Rejected(
            "unknown_version",
            f"there is no version {version}",
            newest=newest,
            accepted=list(range(1, newest + 1)),
        )
