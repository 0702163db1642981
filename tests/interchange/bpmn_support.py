"""Small models for tests, and people who walk through the runs of a draft."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from domain.definition import Definition
from domain.document import Step
from domain.events import Event
from domain.run import RUN, Run, complete_by_hand, complete_step, start_run
from domain.schedule import Calendar
from domain.words import StepKey
from interchange.bpmn.draft import Draft, draft
from interchange.bpmn.reading import read_bpmn
from interchange.bpmn.xml import BPMN
from tests.support.given import DANA, NINE
from tests.support.people import EVERYBODY

OFFICE = Calendar()


def written(path: Path, *parts: str, around: str = "") -> Path:
    """A model with one process that holds these elements."""
    path.write_text(f'<?xml version="1.0"?>\n<definitions xmlns="{BPMN}">{around}<process id="p" name="Work">\n'
                    + "\n".join(parts) + "\n</process></definitions>", "utf-8")  # fmt: skip
    return path


def node(kind: str, key: str, inner: str = "", **more: str) -> str:
    """One element; its name is its id unless another is given."""
    attributes = "".join(f" {name}={quoteattr(value)}" for name, value in {"name": key, **more}.items())
    return f'<{kind} id="{key}"{attributes}>{inner}</{kind}>'


def flows(*ways: str) -> str:
    """Sequence flows: ``a b`` or, with a name, ``a b Yes``."""
    numbers = count(1)
    return "".join(
        f'<sequenceFlow id="f{next(numbers)}" sourceRef="{way.split()[0]}" targetRef="{way.split()[1]}"'
        f" name={quoteattr(' '.join(way.split()[2:]))}/>"
        for way in ways
    )


def of(tmp_path: Path, *parts: str) -> Draft:
    """The draft of such a model."""
    (pool,) = read_bpmn(written(tmp_path / "m.bpmn", *parts)).pools
    return draft(pool)


def step(found: Draft, key: str) -> Step:
    """A step of a draft."""
    return next(each for each in found.document.steps if each.key == key)


# --- walking ---


class Walk:
    """A run of a draft whose people choose as told: the option by the step's key, else the last one of all."""

    def __init__(self, found: Draft, choices: dict[str, str] | None = None, seed: int | None = None) -> None:
        self.definition = Definition(found.document.key, 1, found.document)
        self.choices = choices or {}
        self.random = random.Random(seed) if seed is not None else None
        self.hours = 0
        self.done: list[str] = []
        self.run = Run()
        self.fold(start_run(None, self.definition, by=DANA, at=NINE, calendar=OFFICE, directory=EVERYBODY))

    def fold(self, events: Iterable[Event]) -> None:
        """Let the events happen."""
        self.run = RUN.fold(events, self.run) or self.run

    def tell(self, decision: Any, *args: Any) -> None:
        """Decide something an hour later."""
        self.hours += 1
        events = decision(self.run, self.definition, *args, by=DANA, at=NINE + timedelta(hours=self.hours),
                          calendar=OFFICE, directory=EVERYBODY)  # fmt: skip
        self.fold(events)

    def do(self, key: str, option: str | None = None) -> None:
        """Do a step, with this option where it asks."""
        known = self.definition.steps[StepKey(key)]
        self.done.append(key)
        if known.kind == "wait":
            self.tell(complete_by_hand, key, "it happened")
        else:
            values = {each.key: [option] if each.kind == "multi_choice" else option for each in known.fields}
            self.tell(complete_step, key, values)

    def to_the_end(self) -> Run:
        """Do what is ready until the run has ended."""
        for _ in range(2_000):
            ready = [key for key in self.definition.steps if self.run.step(key).is_open]
            if self.run.ended or not ready:
                break
            self.do(ready[0], self.choice(self.definition.steps[ready[0]]))
        assert self.run.state == "completed", {key: each.state for key, each in self.run.steps.items()}
        return self.run

    def choice(self, known: Step) -> str | None:
        """What is chosen in a step."""
        if not known.fields:
            return None
        options = known.fields[0].choices
        if self.random is not None:
            return self.random.choice(options)
        return self.choices.get(known.key, options[-1])
