"""What a question of rights can be about: how somebody stands to it, by itself and by what it belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from domain.definition import Definition
from domain.directory import Directory
from domain.project import Project
from domain.relations import Relation, is_sealed, of_groups, to_project, to_run, to_task
from domain.run import Run
from domain.task import Task
from domain.view import View
from domain.visible import Versions
from domain.words import Actor, Assignee, StepKey


class Subject(Protocol):
    """Something that rights are asked about. ``word`` and ``name`` say what it is where it is refused."""

    @property
    def word(self) -> str:
        """What it is: run, task, project, …."""

    @property
    def name(self) -> str:
        """Which one."""

    @property
    def project(self) -> UUID | None:
        """The project that it belongs to, where rights follow from that."""

    @property
    def process(self) -> str | None:
        """The process that it follows."""

    @property
    def sealed(self) -> bool:
        """Whether it is about a step whose values are for some roles only."""

    @property
    def asks_house(self) -> bool:
        """Whether it has to be known who works here, and in which groups."""

    def own(self, who: Actor, house: Directory) -> set[Relation]:
        """What somebody is to it by itself."""


@dataclass(frozen=True, slots=True)
class OfHouse:
    """The house as a whole, or something that belongs to nothing else."""

    word: str = "house"
    name: str = ""
    project: UUID | None = None
    process: str | None = None
    sealed: bool = False
    asks_house: bool = False

    def own(self, who: Actor, house: Directory) -> set[Relation]:  # noqa: ARG002 - nobody is anything to it
        """Nothing."""
        return set()


@dataclass(frozen=True, slots=True)
class OfRun:
    """A run, or one of its steps. ``versions``: the one that it follows, then those that it followed before."""

    id: UUID
    run: Run
    versions: Versions
    step: StepKey | None = None
    word: str = "run"

    @property
    def name(self) -> str:
        """Its id."""
        return str(self.id)

    @property
    def project(self) -> UUID | None:
        """Whose board shows it."""
        return self.run.project

    @property
    def process(self) -> str | None:
        """What it follows."""
        return self.run.process

    @property
    def definition(self) -> Definition:
        """The version that it follows."""
        return self.versions[0]

    @property
    def sealed(self) -> bool:
        """By its step."""
        return is_sealed(self.versions, self.step)

    @property
    def asks_house(self) -> bool:
        """Whether a group fills a role, or has a step."""
        return of_groups(self.run.roles.values(), (step.assignee for step in self.run.steps.values()))

    def own(self, who: Actor, house: Directory) -> set[Relation]:
        """By the run."""
        return to_run(who, self.run, self.definition, self.step, house)


@dataclass(frozen=True, slots=True)
class OfTask:
    """A task."""

    id: UUID
    task: Task
    word: str = "task"
    process: str | None = None
    sealed: bool = False

    @property
    def name(self) -> str:
        """Its id."""
        return str(self.id)

    @property
    def project(self) -> UUID | None:
        """Whose board shows it."""
        return self.task.project

    @property
    def asks_house(self) -> bool:
        """Whether it is a group's."""
        return of_groups([self.task.assignee])

    def own(self, who: Actor, house: Directory) -> set[Relation]:
        """By the task."""
        return to_task(who, self.task, house)


@dataclass(frozen=True, slots=True)
class OfProject:
    """A project as it is."""

    id: UUID
    state: Project
    word: str = "project"
    project: UUID | None = None
    process: str | None = None
    sealed: bool = False

    @property
    def name(self) -> str:
        """Its id."""
        return str(self.id)

    @property
    def asks_house(self) -> bool:
        """Whether a group is among its owner and members."""
        return of_groups([self.state.owner], self.state.members)

    def own(self, who: Actor, house: Directory) -> set[Relation]:
        """By the project."""
        return to_project(who, self.state, house)


@dataclass(frozen=True, slots=True)
class InProject:
    """Something that is to be made in a project, or belongs to one."""

    project: UUID | None
    process: str | None = None
    word: str = "project"
    sealed: bool = False
    asks_house: bool = False

    @property
    def name(self) -> str:
        """Its id."""
        return str(self.project)

    def own(self, who: Actor, house: Directory) -> set[Relation]:  # noqa: ARG002 - its project says it
        """Nothing."""
        return set()


@dataclass(frozen=True, slots=True)
class OfProcess:
    """A process."""

    process: str
    word: str = "process"
    project: UUID | None = None
    sealed: bool = False
    asks_house: bool = False

    @property
    def name(self) -> str:
        """Its key."""
        return self.process

    def own(self, who: Actor, house: Directory) -> set[Relation]:  # noqa: ARG002 - the house's roles say it
        """Nothing."""
        return set()


@dataclass(frozen=True, slots=True)
class OfPerson:
    """A person, ``person:KEY``, or a service."""

    whose: str
    word: str = "person"
    project: UUID | None = None
    process: str | None = None
    sealed: bool = False
    asks_house: bool = True

    @property
    def name(self) -> str:
        """Their key."""
        return self.whose.partition(":")[2]

    def own(self, who: Actor, house: Directory) -> set[Relation]:
        """Whether it is they, or who they answer to."""
        found: set[Relation] = {"self"} if self.whose == who else set()
        return found | ({"manager"} if Assignee(who) in house.managers(self.whose) else set())


@dataclass(frozen=True, slots=True)
class OfView:
    """A saved view."""

    id: UUID
    view: View
    word: str = "view"
    project: UUID | None = None
    process: str | None = None
    sealed: bool = False
    asks_house: bool = False

    @property
    def name(self) -> str:
        """Its id."""
        return str(self.id)

    def own(self, who: Actor, house: Directory) -> set[Relation]:  # noqa: ARG002 - it has one maker
        """Whether they saved it."""
        return {"maker"} if self.view.owner == who else set()
