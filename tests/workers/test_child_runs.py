"""Runs that start runs: the parent waits, also for people, takes what came out, and asks when a child is cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from application import incidents, processes, projects
from application.asked import Asked
from application.blocking import finish
from domain.events import ProjectStage
from domain.run import cancel_run, complete_step, give_approval, reopen_step, skip_step
from domain.run.children import open_children
from domain.run.incidents import retry_incident
from domain.words import Actor, Rejected, StageKey, StepKey
from projections.engine import rebuild as rebuilding
from projections.registry import PROJECTIONS
from store.log import Log
from tests.support.databases import Database
from tests.support.people import WelcomingGate
from tests.support.receiver import receiver
from tests.workers.deeds import DANA, OFFICE, World
from workers.automations.child_run import Families

BO = Actor("person:bo")
RESULT = {"key": "result", "title": "Result", "kind": "text", "required": True}
CHECK: dict[str, Any] = {
    "key": "check",
    "kind": "run",
    "fields": [RESULT],
    "run": {"process": "kyc", "inputs": {"plan": "inputs.plan"}, "outputs": {"result": "look.result"}},
}
JUDGE = {"key": "judge", "kind": "approval", "role": "seller", "approval": {"covers": ["check"]}}


@pytest.fixture
def world(database: Database, log: Log) -> Iterator[World]:
    """A log, the machine, and a process that looks at something."""
    found = World(log, database.app_url)
    found.publish({"key": "look", "role": "seller", "fields": [RESULT]}, key="kyc")
    yield found
    found.close()


def begun(world: World, *more: dict[str, Any]) -> tuple[UUID, UUID]:
    """A run that waits for a child, and the child."""
    run = world.start(world.publish(CHECK, *more), inputs={"plan": "gold"})
    world.act()
    (child,) = world.run(run).children
    return run, child


def test_the_parent_waits_for_people_in_its_child(world: World):
    """The child has its inputs and knows its parent; when somebody has done its step the parent's step is done."""
    run, child = begun(world)
    assert world.run(child).parent_run == run
    assert world.run(child).inputs == {"plan": "gold"}
    assert world.run(child).roles == {"seller": "person:dana"}
    world.act()
    assert world.run(run).state == "running"
    world.decide(child, complete_step, "look", {"result": "clear"})
    world.act()
    assert world.run(run).values["check.result"] == "clear"
    assert world.run(run).state == "completed"


ALL = frozenset({"read", "work", "manage", "admin"})


def opened(world: World) -> UUID:
    """A project that takes work."""
    project = uuid4()
    world.app.gate = WelcomingGate(world.app)
    stages = (ProjectStage(key=StageKey("sold"), title="Sold"),)
    finish(
        projects.open_project(
            world.app, project, Asked(DANA, world.clock(), ALL), name="Spring", stages=stages
        )
    )
    return project


def test_a_child_is_of_the_process_and_version_named_and_in_the_project_if_so(world: World):
    """The run that is started follows what the step names, and is in its parent's project where that is said."""
    world.publish({"key": "look", "role": "seller", "fields": [RESULT]}, key="aml")
    world.publish({"key": "look", "role": "seller", "fields": [RESULT], "title": "Again"}, key="kyc")
    project, found = opened(world), list[tuple[str, int, bool]]()
    for more in ({}, {"version": 1}, {"process": "aml"}, {"in_project": True}):
        step = {**CHECK, "run": {**CHECK["run"], **more}}
        run = world.start(world.publish(step), project=project)
        world.act()
        (child,) = (world.run(one) for one in world.run(run).children)
        found.append((child.process, child.process_version, child.project == project))
    assert found == [("kyc", 2, False), ("kyc", 1, False), ("aml", 1, False), ("kyc", 2, True)]


def test_a_cancelled_child_asks_and_can_be_started_again(world: World):
    """The parent does not go on by itself; started again it is another child."""
    run, child = begun(world)
    world.decide(child, cancel_run, "wrong customer")
    world.act()
    (incident,) = world.run(run).incidents.values()
    assert (incident.problem, world.run(run).state) == ("child_cancelled", "running")
    world.decide(run, retry_incident, incident.incident)
    world.act()
    (again,) = open_children(world.run(run))
    assert again != child
    world.decide(again, complete_step, "look", {"result": "clear"})
    world.act()
    assert world.run(run).state == "completed"


@pytest.mark.parametrize("decision", [cancel_run, skip_step])
def test_a_child_that_nobody_waits_for_is_called_off(world: World, decision: Any):
    """Cancelling the parent, or skipping its step, cancels the child."""
    run, child = begun(world, {"key": "last", "after": ["check"]})
    world.decide(run, decision, *(["check"] if decision is skip_step else []), "no longer needed")
    world.act()
    assert world.run(child).state == "cancelled"


def test_nobody_approves_what_they_did_in_the_child(world: World):
    """Own work stays own work across runs."""
    run, child = begun(world, JUDGE)
    world.decide(child, complete_step, "look", {"result": "clear"}, by=BO)
    world.act()
    with pytest.raises(Rejected, match="own_work"):
        world.decide(run, give_approval, "judge", by=BO)
    world.decide(run, give_approval, "judge")
    assert world.run(run).state == "completed"


def test_a_reopened_child_is_told_once_and_taken_up_again(world: World):
    """Its parent asks, also when the child ended again before anybody looked; its reopened step takes what is new."""
    run, child = begun(world, {"key": "last", "after": ["check"]})
    world.decide(child, complete_step, "look", {"result": "clear"})
    world.act()
    world.decide(child, reopen_step, "look", "another name")
    world.act()
    assert (world.run(child).state, world.events(run).count("child_run_reopened")) == ("running", 1)
    asked = world.run(run).step(StepKey("check")).help_wanted
    assert asked is not None
    assert "may change" in asked.reason
    world.decide(child, complete_step, "look", {"result": "clear"})
    world.decide(child, reopen_step, "look", "one more name")
    world.decide(child, complete_step, "look", {"result": "consider"})
    world.act()
    asked = world.run(run).step(StepKey("check")).help_wanted
    assert asked is not None
    assert "(result)" in asked.reason
    assert (world.run(run).values["check.result"], world.run(run).state) == ("clear", "running")
    world.decide(run, reopen_step, "check", "take it anew")
    world.act()
    assert (world.run(run).values["check.result"], tuple(world.run(run).children)) == ("consider", (child,))


def test_what_is_told_of_a_reopened_child_is_not_told_twice(world: World, database: Database):
    """A worker that dies after the append, and one that works from an old read model, tell nothing once more."""
    run, child = begun(world, {"key": "last", "after": ["check"]})
    world.decide(child, complete_step, "look", {"result": "clear"})
    world.act()
    world.decide(child, reopen_step, "look", "another name")
    world.catch_up()
    for _ in range(2):  # the read model knows nothing yet of what the first of them stored
        asyncio.run(Families(world.app, OFFICE, world.clock).once())
    world.act()
    assert [world.events(run).count(each) for each in ("child_run_reopened", "help_requested")] == [1, 1]
    assert world.run(child).state == "running"


def test_a_child_that_cannot_start_asks(world: World):
    """An unknown process, or inputs that it does not take, is told with what would be accepted."""
    lost = {**CHECK, "run": {"process": "nowhere", "outputs": {"result": "look.result"}}}
    run = world.start(world.publish(lost, key="lost"))
    world.act()
    (incident,) = world.run(run).incidents.values()
    assert "there is no process nowhere" in incident.reason


def test_a_child_is_started_in_no_project_that_is_closed_and_of_no_process_that_is_retired(world: World):
    """What nobody else may start is not started by a step either: somebody is asked, and it goes on when it may."""
    world.publish({"key": "look", "role": "seller", "fields": [RESULT]}, key="kyc")
    project, asked = opened(world), Asked(DANA, world.clock(), ALL)
    definition = world.publish({**CHECK, "run": {**CHECK["run"], "in_project": True}})
    run = world.start(definition, project=project)
    finish(projects.close(world.app, project, asked, reason="Done"))
    world.act()
    (incident,) = world.run(run).incidents.values()
    assert "this project is closed" in incident.reason
    finish(projects.reopen(world.app, project, asked, reason="One came back"))
    finish(processes.retire(world.app, "kyc", asked, reason="Replaced"))
    finish(incidents.retry(world.app, run, incident.incident, asked))
    world.act()
    told = [each.reason for each in world.run(run).incidents.values()]
    assert "takes no new runs" in told[-1]
    assert not world.run(run).children


def test_a_circle_of_processes_ends(world: World):
    """Two processes that start each other stop after a few generations, with an incident."""
    for one, other in (("ping", "pong"), ("pong", "ping")):
        world.publish({"key": "next", "kind": "run", "run": {"process": other}}, key=one)
    run = world.start(world.app.definition("ping", 1))
    world.act(rounds=60)
    depth, found = 0, world.run(run)
    while found.children:
        (child,) = found.children
        depth, found = depth + 1, world.run(child)
    (incident,) = found.incidents.values()
    assert (depth, incident.problem) == (8, "bad_document")


def test_a_rebuild_and_an_import_send_nothing(world: World, database: Database):
    """Read models made anew show the same actions, and nothing is done once more; imported runs do nothing at all."""
    with receiver() as crm:
        step = {"key": "call", "kind": "http", "http": {"url": f"{crm.url}/x"}}
        definition = world.publish(step, key="calls")
        run = world.start(definition)
        world.act()
        assert len(crm.heard) == 1
        world.clock.move(86_400)
        for made in rebuilding.rebuild(database.app_url, ["actions"], projections=PROJECTIONS):
            rebuilding.flip(database.app_url, made.schema, projections=PROJECTIONS)
        world.act()
        imported = world.imported(definition)
        world.decide(imported, complete_step, "call", by=Actor("service:old"))
        world.act()
        assert (len(crm.heard), world.run(run).state) == (1, "completed")
