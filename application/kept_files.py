"""Files that a command names: their contents have to be kept here already, and to be of a type that is taken."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from application.blocking import wait_for
from application.found import RUNS
from application.milepost import Milepost
from application.refused import Refused
from domain.run import Run, shown_files
from domain.run.files import files_in
from domain.run.values import is_file as well_formed
from store import files


async def files_are_kept(
    app: Milepost, values: Mapping[str, Any] | None, *, run: UUID | Run | None = None
) -> None:
    """Refused when these values name a file that was not uploaded, or is of a type that is not taken.

    Files that the run shows already may be named again: those of imported runs were never kept here.
    """
    named = [file for value in (values or {}).values() for file in files_in(value)]
    if not named:
        return
    shown = await _shown(app, run)
    for file in named:
        if file["sha256"] not in shown and well_formed(file):
            accepted_type(app, file["name"], file["type"])
            await must_be_kept(app, file["sha256"], file["size"])


async def must_be_kept(app: Milepost, sha256: str, size_bytes: int) -> None:
    """Refused when no content with this hash and length is kept."""
    size = await app.ask(lambda connection: files.size_bytes(connection, bytes.fromhex(sha256)))
    if size is None:
        raise Refused("unknown_file", f"no file {sha256} is kept: upload it first (POST /v1/files)")
    if size != size_bytes:
        raise Refused("unknown_file", f"the file {sha256} has {size} bytes, not {size_bytes}")


def accepted_type(app: Milepost, name: str, given: str) -> str:
    """The type as it was said, else as the name ends; Refused when files of this type are not taken."""
    kind = files.kind_of(name, given)
    if not files.is_taken(kind, app.file_types):
        raise Refused("wrong_type", f"{name} is {kind}", type=kind, accepted=list(app.file_types))
    return kind


async def _shown(app: Milepost, run: UUID | Run | None) -> set[str]:
    known = await wait_for(lambda: app.load(RUNS, run)) if isinstance(run, UUID) else run
    shown: Iterable[Any] = () if known is None else shown_files(known)
    return {file["sha256"] for _, _, file in shown}
