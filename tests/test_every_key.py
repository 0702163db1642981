"""No key of a process document is a word that nothing reads: said otherwise, each changes something or is refused.

What follows without a database is looked at here. What only a page or a child run shows is proved by the test that
is named.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from domain.document import Document, stored_form
from interchange.documents.reading import parse_document
from interchange.documents.schema import schema
from interchange.documents.yaml_tree import read_tree
from tests.domain.test_document import examples
from tests.every_key import Base

ROOT = Path(__file__).resolve().parent.parent
Named = tuple[str, str]
Where = tuple[str | int, ...]

SHOWN = "tests/web/test_pages.py::test_what_an_author_says_of_a_process_is_on_its_page"
CHILD = "tests/workers/test_child_runs.py::test_a_child_is_of_the_process_and_version_named_and_in_the_project_if_so"
WORDS_OF_FORMULAS = ("sum", "product", "minimum", "maximum", "concat", "difference", "ratio", "any")
MOST_VALUES = 4
TARGET = "tests/api/test_targets.py::test_a_target_for_a_stage_is_late_while_that_stage_is_open_only"
ELSEWHERE: dict[Named, str] = {
    ("Document", "owner"): SHOWN,
    ("Document", "description"): SHOWN,
    ("Document", "note"): SHOWN,
    ("Step", "instructions"): SHOWN,
    ("Step", "shows_inputs"): SHOWN,
    ("ChildRun", "process"): CHILD,
    ("ChildRun", "version"): CHILD,
    ("ChildRun", "in_project"): CHILD,
    (
        "Role",
        "guest_code",
    ): "tests/api/test_guest_codes.py::test_a_guest_signs_with_a_code_from_a_second_mail_only",
    (
        "Document",
        "target_stage",
    ): TARGET,
}
"""What is seen on pages, and of children and targets: proved where those are."""
SINGLE = {("Document", "milepost"), ("Webhook", "on")}
"""Keys with a single value: any other is refused."""

INPUTS = """[{key: plan, title: Plan, kind: choice, choices: [small, large]}, {key: day, title: Day, kind: date},
  {key: other_day, title: Other day, kind: date}, {key: mail, title: Mail, kind: email},
  {key: other_mail, title: Other mail, kind: email}, {key: boss, title: Boss, kind: person}]"""
ROLES = """[{key: seller, title: Seller, initiator: true}, {key: helper, title: Helper},
  {key: boss, title: Boss, from_input: boss}]"""
NUMBERS = "fields: [{key: n, title: N, kind: number}, {key: more, title: More, kind: number}"
ROWS = "columns: [{key: price, title: Price, kind: number}]"
PAIRS: dict[Named, str] = {
    ("All", "all"): "{key: a, title: A, when: {<all|any>: [{field: inputs.plan, operator: equals, value: small},"
    " {field: inputs.day, operator: not_set}]}}",
    ("AnchorField", "field"): "{key: a, title: A, role: seller, due: {anchor: {field: inputs.<day|other_day>}}}",
    ("AnchorStepReady", "step_ready"): "{key: a, title: A, role: seller}, {key: b, title: B, role: seller},"
    " {key: c, title: C, role: seller, due: {anchor: {step_ready: <a|b>}, offset: 50, unit: hours}}",
    ("AnchorStepDone", "step_done"): "{key: a, title: A, role: seller}, {key: b, title: B, role: seller},"
    " {key: c, title: C, role: seller, due: {anchor: {step_done: <a|b>}, offset: 9}}",
    ("AnchorStageEntered", "stage_entered"): "{key: a, title: A, role: seller} // "
    "{key: b, title: B, role: seller, due: {anchor: {stage_entered: <work|second>}, offset: 50, unit: hours}}",
    ("AnswerTest", "operator"): "{key: a, title: A, kind: http, http: {url: 'https://a.example/', success: {answer: ["
    "{path: id, operator: <set|not_set>}]}}}",
    ("Approval", "covers"): "{key: a, title: A, role: seller}, {key: b, title: B, role: seller},"
    " {key: c, title: C, role: boss, kind: approval, approval: {covers: [<a|b>]}}",
    ("ChildRun", "incident_to"): "{key: a, title: A, kind: run, run: {process: other, incident_to: <boss|helper>}}",
    ("ChildRun", "roles"): "{key: a, title: A, kind: run, run: {process: other, roles: {helper: <boss|seller>}}}",
    ("Comparison", "field"): "{key: a, title: A, role: seller, fields: [{key: c, title: C, kind: choice, choices:"
    " [other, small]}]}, {key: b, title: B, when: {field: <inputs.plan|a.c>, operator: equals, value: small}}",
    ("Count", "count"): "{key: a, title: A, role: seller, fields: [{key: t, title: T, kind: table, " + ROWS + "},"
    " {key: three, title: T, kind: table, " + ROWS + "},"
    " {key: c, title: C, kind: computed, formula: {count: {field: a.<t|three>}}}]}",
    ("Document", "milepost"): "{key: a, title: A} || milepost: <1|2>",
    ("Document", "roles"): "{key: a, title: A, role: seller}",
    ("Document", "webhooks"): "{key: a, title: A, role: seller, gate: {}} || webhooks: <[{on: gate_outcome, url:"
    " 'https://a.example/'}]|[]>",
    ("Email", "at"): "{key: a, title: A, role: seller, due: {anchor: run_start, offset: 9}, email: {to: [a@b.example],"
    " subject: S, body: B, at: <due|ready>}}",
    ("Email", "guest_link"): "{key: a, title: A, role: guest, email: {to: ['{role.guest}'], subject: S, body: B,"
    " guest_link: <true|false>}}",
    ("FormField", "not_before"): "{key: a, title: A, role: seller, fields: [{key: when, title: W, kind: date"
    "<, not_before: today|>}]}",
    ("FormField", "sets_input"): "{key: a, title: A, role: seller, fields: [{key: when, title: W, kind: date,"
    " sets_input: <day|other_day>}]}",
    ("Http", "incident_to"): "{key: a, title: A, kind: http, http: {url: 'https://a.example/', incident_to:"
    " <boss|helper>}}",
    ("Http", "method"): "{key: a, title: A, kind: http, http: {url: 'https://a.example/', method: <POST|PUT>}}",
    ("If", "if"): "{key: a, title: A, role: seller, " + NUMBERS + ", {key: c, title: C, kind: computed, formula: {if:"
    " {field: a.n, operator: <set|not_set>}, then: yes, otherwise: no}}]}",
    ("Not", "not"): "{key: a, title: A, when: {not: {field: inputs.plan, operator: equals, value: <small|large>}}}",
    ("Offset", "unit"): "{key: a, title: A, role: seller, due: {anchor: run_start}, overdue: {skip_after: {offset: 2,"
    " unit: <hours|business_days>}}, required: false}, {key: b, title: B, role: seller, after: []}",
    ("Reminder", "unit"): "{key: a, title: A, role: seller, reminders: [{offset: 2, counted_from: ready, unit:"
    " <hours|business_days>}]}",
    ("RepeatUntil", "condition"): "{key: a, title: A, role: seller, " + NUMBERS + "], repeat_until: {condition:"
    " {field: a.n, operator: at_least, value: <1|2>}}}",
    ("Requires", "requires"): "{key: a, title: A, role: seller}, {key: b, title: B, role: boss, kind: approval,"
    " approval: {covers: [a], on_refusal: {requires: [inputs.<day|other_day>]}}}",
    ("Role", "becomes"): "{key: a, title: A, role: seller}",
    ("Role", "email_from"): "{key: a, title: A, kind: email, email: {to: ['{role.guest}'], subject: S, body: B}}",
    ("Role", "guest"): "{key: a, title: A, kind: email, email: {to: ['{role.late}'], subject: S, body: B}}",
    ("Role", "key"): "{key: a, title: A, role: seller}",
    ("Role", "manager_of"): "{key: a, title: A, role: head}",
    ("Role", "optional"): "{key: a, title: A, role: nobody}",
    ("Role", "title"): "{key: a, title: A, kind: email, email: {to: [a@b.example], subject: '{role.guest}', body: B}}",
    ("Round", "round"): "{key: a, title: A, role: seller, " + NUMBERS + ", {key: c, title: C, kind: computed, formula:"
    " {round: {field: a.<n|more>}, digits: 1}}]}",
    ("Rows", "rows"): "{key: a, title: A, role: seller, fields: [{key: t, title: T, kind: table, " + ROWS + "},"
    " {key: three, title: T, kind: table, " + ROWS + "},"
    " {key: c, title: C, kind: computed, formula: {sum: [{rows: a.<t|three>, value: {cell: price}}]}}]}",
    ("Rule", "on"): "{key: a, title: A, role: seller, rules: [{on: <done|ready>, then: {set_priority: high}}]}",
    ("Rule", "then"): "{key: a, title: A, role: seller, rules: [{then: {set_priority: <high|urgent>}}]}",
    ("Rule", "when"): "{key: a, title: A, role: seller, rules: [{when: {field: inputs.plan, operator: <set|not_set>},"
    " then: {set_priority: high}}]}",
    ("Step", "closes_run"): "{key: a, title: A, role: seller, outcome: First, closes_run: <true|false>},"
    " {key: b, title: B, role: seller, outcome: Second}",
    ("Step", "http"): "{key: a, title: A, kind: http, http: {url: 'https://<a|b>.example/'}}",
    ("Step", "run"): "{key: a, title: A, kind: run, run: {process: other, inputs: {x: inputs.<day|other_day>}}}",
    ("Step", "wait"): "{key: a, title: A, kind: wait, wait: {event: x.<y|z>}}",
    ("Wait", "on_timeout"): "{key: a, title: A, kind: wait, role: seller, due: {anchor: run_start, offset: 1},"
    " wait: {event: x.y, on_timeout: [<boss|helper>]}}",
    ("Webhook", "on"): "{key: a, title: A, role: seller, gate: {}} || webhooks: [{on: <gate_outcome|anything>, url:"
    " 'https://a.example/'}]",
    ("Webhook", "url"): "{key: a, title: A, role: seller, gate: {}} || webhooks: [{on: gate_outcome, url:"
    " 'https://<a|b>.example/'}]",
}  # fmt: skip
"""Steps of a document, with the value of the key and another one; `//` begins a stage, `||` keys of the document."""
OTHER_ROLES: dict[Named, str] = {
    ("Email", "guest_link"): "[{key: guest, title: G, guest: true, email_from: inputs.mail}]",
    ("Document", "roles"): "[{key: seller, title: S, initiator: true}<, {key: late, title: L}|>]",
    ("Role", "becomes"): "[{key: seller, title: S, initiator: true, becomes: <next|last>}, {key: next, title: N},"
    " {key: last, title: L}]",
    ("Role", "email_from"): "[{key: guest, title: G, guest: true, email_from: inputs.<mail|other_mail>}]",
    ("Role", "guest"): "[{key: seller, title: S, initiator: true}, {key: late, title: L, guest: <true|false>}]",
    ("Role", "key"): "[{key: seller, title: S, initiator: true}, {key: <late|later>, title: L}]",
    ("Role", "manager_of"): "[{key: seller, title: S, initiator: true}, {key: boss, title: B, from_input: boss},"
    " {key: head, title: H, manager_of: <boss|seller>}]",
    ("Role", "optional"): "[{key: nobody, title: N, group: empty, assign: round_robin, optional: <true|false>}]",
    ("Role", "title"): "[{key: guest, title: <Customer|Client>, guest: true}]",
}  # fmt: skip


def keys() -> set[Named]:
    """Every key that the schema has."""
    made = schema()
    parts = {**made["$defs"], "Document": made}
    return {(name, key) for name, part in parts.items() for key in part.get("properties", {})}


def pair(named: Named) -> tuple[dict[str, Any], dict[str, Any]]:
    """The two documents of a pair."""
    steps, _, own = PAIRS[named].partition(" || ")
    names = ("work", "second")
    stages = (
        f"{{key: {key}, title: T, steps: [{found}]}}"
        for key, found in zip(names, steps.split(" // "), strict=False)
    )
    roles = OTHER_ROLES.get(named, ROLES)
    text = f"{{key: sale, title: Sale, inputs: {INPUTS}, roles: {roles}, stages: [{', '.join(stages)}]"
    both = f"{text}, {own}}}" if own else f"{text}}}"
    one, other = (re.sub(r"<([^<>|]*)\|([^<>|]*)>", rf"\{number}", both) for number in (1, 2))
    assert one != other, named
    return read_tree(one).data, read_tree(other).data


def places(part: Any, path: Where = ()) -> Iterator[tuple[Named, Where]]:
    """Every key that a document says, with its place."""
    match part:
        case BaseModel():
            for name in part.model_fields_set:
                said = type(part).model_fields[name].alias or name
                yield (type(part).__name__, said), (*path, said)
                yield from places(getattr(part, name), (*path, said))
        case dict():
            for key, below in part.items():
                yield from places(below, (*path, key))
        case list() | tuple():
            for place, below in enumerate(part):
                yield from places(below, (*path, place))
        case _:
            pass


@cache
def bases() -> list[tuple[Base, Document]]:
    """The processes of the how-to, which together say every key."""
    documents = [parse_document(text.encode())[0] for text in examples()]
    return [(Base(stored_form(document)), document) for document in documents if document is not None]


@cache
def said() -> dict[Named, list[tuple[Base, Where, Any]]]:
    """Where each key is said, and how."""
    found: dict[Named, list[tuple[Base, Where, Any]]] = defaultdict(list)
    for base, document in bases():
        for named, path in places(document):
            try:
                found[named].append((base, path, _at(base.data, path)))
            except (KeyError, IndexError, TypeError):
                continue  # at its default, so not in what is stored
    return found


def otherwise(holder: dict[str, Any], key: str, others: list[Any]) -> Iterator[dict[str, Any]]:
    """What holds the key without it, and with other values of it."""
    old = holder[key]
    yield {name: value for name, value in holder.items() if name != key}
    if len(holder) == 1:
        yield from ({word: old} for word in WORDS_OF_FORMULAS if word != key)
    match old:
        case bool():
            values: list[Any] = [not old]
        case int() | float():
            values = [old + 1]
        case str():
            values = [f"{old} otherwise", f"{old}_x"]
        case list():
            values = [old[:-1], old[1:]]
        case _:
            values = []
    yield from ({**holder, key: value} for value in [*values, *others[:MOST_VALUES]] if value != old)


def changes_something(named: Named) -> bool:
    """Whether leaving the key out, or saying it otherwise, leads to something different where it can be published."""
    others = [value for _, _, value in said()[named]]
    for base, (*above, key), _ in said()[named]:
        for holder in otherwise(_at(base.data, tuple(above)), str(key), others):
            if base.differs(_with(base.data, tuple(above), holder)) == "changed":
                return True
    return False


def _at(data: Any, path: Where) -> Any:
    for part in path:
        data = data[part]
    return data


def _with(data: Any, path: Where, value: Any) -> Any:
    if not path:
        return value
    if isinstance(data, list):
        return [_with(one, path[1:], value) if place == path[0] else one for place, one in enumerate(data)]
    return {**data, path[0]: _with(data[path[0]], path[1:], value)}


@pytest.mark.parametrize("named", sorted(PAIRS), ids=".".join)
def test_saying_it_otherwise_changes_what_follows(named: Named):
    """Two documents that differ in this key alone lead to different things."""
    one, other = pair(named)
    assert Base(one).differs(other) == ("refused" if named in SINGLE else "changed")


def test_every_other_key_of_the_how_to_changes_what_follows():
    """Of all other keys of the schema, each is left out or said otherwise in the how-to's processes, and is missed."""
    left = sorted(keys() - PAIRS.keys() - ELSEWHERE.keys())
    assert [named for named in left if not changes_something(named)] == []


@pytest.mark.parametrize("named", sorted(ELSEWHERE), ids=".".join)
def test_what_is_proved_elsewhere_is_proved(named: Named):
    """The test that is named is there and says the key."""
    file, _, name = ELSEWHERE[named].partition("::")
    text = (ROOT / file).read_text("utf-8")
    [found] = [one for one in ast.parse(text).body if isinstance(one, ast.FunctionDef) and one.name == name]
    assert named[1] in (ast.get_source_segment(text, found) or "")


def test_nothing_is_proved_that_is_no_key():
    """No pair and no name is left over from a key that went."""
    assert (PAIRS.keys() | ELSEWHERE.keys()) - keys() == set()
