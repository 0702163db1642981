"""A log with its read models, processes and runs, and the machine that acts: for tests of actions in one process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from application.milepost import Milepost
from domain.definition import Definition
from domain.document import Document
from domain.events import Event, RunStarted, StepBecameReady
from domain.process import PROCESS, publish, save_draft
from domain.run import RUN, Run, start_run
from domain.schedule import Calendar
from domain.words import Actor, process_stream
from projections.engine.live import Projector
from projections.registry import PROJECTIONS
from store.log import Log
from tests.support.people import EVERYBODY
from workers.acting import Acting, Limits
from workers.automations.child_run import ChildStarter, Families
from workers.automations.contract import Executor
from workers.automations.http import HttpCaller
from workers.automations.sealed import CallSecrets, Sealed
from workers.automations.signing import Signer
from workers.automations.targets import Targets

SECRET = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
DANA = Actor("person:dana")
OFFICE = Calendar()


@dataclass
class Clock:
    """A clock that tests move."""

    now: datetime = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        """The time."""
        return self.now

    def move(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)


@dataclass
class World:
    """Everything that acts, without a worker around it: ``act`` does what is due until nothing more is."""

    log: Log
    url: str
    allowed: tuple[str, ...] = ("127.0.0.1",)
    clock: Clock = field(default_factory=Clock)
    limits: Limits | None = None
    chance: float = 0.0
    house: str = SECRET
    secrets: dict[str, Sealed] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.app = Milepost(self.log, calendar=OFFICE)
        self.projector = Projector(self.url, self.log, projections=PROJECTIONS)

    def executors(self) -> dict[str, Executor]:
        """Calls and child runs."""
        return {
            "http": HttpCaller(
                Signer(self.house),
                Targets(self.allowed),
                "http://milepost.test",
                secrets=CallSecrets(self.secrets),
            ),
            "run": ChildStarter(self.app, staff=lambda _definition: EVERYBODY),
        }

    def acting(self, executors: dict[str, Executor] | None = None) -> Acting:
        """The machine."""
        return Acting(
            self.app,
            self.executors() if executors is None else executors,
            OFFICE,
            self.clock,
            limits=self.limits,
            chance=lambda: self.chance,
        )

    def act(self, acting: Acting | None = None, rounds: int = 12) -> None:
        """Do what is due, and what follows from it at this instant."""
        asyncio.run(self.act_async(acting or self.acting(), rounds))

    async def act_async(self, acting: Acting, rounds: int = 12) -> None:
        """As ``act``, within a loop."""
        families = Families(self.app, OFFICE, self.clock)
        for _ in range(rounds):
            before = self.catch_up()
            await acting.once()
            await acting.close()
            await families.once()
            if self.catch_up() == before:
                return
        raise AssertionError(f"after {rounds} rounds something is still due")

    def catch_up(self) -> int:
        """Bring the read models up to the log."""
        return self.projector.catch_up()

    def publish(self, *steps: dict[str, Any], key: str = "sale", **more: Any) -> Definition:
        """Publish a process of these steps, in one stage."""
        document = Document.model_validate(
            {
                "key": key,
                "title": key,
                "roles": [{"key": "seller", "title": "Seller", "initiator": True}],
                "inputs": [{"key": "plan", "title": "Plan", "kind": "text"}],
                "stages": [
                    {"key": "work", "title": "Work", "steps": [{"title": "T", **one} for one in steps]}
                ],
                **more,
            }
        )
        stream = process_stream(key)
        for decision, named in ((save_draft, {"document": document}), (publish, {"note": "test"})):
            self.app.execute(
                PROCESS,
                stream,
                lambda state, decision=decision, named=named: decision(  # type: ignore[misc]  # both take these
                    state, **named, by=DANA, at=self.clock()
                ),
            )
        process = self.app.load(PROCESS, stream)
        assert process is not None
        return self.app.definition(key, process.version)

    def start(self, definition: Definition, **named: Any) -> UUID:
        """Start a run."""
        stream = uuid4()
        self.app.execute(
            RUN,
            stream,
            lambda run: start_run(
                run,
                definition,
                by=DANA,
                at=self.clock(),
                calendar=OFFICE,
                directory=EVERYBODY,
                **named,
            ),
            meta={"process": definition.process, "process_version": definition.version},
        )
        return stream

    def imported(self, definition: Definition) -> UUID:
        """A run that was read in from elsewhere, its first step ready."""
        stream, told = uuid4(), {"process": definition.process, "process_version": definition.version}
        first = next(iter(definition.steps))
        events: list[Event] = [
            RunStarted.model_validate({**told, "name": "old", "imported": True, "at": self.clock()}),
            StepBecameReady(step=first, cause="import", at=self.clock()),
        ]
        self.app.execute(RUN, stream, lambda run: [] if run else events, meta=told)
        return stream

    def decide(
        self, stream: UUID, decision: Callable[..., Sequence[Event]], *args: Any, **named: Any
    ) -> None:
        """Somebody decides something about a run."""
        import inspect

        run = self.run(stream)
        definition = self.app.definition(run.process, run.process_version)
        usual = {
            "definition": definition,
            "by": DANA,
            "at": self.clock(),
            "calendar": OFFICE,
            "directory": EVERYBODY,
        }
        wanted = inspect.signature(decision).parameters
        known = {key: value for key, value in usual.items() if key in wanted} | named
        before = (known.pop("definition"),) if "definition" in known else ()
        self.app.execute(RUN, stream, lambda state: decision(state, *before, *args, **known))

    def run(self, stream: UUID) -> Run:
        """The run as it stands."""
        found = self.app.load(RUN, stream)
        assert found is not None
        return found

    def events(self, stream: UUID) -> list[str]:
        """The types of everything that happened in the run."""
        return [recorded.type for recorded in self.log.read_stream(stream)]

    def close(self) -> None:
        """Let go of the read models."""
        self.projector.close()
