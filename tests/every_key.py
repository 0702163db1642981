"""Everything that a process document leads to without a database: what happens, is said, is asked for and is shown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from types import SimpleNamespace
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
from pydantic import ValidationError

from domain.addresses import AddressBook
from domain.content_text import in_lines
from domain.definition import Definition
from domain.directory import Directory, GroupFacts, PersonFacts
from domain.document import Column, Document, FormField
from domain.events import ActionStarted, Event
from domain.lint import lint
from domain.mails import Desk, compose
from domain.rollup_stage import plan_of
from domain.run import RUN, Run, assign_role
from domain.run.actions import fail_action, is_repeatable
from domain.run.children import child_inputs, child_outputs, child_roles
from domain.run.content import content_of
from domain.run.late_forecast import act_on_late_forecast
from domain.run.mail_action import MailAction
from domain.run.state import ActionState
from domain.run.values import House, amiss, missing, problems
from domain.samples import sample
from domain.schedule import Calendar
from domain.words import Actor, Assignee, Rejected, RoleKey, StepKey, Values
from domain.workload import effort
from milepost.demo.player import Player, Rehearsal, Script
from projections.lists.search import _open_fields as found_by_search
from projections.machine.action_rows import _key as key_of_wait
from tests.support.sights import seen_by
from web.rendering.page import _environment
from workers.automations.contract import Due
from workers.automations.http import judged
from workers.automations.request import request_of
from workers.automations.sealed import CallSecrets

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
UNTIL = AT + timedelta(days=90)
DANA, MACHINE = Actor("person:dana"), Actor("system:milepost")
RUN_ID = UUID(int=7)
OFFICE = Calendar()
PEOPLE = {"dana": "eve", "bo": "eve", "sam": "dana", "ann": "bo", "eve": "dana"}
DIRECTORY = Directory(
    {
        Assignee(f"person:{who}"): PersonFacts(
            who.title(), f"{who}@acme.example", Assignee(f"person:{manager}")
        )
        for who, manager in PEOPLE.items()
    },
    {
        Assignee(f"group:{group}"): GroupFacts(group, (Assignee("person:ann"), Assignee("person:bo")))
        for group in ("security", "legal")
    },
    {Assignee("person:ann"): 9},
)
HOUSE = House(DIRECTORY, OFFICE, AT)
DESK = Desk(
    AddressBook.of(DIRECTORY), "https://m.example", ZoneInfo("UTC"), lambda _run, held: f"/g/{held.step}"
)
ANSWERS = ((200, b'{"state": "reserved", "id": 7}'), (201, b'{"state": "reserved", "id": 7}'), (201, b"{}"))
FIELD = _environment().from_string('{% from "_fields.html" import field %}{{ field(one, none, none) }}')
PROBES: tuple[Any, ...] = (
    1, -1e6, 1e9, 0.5, True, "x", "2026-01-01", "a@b.example", "https://a.example", ["x"], [{"name": 1}], "person:bo",
)  # fmt: skip


def led_to(data: dict[str, Any]) -> Iterator[Any]:
    """One thing after the other; a document that cannot be published leads to its refusal only."""
    try:
        document = Document.model_validate(data)
    except ValidationError as wrong:
        yield ["refused", *(each["loc"] for each in wrong.errors())]
        return
    if found := lint(document):
        yield ["refused", *(one.as_dict() for one in found)]
        return
    definition = Definition(document.key, 1, document)
    yield plan_of(definition), [effort(step) for step in document.steps]
    yield [list(found_by_search(definition, key)) for key in ("inputs", *definition.steps)]
    yield from _forms(definition)
    for script, last in _scripts(definition):
        yield from _played(definition, script, last)


class Base:
    """A document to compare others with; what it leads to is worked out as far as it is needed, once."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.data = data
        self._going, self._known = led_to(data), list[str]()

    def differs(self, other: dict[str, Any]) -> str | None:
        """``changed`` when the other leads to something different, ``refused`` when it cannot be published."""
        for place, theirs in enumerate(led_to(other)):
            if isinstance(theirs, list) and theirs[:1] == ["refused"]:
                return "refused"
            if str(theirs) != self._at(place):
                return "changed"
        return None

    def _at(self, place: int) -> str:
        while place >= len(self._known):
            self._known.append(str(next(self._going, "the end")))
        return self._known[place]


def _forms(definition: Definition) -> Iterator[Any]:
    """What the forms take, and how they look."""
    document = definition.document
    for fields in (document.inputs, *(step.fields for step in document.steps)):
        yield missing(fields, {})
        for field in fields:
            yield [problems([field], {field.key: value}) for value in _probes(field)]
            yield [amiss([field], {field.key: value}, {}, HOUSE) for value in _probes(field)]
            yield FIELD.render(one=field.model_dump(mode="json"))


def _probes(field: FormField) -> list[Any]:
    told = [*PROBES, sample(field, AT), *field.choices, list(field.choices)]
    cells = [{one.key: value} for one in field.columns for value in (*PROBES, *one.choices)]
    return [*told, *([cell] for cell in cells)]


def _scripts(definition: Definition) -> Iterator[tuple[Script, bool]]:
    """Ways that a run can take: all goes well, all that can be refused is, and each step in turn is left alone."""
    kinds = {step.key: step.kind for step in definition.document.steps}
    for last in (False, True):
        values = _values(definition, last)
        yield Script(values=values), last
        yield Script(
            values=values,
            refusals={key: 1 for key, kind in kinds.items() if kind == "approval"},
            declines=frozenset(key for key, kind in kinds.items() if kind == "sign"),
            refused_calls={key: "404" for key, kind in kinds.items() if kind == "http"},
        ), last  # fmt: skip
    for key in kinds:
        yield Script(values=_values(definition, True), stops_at=frozenset({key})), True


def _values(definition: Definition, last: bool) -> dict[str, Values]:
    not_given = ("computed", "files")
    return {
        step.key: {field.key: _value(field, last) for field in step.fields if field.kind not in not_given}
        for step in definition.document.steps
    }


def _value(field: FormField | Column, last: bool) -> Any:  # noqa: PLR0911 - one line a kind
    match field.kind:
        case "choice" if field.choices:
            return field.choices[-1 if last else 0]
        case "number" | "money":
            return len(field.key) * (3.456 if last else 1.234)
        case "yes_no":
            return last
        case "date":
            return f"2026-04-{len(field.key):02}"
        case "email":
            return f"{field.key}@customer.example"
        case "person":
            return "person:ann"
        case "table" if last and isinstance(field, FormField):
            return [{one.key: _value(one, last) for one in field.columns}] * len(field.key)
        case _:
            return sample(field, AT)


def _played(definition: Definition, script: Script, last: bool) -> Iterator[Any]:
    """What happens in a run, and what is said of it."""
    rehearsal = Rehearsal()
    followed = {role.becomes for role in definition.roles.values()}
    roles = {
        RoleKey(key): Assignee(f"guest:{key}" if role.guest else "person:sam")
        for key, role in definition.roles.items()
        if not (role.system or role.initiator or role.from_input or role.manager_of or role.group)
        and key not in followed
    }
    player = Player(
        rehearsal.execute, definition, roles, OFFICE, Random(3), script, RUN_ID, directory=DIRECTORY
    )
    inputs = {
        field.key: _value(field, last) for field in definition.document.inputs if field.kind != "computed"
    }
    try:
        player.perform(AT, UNTIL, DANA, inputs=inputs)
    except Rejected as refusal:
        yield refusal.code, refusal.facts
    yield [(event.type, event.model_dump(mode="json")) for event in rehearsal.events]
    if rehearsal.run is not None:
        yield from _said(definition, rehearsal.events)
        yield from _of(definition, rehearsal.run)


def _said(definition: Definition, events: list[Event]) -> Iterator[Any]:
    """Mails as they are written, and calls as they are made and judged."""
    run = Run()
    for event in events:
        run = RUN.fold([event], run) or run
        if isinstance(event, ActionStarted):
            named = (event.step, event.round, event.action)
            [action] = [one for one in run.actions.values() if (one.step, one.round, one.action) == named]
            yield is_repeatable(definition, action), _failed(definition, run, action)
            yield from _mail(definition, run, action) if action.kind == "email" else ()
            yield from _call(definition, run, action) if action.kind == "http" else ()


def _failed(definition: Definition, run: Run, action: ActionState) -> Any:
    named = (action.step, action.round, action.action)
    return fail_action(run, definition, *named, "404", permanent=True, by=MACHINE, at=UNTIL)


def _mail(definition: Definition, run: Run, action: ActionState) -> Iterator[Any]:
    for mail in compose(RUN_ID, run, definition, MailAction.of(action), DESK).mails:
        yield mail.to.address, mail.subject, mail.body


def _call(definition: Definition, run: Run, action: ActionState) -> Iterator[Any]:
    due = Due(RUN_ID, run, definition, action, "key", AT)
    request = request_of(due, "https://m.example", CallSecrets())
    yield request.method, request.url, request.headers, request.body, request.timeout_seconds
    for status, body in ANSWERS:
        yield judged(due, request, status, httpx.Headers(), body, UTC, CallSecrets())


def _of(definition: Definition, run: Run) -> Iterator[Any]:
    """Who sees what of the run, by what name events find it, what a child gets, and what a late forecast does."""
    for who in ("person:dana", "person:stranger", "person:sam", "person:ann", "person:eve"):
        sight = seen_by(who, run, definition, sees_values=True, sees_sensitive=False)
        yield [
            sight.sees_field(StepKey(step.key), field.key)
            for step in definition.document.steps
            for field in step.fields
        ]
        yield [sight.sees_field(StepKey("inputs"), field.key) for field in definition.document.inputs]
    values: Any = SimpleNamespace(inputs=run.inputs, steps=defaultdict(dict))
    for path, value in run.values.items():
        values.steps[path.partition(".")[0]][path.partition(".")[2]] = value
    subject: Any = SimpleNamespace(stream=RUN_ID)
    for step in definition.document.steps:
        content = content_of(run, definition, StepKey(step.key))
        yield content.about, in_lines(content, definition, run.name, UTC, str, lambda _part: True)
        if step.wait is not None:
            yield step.wait.event, key_of_wait(step.wait.key or "{run.id}", subject, values)
        if step.run is not None:
            told = (run, definition, StepKey(step.key))
            yield child_inputs(*told), child_roles(*told, definition), child_outputs(*told[1:], run, "Fine")
    yield _late(definition, run), _given_on(definition, run)


def _late(definition: Definition, run: Run) -> Any:
    open_ = next((key for key, step in run.steps.items() if step.is_open), None)
    return act_on_late_forecast(run, definition, 1, open_, by=MACHINE, at=UNTIL, calendar=OFFICE)


def _given_on(definition: Definition, run: Run) -> Any:
    """What happens when each role is given to somebody else."""
    found: list[Any] = []
    for role in definition.roles:
        try:
            found += assign_role(
                run, definition, role, Assignee("person:bo"), "Leaves", by=DANA, at=UNTIL, directory=DIRECTORY
            )
        except Rejected as refusal:
            found.append(refusal.code)
    return found
