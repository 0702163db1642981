"""Walks through a run over HTTP as its people would: whoever has a ready step does it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from domain.document import AUTOMATIC, Document
from domain.words import StepKey
from milepost.demo.values import fill
from milepost.documents import read_document
from tests.stories.house import ROOT, House

PROCESSES = ROOT / "processes"


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
    """One run and the project that shows it. ``values`` are what forms get instead of something plausible."""

    house: House
    document: Document
    run: str
    project: str
    roles: dict[str, str]
    values: dict[str, dict[str, Any]] = field(default_factory=dict)
    refusals: dict[str, str] = field(default_factory=dict)
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
        return {step["key"]: step for stage in self.view()["stages"] for step in stage["steps"]}

    def walk(self, until: Callable[[Walk], bool] = lambda _walk: False) -> None:
        """Do the first ready step, again and again, until the run has ended or ``until`` is true."""
        while not until(self):
            view = self.view()
            if view["state"] != "running":
                return
            ready = [step for stage in view["stages"] for step in stage["steps"] if step["state"] == "ready"]
            assert ready, f"the run is stuck: {[(key, step['state']) for key, step in self.steps().items()]}"
            self.do(ready[0]["key"])

    def do(self, key: str) -> None:
        """Do one step, as whoever plays its role."""
        step = next(step for step in self.document.steps if step.key == key)
        actor = self._actor(key)
        values = fill(step.fields, Random(key), datetime.now(UTC), self.values.get(key, {}))
        path = f"/v1/runs/{self.run}/steps/{StepKey(key)}"
        if step.kind == "approval" and key in self.refusals:
            self.house.tell(f"{path}/refuse", {"reason": self.refusals.pop(key), "values": values}, actor)
        elif step.kind == "approval":
            if values:
                self.house.tell(f"{path}/save", {"values": values}, actor)
            self.house.tell(f"{path}/approve", {"comment": "Fine."}, actor)
        else:
            self.house.tell(f"{path}/complete", {"values": values}, actor)
        self.done.append(key)

    def _actor(self, key: str) -> str:
        step = next(step for step in self.document.steps if step.key == key)
        if step.kind in AUTOMATIC:
            return "service:automation"
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
    given = {key: who for key, who in roles.items() if not _filled_later(document, key)}
    body = {"process": document.key, "project": project, "inputs": inputs, "roles": given}
    run = house.tell("/v1/runs", body, actor=_initiator(document, roles))["id"]
    return Walk(house, document, run, project, roles, **more)


def _initiator(document: Document, roles: dict[str, str]) -> str:
    return next(roles[role.key] for role in document.roles if role.initiator)


def _filled_later(document: Document, role: str) -> bool:
    from_fields = {field.sets_role for step in document.steps for field in step.fields}
    return role in from_fields or any(other.key == role and other.from_input for other in document.roles)
