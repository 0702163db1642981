"""Where a body puts a card."""

from __future__ import annotations

from api.handling import bodies
from application.placing import Place


def place_of(body: bodies.Place) -> Place:
    """Between which cards."""
    return Place(body.after, body.before)
