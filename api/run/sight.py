"""Who sees the values in a run: its people, those who work in its project, and who manages. Others see how it goes.

Who belongs is read from the log, never from a read model: somebody who was taken out sees nothing from then on.
docs/explanation/who-sees-what.md has the rule in words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any
from uuid import UUID

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from api.access.guard import Caller, caller_of
from api.handling.services import Services, asked_by
from application.asked import Asked
from application.blocking import finish
from application.found import RUNS, known_run
from application.refused import Refused
from application.rights.subjects import InProject, OfRun
from domain.definition import Definition
from domain.document import FormField
from domain.events import EVENT_TYPES, ApprovalGiven, AttachmentAdded
from domain.run import Run
from domain.visible import Versions, is_for_roles, roles_that_see
from domain.words import RoleKey, StepKey
from projections.answers import History, HistoryEntry, RunView, StageView, StepView

MASK = "•••"
"""Stands for the value of a sensitive field."""

_WRITTEN = frozenset({"headers", "body", "inputs"})
"""What an edited call, mail or child run is given: keys and values, for who wrote it."""
_SAID = frozenset(
    {"reason", "text", "note", "waiting_on", "receipt", "name", "sha256", "media_type", "subject", "body"}
)
"""What people write at a step, and what their files and the answers of services are called there."""


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
    id: UUID
    asked: Asked
    """Who looks, when, with which scopes."""
    earlier: tuple[Definition, ...] = ()
    """The versions that the run followed before: what was sensitive under one of them stays so."""

    @property
    def versions(self) -> Versions:
        """The version that the run follows, then those that it followed before."""
        return (self.definition, *self.earlier)

    def of_run(self, view: RunView) -> SeenRun:
        """The run without what the caller may not see."""
        told = {each.name: getattr(view, each.name) for each in fields(RunView)}
        told["stages"] = tuple(self._stage(stage) for stage in view.stages)
        told["attachments"] = tuple(each for each in view.attachments if self.sees_step(each.get("step")))
        told["inputs"] = self._inputs(view.inputs) if self.sees_values else None
        if view.state == "ended_early" and not (self.sees_values and self._sees_why_it_ended):
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

    def sees_step(self, step: str | None) -> bool:
        """Whether what belongs to the step as a whole is shown, such as files beside it (None: to the run)."""
        if step is None or not self.sees_values:
            return self.sees_values
        return not self._is_for_others(StepKey(step))

    @property
    def _sees_why_it_ended(self) -> bool:
        failed = (key for key, step in self.run.steps.items() if step.state == "failed")
        return not any(map(self._is_for_others, failed))

    def _stage(self, stage: StageView) -> StageView:
        return replace(stage, steps=tuple(self._step(step) for step in stage.steps))

    def _step(self, step: StepView) -> StepView:
        if not self.sees_values or self._is_for_others(StepKey(step.key)):
            help_ = None if step.help is None else replace(step.help, reason=None, waiting_on=None)
            actions = tuple(replace(each, reason=None) for each in step.actions)
            step = replace(step, reason=None, help=help_, actions=actions)
        if step.values is None and step.notes is None:
            return step
        values, notes = self._told(step.key, step.values), self._told(step.key, step.notes)
        return replace(step, values=values, notes=notes)

    def _told(self, key: str, values: dict[str, Any] | None) -> dict[str, Any] | None:
        return self._values(StepKey(key), values) if values is not None and self.sees_values else None

    def _entry(self, entry: HistoryEntry) -> HistoryEntry:
        if not self.sees_values:
            known = EVENT_TYPES.get(entry.type)
            public = known.public if known else ()
            return replace(entry, data={name: value for name, value in entry.data.items() if name in public})
        data = self._unwritten(entry)
        if entry.type == AttachmentAdded.type and not self.sees_step(entry.step):
            data |= dict.fromkeys(data.keys() - AttachmentAdded.public, MASK)
        if isinstance(values := data.get("values"), dict) and entry.step is not None:
            data["values"] = self._values(StepKey(entry.step), values)
        if isinstance(replaced := data.get("replaced"), dict) and entry.step is not None:
            data["replaced"] = self._values(StepKey(entry.step), replaced)
        if isinstance(inputs := data.get("inputs"), dict):
            data["inputs"] = self._inputs(inputs)
        if entry.step is not None and self._is_for_others(StepKey(entry.step)) and not self._is_told(entry):
            data = _unsaid(entry.type, data)
        return replace(entry, data=data)

    def _is_told(self, entry: HistoryEntry) -> bool:
        """Whether somebody wrote it themselves, or was named in it: they were told by mail."""
        named = (*(entry.data.get("mentions") or ()), entry.data.get("waiting_on"))
        return self.who == entry.by or self.who in named

    def _unwritten(self, entry: HistoryEntry) -> dict[str, Any]:
        """The event without what is nobody's field: what an event from outside brought, what an edited call says."""
        data = dict(entry.data)
        if self.sees_sensitive or entry.by == self.who:
            return data
        if entry.step is None and isinstance(brought := data.get("values"), dict):
            data["values"] = dict.fromkeys(brought, MASK)
        if isinstance(changes := data.get("changes"), dict):
            data["changes"] = {name: MASK if name in _WRITTEN else value for name, value in changes.items()}
        return data

    def _values(self, key: StepKey, values: Mapping[str, Any]) -> dict[str, Any]:
        if self._is_for_others(key):
            return {name: None if value is None else MASK for name, value in values.items()}
        known = [version.steps[key] for version in self._versions_with(key)]
        plays = self._does(key) or any(self._fills(step.role) for step in known[:1])
        hidden = () if plays or self.sees_sensitive else known
        return _masked(values, [field for step in hidden for field in step.fields])

    def _is_for_others(self, key: StepKey) -> bool:
        """Whether the step's values are for some roles only, under any version, and the caller is none of them."""
        versions = self._versions_with(key)
        if not any(is_for_roles(version.steps[key]) for version in versions):
            return False
        if self.sees_sensitive or self._does(key):
            return False
        now = versions[0]
        judges = now.judges.get(key, ())
        seeing = roles_that_see(now.steps[key], (now.steps[judge] for judge in judges))
        return not any(map(self._does, judges)) and not any(map(self._fills, seeing))

    def _versions_with(self, key: StepKey) -> list[Definition]:
        return [version for version in self.versions if key in version.steps]

    def _fills(self, role: str | None) -> bool:
        return role is not None and self.run.roles.get(RoleKey(role)) == self.who

    def _inputs(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        hidden = not self.sees_sensitive and self.run.started_by != self.who
        versions = self.versions if hidden else ()
        return _masked(inputs, [field for version in versions for field in version.document.inputs])

    def _does(self, key: StepKey) -> bool:
        step = self.run.step(key)
        return self.who in (step.assignee, step.done_by, *step.doers, *step.approvals)


def _unsaid(kind: str, data: dict[str, Any]) -> dict[str, Any]:
    """What happened at a step that is for others, without what people wrote there and which files they put there."""
    said = _SAID | {"comment"} if kind == ApprovalGiven.type else _SAID
    found = {name: MASK if name in said and value is not None else value for name, value in data.items()}
    for name in ("facts", "changes"):
        if isinstance(inside := found.get(name), dict):
            found[name] = {key: MASK if key in _SAID else value for key, value in inside.items()}
    return found


def sight_of(services: Services, stream: UUID, caller: Caller) -> Sight:
    """What this caller sees of a run, from the log as it is now; a problem when there is none for them. Blocks."""
    gate, asked = services.app.gate, asked_by(services, caller)
    run = known_run(services.app.load(RUNS, stream), stream)
    versions = services.app.versions(run)
    relations = finish(gate.relations(asked, OfRun(stream, run, versions)))
    if not gate.opens("run", relations):
        raise Refused("unknown_run", f"there is no run {stream}")
    return Sight(
        run,
        versions[0],
        str(caller.actor),
        gate.opens("values", relations),
        "administrator" in relations,
        stream,
        asked,
        versions[1:],
    )


def is_for_some(services: Services, process: str, version: int, step: str | None) -> bool:
    """Whether what is written at a step is for some roles only: lists of many runs do not tell it. Blocks."""
    known = None if step is None else services.app.definition(process, version).steps.get(StepKey(step))
    return known is not None and is_for_roles(known)


def sees_texts(services: Services, project: UUID | None, caller: Caller) -> bool:
    """Whether the caller is told what people wrote at steps of this project's runs (None: of any run). Blocks."""
    return finish(services.app.gate.may_read("texts", asked_by(services, caller), InProject(project)))


def _masked(values: Mapping[str, Any], form: Iterable[FormField]) -> dict[str, Any]:
    hidden = {field.key for field in form if field.sensitive}
    return {key: MASK if key in hidden and value is not None else value for key, value in values.items()}


async def texts_for(request: Request, project: UUID | None) -> bool:
    """Whether the caller is told what help is needed for."""
    return await run_in_threadpool(sees_texts, request.app.state.services, project, caller_of(request))
