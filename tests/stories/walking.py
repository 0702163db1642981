"""Walks through a run over HTTP as its people would: whoever has a ready step does it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

from application.milepost import Milepost
from domain.definition import Definition
from domain.document import AUTOMATIC, Document
from domain.run import RUN
from domain.schedule import Calendar
from domain.words import Actor, Assignee, RoleKey, StepKey
from interchange.documents.reading import read_document
from milepost.demo.cast import cast
from milepost.demo.player import Player, Rehearsal, Script
from milepost.demo.values import fill
from store.log import Log
from tests.stories.house import ROOT, House
from tests.support.people import EVERYBODY
from tests.support.waiting import wait_until

PROCESSES = ROOT / "processes"
BO = "person:bo"
"""Whom forms name."""


def steps_of(view: Any) -> dict[str, Any]:
    """Every step of a process view by key."""
    return {step["key"]: step for stage in view["stages"] for step in stage["steps"]}


def shipped(file: str) -> Document:
    """A process document that ships."""
    document, problems = read_document(Path(PROCESSES / file))
    assert document is not None, problems
    assert not problems
    return document


def publish(house: House, document: Document) -> None:
    """Publish a document over HTTP."""
    body = document.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    house.tell(f"/v1/processes/{document.key}/draft", body, method="PUT")
    house.tell(f"/v1/processes/{document.key}/publish", {"note": "For the story."})


@dataclass
class Walk:
    """One run and the project that shows it. ``values`` are what forms get instead of something plausible.

    A list of values is for the rounds of a step, the last for all that follow; ``refusals`` are the reasons with which
    an approval is refused before it is given.
    """

    house: House
    document: Document
    run: str
    project: str
    roles: dict[str, str]
    values: dict[str, Any] = field(default_factory=dict)
    refusals: dict[str, list[str]] = field(default_factory=dict)
    refused_with: dict[str, dict[str, Any]] = field(default_factory=dict)
    stuck: set[str] = field(default_factory=set)
    """Automatic steps that the story lets fail: they are not waited for."""
    held: set[str] = field(default_factory=set)
    """Steps that nobody does for now."""
    done: list[str] = field(default_factory=list)

    def view(self) -> Any:
        """The process view."""
        return self.house.ask(f"/v1/runs/{self.run}")

    def card(self) -> Any:
        """The project view: the run's card."""
        board = self.house.ask(f"/v1/projects/{self.project}/board")
        cards = [card for column in board["columns"] for card in column["cards"] if card["id"] == self.run]
        assert len(cards) == 1
        return cards[0]

    def steps(self) -> dict[str, Any]:
        """Every step of the process view by key."""
        return steps_of(self.view())

    def walk(self, until: Callable[[Any], bool] = lambda _view: False) -> None:
        """Do the first ready step, again and again, until the run has ended or ``until`` is true of the process view.

        What the machine does at once is waited for before ``until`` is asked, so that both views tell of one moment.
        """
        view = self.settle()
        while not until(view) and view["state"] == "running":
            steps = steps_of(view)
            ready = [step for key, step in steps.items() if step["state"] == "ready" and key not in self.held]
            assert ready, f"the run is stuck: {[(key, step['state']) for key, step in steps.items()]}"
            self.do(min(ready, key=lambda step: step["kind"] in AUTOMATIC)["key"])
            view = self.settle()

    def walk_to(self, key: str, state: str = "ready") -> None:
        """Walk until this step is in this state."""
        self.walk(until=lambda view: bool(steps_of(view)[key]["state"] == state))
        assert self.steps()[key]["state"] == state, f"the run ended before {key} was {state}"

    def settle(self) -> Any:
        """Wait until the machine has nothing to do at once; the process view then."""
        return wait_until(self._settled, "what the machine does at once")

    def _settled(self) -> Any:
        view = self.view()
        return None if any(map(self._machine_is_at, steps_of(view).values())) else view

    def do(self, key: str) -> None:
        """Do one step, as whoever plays its role; the machine's steps are let come, or told of by another service."""
        step = next(step for step in self.document.steps if step.key == key)
        path = f"/v1/runs/{self.run}/steps/{StepKey(key)}"
        if step.kind in AUTOMATIC:
            self._let(key)
        elif step.kind == "approval" and self.refusals.get(key):
            reason = self.refusals[key].pop(0)
            body = {"reason": reason, "values": self.refused_with.get(key, {})}
            self.house.tell(f"{path}/refuse", body, self.actor(key))
        elif step.kind == "approval":
            values = self._filled(key)
            if values:
                self.house.tell(f"{path}/save", {"values": values}, self.actor(key))
            self.house.tell(f"{path}/approve", {"comment": "Fine."}, self.actor(key))
        else:
            self.house.tell(f"{path}/complete", {"values": self._filled(key)}, self.actor(key))
        self.done.append(key)

    def tell(self, key: str, verb: str, **body: Any) -> Any:
        """A verb on a step, by whoever plays its role."""
        return self.house.tell(f"/v1/runs/{self.run}/steps/{key}/{verb}", body, self.actor(key))

    def history(self) -> list[Any]:
        """Every event of the run."""
        entries: list[Any] = self.house.ask(f"/v1/runs/{self.run}/history", limit=500)["entries"]
        return entries

    def _filled(self, key: str) -> dict[str, Any]:
        """Plausible values, or the next ones that the story wants."""
        step = next(step for step in self.document.steps if step.key == key)
        wanted = self.values.get(key, {})
        if isinstance(wanted, list):
            wanted = wanted.pop(0) if len(wanted) > 1 else wanted[0]
        values = fill(step.fields, Random(key), datetime.now(UTC), wanted)
        kept = {field.key for field in step.fields if field.kind == "files"} & values.keys()
        return {**values, **{name: [self.house.keep(file) for file in values[name]] for name in kept}}

    def _let(self, key: str) -> None:
        """An event from outside ends a wait; what is due later only is set due now."""
        step = next(step for step in self.document.steps if step.key == key)
        if step.wait is not None:
            told = {"event": step.wait.event, "run": self.run, "id": f"{self.run}-{key}"}
            self.house.tell("/v1/external-events", told)
        else:
            self.house.tell(f"/v1/runs/{self.run}/steps/{key}/due", {"due_at": datetime.now(UTC).isoformat()})
        wait_until(lambda: self.steps()[key]["state"] not in ("ready", "in_progress"), key)

    def _machine_is_at(self, step: Any) -> bool:
        if step["state"] != "ready" or step["kind"] not in ("email", "http", "run"):
            return False
        waits = step["due_at"] is not None and datetime.fromisoformat(step["due_at"]) > datetime.now(UTC)
        return not waits and step["key"] not in self.stuck

    def actor(self, key: str) -> str:
        """Who does a step."""
        step = next(step for step in self.document.steps if step.key == key)
        return self.roles.get(step.role or "", f"person:{step.role}")


def start(house: House, document: Document, inputs: dict[str, Any], **more: Any) -> Walk:
    """Open a project for the process, and start a run in it: every role is played by somebody of that name."""
    stages = [{"key": stage.key, "title": stage.title} for stage in document.stages]
    opened = {"name": document.title, "process": document.key, "stages": stages}
    project = house.tell("/v1/projects", opened)["id"]
    roles = {
        role.key: f"guest:{role.key}" if role.guest else f"person:{role.key}"
        for role in document.roles
        if not role.system
    }
    house.add(*roles.values(), BO)
    given = {key: who for key, who in roles.items() if not _filled_later(document, key)}
    body = {"process": document.key, "project": project, "inputs": inputs, "roles": given}
    initiator = _initiator(document, roles)
    if initiator is not None:  # who starts runs in a project leads it
        house.tell(f"/v1/projects/{project}/members", {"member": initiator, "access": "manager"})
    run = house.tell("/v1/runs", body, actor=initiator)["id"]
    return walked(Walk(house, document, run, project, roles, **more))


def started_long_ago(
    house: House, document: Document, inputs: dict[str, Any], until: str, days: int, **more: Any
) -> Walk:
    """A run begun so many days ago, of which the log holds everything until this step became ready; now goes on."""
    known = house.ask("/v1/processes")["rows"]
    version = next(row["version"] for row in known if row["key"] == document.key)
    definition, run = Definition(document.key, version, document), uuid4()
    roles = {role.key: f"guest:{role.key}" if role.guest else f"person:{role.key}" for role in document.roles}
    house.add(*roles.values(), BO)
    past, owner = Rehearsal(), Actor(_initiator(document, roles))
    given = {**cast(definition, 0, Assignee(owner)), **_people(document, roles)}
    script = Script(values=more.get("values", {}), stops_at=frozenset({until}))
    player = Player(past.execute, definition, given, Calendar(), Random(until), script, run, EVERYBODY)
    player.start(datetime.now(UTC) - timedelta(days=days), owner, inputs=inputs)
    player.play(datetime.now(UTC), until_held=True)
    with Log(house.database_url) as log:
        meta = {"process": document.key, "process_version": version}
        Milepost(log).execute(RUN, run, lambda _: past.events, meta=meta)
        house.position = log.head()
    return walked(Walk(house, document, str(run), "", roles, **more))


def _people(document: Document, roles: dict[str, str]) -> dict[RoleKey, Assignee]:
    return {RoleKey(role.key): Assignee(roles[role.key]) for role in document.roles if not role.system}


def walked(walk: Walk) -> Walk:
    """A walk that its house remembers."""
    walk.house.walks.append(walk)
    return walk


def _initiator(document: Document, roles: dict[str, str]) -> str:
    return next(roles[role.key] for role in document.roles if role.initiator)


def _filled_later(document: Document, role: str) -> bool:
    from_fields = {field.sets_role for step in document.steps for field in step.fields}
    return role in from_fields or any(other.key == role and other.from_input for other in document.roles)
