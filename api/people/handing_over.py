"""Hand all open work of somebody to somebody else."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from api.handling.answering import to_json
from api.handling.commands import Call
from api.handling.verbs import Described
from api.people import bodies as people_bodies
from api.wire.reading import validate
from application.found import person_key
from application.handing_over import Item
from application.handing_over import hand_over as handed_over

HAND_OVER = Described(
    "hand-over",
    "Hand all open work of somebody to somebody else",
    people_bodies.HandOver,
    {"to": "person:dana", "reason": "Bo left"},
)


@dataclass(frozen=True, slots=True)
class HandedOver:
    """What moved, what stayed and why, and how many runs and tasks are left for another request."""

    owner: str
    to: str
    moved: tuple[Item, ...]
    failed: tuple[Item, ...]
    left: int
    position: int


async def hand_over(call: Call) -> Response:
    """Move roles, steps and tasks; the answer lists each, and how many are left for another request."""
    key, body = person_key(call.path["key"]), validate(people_bodies.HandOver, call.body)
    told = await handed_over(call.app, key, call.asked, to=body.to, reason=body.reason)
    moved, failed = (tuple(sorted(items, key=str)) for items in (told.moved, told.failed))
    answer = HandedOver(f"person:{key}", body.to, moved, failed, told.left, told.position)
    return to_json(answer, {"Milepost-Position": str(told.position)} if told.position else {})
