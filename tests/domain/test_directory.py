"""Promises about people and groups, and about who is found when a rule asks for somebody."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.directory import EMPTY, Directory, GroupFacts, PersonFacts
from domain.events import (
    GroupClosed,
    GroupCreated,
    GroupMemberAdded,
    GroupMemberRemoved,
    GroupRenamed,
    PersonAdded,
    PersonChanged,
    PersonDeactivated,
    PersonReactivated,
)
from domain.group import (
    GROUP,
    add_group_member,
    close_group,
    create_group,
    remove_group_member,
    rename_group,
)
from domain.person import PERSON, add_person, change_person, deactivate, reactivate
from domain.words import Actor, Assignee, group_stream, person_stream
from tests.support.given import NINE, Story

BY = Actor("person:dana")
DANA, BO, CY, GONE = (Assignee(f"person:{key}") for key in ("dana", "bo", "cy", "gone"))
IT = Assignee("group:it")
HOUSE = Directory(
    {
        DANA: PersonFacts("Dana Roth"),
        BO: PersonFacts("Bo Ek", manager=DANA),
        GONE: PersonFacts("Gone Person", manager=DANA, active=False),
        CY: PersonFacts("Cy Lo", manager=GONE),
    },
    {IT: GroupFacts("IT", (GONE, BO, CY))},
)
person = Story(PERSON, directory=HOUSE)
group = Story(GROUP, directory=HOUSE)
ADDED = PersonAdded(
    person="eve", name="Eve Oz", email="eve@x.org", manager=DANA, weekly_hours=32, by=BY, at=NINE
)
CREATED = GroupCreated(group="it", title="IT", by=BY, at=NINE)


def test_a_person_is_added_once():
    """Adding records all that is known; the same again changes nothing, something else is refused."""
    added = person.when(add_person, "eve", " Eve Oz ", "eve@x.org", DANA, 32.0).then(ADDED)
    added.when(add_person, "eve", "Another Eve").rejected("already_added", name="Eve Oz", accepted=["change"])


@pytest.mark.parametrize("key", ["", "Eve", "eve smith", ".eve", "éve", "a" * 65, "eve/..", "еve"])
def test_the_key_of_a_person_is_plain(key: str):
    """A key is lower-case ASCII: it stands in addresses, and two that look alike are the same."""
    person.when(add_person, key, "Eve").rejected("bad_key", field="key")


@pytest.mark.parametrize(
    "email",
    [
        "",
        "eve",
        "eve@",
        "eve@x",
        "e v@x.org",
        "eve@x.org\n",
        "<eve@x.org>",
        "eve(home)@x.org",
        "e@" + "x" * 300 + ".org",
    ],
)
def test_an_address_must_look_like_one(email: str):
    """What a field of the kind email refuses is refused here too."""
    person.when(add_person, "eve", "Eve", email).rejected("bad_email", field="email")


@pytest.mark.parametrize("hours", [-1.0, 169.0, float("nan"), float("inf")])
def test_a_week_has_168_hours(hours: float):
    """Plans count on the hours, so they make sense."""
    person.when(add_person, "eve", "Eve", None, None, hours).rejected("bad_hours", least=0, most=168)


@pytest.mark.parametrize("name", ["", "  ", "a" * 201, "two\nlines"])
def test_a_person_has_a_name(name: str):
    """A name is one line of 1 to 200 characters."""
    person.when(add_person, "eve", name).rejected("bad_text", field="name")
    person.given(ADDED).when(change_person, name, None, None, None).rejected("bad_text", field="name")


def test_a_person_is_changed_as_a_whole():
    """What is not there any longer is gone: an address taken away is taken away."""
    changed = PersonChanged(name="Eve Oz", email=None, manager=BO, weekly_hours=20, by=BY, at=NINE)
    person.given(ADDED).when(change_person, "Eve Oz", None, BO, 20.0).then(changed)
    person.given(ADDED).when(change_person, "Eve Oz", "eve@x.org", DANA, 32.0).then()


def test_a_manager_works_here():
    """A stranger manages nobody, and neither does somebody who left."""
    person.when(add_person, "eve", "Eve", None, Assignee("person:nobody")).rejected("unknown_person")
    person.when(add_person, "eve", "Eve", None, GONE).rejected("person_deactivated", person=GONE)


def test_nobody_manages_their_own_manager():
    """However long the way around is, it is refused, and the way is named."""
    dana = person.given(PersonAdded(person="dana", name="Dana", by=BY, at=NINE))
    dana.when(change_person, "Dana", None, DANA, None).rejected("manager_cycle", through=[DANA])
    dana.when(change_person, "Dana", None, CY, None).rejected("manager_cycle", through=[CY, GONE, DANA])


def test_a_person_leaves_and_comes_back():
    """Each happens once; leaving needs a reason."""
    eve = person.given(ADDED)
    eve.when(deactivate, " ").rejected("bad_text", field="reason")
    left = eve.when(deactivate, "left").then(PersonDeactivated(reason="left", by=BY, at=NINE))
    left.when(reactivate).then(PersonReactivated(by=BY, at=NINE))
    eve.when(reactivate).then()


def test_a_group_is_created_renamed_and_closed():
    """Each happens once; a closed group stays closed."""
    there = group.when(create_group, "it", "IT").then(CREATED)
    there.when(create_group, "it", "Other").rejected("already_created", title="IT", accepted=["rename"])
    there.when(rename_group, "IT support").then(GroupRenamed(title="IT support", by=BY, at=NINE))
    there.when(rename_group, "IT").then()
    closed = there.when(close_group, "merged").then(GroupClosed(reason="merged", by=BY, at=NINE))
    closed.when(create_group, "it", "IT").rejected("group_closed")
    closed.when(add_group_member, BO).rejected("group_closed")
    closed.when(rename_group, "New").rejected("group_closed")


@pytest.mark.parametrize("key", ["", "IT", "1it", "i-t", "a" * 65])
def test_the_key_of_a_group_is_like_that_of_a_process(key: str):
    """Process documents name groups by key."""
    group.when(create_group, key, "IT").rejected("bad_key", field="key")


def test_members_come_and_go():
    """Only somebody who works here is a member; who leaves keeps what they have."""
    there = group.given(CREATED)
    joined = there.when(add_group_member, BO).then(GroupMemberAdded(member=BO, by=BY, at=NINE))
    joined.when(remove_group_member, BO).then(GroupMemberRemoved(member=BO, by=BY, at=NINE))
    there.when(remove_group_member, BO).then()
    there.when(add_group_member, GONE).rejected("person_deactivated")
    there.when(add_group_member, Assignee("person:nobody")).rejected("unknown_person")
    there.when(add_group_member, IT).rejected("unknown_person")


def test_rules_find_only_people_who_are_there():
    """Who left is no member, takes no turn and manages nobody: the next one up does."""
    assert HOUSE.members(IT) == (BO, CY)
    assert not HOUSE.is_member(Actor(GONE), IT)
    assert HOUSE.manager_of(CY) == DANA
    assert HOUSE.manager_of(DANA) is None
    assert HOUSE.members("group:none") == ()
    assert HOUSE.in_turn("group:none") is HOUSE.least_loaded("group:none") is EMPTY.in_turn(IT) is None


@given(st.integers(0, 1_000), st.lists(st.booleans(), max_size=6), st.data())
def test_a_rule_gives_work_to_an_active_member_or_to_nobody(
    turn: int, active: list[bool], data: st.DataObject
):
    """Whatever the group and the load, somebody who left gets nothing, and the least loaded has the least."""
    people = {Assignee(f"person:p{i}"): PersonFacts(f"P{i}", active=is_in) for i, is_in in enumerate(active)}
    load = {key: data.draw(st.integers(0, 5)) for key in people}
    house = Directory(people, {IT: GroupFacts("IT", tuple(people), turn)}, load)
    there = [key for key, facts in people.items() if facts.active]
    drawn, least = house.in_turn(IT), house.least_loaded(IT)
    assert (drawn is None) is (least is None) is (not there)
    if drawn is not None and least is not None:
        assert {drawn, least} <= set(there)
        assert load[least] == min(load[key] for key in there)


def test_turns_go_round():
    """As many draws as members give everybody one."""
    people = {Assignee(f"person:p{i}"): PersonFacts(f"P{i}") for i in range(4)}
    drawn = [Directory(people, {IT: GroupFacts("IT", tuple(people), turn)}).in_turn(IT) for turn in range(8)]
    assert sorted(drawn[:4]) == sorted(drawn[4:]) == sorted(people)  # type: ignore[type-var]  # nobody is missing


def test_keys_give_the_same_stream_everywhere():
    """A person, a group and a process of the same key are three streams, the same in every installation."""
    assert str(person_stream("dana")) == str(person_stream("dana")) != str(group_stream("dana"))
