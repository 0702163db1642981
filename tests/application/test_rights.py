"""The matrix of rights, cell by cell: each function x everybody who stands to it in another way, on a real log.

Who may follows here from what somebody is said to be to a thing; the gate finds out the same from the log alone.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from application import granting, processes, projects, runs, steps, tasks, views
from application.asked import Asked
from application.blocking import finish
from application.found import PROJECTS, RUNS, TASKS, VIEWS
from application.milepost import Milepost
from application.refused import Refused
from application.rights.matrix import FUNCTIONS, READS, Allowed
from application.rights.subjects import (
    InProject,
    OfHouse,
    OfPerson,
    OfProcess,
    OfProject,
    OfRun,
    OfTask,
    OfView,
    Subject,
)
from application.runs import NewRun
from application.tasks import NewTask
from domain.document import Document
from domain.events import ProjectStage
from domain.words import Actor, Assignee, Rejected, RoleKey, StageKey, StepKey
from milepost.embedded import PostgresServer
from milepost.up.first_person import appoint, bring_in
from store.log import Log
from tests.support.databases import Template, new_database

ROOT = Path(__file__).parents[2]
NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
SCOPES = frozenset({"read", "work", "manage", "admin"})
DOCUMENT: dict[str, Any] = {
    "key": "sale",
    "title": "Sale",
    "roles": [
        {"key": "seller", "title": "Seller", "lead": "head"},
        {"key": "head", "title": "Head of sales"},
        {"key": "helper", "title": "Helper"},
    ],
    "stages": [
        {"key": "sold", "title": "Sold", "steps": [
            {"key": "offer", "title": "Offer", "role": "seller",
             "fields": [{"key": "text", "title": "Text", "kind": "text"}]},
            {"key": "pay", "title": "Pay", "role": "seller", "visibility": "role", "after": [],
             "fields": [{"key": "sum", "title": "Sum", "kind": "text"}]},
            {"key": "open", "title": "Open to all", "after": []}]},
        {"key": "live", "title": "Live", "steps": [{"key": "go", "title": "Go", "role": "seller"}]},
    ],
}  # fmt: skip
STAGES = (ProjectStage(key=StageKey("sold"), title="Sold"), ProjectStage(key=StageKey("live"), title="Live"))

VIEWER, MEMBER, LEAD = {"project_viewer"}, {"project_viewer", "project_member"}, {
    "project_viewer", "project_member", "project_lead"
}  # fmt: skip
IN_PROJECT: dict[str, set[str]] = {
    "viewer": VIEWER,
    "member": MEMBER,
    "lead": LEAD,
    "owner": LEAD,
    "starter": MEMBER,
}
IN_RUN: dict[str, set[str]] = {
    "assigned": {"assignee", "participant"},
    "seller": {"role_holder", "participant"},
    "head": {"role_lead", "participant"},
    "worked": {"worker", "participant"},
    "helper": {"participant"},
    "starter": {"initiator"},
    "sub": {"assignee", "participant"},
}
IN_HOUSE: dict[str, set[str]] = {
    "administrator": {"administrator"},
    "auditor": {"auditor"},
    "process_owner": {"process_owner"},
    "any_process_owner": {"process_owner"},
}
OUTSIDE = ("stranger", "other_process_owner", "was", "elsewhere", "foreign_lead")
"""Who is nothing to it: never was, is to another thing of its kind, or was once."""
EVERYBODY = sorted({*IN_PROJECT, *IN_RUN, *IN_HOUSE, *OUTSIDE} - {"sub"})


def asked(who: str) -> Asked:
    """Somebody asks, with every scope that people have: a scope gives no right."""
    return Asked(Actor(f"person:{who}"), NINE, SCOPES)


@dataclass
class World:
    """A run, a task and a project with people who stand to them in every way, and others like them beside."""

    app: Milepost
    project: UUID = field(default_factory=uuid4)
    run: UUID = field(default_factory=uuid4)
    task: UUID = field(default_factory=uuid4)
    view: UUID = field(default_factory=uuid4)

    def state(self, aggregate: Any, stream: UUID) -> Any:
        """As the log has it."""
        return self.app.load(aggregate, stream)

    def of_run(self, step: str | None = None) -> OfRun:
        """The run, or one of its steps."""
        run = self.state(RUNS, self.run)
        return OfRun(self.run, run, self.app.versions(run), None if step is None else StepKey(step))


@pytest.fixture(scope="module")
def world(postgres_server: PostgresServer, database_template: Template) -> Iterator[World]:
    """All of them, made by the functions of the application."""
    with (
        new_database(postgres_server, database_template) as database,
        Log(database.app_url, durable=False, patience_seconds=20) as log,
    ):
        yield _made(log)


def _made(log: Log) -> World:
    app = Milepost(log)
    for who in EVERYBODY:
        bring_in(log, Actor(f"person:{who}"), who.capitalize())
    appoint(log, Actor("person:administrator"), "administrator", "Runs the house")
    boss = asked("administrator")
    made = World(app)
    _grant_roles(app, boss)
    finish(processes.save_draft(app, Document.model_validate(DOCUMENT), boss))
    finish(processes.publish(app, "sale", boss, note="First"))
    _fill_project(
        made,
        boss,
        made.project,
        {"viewer": "viewer", "member": "member", "lead": "manager", "starter": "member"},
        "owner",
    )
    _start_run(made, boss)
    other = uuid4()
    _fill_project(made, boss, other, {"elsewhere": "member"}, "foreign_lead")
    finish(runs.start_run(app, uuid4(), NewRun("sale", name="Other", project=other), asked("elsewhere")))
    finish(tasks.add_task(app, made.task, NewTask(made.project, "Call", StageKey("sold")), asked("lead")))
    finish(tasks.assign(app, made.task, asked("lead"), assignee=Assignee("person:assigned")))
    finish(views.save_view(app, made.view, asked("member"), **_VIEW))
    _take_back(made, boss)
    return made


_MEMBERS = {"viewer": "viewer", "member": "member", "lead": "manager", "starter": "member"}
_VIEW: dict[str, Any] = {"name": "Mine", "page": "/"}


def _grant_roles(app: Milepost, boss: Asked) -> None:
    def grant(who: str, role: Any, process: str | None = None) -> None:
        finish(granting.grant_house_role(
            app, Assignee(f"person:{who}"), boss, role=role, reason="For the test", process=process
        ))  # fmt: skip

    for key in ("sale", "other"):
        document = Document.model_validate({**DOCUMENT, "key": key, "title": key.capitalize()})
        finish(processes.save_draft(app, document, boss))
    grant("auditor", "auditor")
    grant("process_owner", "process_owner", "sale")
    grant("any_process_owner", "process_owner")
    grant("other_process_owner", "process_owner", "other")
    for role in ("administrator", "auditor", "process_owner"):
        grant("was", role)


def _fill_project(world: World, boss: Asked, project: UUID, members: dict[str, Any], owner: str) -> None:
    finish(projects.open_project(
        world.app, project, boss, name="Spring", stages=STAGES, owner=Assignee(f"person:{owner}")
    ))  # fmt: skip
    for who, access in {**members, "was": "manager"}.items():
        finish(projects.add_member(world.app, project, boss, member=Assignee(f"person:{who}"), access=access))


def _start_run(world: World, boss: Asked) -> None:
    filled: Any = {"seller": "person:seller", "head": "person:head", "helper": "person:was"}
    new = NewRun("sale", name="Acme", project=world.project, roles=filled)
    finish(runs.start_run(world.app, world.run, new, asked("starter")))
    for who in ("worked", "assigned"):
        finish(steps.assign_step(
            world.app, world.run, StepKey("offer"), boss, assignee=Assignee(f"person:{who}"), reason="Because"
        ))  # fmt: skip
        if who == "worked":
            finish(steps.save_values(
                world.app, world.run, StepKey("offer"), asked("worked"), values={"text": "Half of it"}
            ))  # fmt: skip


def _take_back(world: World, boss: Asked) -> None:
    """Take everything from who had everything."""
    finish(
        runs.assign_role(
            world.app,
            world.run,
            boss,
            role=RoleKey("helper"),
            assignee=Assignee("person:helper"),
            reason="Moved on",
        )
    )
    finish(projects.remove_member(world.app, world.project, boss, member=Assignee("person:was")))
    was = Assignee("person:was")
    for role in ("administrator", "auditor", "process_owner"):
        finish(granting.withdraw_house_role(world.app, was, boss, role=role, reason="Over"))


def related(kind: str, who: str) -> set[str]:
    """What somebody of the world is to a thing of this kind."""
    found = {"anybody", *IN_HOUSE.get(who, set())}
    if kind in ("run", "step", "in_project", "project", "task"):
        found |= IN_PROJECT.get(who, set())
    if kind in ("run", "step"):
        found |= IN_RUN.get(who, set()) - ({"assignee", "role_holder", "worker"} if kind == "run" else set())
    if kind == "task" and who == "assigned":
        found |= {"assignee"}
    if kind in ("task", "project", "person", "house", "view"):
        found -= {"process_owner"} if who == "process_owner" else set()
    if kind == "person" and who == "stranger":
        found |= {"self"}
    if kind == "view" and who == "member":
        found |= {"maker"}
    return found


def kind_of(function: str) -> str:
    """What a function is about."""
    subject, _, name = function.partition(".")
    if name in ("start_run", "start_draft"):
        return "process"
    if name in ("start_in_project", "add_task", "set_up") or subject == "recurrences":
        return "in_project"
    kinds = {
        "steps": "step", "runs": "run", "incidents": "step", "tasks": "task", "projects": "project",
        "processes": "process", "people": "house", "handing_over": "person", "granting": "person", "views": "view",
        "machine": "run", "guest_links": "run", "people_import": "house", "provisioning": "house", "children": "house",
    }  # fmt: skip
    return "house" if name in ("open_project", "save_view") else kinds[subject]


def subject_of(world: World, kind: str) -> Subject:
    """The thing of the world that is of this kind."""
    made: dict[str, Callable[[], Subject]] = {
        "step": lambda: world.of_run("offer"),
        "run": world.of_run,
        "task": lambda: OfTask(world.task, world.state(TASKS, world.task)),
        "project": lambda: OfProject(world.project, world.state(PROJECTS, world.project)),
        "in_project": lambda: InProject(world.project, "sale"),
        "process": lambda: OfProcess("sale"),
        "person": lambda: OfPerson("person:stranger"),
        "view": lambda: OfView(world.view, world.state(VIEWS, world.view)),
        "house": OfHouse,
    }
    return made[kind]()


def may(row: Allowed, found: set[str], *, sealed: bool = False) -> bool:
    """What the row says of somebody who is this to it."""
    return bool((row.by if sealed else row.by | row.unsealed) & found)


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_every_cell_of_the_matrix_holds(world: World, function: str) -> None:
    """Exactly those get through who stand as the row says, not who is that to another one, nor who was it once."""
    kind = kind_of(function)
    subject = subject_of(world, kind)
    for who in EVERYBODY:
        expected = may(FUNCTIONS[function], related(kind, who))
        assert _let(world, function, asked(who), subject) == expected, (function, who)


@pytest.mark.parametrize("function", sorted(name for name, row in FUNCTIONS.items() if row.unsealed))
def test_a_step_for_some_roles_is_for_those(world: World, function: str) -> None:
    """Who leads a run does not do a step whose values they may not see; who fills its role does."""
    subject = world.of_run("pay")
    for who in EVERYBODY:
        found = related("step", who) - {"assignee", "worker"}
        assert _let(world, function, asked(who), subject) == may(FUNCTIONS[function], found, sealed=True), who


def test_a_step_that_is_nobodys_is_for_who_works_there(world: World) -> None:
    """In its run or its project, or looks after it; not for who looks on, and for nobody else."""
    takes = {"assigned", "seller", "head", "worked", "helper", "starter", "member", "lead", "owner"}
    takes |= {"process_owner", "any_process_owner", "administrator"}
    subject = world.of_run("open")
    let = {who for who in EVERYBODY if _let(world, "steps.complete_step", asked(who), subject)}
    assert let == takes


def test_without_its_scope_a_role_of_the_house_counts_for_nothing(world: World) -> None:
    """A token that cannot administer does not, whoever bears it."""
    bare = Asked(Actor("person:administrator"), NINE, frozenset({"read", "work"}))
    assert not _let(world, "people.add_person", bare, OfHouse())
    assert not _let(
        world,
        "processes.publish",
        Asked(Actor("person:process_owner"), NINE, frozenset({"read", "work"})),
        OfProcess("sale"),
    )


@pytest.mark.parametrize("what", sorted(READS))
def test_every_cell_of_what_is_read_holds(world: World, what: str) -> None:
    """The same, of what is only looked at."""
    kind = {"values": "run", "texts": "in_project", "rights": "person"}.get(what, what)
    for who in EVERYBODY:
        found = related("step" if kind == "run" else kind, who)
        if kind == "in_project":
            found -= {"process_owner"} if who == "process_owner" else set()
        subject = InProject(world.project) if kind == "in_project" else subject_of(world, kind)
        assert finish(world.app.gate.may_read(what, asked(who), subject)) == may(READS[what], found), who


def test_what_is_not_there_and_what_is_not_theirs_are_told_alike(world: World) -> None:
    """In the same words, so that nobody finds out which ids there are."""
    refusals = []
    for run in (world.run, uuid4()):
        with pytest.raises(Refused) as refused:
            finish(runs.pause_run(world.app, run, asked("stranger"), reason="Why not"))
        refusals.append((refused.value.code, str(refused.value).replace(str(run), "ID")))
    assert refusals[0] == refusals[1]
    assert refusals[0][0] == "unknown_run"


def test_who_sees_it_and_may_not_is_told_who_may(world: World) -> None:
    """In the words of the matrix."""
    with pytest.raises(Refused) as refused:
        finish(runs.pause_run(world.app, world.run, asked("viewer"), reason="Why not"))
    assert refused.value.code == "not_allowed"
    assert "project_lead" in refused.value.facts["accepted"]


def test_nobody_gives_themselves_what_opens_sealed_values(world: World) -> None:
    """Neither the role nor the step; another lead gives it, and so does an administrator."""
    seller, pay = RoleKey("seller"), StepKey("pay")
    for give in (
        lambda by, to: runs.assign_role(world.app, world.run, by, role=seller, assignee=to, reason="For now"),
        lambda by, to: steps.assign_step(world.app, world.run, pay, by, assignee=to, reason="For now"),
    ):
        before = world.app.load(RUNS, world.run)
        with pytest.raises(Rejected) as refused:
            finish(give(asked("lead"), Assignee("person:lead")))
        assert refused.value.code == "own_grant"
        assert world.app.load(RUNS, world.run) == before


def test_a_right_that_runs_out_counts_no_more(world: World) -> None:
    """From its end on, to the instant."""
    who, end = Assignee("person:brief"), NINE + timedelta(hours=1)
    bring_in(world.app.started_log, Actor(who), "Brief")
    finish(granting.grant_house_role(
        world.app, who, asked("administrator"), role="auditor", reason="The audit", until=end
    ))  # fmt: skip
    for at, sees in ((end - timedelta(seconds=1), True), (end, False)):
        looks = Asked(Actor(who), at, SCOPES)
        assert finish(world.app.gate.may_read("run", looks, world.of_run())) == sees


def test_what_a_right_rests_on_does_not_move_under_an_order(world: World) -> None:
    """Somebody is taken out of the project between the question and the answer: nothing is stored."""
    project, member = uuid4(), Assignee("person:elsewhere")
    boss, app = asked("administrator"), world.app
    _fill_project(world, boss, project, {"elsewhere": "member"}, "owner")
    gate = app.gate
    once: list[int] = []

    async def must(*args: Any, **kwargs: Any) -> Any:
        found = await type(gate).must(gate, *args, **kwargs)
        if not once and args[1].by == "person:elsewhere":
            once.append(1)
            app.gate = gate
            del gate.must
            await projects.remove_member(app, project, boss, member=member)
        return found

    gate.must = must  # type: ignore[method-assign]
    task = uuid4()
    with pytest.raises(Refused):
        finish(tasks.add_task(app, task, NewTask(project, "Sneak in", StageKey("sold")), asked("elsewhere")))
    assert once
    assert app.load(TASKS, task) is None


def test_every_function_asks_for_its_own_row() -> None:
    """Each function that somebody asks something of is in the matrix under its own name, and names that row."""
    asks, rows = set(), set()
    for path in sorted((ROOT / "application").glob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        rows |= {
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and node.value in FUNCTIONS
        }
        for node in tree.body:
            if not isinstance(node, ast.AsyncFunctionDef) or node.name.startswith("_"):
                continue
            if any(each.arg == "asked" for each in (*node.args.args, *node.args.kwonlyargs)):
                name = f"{path.stem}.{node.name}"
                if name not in _HELPERS:
                    asks.add(name)
                    assert name in FUNCTIONS, f"{name} has no row in the matrix"
    assert rows == FUNCTIONS.keys()
    assert asks <= rows


_HELPERS = {
    "on_run.on_run",
    "processes.must_move_runs",
    "held_rights.may_see_rights",
    "held_rights.rights_of",
    "held_rights.rights_of_house",
}
"""Functions that carry out what others ask for, under the rows of those, and what only reads."""


def _let(world: World, function: str, who: Asked, subject: Subject) -> bool:
    try:
        finish(world.app.gate.must(function, who, subject))
    except Refused as refused:
        return refused.code not in ("not_allowed", f"unknown_{subject.word}")
    return True
