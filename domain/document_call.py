"""The call of a step as its author writes it: where to, what with, and what makes the answer a success."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from domain.condition import Operator
from domain.document_part import Key, LongText, Part
from domain.words import RoleKey

AnswerPath = Annotated[str, StringConstraints(pattern=r"^[^.\s]+(\.[^.\s]+)*$", max_length=200)]
"""Where a value stands in an answer: names and places (from 0) with dots between, such as ``items.0.id``."""


class AnswerTest(Part):
    """A comparison of one value of the answer; what is not there passes ``not_set`` only."""

    path: AnswerPath
    operator: Operator
    value: Any = None


class Success(Part):
    """What makes an answer a success: its status (none named: 200 to 299) and every test on its JSON."""

    statuses: tuple[Annotated[int, Field(ge=200, le=499)], ...] = ()
    answer: tuple[AnswerTest, ...] = ()


class Http(Part):
    """A call that the step makes; ``outputs`` maps the step's fields to paths in the answer.

    ``repeatable``: the receiver takes calls with the same ``Idempotency-Key`` as one, so that a call whose end is not
    known can be made again (GET, PUT and DELETE can by themselves). ``incident_to`` is asked when it cannot go on.
    """

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "POST"
    url: LongText
    headers: dict[str, str] = Field(default_factory=dict)
    body: dict[str, Any] = Field(default_factory=dict)
    success: Success = Success()
    outputs: dict[Key, AnswerPath] = Field(default_factory=dict)
    repeatable: bool = False
    timeout_seconds: Annotated[float, Field(gt=0, le=120)] = 30
    incident_to: RoleKey | None = None
