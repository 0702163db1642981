"""Who may steer a project: its owner, its managers, and whoever has the scope ``manage``."""

from __future__ import annotations

from uuid import UUID

from application.asked import Asked
from application.blocking import wait_for
from application.found import PROJECTS, RUNS, known_run
from application.milepost import Milepost
from application.refused import Refused
from domain.project import Project
from domain.words import Assignee

_EVERYWHERE = frozenset({"manage", "admin"})


async def must_steer(app: Milepost, run: UUID, asked: Asked) -> None:
    """Refused unless who asks may steer this run's project; who that is comes from the log as it is now."""
    if not asked.scopes & _EVERYWHERE:
        await wait_for(lambda: _must_steer(app, run, Assignee(str(asked.by))))


def _must_steer(app: Milepost, stream: UUID, who: Assignee) -> None:
    run = known_run(app.load(RUNS, stream), stream)
    project = None if run.project is None else app.load(PROJECTS, run.project)
    if not (isinstance(project, Project) and _steers(project, who)):
        raise Refused(
            "not_allowed",
            "only the owner or a manager of the run's project may show its card in another stage",
            needs=["manage"],
            accepted=["owner", "manager"],
        )


def _steers(project: Project, who: Assignee) -> bool:
    return project.owner == who or project.members.get(who) == "manager"
