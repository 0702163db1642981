"""A sheet of people is checked whole: every fault has its place, and what is the same already changes nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from domain.directory import Directory, GroupFacts, PersonFacts
from domain.people_sheet import MOST_LINES, plan, read_sheet
from domain.words import Assignee

DANA, BO, OUT = Assignee("person:dana"), Assignee("person:bo"), Assignee("person:out")
HOUSE = Directory(
    {DANA: PersonFacts("Dana"), BO: PersonFacts("Bo", "bo@example.com", DANA, True, 40.0),
     OUT: PersonFacts("Out", active=False)},
    {Assignee("group:legal"): GroupFacts("Legal", (BO,)), Assignee("group:old"): GroupFacts("Old", closed=True)},
)  # fmt: skip


def faults(text: str) -> list[tuple[int, str, str]]:
    """Line, column and code of each fault."""
    return [(each.line, each.column, each.code) for each in plan(read_sheet(text), HOUSE).faults]


def test_a_sheet_adds_changes_and_leaves_alone():
    """Somebody new comes with their group, somebody known changes by what differs, an empty cell says nothing."""
    text = (
        "key,name,email,manager,weekly_hours,groups\n"
        "cy,Cy,cy@example.com,ada,32,legal;it\n"
        "ada,Ada,,,,\n"
        "bo,Bo Ek,,,,legal\n"
        "dana,Dana,,,,\n"
    )
    found = plan(read_sheet(text), HOUSE)
    assert found.faults == []
    assert [(each.row.key, each.new, dict(each.facts)) for each in found.changes] == [
        ("ada", True, {"name": "Ada"}),
        (
            "cy",
            True,
            {"name": "Cy", "email": "cy@example.com", "manager": "person:ada", "weekly_hours": 32.0},
        ),
        ("bo", False, {"name": "Bo Ek"}),
    ]
    assert (found.groups, [(row.key, group) for row, group in found.members]) == (
        ["it"],
        [("cy", "legal"), ("cy", "it")],
    )
    assert found.unchanged == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name\nDana", [(1, "key", "missing")]),
        ("key,name,phone\n", [(1, "phone", "unknown_column")]),
        ("key,key,name\n", [(1, "key", "said_twice")]),
        ("", [(1, "key", "missing"), (1, "name", "missing")]),
        ("key,name\nA b,\n", [(2, "key", "bad_key"), (2, "name", "bad_text")]),
        ("key,name\ncy,Cy,x\n", [(2, "", "wrong_length")]),
        ("key,name\n\ncy,Cy\ncy,Cy\n", [(4, "key", "said_twice")]),
        ("key,name\nout,Out\n", [(2, "key", "person_deactivated")]),
        ("key,name,email\ncy,Cy,nowhere\n", [(2, "email", "bad_email")]),
        ("key,name,weekly_hours\ncy,Cy,many\n", [(2, "weekly_hours", "bad_hours")]),
        ("key,name,weekly_hours\ncy,Cy,nan\n", [(2, "weekly_hours", "bad_hours")]),
        ("key,name,weekly_hours\ncy,Cy,999\n", [(2, "weekly_hours", "bad_hours")]),
        ("key,name,manager\ncy,Cy,nobody\n", [(2, "manager", "unknown_person")]),
        ("key,name,manager\ncy,Cy,out\n", [(2, "manager", "unknown_person")]),
        ("key,name,manager\ncy,Cy,cy\n", [(2, "manager", "manager_cycle")]),
        ("key,name,manager\ndana,Dana,bo\n", [(2, "manager", "manager_cycle")]),
        ("key,name,manager\na,A,b\nb,B,a\n", [(2, "manager", "manager_cycle"), (3, "manager", "manager_cycle")]),
        ("key,name,groups\ncy,Cy,old\n", [(2, "groups", "group_closed")]),
        ("key,name,groups\ncy,Cy,Very-Odd\n", [(2, "groups", "bad_key")]),
        ('key,name\ncy,"Cy\n', [(3, "", "not_csv")]),
        ('key,name\n"cy\nx",Cy\nada,\n', [(2, "key", "bad_key"), (4, "name", "bad_text")]),
    ],
)  # fmt: skip
def test_each_fault_has_its_line_and_column(text: str, told: list[tuple[int, str, str]]):
    """As an editor counts lines, a cell of several lines included."""
    assert faults(text) == told


def test_a_sheet_of_another_country_is_read():
    """Semicolons, a mark at the beginning, commas in numbers, line ends of another system, titles in capitals."""
    found = plan(read_sheet("\ufeffKey;Name;Weekly_Hours\r\ncy;Cy;38,5\r\n"), HOUSE)
    assert (found.faults, found.changes[0].facts["weekly_hours"]) == ([], 38.5)


def test_a_sheet_has_an_end():
    """Above the limit it is refused, with the line."""
    text = "key,name\n" + "".join(f"p{n},P\n" for n in range(MOST_LINES + 1))
    assert faults(text) == [(MOST_LINES + 2, "", "too_many_lines")]


@given(some.text(max_size=200), some.booleans())
def test_whatever_is_sent_is_read_or_told(text: str, titled: bool):
    """No text breaks it, and what is told has a place."""
    found = plan(read_sheet(("key,name,email,manager,weekly_hours,groups\n" if titled else "") + text), HOUSE)
    assert all(each.line >= 1 and each.detail for each in found.faults)
