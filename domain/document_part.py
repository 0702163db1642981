"""What every part of a process document is based on: unknown keys are errors, texts have an end."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
"""Chosen by the author, stable for ever: lower-case ASCII letters, digits and underscores."""

Text = Annotated[str, StringConstraints(max_length=200)]
LongText = Annotated[str, StringConstraints(max_length=20_000)]


class Part(BaseModel):
    """Base of everything in a document: unknown keys are errors, values never change."""

    model_config = ConfigDict(frozen=True, extra="forbid")
