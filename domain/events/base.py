"""What every stored event has in common."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

from domain.words import Actor

Aggregate = Literal["process", "run", "project", "task", "recurrence", "person", "group", "view", "rights"]


class Event(BaseModel):
    """A fact. ``at`` is stored as occurred_at and ``by`` as the actor in meta; all other fields are its data."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: ClassVar[str]
    schema_version: ClassVar[int] = 1
    aggregate: ClassVar[Aggregate]
    public: ClassVar[tuple[str, ...]] = ()
    """Fields that may travel in broker messages: keys, numbers, states; never a personal or free-text value."""

    untold: ClassVar[tuple[str, ...]] = ()
    """Fields that the log alone holds: no answer, whoever asks, has them."""

    at: AwareDatetime
    by: Actor | None = None
