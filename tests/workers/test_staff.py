"""Who works here, as the worker is told."""

from __future__ import annotations

from domain.definition import Definition
from domain.words import Assignee, group_stream, person_stream
from projections.engine.live import Projector
from projections.registry import PROJECTIONS
from store.log import Log
from tests.projections.histories import Fact, hire, opened, published, staff, store
from tests.support.databases import Database
from workers.staff import Staff

DOCUMENT = {
    "key": "hire",
    "title": "Hire",
    "roles": [{"key": "buyer", "title": "Buyer", "group": "legal", "assign": "round_robin"}],
    "stages": [{"key": "s", "title": "S", "steps": [{"key": "a", "title": "A"}]}],
}
LEGAL, BO, CY = Assignee("group:legal"), Assignee("person:bo"), Assignee("person:cy")


def test_the_worker_knows_what_the_log_knows(database: Database):
    """Turns come from the read model; who came or left since is known although no read model has it yet."""
    came = [Fact(group_stream("legal"), "group_member_added", {"member": who}) for who in (BO, CY)]
    created = Fact(group_stream("legal"), "group_created", {"group": "legal", "title": "Legal"})
    with Log(database.app_url, durable=False) as log:
        told = Staff(log)
        store(log, [published(), opened(), *staff("bo"), created, came[0], *hire("a")])
        with Projector(database.app_url, projections=PROJECTIONS) as projector:
            projector.catch_up()
        before = told.recently()
        store(
            log, [*staff("cy"), came[1], Fact(person_stream("bo"), "person_deactivated", {"reason": "left"})]
        )
        found = told.for_start(Definition.load("hire", 1, DOCUMENT))
    assert before.members(LEGAL) == (BO,)
    assert (found.members(LEGAL), found.groups[LEGAL].turn) == ((CY,), 1)
    assert (found.has_left(BO), found.in_turn(LEGAL)) == (True, CY)
