"""Only who exists can be named: by every decision, in every place that takes somebody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from domain import recurrence as recurring
from domain import task as tasks
from domain.directory import Directory, GroupFacts, PersonFacts, called, meant, near
from domain.document import FormField
from domain.events import ProjectStage
from domain.project import PROJECT, add_member, open_project
from domain.recurrence import RECURRENCE
from domain.run import (
    add_evidence,
    assign_role,
    assign_step,
    change_inputs,
    comment,
    complete_by_hand,
    complete_step,
    give_approval,
    refuse_approval,
    save_values,
    start_run,
)
from domain.run.actions import start_action, succeed_action
from domain.run.external import receive_event
from domain.run.values import House, amiss
from domain.schedule import Calendar
from domain.task import TASK
from domain.words import Assignee, Rejected, RoleKey, StageKey
from tests.domain.documents import run_of, step
from tests.support.given import BO, DANA, NINE, Deed, Story

YUKI, TOMAS, LEFT, LEGAL, SHUT = (
    Assignee(who) for who in ("person:yuki", "person:tomas", "person:left", "group:legal", "group:shut")
)
HOUSE = Directory(
    {
        Assignee(DANA): PersonFacts("Dana Roth"),
        Assignee(BO): PersonFacts("Bo Ek"),
        YUKI: PersonFacts("Yuki Tanaka"),
        TOMAS: PersonFacts("Tomás Vega"),
        LEFT: PersonFacts("Lefteris Gone", active=False),
    },
    {LEGAL: GroupFacts("Legal", (YUKI,)), SHUT: GroupFacts("Old team", closed=True)},
)
WHO = {"key": "who", "title": "Who", "kind": "person"}
ROWS = {
    "key": "rows",
    "title": "Rows",
    "kind": "table",
    "columns": [{"key": "by", "title": "By", "kind": "person"}],
}
FIELDS: list[dict[str, Any]] = [WHO, ROWS]
ONE, TWO = UUID(int=1), UUID(int=2)
NEW: dict[str, Any] = {"project": ONE, "title": "Order gifts", "stage": StageKey("sold"), "rank": "a0"}
STAGES = (ProjectStage(key=StageKey("sold"), title="Sold"),)


def _begun() -> Story:
    call = step(
        "call", kind="http", http={"url": "https://x.example", "outputs": {"who": "who"}}, fields=[WHO]
    )
    story = run_of(
        step("draft", kind="form", fields=FIELDS),
        step(
            "review",
            ["draft"],
            kind="approval",
            fields=FIELDS,
            approval={"on_refusal": {"requires": ["inputs.boss"]}},
        ),
        {**call, "after": []},
        step("heard", [], kind="wait", wait={"event": "heard"}, fields=[WHO]),
    )
    return replace(story, directory=HOUSE).after(start_run)


def _reviewed() -> Story:
    return _begun().after(complete_step, "draft")


Place = Callable[[str], Deed]


def _task(who: str) -> Deed:
    return Story(TASK, directory=HOUSE).when(tasks.add_task, **NEW, assignee=who)


def _handed(who: str) -> Deed:
    return Story(TASK, directory=HOUSE).after(tasks.add_task, **NEW).when(tasks.assign, who)


def _mentioned(who: str) -> Deed:
    return Story(TASK, directory=HOUSE).after(tasks.add_task, **NEW).when(tasks.comment, TWO, "Look", (who,))


def _project(who: str) -> Deed:
    return Story(PROJECT, directory=HOUSE).when(open_project, "Spring", STAGES, owner=who)


def _member(who: str) -> Deed:
    return (
        Story(PROJECT, directory=HOUSE).after(open_project, "Spring", STAGES).when(add_member, who, "member")
    )


def _recurring(**template: Any) -> Deed:
    return Story(RECURRENCE, directory=HOUSE).when(
        recurring.set_up, "Close", "0 8 1 * *", "UTC", "task", {"title": "x", **template}, project=ONE
    )


PLACES: dict[str, Place] = {
    "the assignee of a step": lambda who: _begun().when(assign_step, "draft", who, "why"),
    "a role at the start": lambda who: replace(_begun(), state=None).when(start_run, roles={"helper": who}),
    "a role later": lambda who: _begun().when(assign_role, RoleKey("helper"), who, "why"),
    "an input at the start": lambda who: replace(_begun(), state=None).when(start_run, inputs={"boss": who}),
    "an input later": lambda who: _begun().when(change_inputs, {"boss": who}),
    "a value that is saved": lambda who: _begun().when(save_values, "draft", {"who": who}),
    "a value of what is completed": lambda who: _begun().when(complete_step, "draft", {"who": who}),
    "a cell of a table": lambda who: _begun().when(complete_step, "draft", {"rows": [{"by": who}]}),
    "a value of what is done by hand": lambda who: _begun().when(complete_by_hand, "call", "by phone", {"who": who}),
    "evidence": lambda who: _reviewed().when(add_evidence, "draft", {"who": who}),
    "a value of an approval": lambda who: _reviewed().when(give_approval, "review", None, {"who": who}, by=BO),
    "a value that a refusal brings":
        lambda who: _reviewed().when(refuse_approval, "review", "no", {"boss": who}, by=BO),
    "a value of an event from outside": lambda who: _begun().when(receive_event, "heard", "1", {"who": who}),
    "a mention in a run": lambda who: _begun().when(comment, TWO, "Look", (who,)),
    "the assignee of a new task": _task,
    "the assignee of a task": _handed,
    "a mention at a task": _mentioned,
    "the owner of a project": _project,
    "a member of a project": _member,
    "the assignee of recurring work": lambda who: _recurring(assignee=who),
    "a role of recurring work": lambda who: _recurring(roles={"helper": who}),
}  # fmt: skip


def _refusal(deed: Deed) -> str:
    """The code of a refusal and all that it says."""
    with pytest.raises(Rejected) as refused:
        deed.events()
    return f"{refused.value.code} {refused.value.detail} {refused.value.facts}"


@pytest.mark.parametrize("place", PLACES)
def test_a_stranger_is_refused_wherever_somebody_is_named(place: str):
    """With those who may have been meant; nothing is recorded, so no ghost is ever given work."""
    assert "Yuki Tanaka (person:yuki)" in _refusal(PLACES[place]("person:yuki-tanaka"))
    assert "nobody here is called zed" in _refusal(PLACES[place]("person:zed"))
    assert "Legal (group:legal)" in _refusal(PLACES[place]("group:legals"))


@pytest.mark.parametrize("place", PLACES)
def test_who_left_and_what_is_closed_are_refused_too(place: str):
    """They take no more work, whatever the way it would come to them."""
    assert "Lefteris Gone takes no more work" in _refusal(PLACES[place](LEFT))
    assert "Old team is closed" in _refusal(PLACES[place](SHUT))


@pytest.mark.parametrize("who", [YUKI, LEGAL, "guest:customer", "service:crm"])
@pytest.mark.parametrize("place", PLACES)
def test_who_exists_is_taken(place: str, who: str):
    """People and groups of the directory; guests are known by their process, services by their tokens."""
    assert PLACES[place](who).events()


def test_an_answer_that_names_a_stranger_is_an_incident():
    """What a service answers makes no ghost either: somebody decides."""
    story = _begun()
    (action,) = story.state.actions.values()
    name = (action.step, action.round, action.action)
    tried = story.after(start_action, *name, key="k")
    told = tried.when(succeed_action, *name, "200", None, {"who": "person:zed"}).events()
    assert [event.type for event in told][:2] == ["action_failed", "incident_opened"]
    assert "nobody here is called zed" in told[1].reason  # type: ignore[attr-defined]  # the incident's


def test_who_stood_there_before_may_stay():
    """A value that is not changed is not refused because somebody has left since; nor is another cell of its table."""
    story = _begun().after(save_values, "draft", {"who": YUKI, "rows": [{"by": YUKI}]})
    people = {**HOUSE.people, YUKI: replace(HOUSE.people[YUKI], active=False)}
    later = replace(story, directory=replace(HOUSE, people=people))
    later.after(complete_step, "draft", {"who": YUKI, "rows": [{"by": YUKI}, {"by": TOMAS}]})
    later.when(complete_step, "draft", {"rows": [{"by": LEFT}]}).rejected("invalid_values")


def test_a_stranger_far_down_a_table_is_refused():
    """However many others stand above, and however many strangers there are."""
    others = [Assignee(f"person:a{number}") for number in range(9)]
    house = replace(HOUSE, people={**HOUSE.people, **{who: PersonFacts(who) for who in others}})
    rows = [{"by": who} for who in (*others, "person:zed")]
    story = replace(_begun(), directory=house)
    assert "nobody here is called zed" in _refusal(story.when(complete_step, "draft", {"rows": rows}))
    fields = tuple(FormField(key=f"f{number}", title="F", kind="person") for number in range(40))
    told = amiss(
        fields, {field.key: "person:yuki-tanaka" for field in fields}, {}, House(house, Calendar(), NINE)
    )
    assert len(told) == 40
    assert sum("Yuki Tanaka" in one["accepted"] for one in told) == 5, "to compare takes time, so few are"


def test_a_guest_is_not_told_who_works_here():
    """A refusal names nobody whom the guest does not know."""
    discreet = replace(_begun(), directory=replace(HOUSE, discreet=True))
    assert "Yuki" not in _refusal(discreet.when(save_values, "draft", {"who": "person:yuki-tanaka"}))


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("person:yuki", YUKI), ("yuki", YUKI), (" Yuki Tanaka ", YUKI), ("yuki TANAKA", YUKI), ("Tomás Vega", TOMAS),
        ("Yuki Tanaka (person:yuki)", YUKI), ("group:legal", LEGAL), ("Legal", LEGAL),
        ("Tomas Vega", None), ("Yuki", YUKI), ("Tanaka", None), ("zed", None), ("", None), ("Lefteris Gone", None),
    ],
)  # fmt: skip
def test_words_name_somebody_only_when_they_fit(text: str, who: Assignee | None):
    """A key or a whole name; nothing is guessed."""
    assert meant(text, HOUSE) == who


def test_two_of_one_name_are_told_apart():
    """The name alone names neither; what they are called says which."""
    other = Assignee("person:yuki2")
    house = replace(HOUSE, people={**HOUSE.people, other: PersonFacts("Yuki Tanaka")})
    assert meant("Yuki Tanaka", house) is None
    assert [meant(called(who, house), house) for who in (YUKI, other, TOMAS)] == [YUKI, other, TOMAS]
    assert called(TOMAS, house) == "Tomás Vega"


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("person:yuki-tanaka", YUKI), ("person:tanaka", YUKI), ("person:tomas.vega", TOMAS), ("person:yukki", YUKI),
        ("Tomas Vegas", TOMAS), ("person:bob", Assignee(BO)), ("group:legal_team", LEGAL),
    ],
)  # fmt: skip
def test_those_who_may_have_been_meant_are_told(text: str, who: Assignee):
    """By parts of names, without marks and with a slip of the finger."""
    assert near(text, HOUSE)[0] == who
    assert near("person:zzz", HOUSE) == ()
