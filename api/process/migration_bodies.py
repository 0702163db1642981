"""What the bodies of commands on migrations may hold."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from api.handling.bodies import Body, Words

Answer = Annotated[str, StringConstraints(max_length=40)]
Asked = Annotated[str, StringConstraints(max_length=200)]
Choices = Annotated[dict[Asked, Answer], Field(max_length=500)]
Version = Annotated[int, Field(strict=True, ge=1, le=2_000_000_000)]
Runs = Annotated[list[UUID], Field(min_length=1, max_length=20_000)]


class PlanMigration(Body):
    """What a version would mean for the active runs that follow another one; nothing is changed.

    `to` is a version, or `draft` (the default: what publishing would mean). `choices` are tried out: runs whose
    questions they answer are counted. With `details` each run has all of its findings, else those that are not safe.
    """

    to: Version | Literal["draft"] = "draft"
    runs: Runs | None = None
    choices: Choices = Field(default_factory=dict)
    details: bool = False
    limit: Annotated[int, Field(strict=True, ge=0, le=20_000)] = 200


class MigrateRuns(Body):
    """Let active runs follow a version: all of them, or those named. The work is done by a worker, run by run.

    `choices` answer what plans leave open, by question (`step_added:kyc`) or by kind (`step_added`); `own` has answers
    of single runs, by the run's id. Without `to_version` it is the newest.
    """

    to_version: Version | None = None
    runs: Literal["all"] | Runs = "all"
    choices: Choices = Field(default_factory=dict)
    own: Annotated[dict[UUID, Choices], Field(max_length=20_000)] = Field(default_factory=dict)
    reason: Words | None = None


class RetryRuns(Body):
    """Try runs of a migration again that were refused or failed: all of them, or those named, with these answers."""

    runs: Runs | None = None
    choices: Choices | None = None


class MigrateRun(Body):
    """Let this run follow a version; without `to_version` the newest. `choices` answer what its plan leaves open."""

    to_version: Version | None = None
    choices: Choices = Field(default_factory=dict)
    reason: Words | None = None
