"""What somebody sees of a run, told instead of found: the readers of a run are tried without a log."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from api.run.sight import Sight
from application.asked import Asked
from domain.definition import Definition
from domain.run import Run
from domain.words import Actor

_AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


def seen_by(
    who: str,
    run: Run,
    definition: Definition,
    *,
    sees_values: bool,
    sees_sensitive: bool,
    earlier: tuple[Definition, ...] = (),
) -> Sight:
    """The sight of somebody of whom it is said what they see."""
    asked = Asked(Actor(who), _AT, frozenset({"read", "work"}))
    return Sight(run, definition, who, sees_values, sees_sensitive, UUID(int=7), asked, earlier)
