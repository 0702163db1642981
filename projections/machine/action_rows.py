"""What the machine has done and has to do: actions with their incidents, events awaited from outside, child runs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from domain.addresses import known_address, tag_of, tags_in
from domain.comparing import is_set
from domain.definition import Definition
from domain.document import Document, Step
from domain.mail_address import is_address, mail_address
from domain.outline import PLACEHOLDER
from domain.run.actions import stands_still
from domain.run.mail_action import MailAction, leads_guest_to
from domain.run.state import ActionState, Run
from domain.templates import render
from domain.words import Assignee, StepKey
from projections.engine.projection import Projection, Row, Source, Subject, Table
from projections.facts.actions import Did, RunActions
from projections.facts.run import ENDED_RUN, OPEN_STEP, RunFacts
from projections.facts.run_folds import RUN_ACTIONS, RUN_FACTS, RUN_VALUES
from projections.facts.values import RunValues

ACTION = Table(
    "action",
    (
        "run", "step", "round", "action", "kind", "lane", "state", "attempt", "next_at", "queued_at",
        "changed_at", "reason", "result", "receipt", "incident", "problem", "why", "assignee", "incident_at", "name",
        "process", "process_version", "step_title", "project", "test", "version", "whom", "leads_to",
    ),
    key=4,
)  # fmt: skip
AWAITED = Table("awaited", ("run", "step", "event", "key", "waits"), key=2)
CHILD_RUN = Table("child_run", ("run", "child", "step", "round", "process", "waits", "heard"), key=2)

_LATER = frozenset({"locked", "not_applicable"})
DEFAULT_KEY = "{run.id}"


def _rows(subject: Subject) -> Iterator[tuple[int, Row]]:
    run: RunFacts
    found: RunActions
    run, found, values = subject.states
    if found.actions and run.process:
        yield from _actions(subject, run, found, values)
    if found.children:
        yield from _children(subject, run, found)
    if run.process:
        yield from _awaited(subject, run, values)


def _actions(
    subject: Subject, run: RunFacts, found: RunActions, values: RunValues
) -> Iterator[tuple[int, Row]]:
    definition = subject.definitions(run.process, run.process_version)
    document = definition.document
    for did in found.actions.values():
        action, incident = did.action, did.incident
        known = definition.steps.get(action.step) if action.step is not None else None
        yield 0, (
            subject.stream, action.step or "", action.round, action.action, action.kind,
            _lane(document, known, action), action.state, action.attempt,
            _next_at(run, did), action.queued_at, did.changed_at, action.reason, action.result, action.receipt,
            *_incident(incident), run.name, run.process, run.process_version,
            known.title if known else None, run.project, run.test, subject.version, list(action.whom),
            _leads_to(run, values, definition, did),
        )  # fmt: skip


def _leads_to(run: RunFacts, values: RunValues, definition: Definition, did: Did) -> str | None:
    """The step that a guest can open by this mail, or will be able to once it is sent."""
    action = did.action
    if action.kind != "email" or not (action.is_pending or action.result == "sent"):
        return None
    target = leads_guest_to(definition, MailAction.of(action))
    facts = run.steps.get(target) if target is not None else None
    ended = facts is not None and facts.round_at is not None and did.changed_at < facts.round_at
    if target is None or ended or not _went_to_its_guest(run, values, definition, target, action):
        return None
    return target


def _went_to_its_guest(
    run: RunFacts, values: RunValues, definition: Definition, target: StepKey, action: ActionState
) -> bool:
    """Whether a mail that was sent reached the address of the guest whose step it is now; a link is for one only."""
    sent, facts = tags_in(action.receipt), run.steps.get(target)
    role = definition.steps[target].role
    who = (facts.assignee if facts is not None else None) or (None if role is None else run.roles.get(role))
    if action.is_pending or not sent or who is None:
        return True
    stood = Run(roles=run.roles, values=values.by_path())
    address = known_address(Assignee(who), stood, definition)
    if address is None:
        return True
    return is_address(address) and tag_of(str(mail_address(address))) in sent


def _lane(document: Document, known: Step | None, action: ActionState) -> str:
    """The other side that the action is done with: the host of a call, else the kind. A slow one holds up its own."""
    if action.kind != "http":
        return action.kind
    number = action.action.removeprefix("webhook:")
    if number.isdecimal():
        places = document.webhooks[int(number) : int(number) + 1]
        return urlsplit(places[0].url).hostname or "" if places else ""
    return (urlsplit(known.http.url).hostname or "") if known is not None and known.http is not None else ""


def _incident(incident: Any) -> tuple[Any, ...]:
    if incident is None:
        return None, None, None, None, None
    return incident.incident, incident.problem, incident.reason, incident.assignee, incident.opened_at


def _next_at(run: RunFacts, did: Did) -> datetime | None:
    """From when on the machine makes the next attempt by itself; None when it makes none."""
    action = did.action
    if stands_still(run.state, action.action) or not action.waits:
        return None
    return action.next_at or did.changed_at


def _children(subject: Subject, run: RunFacts, found: RunActions) -> Iterator[tuple[int, Row]]:
    for child, started in found.children.items():
        step = run.steps.get(started.step)
        waits = started.reopened or (
            run.state not in ENDED_RUN
            and step is not None
            and step.state in OPEN_STEP
            and step.round == started.round
        )
        yield 2, (subject.stream, child, started.step, started.round, started.process, waits, started.state)


def _awaited(subject: Subject, run: RunFacts, values: RunValues) -> Iterator[tuple[int, Row]]:
    """Every step that has to do with an event; also those that have ended, so that a repeated event is known again."""
    definition = subject.definitions(run.process, run.process_version)
    for key, step in _waits(definition):
        now = run.steps.get(key)
        state = "locked" if now is None else now.state
        waits = run.state not in ENDED_RUN and (state in OPEN_STEP or state in _LATER)
        assert step.wait is not None
        name = _key(step.wait.key or DEFAULT_KEY, subject, values)
        if name is not None:
            yield 1, (subject.stream, key, step.wait.event, name, waits)


def _waits(definition: Definition) -> list[tuple[Any, Step]]:
    return [
        (key, step) for key, step in definition.steps.items() if step.wait is not None and step.wait.event
    ]


def _key(template: str, subject: Subject, values: RunValues) -> str | None:
    """By what the sender of the event knows the run; None as long as a field of it has no value."""
    found: dict[str, Any] = {"run.id": str(subject.stream)}
    for name in PLACEHOLDER.findall(template):
        owner, _, field = name.partition(".")
        if name not in found:
            found[name] = (
                values.inputs.get(field) if owner == "inputs" else values.steps.get(owner, {}).get(field)
            )
        if not is_set(found[name]):
            return None
    return render(template, found)


ACTIONS = Projection(
    "actions",
    3,
    (ACTION, AWAITED, CHILD_RUN),
    {"run": Source((RUN_FACTS, RUN_ACTIONS, RUN_VALUES), _rows)},
    sql="machine/actions",
)
