"""Whom a migration is news for: one mail for each person over all runs, none for guests, never a value."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from domain.addresses import AddressBook, Contact
from domain.definition import Definition
from domain.directory import EMPTY, Directory, GroupFacts, PersonFacts
from domain.events import ActionQueued, Event
from domain.mails import Desk, Mail, compose, headline
from domain.migration import Moved, News, letters, migrate_and_tell, news_of
from domain.migration.letters import MOST_RUNS
from domain.run import RUN, assign_role, cancel_run, complete_step, pause_run, start_run
from domain.run.actions import may_start
from domain.run.mail_action import MailAction
from domain.words import Assignee, RoleKey, StepKey
from tests.domain.documents import step
from tests.migration.processes import known
from tests.migration.test_table import (
    GONE,
    NOTE,
    OLD,
    REQUIRED,
    A,
    B,
    C,
    at,
    migrating,
    steps,
    version,
    with_step,
)
from tests.support.given import BO, DANA, NINE, Story

RUN_ID = UUID(int=7)
LATER = NINE + timedelta(hours=1)
TEAM = Directory(
    {
        Assignee(f"person:{key}"): PersonFacts(key.title(), f"{key}@acme.example")
        for key in ("dana", "cleo", "eve")
    },
    {Assignee("group:team"): GroupFacts("Team", (Assignee("person:cleo"), Assignee("person:eve")))},
)
BOOK = AddressBook(
    {Assignee(DANA): Contact("Dana", "dana@acme.example"), Assignee(BO): Contact("Bo", "b@acme.example")}
)
DESK = Desk(BOOK, "https://mile.example", ZoneInfo("UTC"), lambda _run, _held: "")


def news(story: Story, new: Definition, **choices: str) -> set[News]:
    """What the migration of this run is news for."""
    events = migrating(story, new, **choices).events()
    assert story.definition is not None
    return set(news_of(story.state, known(RUN.fold(events, story.state)), story.definition, new))


@pytest.mark.parametrize(
    ("story", "new", "choices", "told"),
    [
        (at(B), with_step("x", A, B), {}, {(DANA, "ready", "X"), (DANA, "waiting", "B")}),
        (at(B), GONE, {}, {(DANA, "withdrawn", "B"), (DANA, "ready", "C")}),
        (at(C), REQUIRED, {"field_required": "ask"}, {(DANA, "asked", "B")}),
        (at(C), REQUIRED, {"field_required": "reopen"}, {(DANA, "ready", "B"), (DANA, "waiting", "C")}),
        (at(C), REQUIRED, {"field_required": "leave"}, set()),
        (at(B), version(2, *steps(b={"role": "boss", "title": "Other"})), {}, set()),
    ],
    ids=["added", "removed", "asked", "reopened", "left", "words"],
)  # fmt: skip
def test_what_is_news(story: Story, new: Definition, choices: dict[str, str], told: set[Any]):
    """A step that is theirs now, one that lacks something, one that is theirs no more; words of a step are none."""
    titles = {key: one.title for key, one in {**OLD.steps, **new.steps}.items()}
    found = {(who, what, title) for who, what, title in news(story, new, **choices)}
    assert found == {(who, what, titles[StepKey(key.lower())]) for who, what, key in told}


def test_each_person_has_one_letter_over_all_runs():
    """Thirty runs are one mail, which names some of them and says how many there are."""
    asked = News(DANA, "asked", "B")
    moved = [Moved(UUID(int=number), f"Run {number}", [asked]) for number in range(1, 31)]
    [letter] = letters(moved, EMPTY)
    assert (letter.run, letter.to, letter.facts["total"]) == (UUID(int=1), DANA, 30)
    assert len(letter.facts["runs"]) == MOST_RUNS
    assert letter.facts["runs"][0] == {"run": str(UUID(int=1)), "name": "Run 1", "asked": ["B"], "more": 0}


def test_what_is_a_groups_is_told_to_its_members():
    """Each has one letter with their own work and the group's; guests, machines and nobody have none."""
    one = [News("group:team", "ready", "A"), News("guest:customer", "ready", "B")]
    two = [News("person:cleo", "ready", "C"), News(None, "ready", "D"), News("service:x", "asked", "E")]
    moved = [Moved(UUID(int=1), "One", one), Moved(UUID(int=2), "Two", two)]
    found = {letter.to: (letter.run.int, letter.facts["total"]) for letter in letters(moved, TEAM)}
    assert found == {"person:cleo": (1, 2), "person:eve": (1, 1)}


def told_alone(story: Story, new: Definition, **choices: str) -> list[Event]:
    """What is decided when this run moves alone."""
    assert story.definition is not None
    return migrate_and_tell(
        story.state, story.definition, new, choices, "New rule", RUN_ID,
        by=BO, at=LATER, calendar=story.calendar, directory=EMPTY,
    )  # fmt: skip


def mails(story: Story, new: Definition, events: list[Event]) -> list[Mail]:
    """The mails of the actions that these events queued."""
    run = known(RUN.fold(events, story.state))
    queued = [event for event in events if isinstance(event, ActionQueued)]
    acts = [MailAction.of(run.actions[f"/1/{event.action}"]) for event in queued]
    assert all(headline(RUN_ID, run, new, act, DESK) for act in acts)
    return [mail for act in acts for mail in compose(RUN_ID, run, new, act, DESK).mails]


def test_a_run_that_moves_alone_tells_each_in_one_mail():
    """Two steps that lack something, and one that is new, are one mail and not three; it says who, why and what."""
    asking = {"fields": [NOTE, {"key": "room", "title": "Room", "kind": "text", "required": True}]}
    new = version(2, *steps(a=asking, b=asking), step("x", [A], role="seller"))
    [mail] = mails(at(C), new, told_alone(at(C), new, field_required="ask", step_added="required"))
    assert mail.to.address == "dana@acme.example"
    assert mail.subject.endswith("what has changed for you in x")
    titles = [new.steps[StepKey(key)].title for key in (A, B)]
    assert f"something is missing in “{titles[0]}”, “{titles[1]}”" in mail.body
    assert f"for you “{new.steps[StepKey('x')].title}”" in mail.body
    assert "Bo let x follow version 2" in mail.body
    assert "New rule." in mail.body
    assert f"https://mile.example/runs/{RUN_ID}" in mail.body
    assert "said" not in mail.body, "no value"


def test_there_and_back_and_there_are_three_mails():
    """Each migration tells what it changed; one that changes nothing for anybody tells nothing."""
    there = told_alone(at(B), with_step("x", A, B))
    moved = Story(RUN, with_step("x", A, B), state=at(B).given(there).state)
    back = told_alone(moved, OLD)
    names = [event.action for event in [*there, *back] if isinstance(event, ActionQueued)]
    assert names == ["migration:0:person:dana", "migration:1:person:dana"]
    assert [event.type for event in told_alone(at(C), REQUIRED, field_required="leave")] == ["run_migrated"]
    assert told_alone(at(B), OLD) == []


def test_nobody_is_told_of_an_imported_run():
    """What was read in from elsewhere tells nobody."""
    story = at(B)
    imported = Story(RUN, OLD, state=replace(story.state, imported=True))
    events = told_alone(imported, with_step("x", A, B))
    assert not [event for event in events if isinstance(event, ActionQueued)]


def test_its_mail_waits_for_no_run():
    """It tells of other runs too: it is sent while the run that carries it is paused, and after its end."""
    story = at(B).given(told_alone(at(B), with_step("x", A, B)))
    story = Story(RUN, with_step("x", A, B), state=story.state)
    for later in (story.after(pause_run, "holidays"), story.after(cancel_run, "over")):
        [action] = [one for one in later.state.actions.values() if one.action.startswith("migration:")]
        assert may_start(later.state, action, LATER)


def test_a_guest_who_is_asked_has_a_mail_of_the_step_still():
    """The mail with their link is the only way that a guest hears of it."""
    guest = {**steps()[1], "role": "customer"}
    old = version(1, steps()[0], guest, steps()[2])
    new = version(
        2,
        steps()[0],
        {**guest, "fields": REQUIRED.steps[StepKey("b")].model_dump(mode="json")["fields"]},
        steps()[2],
    )
    story = Story(RUN, old).after(start_run, name="x").after(complete_step, A, {"note": "x"})
    story = story.after(assign_role, RoleKey("customer"), Assignee("guest:customer"))
    by_guest = story.when(complete_step, B, {"note": "y"}, by="guest:customer").events()
    events = told_alone(Story(RUN, old, state=story.given(by_guest).state), new, field_required="ask")
    assert [event.action for event in events if isinstance(event, ActionQueued)] == ["help:0"]
