"""Links by which somebody approves from a mail, as the mails of a run bring them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from api.handling.services import Services
from domain.mail_decisions import decision_for, seal_decision
from domain.run import RUN
from domain.words import Assignee, StepKey


def decision_link(
    services: Services, run: str | UUID, of: str, person: str, address: str, *, days: float = 3, **other: Any
) -> str:
    """The text of a link as the run stands; ``other``: what of it is to be another."""
    stream = UUID(str(run))
    state = services.app.load(RUN, stream)
    assert state is not None
    held = decision_for(state, services.app.versions(state), StepKey(of), Assignee(person), address)
    assert held is not None, f"{of} is not decided from a mail"
    ends = datetime.now(UTC) + timedelta(days=days)
    return seal_decision(stream, replace(held, **other), ends, services.link_secret)
