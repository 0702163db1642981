"""What a page shows to whoever decides at a step, and how it says what of that has changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import tzinfo
from typing import Any
from uuid import UUID

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from api.handling.services import Services
from api.run.contents import as_staff, content_view, may_look
from api.run.sight import Sight
from domain.run.content import DECISIONS
from domain.words import StepKey
from web.rendering.values import in_text

_OVER = frozenset({"done", "failed"})


async def about(request: Request, stream: UUID, sight: Sight, step: str) -> dict[str, Any] | None:
    """What is to be seen and read at an open step, or was decided about; None where that is nothing, or not theirs."""
    services: Services = request.app.state.services
    directory = await services.directories.recently()
    key = StepKey(step)
    if not _shows_something(sight, key) or not may_look(sight, key, directory):
        return None
    reader = as_staff(sight, key, directory)
    seen = await run_in_threadpool(content_view, services, stream, sight.run, sight.definition, key, reader)
    decides = seen.kind in DECISIONS
    return asdict(seen) if decides or seen.texts or seen.groups else None


def _shows_something(sight: Sight, key: StepKey) -> bool:
    known, now = sight.definition.steps.get(key), sight.run.step(key)
    return known is not None and (now.is_open or (now.state in _OVER and known.kind in DECISIONS))


def changes_in_words(problem: Mapping[str, Any], zone: tzinfo) -> list[str]:
    """Line by line what was seen and what is there now, where a decision was refused because of that."""
    return [
        f"{one['title']}: {_side(one, 'before', zone)} → {_side(one, 'now', zone)}"
        for one in problem.get("changed") or ()
    ]


def _side(one: Mapping[str, Any], side: str, zone: tzinfo) -> str:
    return in_text(one[side], one, zone) or "nothing"
