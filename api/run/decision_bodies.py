"""The bodies of those commands by which somebody decides: they name the content that was in view."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from api.handling.bodies import Body, FieldValues, Line, Words

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Decision(Body):
    """A decision on a content.

    ``content_sha256`` is the hash of what was in view: what the step shows by now has to be the same, else nothing is
    decided (409, `content_changed`). Without it the decision is on what the step shows when it arrives.
    """

    content_sha256: Sha256 | None = None


class Complete(Decision):
    """Values for the step's fields (those saved before count too) and, where the step has choices, its outcome.

    A signature, and whatever a guest does, names what was in view by its `content_sha256`.
    """

    values: FieldValues = Field(default_factory=dict)
    outcome: Line | None = None


class Approve(Decision):
    """A yes, with an optional comment, and with values for its own fields; `content_sha256` names what was in view."""

    comment: Words | None = None
    values: FieldValues = Field(default_factory=dict)


class Refuse(Decision):
    """A no with its reason; ``values`` for the approval's own fields, and those that a refusal has to bring."""

    reason: Words
    values: FieldValues = Field(default_factory=dict)


class Decline(Decision):
    """Why it is not signed; people read it in the history."""

    reason: Words
