"""The versions of processes, compiled once each: what was published never changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from domain.definition import Definition
from domain.events import ProcessDraftSaved, ProcessVersionPublished
from domain.words import process_stream
from store.log import Log
from store.mapper import to_event

_DOCUMENTED = frozenset({ProcessDraftSaved.type, ProcessVersionPublished.type})


class UnknownVersion(LookupError):
    """The process has no published version of this number; ``published`` are those that it has."""

    def __init__(self, told: str, published: Sequence[int] = ()) -> None:
        super().__init__(told)
        self.published = published


class Definitions:
    """The versions that one process of ours has met."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._known: dict[tuple[str, int], Definition] = {}

    def get(self, process: str, version: int) -> Definition:
        """A published version, or a draft by its negative number; raises UnknownVersion. Blocks, the first time."""
        key = process, version
        if key not in self._known:
            self._known[key] = self._compile(process, version)
        return self._known[key]

    def _compile(self, process: str, version: int) -> Definition:
        document: dict[str, Any] | None = None
        published: list[int] = []
        for recorded in self._log.read_stream(process_stream(process)):
            if version < 0 and recorded.version > -version:
                break
            event = to_event(recorded) if recorded.type in _DOCUMENTED else None
            if isinstance(event, ProcessVersionPublished):
                published.append(event.process_version)
            if isinstance(event, ProcessVersionPublished) and event.process_version == version:
                return Definition.load(process, version, event.document)
            if version < 0 and isinstance(event, ProcessDraftSaved | ProcessVersionPublished):
                document = event.document
        if document is None:
            raise UnknownVersion(f"process {process} has no version {version}", published)
        return Definition.load(process, version, document)
