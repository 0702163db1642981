"""Promises about who left: whichever way a step becomes ready, it is never theirs, and no task is given to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.definition import Definition
from domain.directory import Directory, GroupFacts, PersonFacts
from domain.events import Event, StepBecameReady
from domain.migration import migrate_run
from domain.recurrence import RECURRENCE, change, set_up
from domain.run import fire, start_run
from domain.run.actions import fail_action, start_action
from domain.run.children import child_ended, child_started
from domain.run.external import receive_event
from domain.run.incidents import finish_incident
from domain.task import TASK, add_task, assign
from domain.words import Actor, Assignee
from tests.domain.documents import definition, run_of, step
from tests.domain.test_run_incidents import incident
from tests.support.given import NINE, Deed, Story

GONE, BO, LEGAL = Assignee("person:gone"), Assignee("person:bo"), Assignee("group:legal")
MACHINE, CHILD = Actor("system:milepost"), UUID(int=5)
CALLED = ("first", 1, "http")
HERE = Directory({GONE: PersonFacts("Gone"), BO: PersonFacts("Bo")}, {LEGAL: GroupFacts("Legal", (GONE, BO))})
LATER = Directory(
    {GONE: PersonFacts("Gone", active=False), BO: PersonFacts("Bo")}, {LEGAL: GroupFacts("Legal", (GONE, BO))}
)
RULES: list[tuple[dict[str, Any], Assignee | None]] = [
    ({}, None),
    ({"group": "legal", "assign": "round_robin"}, LEGAL),
]
"""How the role is filled, and who gets its steps once its holder has left."""


def before(rule: dict[str, Any], **first: Any) -> Story:
    """A run whose second step is of a role that somebody fills who is about to leave."""
    story = run_of(step("first", **first), step("next", ["first"], role="judge"), roles=_roles(rule))
    named = {"judge": GONE}
    return Story(story.aggregate, story.definition, directory=HERE).after(start_run, roles=named)


def overdue(rule: dict[str, Any]) -> Deed:
    """A step that is skipped because nobody did it."""
    due = {"anchor": "run_start", "offset": 1, "unit": "hours"}
    skip = {"skip_after": {"offset": 1, "unit": "hours"}}
    story = before(rule, due=due, overdue=skip, required=False)
    return replace(story, at=NINE + timedelta(days=3)).when(fire, "first", "skip", by=MACHINE)


def waited(rule: dict[str, Any]) -> Deed:
    """A wait that its instant ends."""
    until = {"anchor": "run_start", "offset": 1, "unit": "hours"}
    story = before(rule, kind="wait", wait={"event": "customer.answered", "until": until})
    return replace(story, at=NINE + timedelta(hours=2)).when(fire, "first", "until", by=MACHINE)


def heard(rule: dict[str, Any]) -> Deed:
    """An event that another service tells of."""
    story = before(rule, kind="wait", wait={"event": "report.received"})
    return story.when(receive_event, "report.received", "r-1", by=Actor("service:crm"))


def by_hand(rule: dict[str, Any]) -> Deed:
    """A call that somebody made by hand."""
    story = before(rule, kind="http", http={"url": "https://crm.example.com/x"})
    story = story.after(start_action, *CALLED, key="k", by=MACHINE)
    story = story.after(fail_action, *CALLED, "404", permanent=True, by=MACHINE)
    return story.when(finish_incident, incident(story), "by phone")


def child(rule: dict[str, Any]) -> Deed:
    """A run of another process that has come to its end."""
    story = before(rule, kind="run", run={"process": "kyc"})
    story = story.after(start_action, "first", 1, "run", key="k", by=MACHINE)
    story = story.after(child_started, "first", 1, CHILD, "kyc", by=MACHINE)
    return story.when(child_ended, CHILD, "completed", by=MACHINE)


def migrated(rule: dict[str, Any]) -> Deed:
    """A version in which the second step waits for nothing."""
    story = before(rule)
    old = story.definition
    assert old is not None
    document = definition(step("first"), step("next", role="judge"), roles=_roles(rule)).document
    return story.when(migrate_run, old, Definition(old.process, 2, document))


def _roles(rule: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": "judge", "title": "Judge", **rule}]


@pytest.mark.parametrize(("rule", "theirs"), RULES)
@pytest.mark.parametrize("way", [overdue, waited, heard, by_hand, child, migrated])
def test_whichever_way_a_step_becomes_ready_it_is_not_theirs(
    way: Callable[[dict[str, Any]], Deed], rule: dict[str, Any], theirs: Assignee | None
):
    """It is the group's of the role, else nobody's; had they stayed it would be theirs."""
    deed = way(rule)
    assert holders(deed) == [GONE]
    assert holders(replace(deed, story=replace(deed.story, directory=LATER))) == [theirs]


def holders(deed: Deed) -> list[Assignee | None]:
    """Who gets what becomes ready."""
    events: list[Event] = deed.events()
    return [event.assignee for event in events if isinstance(event, StepBecameReady)]


def test_no_task_is_given_to_them():
    """Neither a new one nor one that is there already; what they have stays theirs."""
    new = Story(TASK, directory=LATER)
    named = {"title": "Call", "stage": "todo", "rank": "a0", "assignee": GONE}
    new.when(add_task, UUID(int=1), **named).rejected("person_deactivated", person=GONE)
    theirs = replace(new, directory=HERE).after(add_task, UUID(int=1), **named)
    replace(theirs, directory=LATER).when(add_task, UUID(int=1), **named).then()
    replace(theirs, directory=LATER).when(assign, GONE).then()
    bo = replace(theirs, directory=LATER).when(assign, BO).then_types("task_assigned")
    bo.when(assign, GONE).rejected("person_deactivated", person=GONE)


def test_no_recurring_work_names_them():
    """Neither the task that is made nor a role of the run that is started may be theirs from the beginning."""
    new = Story(RECURRENCE, directory=LATER)
    when = ("Daily", "0 9 * * *", "UTC")
    task = {"title": "Check", "stage": "open", "assignee": GONE}
    project = {"project": UUID(int=1)}
    new.when(set_up, *when, "task", task, **project).rejected("person_deactivated", field="assignee")
    of_run = {"roles": {"judge": GONE}}
    new.when(set_up, *when, "run", of_run, process="sale").rejected("person_deactivated", role="judge")
    known = new.after(set_up, *when, "task", {**task, "assignee": BO}, **project)
    known.when(change, *when, task).rejected("person_deactivated", person=GONE)
    named = replace(new, directory=HERE).after(set_up, *when, "task", task, **project)
    replace(named, directory=LATER).when(change, *when, task).then()
