"""How the flat names of a form become the body of a command."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain.directory import EMPTY, Directory, PersonFacts
from domain.words import Assignee
from web.forms import fields
from web.forms.fields import person
from web.rendering.controls import shown, trace

BERLIN = ZoneInfo("Europe/Berlin")
FILE = {"name": "plan.pdf", "size": 3, "type": "application/pdf", "sha256": "a" * 64}
OTHER = {**FILE, "name": "other.pdf", "sha256": "b" * 64}


HOUSE = Directory(
    {Assignee("person:bo"): PersonFacts("Bo Ek"), Assignee("person:om"): PersonFacts("Omar Haddad")}
)


def body(pairs: list[tuple[str, str]], verb: str, zone: ZoneInfo) -> dict[str, Any]:
    """The body of a command in a house where two people work."""
    return fields.body(pairs, verb, zone, HOUSE)


def changed(kind: str, before: Any, *texts: str, key: str = "it", zone: ZoneInfo = BERLIN) -> Any:
    """What a form that showed this value makes of these texts; ``...`` where it changes nothing."""
    pairs = [(f"values:{kind}:{key}", text) for text in texts]
    told = body([*pairs, (f"had:{kind}:{key}", trace(kind, before, zone))], "save", zone)
    return told.get("values", {}).get(key, ...)


@pytest.mark.parametrize(
    ("pairs", "values"),
    [
        ([("values:number:rows", "1 200")], {"rows": 1200}),
        ([("values:money:sum", "12.50")], {"sum": 12.5}),
        ([("values:number:rows", "many")], {"rows": "many"}),
        ([("values:yes_no:ok", "no")], {"ok": False}),
        ([("values:multi_choice:plan", "a"), ("values:multi_choice:plan", "b")], {"plan": ["a", "b"]}),
        ([("values:datetime:at", "2026-11-24T09:00")], {"at": "2026-11-24T09:00:00+01:00"}),
        ([("values:person:om", "Bo Ek")], {"om": "person:bo"}),
        ([("values:text:note", "  two\r\nlines ")], {"note": "two\nlines"}),
        (
            [
                ("values:table:cases:0:case:text", "A"),
                ("values:table:cases:2:pass:yes_no", "yes"),
                ("values:table:cases:1:case:text", ""),
            ],
            {"cases": [{"case": "A"}, {"pass": True}]},
        ),
        ([("values:choice:size", " a ")], {"size": " a "}),
        ([("values:yes_no:ok", "maybe")], {"ok": "maybe"}),
        ([("values:files:docs", "garbage")], {"docs": ["garbage"]}),
    ],
)
def test_fields_become_values(pairs: list[tuple[str, str]], values: dict[str, Any]):
    """Every kind of field arrives as the JSON value that the rules take; what cannot be read is left to the rules."""
    assert body(pairs, "complete", BERLIN) == {"values": values}


@pytest.mark.parametrize(
    "text", ["nan", "NaN", "inf", "-Infinity", "1e999", "1_000", "١٢", "0x10", "1,5", "9" * 30]
)
@pytest.mark.parametrize("kind", ["number", "money"])
def test_only_plain_digits_are_a_number(kind: str, text: str):
    """Whatever else Python takes for a number stays text, which the rules refuse by name; nothing becomes null."""
    assert body([(f"values:{kind}:it", text)], "save", BERLIN) == {"values": {"it": text}}


SHOWN: list[tuple[str, Any]] = [
    ("text", "  blanks around "),
    ("text", "two\nlines that came over the API"),
    ("long_text", "\nbegins with a line end\r\nand has others\r"),
    ("number", 9.99),
    ("number", 12345678901234567),
    ("number", 1e-07),
    ("number", True),
    ("money", 0),
    ("date", "2026-10-25"),
    ("datetime", "2026-10-25T02:30+01:00"),
    ("datetime", "2026-10-25T02:30:15.123456+01:00"),
    ("datetime", "2026-03-29T09:00:07-08:00"),
    ("datetime", "0001-01-01T00:00:00+14:00"),
    ("choice", " a  b "),
    ("yes_no", False),
    ("multi_choice", ["b", "a"]),
    ("checklist", []),
    ("email", "Ann@Example.com"),
    ("signature", "Ann"),
]


@pytest.mark.parametrize(("kind", "value"), SHOWN)
def test_a_value_is_never_changed_by_being_shown(kind: str, value: Any):
    """What comes back as the control showed it is not sent, however much of the value the control could not show."""
    told = shown(kind, value, BERLIN)
    texts = [told] if not isinstance(value, list) else sorted(value)
    assert changed(kind, value, *texts) is ...
    assert changed(kind, value, *(text.replace("\n", "\r\n") for text in texts)) is ...
    assert changed(kind, value, *(["x"] if isinstance(value, list) else [f"{told}x"])) not in (..., value)


@pytest.mark.parametrize(("kind", "value"), [each for each in SHOWN if shown(*each, BERLIN)])
def test_every_value_can_be_taken_back(kind: str, value: Any):
    """Emptied, the field has no value any more; a box that is not ticked comes with no text at all."""
    assert changed(kind, value, "") is None
    assert changed(kind, value) is None


def test_a_time_keeps_what_its_control_did_not_show_until_it_is_typed_anew():
    """A browser may spell seconds or leave them out; another time is in the organisation's zone."""
    assert shown("datetime", "2026-03-02T09:00:00.250+01:00", BERLIN) == "2026-03-02T09:00:00.25"
    assert changed("datetime", "2026-03-02T09:00:00+01:00", "2026-03-02T09:00:00") is ...
    assert (
        changed("datetime", "2026-03-02T09:00:00+01:00", "2026-03-02T09:00:30") == "2026-03-02T09:00:30+01:00"
    )


def test_files_are_taken_back_one_by_one():
    """Those that are ticked stay, new ones come to them; none left clears the field."""
    had = ("had:files:docs", trace("files", [FILE, OTHER], BERLIN))

    def told(*pairs: tuple[str, str]) -> Any:
        return body([had, *pairs], "save", BERLIN).get("values", {}).get("docs", ...)

    assert told(("keep:docs", "0"), ("keep:docs", "1")) is ...
    assert told(("keep:docs", "1")) == [OTHER]
    third = {**FILE, "name": "third.pdf"}
    upload = ("values:files:docs", trace("files", [third], BERLIN))
    assert told(("keep:docs", "0"), upload) == [FILE, third]
    assert told() is None
    again = [("keep:docs", trace("files", FILE, BERLIN))]
    assert body(again, "save", BERLIN) == {"values": {"docs": [FILE]}}, (
        "chosen before a refusal, and still ticked"
    )


def test_cells_that_were_not_touched_keep_their_values():
    """A table is sent only when something in it was changed; then the other cells are as they were."""
    rows = [{"item": "Desk", "price": 12345678901234567}, {"item": "Lamp", "price": 9.99, "by": "person:bo"}]
    had = ("had:table:order", trace("table", rows, BERLIN))

    def told(*cells: tuple[str, str]) -> Any:
        pairs = [
            (f"values:table:order:{name}:{'number' if 'price' in name else 'text'}", text)
            for name, text in cells
        ]
        return body([had, *pairs], "save", BERLIN).get("values", {}).get("order", ...)

    same = [("0:item", "Desk"), ("0:price", "12345678901234567"), ("1:item", "Lamp"), ("1:price", "9.99")]
    assert told(*same, ("2:item", ""), ("2:price", "")) is ...
    assert told(*same[:3], ("1:price", "10")) == [rows[0], {"item": "Lamp", "price": 10}]
    assert told(*same, ("2:item", "Chair"), ("2:price", "")) == [*rows, {"item": "Chair"}]
    assert told(*same[2:]) == [rows[1]]
    assert told(*((name, "") for name, _ in same)) is None


def test_words_to_a_decision_are_its_comment_or_its_reason():
    """One text serves whichever decision it will be, and a field of the step where one holds it."""
    said, own = [("said", " Too dear\r\n")], [("said:comment", "Fine")]
    assert body(said, "approve", BERLIN) == {"comment": "Too dear"}
    assert body(said, "refuse", BERLIN) == {"reason": "Too dear"}
    assert body([("said", " ")], "refuse", BERLIN) == {}
    assert body(own, "approve", BERLIN) == {"comment": "Fine", "values": {"comment": "Fine"}}
    assert body(own, "save", BERLIN) == {"values": {"comment": "Fine"}}
    had = ("had:long_text:comment", trace("long_text", "Before", BERLIN))
    assert body([*own, had], "refuse", BERLIN) == {"reason": "Fine"}


def test_what_only_a_refusal_brings_comes_with_no_other_verb():
    """A new date for a no-go is not sent with a go."""
    pairs = [("values:choice:verdict", "no"), ("refused:date:inputs.go_live", "2026-05-01")]
    assert body(pairs, "approve", BERLIN) == {"values": {"verdict": "no"}}
    assert body(pairs, "refuse", BERLIN) == {"values": {"verdict": "no", "inputs.go_live": "2026-05-01"}}


def test_a_member_that_is_no_number_or_truth_is_left_to_the_rules():
    """A raw form that says something else never breaks the page."""
    assert body([("size_bytes", "many"), ("done", "perhaps")], "attach", BERLIN) == {
        "size_bytes": "many",
        "done": "perhaps",
    }


def test_only_members_of_the_body_are_sent():
    """What steers the request and what is empty stays behind; null is sent where emptiness means something."""
    pairs = [("csrf", "x"), ("command", "1"), ("next", "/"), ("reason", ""), ("assignee", "")]
    assert body(pairs, "assign", BERLIN) == {"assignee": None}
    assert body(pairs, "skip", BERLIN) == {}


def test_labels_are_taken_away_by_sending_none():
    """An empty list is what the interface takes for it; nothing at all would be refused."""
    assert body([("labels", " ")], "labels", BERLIN) == {"labels": []}
    assert body([("labels", "blue, , green ")], "labels", BERLIN) == {"labels": ["blue", "green"]}


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
        ("roles:om", "omar haddad"),
        ("roles:se", ""),
    ]
    expected = {"process": "onboarding", "inputs": {"customer": "Acme"}, "roles": {"om": "person:om"}}
    assert body(pairs, "", BERLIN) == expected


def test_people_are_named_as_the_directory_calls_them():
    """By name, by key or in full; a name that nobody has is left to the rules, and a value untouched is not sent."""
    assert [person(text, HOUSE) for text in ("Bo Ek", "bo", "person:bo")] == ["person:bo"] * 3
    assert person("group:legal", HOUSE) == "group:legal"
    assert [person(text, HOUSE) for text in ("Yuki Tanaka", "Юки", "!")] == [
        "person:yuki-tanaka",
        "person:юки",
        "person:unknown",
    ]
    assert shown("person", "person:bo", BERLIN, HOUSE) == "Bo Ek"
    remembered = [
        ("had:person:om", trace("person", "person:bo", BERLIN, HOUSE)),
        ("values:person:om", "Bo Ek"),
    ]
    assert body(remembered, "save", BERLIN) == {}
    assert fields.mentions("Look, @bo and @omar.", EMPTY) == ["person:bo", "person:omar"]


def test_corrected_inputs_are_inputs():
    """The form of a step that shows the run's inputs corrects them as inputs, not as values of the step."""
    pairs = [("values:text:plan", "gold"), ("next", "/runs/1")]
    assert body(pairs, "inputs", BERLIN) == {"inputs": {"plan": "gold"}}
