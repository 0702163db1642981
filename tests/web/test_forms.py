"""How the flat names of a form become the body of a command."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from web.forms import body, person

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("pairs", "values"),
    [
        ([("values:number:rows", "1 200")], {"rows": 1200}),
        ([("values:money:sum", "12.50")], {"sum": 12.5}),
        ([("values:number:rows", "many")], {"rows": "many"}),
        ([("values:yes_no:ok", "no")], {"ok": False}),
        ([("values:multi_choice:plan", "a"), ("values:multi_choice:plan", "b")], {"plan": ["a", "b"]}),
        ([("values:datetime:at", "2026-11-24T09:00")], {"at": "2026-11-24T09:00:00+01:00"}),
        ([("values:person:om", "Bo Ek")], {"om": "person:bo-ek"}),
        ([("values:text:note", "  two\r\nlines ")], {"note": "two\nlines"}),
        (
            [
                ("values:table:cases:0:case:text", "A"),
                ("values:table:cases:2:pass:yes_no", "yes"),
                ("values:table:cases:1:case:text", ""),
            ],
            {"cases": [{"case": "A"}, {"pass": True}]},
        ),
        ([("had", "goals"), ("values:text:goals", "")], {"goals": None}),
        ([("had", "goals"), ("values:text:goals", "x")], {"goals": "x"}),
    ],
)
def test_fields_become_values(pairs: list[tuple[str, str]], values: dict[str, Any]):
    """Every kind of field arrives as the JSON value that the rules take; what cannot be read is left to the rules."""
    assert body(pairs, "complete", BERLIN) == {"values": values}


def test_only_members_of_the_body_are_sent():
    """What steers the request and what is empty stays behind; null is sent where emptiness means something."""
    pairs = [("csrf", "x"), ("command", "1"), ("next", "/"), ("reason", ""), ("assignee", "")]
    assert body(pairs, "assign", BERLIN) == {"assignee": None}
    assert body(pairs, "skip", BERLIN) == {}


def test_a_mail_is_sent_to_other_addresses():
    """They are what somebody changes of it, as a list."""
    assert body([("to", "ada@b.example, person:bo,")], "edit", BERLIN) == {
        "changes": {"to": ["ada@b.example", "person:bo"]}
    }


def test_the_hash_of_a_content_goes_with_what_decides_on_it_alone():
    """The form of a decision has other buttons too: what they send takes no such member."""
    pairs = [("content_sha256", "0" * 64)]
    for verb in ("approve", "refuse", "complete", "decline"):
        assert body(pairs, verb, BERLIN) == {"content_sha256": "0" * 64}
    for verb in ("save", "start", "complete-by-hand", "skip"):
        assert body(pairs, verb, BERLIN) == {}


def test_a_new_run_gets_its_fields_as_inputs():
    """The kick-off form fills the inputs of the run."""
    pairs = [
        ("process", "onboarding"),
        ("values:text:customer", "Acme"),
        ("roles:om", "Bo"),
        ("roles:se", ""),
    ]
    expected = {"process": "onboarding", "inputs": {"customer": "Acme"}, "roles": {"om": "person:bo"}}
    assert body(pairs, "", BERLIN) == expected


def test_a_name_is_a_person_unless_it_says_otherwise():
    """People type names; who knows the long form may use it."""
    assert person("Dana") == "person:dana"
    assert person("group:legal") == "group:legal"


def test_corrected_inputs_are_inputs():
    """The form of a step that shows the run's inputs corrects them as inputs, not as values of the step."""
    pairs = [("had", "plan"), ("values:text:plan", "gold"), ("next", "/runs/1")]
    assert body(pairs, "inputs", BERLIN) == {"inputs": {"plan": "gold"}}
