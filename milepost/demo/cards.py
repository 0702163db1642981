"""What is on the cards of the demonstration's tasks, and the view that somebody saved of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid5

from application.milepost import Milepost
from domain.task import TASK, add_checklist_entry, add_dependency, comment, tick
from domain.view import VIEW, save_view
from domain.waiting import Other
from domain.words import Actor
from milepost.demo.staff import house

CHECKLIST = ("Take the old prices out", "Show the three tracks of the set-up", "Let Dana read it")
COMMENT = "The engineers are away from the 20th; what is not live by then goes live in January."


def furnish(app: Milepost, project: UUID, tasks: Sequence[UUID], by: Actor, now: datetime) -> None:
    """A checklist on the first of three tasks, a comment on the second, which the third waits for; a shared view."""
    deck, freeze, agreement = tasks
    at = now - timedelta(days=4)

    def do(task: UUID, decide: Callable[[Any], Sequence[Any]]) -> None:
        app.execute(TASK, task, lambda known: [] if known is None else decide(known))

    for number, text in enumerate(CHECKLIST):
        do(deck, partial(add_checklist_entry, entry=uuid5(deck, f"line {number}"), text=text, by=by, at=at))
    do(deck, lambda task: tick(task, uuid5(deck, "line 0"), by=Actor("person:bo"), at=at + timedelta(days=1)))
    said = uuid5(freeze, "comment")
    written = partial(comment, by=Actor("person:dana"), at=at + timedelta(days=2), directory=house())
    do(freeze, lambda task: written(task, said, COMMENT))
    others = {freeze: Other()}
    do(
        agreement,
        lambda task: add_dependency(task, freeze, "task", own=agreement, others=others, by=by, at=at),
    )
    page = f"/projects/{project}/list"
    app.execute(
        VIEW,
        uuid5(project, "view"),
        lambda view: save_view(view, "All onboardings", page, shared=True, by=by, at=at),
    )
