"""Whether the files that a machine names in its answer are kept here, as those that people name have to be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from domain.run import Run, shown_files
from domain.run.files import files_in
from domain.run.values import is_file
from domain.words import Values
from store import files
from store.log import Log

_ACCEPTED = "accepted: files as POST /v1/files answers them"


class KeptFiles:
    """Looks at the files that values name; asked from threads."""

    def __init__(self, log: Log, types: Sequence[str] = ("*/*",)) -> None:
        """``types`` are patterns of the types of files that are taken."""
        self._log = log
        self._types = types

    def wrong(self, values: Values, *runs: Run) -> str | None:
        """What is wrong with the first file that cannot be taken; files that these runs show may be named again."""
        named = [
            (field, file) for field, value in values.items() for file in files_in(value) if is_file(file)
        ]
        shown = {file["sha256"] for run in runs for _, _, file in shown_files(run)} if named else set()
        return next(
            self._wrong([(field, file) for field, file in named if file["sha256"] not in shown]), None
        )

    def _wrong(self, named: Sequence[tuple[str, Mapping[str, Any]]]) -> Iterator[str]:
        for field, file in named:
            kind = files.kind_of(file["name"], file["type"])
            if not files.is_taken(kind, self._types):
                accepted = ", ".join(self._types)
                yield f"{field}: files of the type {kind} are not taken (accepted: {accepted})"
            with self._log.lend() as connection:
                size = files.size_bytes(connection, bytes.fromhex(file["sha256"]))
            if size is None:
                yield f"{field}: no file {file['sha256']} is kept here ({_ACCEPTED})"
            elif size != file["size"]:
                yield f"{field}: the file {file['sha256']} has {size} bytes, not {file['size']} ({_ACCEPTED})"
