"""What can be asked of saved views: pages with their filters, for oneself or for everybody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from application.asked import Asked
from application.found import VIEWS, known_view
from application.milepost import Milepost, Outcome
from application.rights.gate import Check
from application.rights.subjects import OfHouse, OfView
from domain import view as views
from domain.events import AnyViewEvent
from domain.view import View

Done = Outcome[AnyViewEvent]


async def save_view(
    app: Milepost, view: UUID, asked: Asked, *, name: str, page: str, query: str = "", shared: bool = False
) -> Done:
    """Save a view."""
    return await app.act(VIEWS, view, lambda known: views.save_view(
        known, name, page, query, shared, by=asked.by, at=asked.at
    ), asked, check=app.gate.on("views.save_view", asked, OfHouse("view")))  # fmt: skip


async def change_view(
    app: Milepost, view: UUID, asked: Asked, *, name: str, query: str = "", shared: bool = False
) -> Done:
    """Change a saved view. Refused: there is no such view."""
    return await app.act(VIEWS, view, lambda state: views.change_view(
        known_view(state, view), name, query, shared, by=asked.by, at=asked.at
    ), asked, check=_check(app, "views.change_view", asked, view))  # fmt: skip


async def remove_view(app: Milepost, view: UUID, asked: Asked) -> Done:
    """Remove a saved view. Refused: there is no such view."""
    return await app.act(VIEWS, view, lambda state: views.remove_view(
        known_view(state, view), by=asked.by, at=asked.at
    ), asked, check=_check(app, "views.remove_view", asked, view))  # fmt: skip


def _check(app: Milepost, function: str, asked: Asked, view: UUID) -> Check:
    async def check(state: Any, fresh: bool) -> Mapping[UUID, int]:
        if not isinstance(state, View):
            return {}
        return await app.gate.must(function, asked, OfView(view, state), fresh=fresh)

    return check
