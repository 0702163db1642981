"""Who may steer a project: its owner, its managers, and whoever has the scope ``manage``."""

from __future__ import annotations

from uuid import UUID

from api.guard import Caller
from api.problems import Problem
from api.services import Services
from api.streams import PROJECTS, RUNS, known_run
from domain.project import Project
from domain.words import Assignee

STEERED = frozenset({"override-stage", "clear-stage-override"})
"""Verbs on a run that take more than working with it: they change what its project is shown."""


def must_steer(services: Services, caller: Caller, stream: UUID) -> None:
    """A problem unless the caller may steer this run's project; who that is comes from the log as it is now. Blocks."""
    if caller.grant.scopes & {"manage", "admin"}:
        return
    run = known_run(services.app.load(RUNS, stream), stream)
    project = None if run.project is None else services.app.load(PROJECTS, run.project)
    if not (isinstance(project, Project) and _steers(project, Assignee(str(caller.actor)))):
        raise Problem(
            "not_allowed",
            "only the owner or a manager of the run's project may show its card in another stage",
            needs=["manage"],
            accepted=["owner", "manager"],
        )


def _steers(project: Project, who: Assignee) -> bool:
    return project.owner == who or project.members.get(who) == "manager"
