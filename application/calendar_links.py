"""Who may see the dues of a project through a link, outside of Milepost: who belongs to it, at each time they look."""

from __future__ import annotations

from uuid import UUID

from application.blocking import wait_for
from application.found import PROJECTS, known_project
from application.milepost import Milepost
from application.refused import Refused
from domain.project import belongs_to
from domain.words import Actor, Assignee


async def must_belong(app: Milepost, project: UUID, who: Actor) -> None:
    """Refused unless they own the project or are in it, by the log as it is now."""
    found = known_project(await wait_for(lambda: app.load(PROJECTS, project)), project)
    if not belongs_to(found, Assignee(who), await app.directories.now()):
        raise Refused(
            "not_in_project",
            "a link to the dues of a project is for its owner and those who are in it; have them add you first",
            accepted=["add-member"],
        )
