"""The values of a step as its form shows them: what was given, and what is computed from it at this moment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

from domain.computing import compute
from domain.definition import Definition
from domain.words import StepKey

_OPEN = frozenset({"ready", "in_progress"})


def live_values(
    definition: Definition,
    step: StepKey,
    state: str,
    inputs: Mapping[str, Any],
    values: Mapping[StepKey, Mapping[str, Any] | None],
    zone: tzinfo,
) -> dict[str, Any] | None:
    """The step's values; those of its computed fields are worked out anew while it is open, and stay once it has ended.

    ``values`` are those of every step by its key; ``zone`` is the organisation's.
    """
    own = values.get(step)
    fields = definition.computed.get(step)
    if fields is None or state not in _OPEN:
        return None if own is None else dict(own)
    known = {f"inputs.{key}": value for key, value in inputs.items()}
    for key, given in values.items():
        known |= {f"{key}.{name}": value for name, value in (given or {}).items()}
    return {**(own or {}), **compute(fields, step, known, zone)}
