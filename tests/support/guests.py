"""Links of guests, as the mails of a run bring them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from api.handling.services import Services
from domain.guests import pass_for
from domain.passes import seal
from domain.run import RUN
from domain.words import StepKey


def sealed(services: Services, run: str | UUID, of: str = "sign", *, days: float = 3, **other: Any) -> str:
    """The text of a link to a step as the run stands; ``other``: what of the pass is to be another."""
    stream = UUID(str(run))
    state = services.app.load(RUN, stream)
    assert state is not None
    definition = services.app.definition(state.process, state.process_version)
    held = pass_for(state, definition, StepKey(of))
    assert held is not None, f"{of} is no guest's"
    return seal(
        stream, replace(held, **other), datetime.now(UTC) + timedelta(days=days), services.link_secret
    )
