"""What the demonstration holds: two processes, a project for each, finished runs of nine months, live ones, tasks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from application.milepost import Milepost
from domain.definition import Definition
from domain.document import Document, stored_form
from domain.events import Event, ProjectStage
from domain.process import PROCESS, publish, save_draft
from domain.project import PROJECT, open_project
from domain.rank import between
from domain.run import RUN
from domain.schedule import Calendar
from domain.task import TASK, add_task
from domain.words import Actor, Assignee, StageKey, Values, process_stream
from interchange.documents.reading import read_document
from milepost.demo.beginning import Beginning, Stand, beginning
from milepost.demo.cards import furnish
from milepost.demo.cast import cast
from milepost.demo.earlier import without_steps
from milepost.demo.player import Execute, Player, Rehearsal, Script
from milepost.demo.services import pointed
from milepost.demo.staff import bring_in, house

PROCESSES = Path(__file__).parents[2] / "processes"
NAMESPACE = UUID("2b9c6f0e-3d7a-5c41-8f0b-6a1d9e5c7b20")
OWNER = Actor("person:owner")
FIRST_VERSION_LACKED = frozenset({"kyc_check", "support_ready"})

CRM_ANSWER = "The CRM answered 409: an account with this domain exists already"
TARGETS = {"acceptance": -1, "data_received": 4, "roles_rights": 3}
"""In how many days the live runs that are held at these steps have to be finished; the others have longer."""


class Scene(NamedTuple):
    """Where a live run stands: its held step, for how many hours it has been ready, and whether it is overdue."""

    step: str
    hours: float
    overdue: bool = False


LIVE = (
    Scene("risk_triage", 5), Scene("customer_signs", 9), Scene("customer_signs", 26 * 24, overdue=True),
    Scene("crm_upsert", 7), Scene("intake_form", 20), Scene("success_plan", 14),
    Scene("kickoff_held", 7 * 24, overdue=True), Scene("data_received", 30), Scene("roles_rights", 16),
    Scene("acceptance", 8), Scene("survey", 30), Scene("survey", 40),
)  # fmt: skip
"""Where the live onboardings stand.

Two are late (a kickoff that nobody held, a target that has passed), two are at risk (too much is left for their
targets), one is stalled on the signature, one has an incident at the CRM, in one somebody asks for help; five go well.
"""
BEGAN_DAYS, FINISHED_DAYS = 330, 270
"""How long ago the workspace was opened, and the first onboarding ended; the newest ended last week."""
PLANNED_DAYS = 40
"""How long after their start the finished onboardings were to be over, as their success plans said: most were."""
HIRING = {
    6: Scene("files_submitted", 6), 7: Scene("check_decision", 9), 8: Scene("role_training", 12),
    9: Scene("headcount_ok", 15),
}  # fmt: skip
"""Which of the hires are under way, and where they stand."""
HELP = ("success_plan", "The customer wants a date before the team has agreed on one.", "person:dana")
CUSTOMERS = (
    "Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir", "Ginkgo", "Hazel", "Ironwood", "Juniper", "Katsura", "Larch",
    "Maple", "Nutmeg", "Oak", "Pine", "Quince", "Rowan", "Spruce", "Teak", "Umbrella", "Viburnum", "Willow", "Yew",
)  # fmt: skip
BUSINESSES = ("Foods", "Logistics", "Health", "Robotics")
CANDIDATES = (
    "Ada Berg", "Luis Ortega", "Mina Sato", "Jonas Weber", "Chiara Rossi", "Femi Ade", "Nora Lind", "Ivan Petrov",
    "Maya Cohen", "Omar Haddad",
)  # fmt: skip


Inputs = Callable[[datetime], Values]
"""The inputs of a run that starts at this instant."""


@dataclass
class Workspace:
    """Fills an empty workspace. Every stream has a fixed id, so filling it again adds only what is missing."""

    app: Milepost
    calendar: Calendar
    now: datetime

    def fill(self) -> None:
        """Everything, the oldest first."""
        began = self.now - timedelta(days=BEGAN_DAYS)
        bring_in(self.app, OWNER, began)
        onboarding = self._shipped("customer-onboarding.yaml")
        first = self._publish(without_steps(onboarding, FIRST_VERSION_LACKED), 1, "First version.", began)
        second = self._publish(
            onboarding, 2, "Sanctions check and support preparation added.", began + timedelta(days=148)
        )
        project = self._project("Customer onboarding", second, began)
        self._finished_customers(first, second, project)
        self.live_customers(second, project)
        hiring = self._publish(self._shipped("hire-and-onboard.yaml"), 1, "First version.", began)
        hires = self._project("Hiring", hiring, began)
        self.hires(hiring, hires)
        self._tasks(project, hires, second)
        furnish(
            self.app,
            project,
            [uuid5(NAMESPACE, f"task {number}") for number in range(3)],
            OWNER,
            self.now,
        )

    # --- processes and projects ---

    def _shipped(self, file: str) -> Document:
        document, problems = read_document(PROCESSES / file)
        if document is None or problems:
            raise ValueError(f"{file}: {problems}")
        return pointed(document).model_copy(update={"webhooks": ()})  # made-up history tells nobody anything

    def _publish(self, document: Document, number: int, note: str, at: datetime) -> Definition:
        stream, by = process_stream(document.key), OWNER

        def when_new(decide: Callable[[Any], Sequence[Event]]) -> Callable[[Any], Sequence[Event]]:
            return lambda state: [] if state is not None and state.version >= number else decide(state)

        self.app.execute(PROCESS, stream, when_new(lambda state: save_draft(state, document, by=by, at=at)))
        self.app.execute(PROCESS, stream, when_new(lambda state: publish(state, note, by=by, at=at)))
        return self.app.definition(document.key, number)

    def _project(self, name: str, definition: Definition, at: datetime) -> UUID:
        stream = uuid5(NAMESPACE, f"project {name}")
        stages = tuple(ProjectStage(key=key, title=stage.title) for key, stage in definition.stages.items())

        def decide(state: Any) -> Sequence[Event]:
            if state is not None:
                return []
            return open_project(
                state, name=name, stages=stages, process=definition.process, owner=Assignee(OWNER), by=OWNER, at=at,
                directory=house(),
            )  # fmt: skip

        self.app.execute(PROJECT, stream, decide)
        return stream

    # --- runs ---

    def _play(
        self, definition: Definition, number: int, begun: Beginning, script: Script, **given: Any
    ) -> None:
        stream = _stream(definition, number)
        if self.app.load(RUN, stream) is None:
            meta = {"process": definition.process, "process_version": definition.version}
            played = Rehearsal()
            player = self._player(definition, number, begun.take, script, played.execute)
            player.perform(begun.at, self.now, OWNER, **given)
            # as one append: timers and mails must not meet a run of the past that is still being played
            self.app.execute(RUN, stream, lambda run: played.events if run is None else [], meta=meta)

    def _player(
        self, definition: Definition, number: int, take: int, script: Script, execute: Execute
    ) -> Player:
        seed = f"{definition.process} {number} {take}" if take else f"{definition.process} {number}"
        chance = Random(seed)  # noqa: S311 - a play, not a secret
        roles = cast(definition, number, Assignee(OWNER))
        stream = _stream(definition, number)
        return Player(execute, definition, roles, self.calendar, chance, deepcopy(script), stream)

    def _begin(
        self, definition: Definition, number: int, scene: Scene, script: Script, inputs: Inputs
    ) -> Beginning:
        """When the run must have started for its scene to be on stage now."""
        rehearsed = _for_any_day(definition)

        def rehearse(begun: Beginning) -> Stand:
            player = self._player(rehearsed, number, begun.take, script, Rehearsal().execute)
            player.start(begun.at, OWNER, inputs=inputs(begun.at))
            player.play(begun.at + timedelta(days=400), until_held=True)
            player.play(self.now)
            assert player.held_since is not None  # every script of a scene holds a step that comes
            return Stand(player.held_since, player.overdue(self.now))

        overdue = frozenset({scene.step} if scene.overdue else ())
        return beginning(self.now - timedelta(hours=scene.hours), overdue, rehearse)

    def _took(
        self, definition: Definition, number: int, at: datetime, script: Script, **given: Any
    ) -> timedelta:
        """How long the run takes from this start to its end; found by a rehearsal."""
        player = self._player(definition, number, 0, script, Rehearsal().execute)
        player.perform(at, at + timedelta(days=400), OWNER, **given)
        ended_at = player.run.ended_at if player.run is not None else None
        return (ended_at or at) - at

    def _customer(self, number: int, at: datetime) -> Values:
        name = f"{CUSTOMERS[number % len(CUSTOMERS)]} {BUSINESSES[number % len(BUSINESSES)]}"
        enterprise = number % 3 == 0
        return {
            "customer_name": name, "customer_domain": f"{name.split(maxsplit=1)[0].lower()}.example",
            "primary_contact_name": CANDIDATES[number % len(CANDIDATES)],
            "primary_contact_email": f"contact@{name.split(maxsplit=1)[0].lower()}.example",
            "plan": ("Enterprise", "Starter", "Business")[number % 3],
            "contract_value": 82_000 if enterprise else 9_000 + 700 * (number % 11),
            "non_standard_terms": number % 7 == 0, "billing_country": ("DE", "FR", "US", "NL")[number % 4],
            "data_region": "US" if number % 4 == 2 else "EU", "needs_sso": number % 2 == 0,
            "needs_migration": number % 5 < 3, "go_live_target": (at + timedelta(days=56)).date().isoformat(),
        }  # fmt: skip

    def _finished_customers(self, first: Definition, second: Definition, project: UUID) -> None:
        """40 runs that ended over nine months: 3 declined, 2 with a no-go round, every seventh with a rescue plan."""
        for number in range(40):
            ended = self.now - timedelta(days=FINISHED_DAYS - 6.7 * number)
            definition = first if number < 18 else second
            guess = ended - timedelta(days=PLANNED_DAYS)
            inputs = self._customer(number, guess)
            took = self._took(definition, number, guess, self._finished(number, guess), inputs=inputs)
            at = ended - took
            script, inputs = self._finished(number, at), self._customer(number, at)
            self._play(definition, number, Beginning(at), script, inputs=inputs, project=project)

    def _finished(self, number: int, at: datetime) -> Script:
        rescue = number % 7 == 3
        target = (at + timedelta(days=PLANNED_DAYS)).date().isoformat()
        return Script(
            values={
                "success_plan": {"go_live_target": target},
                "usage_pull": {
                    "adoption_rate": 0.31 if rescue else 0.74,
                    "active_users": 12 if rescue else 64,
                },
            },
            refusals={"go_no_go": 1} if number in (11, 29) else {},
            declines=frozenset({"customer_signs"}) if number in (6, 19, 33) else frozenset(),
        )

    def live_customers(self, definition: Definition, project: UUID) -> None:
        """The runs under way, over all stages, as ``LIVE`` says."""
        for turn in range(len(LIVE)):
            self.live_customer(definition, turn, project)

    def live_customer(self, definition: Definition, turn: int, project: UUID) -> None:
        """One of the runs under way."""
        number, scene = 40 + turn, LIVE[turn]
        target = (self.now + timedelta(days=TARGETS.get(scene.step, 45))).date().isoformat()
        script = Script(
            values={"success_plan": {"go_live_target": target}},
            stops_at=frozenset({scene.step}),
            refused_calls={"crm_upsert": CRM_ANSWER} if scene.step == "crm_upsert" else {},
            in_time=True,
            help=HELP if scene.step == HELP[0] else None,
        )
        begun = self._begin(definition, number, scene, script, partial(self._customer, number))
        inputs = self._customer(number, begun.at)
        self._play(definition, number, begun, script, inputs=inputs, project=project)

    def hires(self, definition: Definition, project: UUID) -> None:
        """10 hires: one declined the offer, four are under way and in good time."""
        for number in range(len(CANDIDATES)):
            self.hire(definition, number, project)

    def hire(self, definition: Definition, number: int, project: UUID) -> None:
        """One of the hires."""
        scene = HIRING.get(number)
        script = Script(
            declines=frozenset({"offer_signed"}) if number == 3 else frozenset(),
            stops_at=frozenset({scene.step}) if scene else frozenset(),
            in_time=scene is not None,
            values={"report_review": {"finding": "clear"}, "security_training": {"score": 93}},
        )
        begun = Beginning(self.now - timedelta(days=250 - 18 * number))
        if scene:
            begun = self._begin(definition, number, scene, script, partial(self._candidate, number))
        inputs = self._candidate(number, begun.at)
        self._play(definition, number, begun, script, inputs=inputs, project=project)

    def _candidate(self, number: int, at: datetime) -> Values:
        name = CANDIDATES[number]
        start = (at + timedelta(days=21)).date()
        job = ("Engineer", "Accountant", "Support agent", "Designer")[number % 4]
        return {
            "candidate_name": name, "job_title": job,
            "personal_email": f"{name.split(maxsplit=1)[0].lower()}@home.example",
            "department": ("Engineering", "Finance", "Support", "Marketing")[number % 4],
            "manager": f"person:{('marek', 'ines', 'yuki')[number % 3]}", "start_date": start.isoformat(),
            "work_country": ("DE", "US", "FR")[number % 3], "employment_type": "Permanent", "work_mode": "hybrid",
        }  # fmt: skip

    # --- tasks ---

    def _tasks(self, project: UUID, hires: UUID, definition: Definition) -> None:
        stages = [StageKey(stage.key) for stage in definition.document.stages]
        cards = (
            (project, stages[2], "Rewrite the kickoff deck", "person:bo", "medium", 6),
            (
                project,
                stages[3],
                "Agree on a freeze for the holidays with the engineers",
                "person:owner",
                "high",
                3,
            ),
            (project, stages[4], "Ask Legal about the new data agreement", None, "urgent", -2),
            (hires, StageKey(""), "Order badges for the January starters", "person:tomas", "low", 12),
        )
        rank: str | None = None
        for number, (where, stage, title, assignee, priority, days) in enumerate(cards):
            rank = between(rank, None)
            self._task(number, where, stage, title, assignee, priority, days, rank)

    def _task(
        self,
        number: int,
        project: UUID,
        stage: StageKey,
        title: str,
        assignee: str | None,
        priority: Any,
        days: int,
        rank: str,
    ) -> None:
        known = self.app.load(PROJECT, project)
        assert known is not None
        column = stage or StageKey(known.stages[0].key)
        due = (self.now + timedelta(days=days)).date()
        at = self.now - timedelta(days=5)

        def decide(state: Any) -> Sequence[Event]:
            if state is not None:
                return []
            return add_task(
                state, project=project, title=title, stage=column, rank=rank, priority=priority, due_on=due,
                assignee=Assignee(assignee) if assignee else None, by=OWNER, at=at, directory=house(),
            )  # fmt: skip

        self.app.execute(TASK, uuid5(NAMESPACE, f"task {number}"), decide)


def _stream(definition: Definition, number: int) -> UUID:
    """The fixed id of the run number ``number``."""
    return uuid5(NAMESPACE, f"{definition.process} {number}")


def _for_any_day(definition: Definition) -> Definition:
    """The same process, with dates of any day: a rehearsal begins too late, and comes to a date after it has passed."""
    document = _without(stored_form(definition.document), "not_before")
    return Definition.load(definition.process, definition.version, document)


def _without(part: Any, key: str) -> Any:
    if isinstance(part, dict):
        return {name: _without(below, key) for name, below in part.items() if name != key}
    return [_without(below, key) for below in part] if isinstance(part, list) else part
