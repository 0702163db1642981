"""What can be asked of a process: write its draft, publish it, take up an older version again, retire it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from application.asked import Asked
from application.blocking import wait_for
from application.found import PROCESSES, known_process
from application.milepost import Milepost, Outcome
from application.rights.subjects import OfProcess
from domain import process as processes
from domain.document import Document
from domain.events import AnyProcessEvent
from domain.process import Process
from domain.words import process_stream

Done = Outcome[AnyProcessEvent]


async def save_draft(app: Milepost, document: Document, asked: Asked) -> Done:
    """Write the draft of the process with the document's key; the first draft makes the process."""
    return await _on_process(app, document.key, asked, "processes.save_draft", lambda state: processes.save_draft(
        state, document, by=asked.by, at=asked.at
    ))  # fmt: skip


async def publish(app: Milepost, key: str, asked: Asked, *, note: str) -> Done:
    """Publish the draft as the next version; Rejected where it is not sound. Refused: no such process."""
    return await _on_process(app, key, asked, "processes.publish", lambda state: processes.publish(
        known_process(state, key), note, by=asked.by, at=asked.at
    ))  # fmt: skip


async def retire(app: Milepost, key: str, asked: Asked, *, reason: str) -> Done:
    """Let a process take no new runs. Refused: no such process."""
    return await _on_process(app, key, asked, "processes.retire", lambda state: processes.retire(
        known_process(state, key), reason, by=asked.by, at=asked.at
    ))  # fmt: skip


async def restore(app: Milepost, key: str, asked: Asked, *, version: int) -> Done:
    """Make an older version the draft again. Refused: no such process; UnknownVersion: no such version."""
    document = (await wait_for(lambda: app.definition(key, version))).document
    return await _on_process(app, key, asked, "processes.restore", lambda state: processes.save_draft(
        known_process(state, key), document, restored_from=version, by=asked.by, at=asked.at
    ))  # fmt: skip


async def must_move_runs(app: Milepost, key: str, asked: Asked) -> None:
    """Refused for who may not have the runs of a process follow another version, many at a time."""
    await app.gate.must("processes.move_runs", asked, OfProcess(key))


async def _on_process(
    app: Milepost,
    key: str,
    asked: Asked,
    function: str,
    decide: Callable[[Process | None], Sequence[AnyProcessEvent]],
) -> Done:
    meta: dict[str, Any] = {**asked.meta, "process": key}
    check = app.gate.on(function, asked, OfProcess(key))
    return await app.act(PROCESSES, process_stream(key), decide, asked, check=check, meta=meta)
