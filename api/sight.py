"""Who sees the values in a run: its people, those who work in its project, and who manages. Others see how it goes.

Who belongs is read from the log, never from a read model: somebody who was taken out sees nothing from then on.
docs/explanation/who-sees-what.md has the rule in words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any
from uuid import UUID

from api.guard import Caller
from api.services import Services
from api.streams import PROJECTS, RUNS, known_run
from domain.definition import Definition
from domain.document import FormField
from domain.events import EVENT_TYPES
from domain.project import Project
from domain.run import Run
from domain.words import Assignee, StepKey
from projections.answers import History, HistoryEntry, RunView, StageView, StepView

MASK = "•••"
"""Stands for the value of a sensitive field."""

SEES_ALL = frozenset({"manage", "admin"})
"""Scopes whose bearer every run concerns."""
_WORKS_IN = frozenset({"member", "manager"})


@dataclass(frozen=True, slots=True)
class SeenRun(RunView):
    """A run as its reader may see it: without ``sees_values`` inputs, and the values of every step, are null."""

    inputs: dict[str, Any] | None  # type: ignore[assignment]  # hidden from whom it does not concern
    sees_values: bool = True


@dataclass(frozen=True, slots=True)
class Sight:
    """What one caller sees of one run."""

    run: Run
    definition: Definition
    who: str
    sees_values: bool
    sees_sensitive: bool
    earlier: tuple[Definition, ...] = ()
    """The versions that the run followed before: what was sensitive under one of them stays so."""

    def of_run(self, view: RunView) -> SeenRun:
        """The run without what the caller may not see."""
        told = {each.name: getattr(view, each.name) for each in fields(RunView)}
        told["stages"] = tuple(self._stage(stage) for stage in view.stages)
        told["attachments"] = view.attachments if self.sees_values else ()
        told["inputs"] = self._inputs(view.inputs) if self.sees_values else None
        if view.state == "ended_early" and not self.sees_values:
            told["reason"] = None  # what somebody wrote at the step that ended it
        return SeenRun(**told, sees_values=self.sees_values)

    def of_history(self, history: History) -> History:
        """The history without what the caller may not see: somebody outside sees what the public feed tells."""
        return replace(history, entries=tuple(self._entry(entry) for entry in history.entries))

    def sees_field(self, step: StepKey | None, field: str) -> bool:
        """Whether the value of one field is shown as it is."""
        if not self.sees_values or step is None:
            return self.sees_values
        shown = self._inputs({field: 1}) if step == "inputs" else self._values(step, {field: 1})
        return bool(shown[field] != MASK)

    def _stage(self, stage: StageView) -> StageView:
        return replace(stage, steps=tuple(self._step(step) for step in stage.steps))

    def _step(self, step: StepView) -> StepView:
        if not self.sees_values:
            help_ = None if step.help is None else replace(step.help, reason=None, waiting_on=None)
            actions = tuple(replace(each, reason=None) for each in step.actions)
            step = replace(step, reason=None, help=help_, actions=actions)
        if step.values is None and step.notes is None:
            return step
        return replace(step, values=self._told(step.key, step.values), notes=self._told(step.key, step.notes))

    def _told(self, key: str, values: dict[str, Any] | None) -> dict[str, Any] | None:
        return self._values(StepKey(key), values) if values is not None and self.sees_values else None

    def _entry(self, entry: HistoryEntry) -> HistoryEntry:
        if not self.sees_values:
            known = EVENT_TYPES.get(entry.type)
            public = known.public if known else ()
            return replace(entry, data={name: value for name, value in entry.data.items() if name in public})
        data = dict(entry.data)
        if isinstance(values := data.get("values"), dict) and entry.step is not None:
            data["values"] = self._values(StepKey(entry.step), values)
        if isinstance(replaced := data.get("replaced"), dict) and entry.step is not None:
            data["replaced"] = self._values(StepKey(entry.step), replaced)
        if isinstance(inputs := data.get("inputs"), dict):
            data["inputs"] = self._inputs(inputs)
        return replace(entry, data=data)

    def _values(self, key: StepKey, values: Mapping[str, Any]) -> dict[str, Any]:
        known = [version.steps[key] for version in (self.definition, *self.earlier) if key in version.steps]
        plays = self._does(key) or any(
            step.role and self.run.roles.get(step.role) == self.who for step in known[:1]
        )
        hidden = () if plays or self.sees_sensitive else known
        return _masked(values, [field for step in hidden for field in step.fields])

    def _inputs(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        hidden = not self.sees_sensitive and self.run.started_by != self.who
        versions = (self.definition, *self.earlier) if hidden else ()
        return _masked(inputs, [field for version in versions for field in version.document.inputs])

    def _does(self, key: StepKey) -> bool:
        step = self.run.step(key)
        return self.who in (step.assignee, step.done_by, *step.doers)


def sight_of(services: Services, stream: UUID, caller: Caller) -> Sight:
    """What this caller sees of a run, from the log as it is now; a problem when there is no such run. Blocks."""
    run = known_run(services.repository.load(RUNS, stream), stream)
    definition = services.repository.definition(run.process, run.process_version)
    who, scopes = str(caller.actor), caller.grant.scopes
    sees = bool(scopes & SEES_ALL) or _takes_part(run, who) or _works_in(_project(services, run), who)
    earlier = tuple(services.repository.definition(run.process, version) for version in run.followed)
    return Sight(run, definition, who, sees, "admin" in scopes, earlier)


def sees_texts(services: Services, project: UUID | None, caller: Caller) -> bool:
    """Whether the caller is told what people wrote at steps of this project's runs (None: of any run). Blocks."""
    if caller.grant.scopes & SEES_ALL:
        return True
    found = None if project is None else services.repository.load(PROJECTS, project)
    return isinstance(found, Project) and _works_in(found, str(caller.actor))


def _takes_part(run: Run, who: str) -> bool:
    if who == run.started_by or who in run.roles.values():
        return True
    return any(
        who in (step.assignee, step.done_by, *step.doers, *step.approvals) for step in run.steps.values()
    )


def _project(services: Services, run: Run) -> Project | None:
    return None if run.project is None else services.repository.load(PROJECTS, run.project)


def _works_in(project: Project | None, who: str) -> bool:
    return project is not None and (project.owner == who or project.members.get(Assignee(who)) in _WORKS_IN)


def _masked(values: Mapping[str, Any], form: Iterable[FormField]) -> dict[str, Any]:
    hidden = {field.key for field in form if field.sensitive}
    return {key: MASK if key in hidden and value is not None else value for key, value in values.items()}
