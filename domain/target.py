"""What the target of a run is for: one of its stages where the process names one, else the whole run."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from domain.definition import Definition
from domain.run.state import SATISFIED
from domain.words import StepKey

Ends = Mapping[StepKey, tuple[str, datetime | None]]
"""The steps that something is known of: the state of each, and when it came to its end."""


def reached_at(definition: Definition, ends: Ends) -> datetime | None:
    """When the stage that the target is for was over: with the last step done in it, else the last set aside.

    None while a required step of it is open (any step, where none is required), and where the target is for the run.
    """
    stage = definition.document.target_stage
    if stage is None:
        return None
    keys = definition.steps_of[stage]
    required = [key for key in keys if definition.steps[key].required]
    if any(_state(ends, key) not in SATISFIED for key in required or keys):
        return None
    return _last(ends, keys, ("done",)) or _last(ends, keys, SATISFIED)


def _state(ends: Ends, key: StepKey) -> str:
    return ends[key][0] if key in ends else "locked"


def _last(ends: Ends, keys: tuple[StepKey, ...], states: tuple[str, ...] | frozenset[str]) -> datetime | None:
    known = [ends[key][1] for key in keys if _state(ends, key) in states]
    return max([at for at in known if at is not None], default=None)
