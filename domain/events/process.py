"""Events of a process: drafts, published versions, retirement."""

from __future__ import annotations

from typing import Any

from domain.events.base import Event


class ProcessDraftSaved(Event):
    """The draft of a process was written; it replaces the draft before it. ``document`` is the canonical form."""

    type = "process_draft_saved"
    aggregate = "process"
    public = ("process",)
    process: str
    document: dict[str, Any]
    restored_from: int | None = None


class ProcessVersionPublished(Event):
    """A version became available to new runs; its document never changes again."""

    type = "process_version_published"
    aggregate = "process"
    public = ("process", "process_version")
    process: str
    process_version: int
    note: str
    document: dict[str, Any]


class ProcessRetired(Event):
    """The process takes no new runs; runs under way go on."""

    type = "process_retired"
    aggregate = "process"
    public = ("process",)
    process: str
    reason: str


AnyProcessEvent = ProcessDraftSaved | ProcessVersionPublished | ProcessRetired
