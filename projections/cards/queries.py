"""The rows of cards whose ids are known."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from projections.asking import Conn
from projections.cards.row import PARTS, CardRow
from projections.statements import ask, composed

_SQL = composed("cards/queries", **PARTS)


def cards_by_id(connection: Conn, wanted: Sequence[UUID]) -> list[CardRow]:
    """The rows of those of these cards that there are."""
    return ask(connection, _SQL["cards_by_id"], CardRow, wanted=list(wanted)) if wanted else []
