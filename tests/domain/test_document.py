"""Promises about reading process documents: every problem has its line, and nothing hostile gets far."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from jsonschema import ValidationError as Wrong
from pydantic import BaseModel, ValidationError

from api.wire.reading import _MAX_DEPTH
from domain.document import Document
from interchange.documents.reading import Problem, parse_document
from interchange.documents.schema import PATH, schema, schema_text
from interchange.documents.words import WORDS
from interchange.documents.yaml_tree import DEEPEST, read_tree

HEAD = "key: p\ntitle: P\nstages:\n- key: s\n  title: S\n  steps:\n"
ROOT = Path(__file__).parents[2]


def problems(text: str | bytes) -> list[Problem]:
    """What is wrong with the text."""
    return parse_document(text.encode() if isinstance(text, str) else text)[1]


@pytest.mark.parametrize(
    ("text", "line", "column", "key", "code"),
    [
        (HEAD + "  - {key: a, title: A, title: B}\n", 7, 24, "stages.0.steps.0.title", "duplicate_key"),
        ("a: &x 1\nb: *x\n", 1, 4, "a", "alias"),
        ("a: !!python/object/apply:os.system [x]\n", 1, 4, "a", "tag"),
        ("a: 1\n---\nb: 1\n", 2, 1, "", "many_documents"),
        ("- 1\n", 1, 1, "", "not_a_mapping"),
        ("", 1, 1, "", "not_a_mapping"),
        ("{a: 1}: 2\n", 1, 1, "", "bad_key"),
        ("a: [1\nb: }", 2, 2, "", "not_yaml"),
        ("\x00", 1, 1, "", "not_yaml"),
        (b"a: 1\nb: \xff", 2, 1, "", "not_utf8"),
        (HEAD + "  - {key: a, title: A, kind: tsk}\n", 7, 24, "stages.0.steps.0.kind", "unknown_word"),
        (HEAD + "  - {key: a, title: A, kin: task}\n", 7, 24, "stages.0.steps.0.kin", "unknown_key"),
        (HEAD + "  - {key: a}\n", 7, 5, "stages.0.steps.0.title", "missing_key"),
        (HEAD + "  - {key: \u0430b, title: A}\n", 7, 6, "stages.0.steps.0.key", "bad_key"),
        (HEAD + "  - {key: A, title: A}\n", 7, 6, "stages.0.steps.0.key", "bad_key"),
        (
            HEAD + "  - {key: a, title: A, when: {all: [{field: inputs.x, operator: eq}]}}\n",
            7, 55, "stages.0.steps.0.when.all.0.operator", "unknown_word",
        ),
        (HEAD + "  - key: a\n    title: A\n    role: boss\n", 9, 5, "stages.0.steps.0.role", "unknown_role"),
    ],
)  # fmt: skip
def test_a_problem_has_its_line_column_key_and_code(
    text: str | bytes, line: int, column: int, key: str, code: str
):
    """Whatever is wrong is said where it stands, with what would be accepted."""
    found = problems(text)
    assert [(each.line, each.column, each.key, each.code) for each in found] == [(line, column, key, code)]
    assert all(each.accepted for each in found)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("title: " + "x" * 10_000_000, "too_large"),
        (HEAD + "".join(f"  - {{key: k{number}, title: x}}\n" for number in range(100_000)), "too_large"),
        (HEAD + "".join(f"  - {{key: k{number}z, title: x}}\n" for number in range(4_000)), "too_many_steps"),
        ("a: &a [x,x]\n" + "".join(f"b{n}: &b{n} [*a,*a]\n" for n in range(99)), "alias"),
        ("a: " + "[" * 20_000, "too_deep"),
        ("- " * 100_000, "too_deep"),
        ("".join(" " * depth + "a:\n" for depth in range(500)), "too_deep"),
        ("? " * 100_000, "bad_key"),
    ],
)
def test_hostile_documents_get_one_clear_answer(text: str, code: str):
    """Size, depth, aliases and numbers of steps are refused before anything is built from them."""
    assert [found.code for found in problems(text)] == [code]


@given(st.text(alphabet="ab: -{}[]\n'\"#&*!|>%@?,0.", max_size=60))
def test_no_text_breaks_the_reader(text: str):
    """Whatever is read, the answer is a document or a list of problems."""
    document, found = parse_document(text.encode())
    assert document is not None or found


@given(st.binary(max_size=40))
def test_no_bytes_break_the_reader(content: bytes):
    """Also what is no text at all."""
    assert parse_document(content)[1]


def test_everything_wrong_in_shape_is_said_at_once():
    """Two wrong steps give two problems, in the order of the lines."""
    found = problems(HEAD + "  - {key: a, title: A, kind: x}\n  - {key: b, title: B, weight: -1}\n")
    assert [(problem.line, problem.key) for problem in found] == [
        (7, "stages.0.steps.0.kind"), (8, "stages.0.steps.1.weight"),
    ]  # fmt: skip


def test_everything_wrong_is_said_at_once_of_whatever_sort():
    """Keys that are there twice, a wrong shape, and what lint finds in all the rest: one list, by line."""
    found = problems(
        HEAD
        + "  - {key: a, title: A, kin: task, role: boss}\n"
        + "  - {key: b, title: B, title: C, kind: tsk, after: [z]}\n"
        + "  - {key: c, title: C, weight: 0, when: {field: x.y, operator: set}}\n"
        + "  - {key: c, title: C, fields: [{key: n, kind: numbr, title: N}], gate: {}}\n"
    )
    assert [(each.line, each.key.removeprefix("stages.0.steps."), each.code) for each in found] == [
        (7, "0.kin", "unknown_key"),
        (7, "0.role", "unknown_role"),
        (8, "1.title", "duplicate_key"),
        (8, "1.kind", "unknown_word"),
        (8, "1.after.0", "unknown_step"),
        (9, "2.weight", "greater_than"),
        (9, "2.when.field", "unknown_field"),
        (10, "3.key", "duplicate_key"),
        (10, "3.fields.0.kind", "unknown_word"),
    ]
    assert all(each.accepted for each in found)


MORE = ["model_type", "unknown_role"]


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("  - {key: A, title: A}\n  - {key: b, title: B, after: [A]}\n", ["bad_key"]),
        ("  - {key: a, title: A, after: b}\n  - {key: b, title: B, after: [a]}\n", ["tuple_type"]),
        ("  - {key: a, title: A, after: [], gate: 1}\n  - {key: b, title: B, role: c}\n", MORE),
        (
            """\
  - {key: a, title: A, fields: [{key: n, title: N, kind: dat}]}
  - {key: b, title: B, due: {anchor: {field: a.n}}}
""",
            ["unknown_word"],
        ),
        ("  - hello\n", ["model_type"]),
        ("  - {key: a, title: A, kind: http}\n  - {title: B, role: c}\n", ["missing_key"]),
    ],
)  # fmt: skip
def test_what_only_follows_from_a_wrong_shape_is_not_said(text: str, codes: list[str]):
    """A mistake in a name, a kind or an order is told once, not again as all that it entails."""
    assert [each.code for each in problems(HEAD + text)] == codes


def test_what_would_be_accepted_is_said_in_words():
    """The keys that there are, the likeliest first; the kind of value and its limits elsewhere."""
    told = {each.key.removeprefix("stages.0.steps.0."): each.accepted for each in problems(
        HEAD + "  - {key: a, title: A, insructions: x, weight: -1, when: {feld: x.y, operator: set},"
        " due: {anchor: soon}, fields: {}}\n"
    )}  # fmt: skip
    assert told["insructions"][0] == "instructions"
    assert told["weight"] == ("a number above 0 up to 1000",)
    assert told["fields"] == ("a list",)
    assert "run_start" in told["due.anchor"][0]
    assert told["when.feld"][0] == "field"


def test_the_file_may_be_as_deep_as_a_request():
    """What checks well is not refused for its depth when it is published."""
    deepest = "{not: " * (DEEPEST - 6) + "{field: inputs.x, operator: set}" + "}" * (DEEPEST - 6)
    assert [each.code for each in problems(HEAD + f"  - {{key: a, title: A, when: {deepest}}}\n")] == [
        "unknown_field"
    ]
    assert [
        each.code for each in problems(HEAD + f"  - {{key: a, title: A, when: {{not: {deepest}}}}}\n")
    ] == ["too_deep"]
    assert DEEPEST == _MAX_DEPTH


def test_a_problem_reads_well():
    """Line and column first, as editors know them; then key, words, what would do, and the code."""
    found = problems(HEAD + "  - {key: a, title: A, after: [z]}\n")
    assert str(found[0]) == (
        "7:32: stages.0.steps.0.after.0: no step is called 'z' (accepted: a) [unknown_step]"
    )
    assert found[0].as_dict()["accepted"] == ["a"]


def test_plain_words_mean_what_yaml_1_2_says():
    """yes, on and dates stay text; true and numbers do not."""
    text = "a: yes\non: off\nb: true\nc: 2026-01-01\nd: 1\ne: 1.5\nf: '1'\ng:\nh: 1e3\ni: 0x1\n"
    assert read_tree(text).data == {
        "a": "yes", "on": "off", "b": True, "c": "2026-01-01", "d": 1, "e": 1.5, "f": "1", "g": None,
        "h": 1000.0, "i": "0x1",
    }  # fmt: skip


@cache
def editor() -> Draft202012Validator:
    """What an editor checks a document with."""
    return Draft202012Validator(json.loads(schema_text()))


def test_the_schema_is_the_committed_one_and_accepts_what_ships():
    """Editors check with the same schema as the product."""
    assert (ROOT / PATH).read_text("utf-8") == schema_text()
    for file in sorted((ROOT / "processes").glob("*.yaml")):
        editor().validate(read_tree(file.read_text("utf-8")).data)


def test_every_key_says_what_it_means():
    """An editor shows a sentence for each key; no sentence is left over from a key that went."""
    made = schema()
    parts = {
        name: part["properties"]
        for name, part in {**made["$defs"], "Document": made}.items()
        if "properties" in part
    }
    silent = [
        (name, key)
        for name, keys in parts.items()
        for key, found in keys.items()
        if not found.get("description")
    ]
    assert silent == []
    inherited = {"Offset": {"offset", "unit"}}
    left = [
        (name, key)
        for name, keys in WORDS.items()
        for key in keys
        if key not in parts.get(name, inherited.get(name, ()))
    ]
    assert left == []


@pytest.mark.parametrize(
    "change",
    [
        {"stages": []},
        {"key": "Not a key"},
        {"titel": "P"},
        {"roles": [{"key": "r"}]},
        {"stages": [{"key": "s", "title": "S", "steps": [{"key": "a", "title": "A", "kind": "tsk"}]}]},
        {"stages": [{"key": "s", "title": "S", "steps": [{"key": "a", "title": "A", "weight": 0}]}]},
        {"inputs": [{"key": "a", "title": "A", "kind": "computed", "formula": {"sums": [1]}}]},
        {"inputs": [{"key": "a", "title": "A", "kind": "computed", "formula": {"difference": [1]}}]},
        {
            "stages": [
                {"key": "s", "title": "S", "steps": [{"key": "a", "title": "A", "when": {"field": "x"}}]}
            ]
        },
    ],
)
def test_the_schema_refuses_what_the_product_refuses(change: dict[str, object]):
    """What is wrong in shape is red in an editor too."""
    step = {"key": "a", "title": "A"}
    right = {"key": "p", "title": "P", "stages": [{"key": "s", "title": "S", "steps": [step]}]}
    editor().validate(right)
    Document.model_validate(right)
    with pytest.raises(Wrong):
        editor().validate(right | change)
    with pytest.raises(ValidationError):
        Document.model_validate(right | change)


def examples() -> list[str]:
    """The processes of the how-to."""
    page = (ROOT / "docs/how-to/write-a-process.md").read_text("utf-8")
    return [part.partition("```")[0] for part in page.split("```yaml\n")[1:]]


@pytest.mark.parametrize("example", examples())
def test_the_examples_of_the_how_to_can_be_published(example: str):
    """What people copy has to work, and to be right for their editor too."""
    assert problems(example) == []
    editor().validate(read_tree(example).data)


def used(part: Any) -> Iterator[tuple[str, str]]:
    """Every key that stands in this part of a document."""
    if isinstance(part, BaseModel):
        for name in part.model_fields_set:
            yield type(part).__name__, type(part).model_fields[name].alias or name
            yield from used(getattr(part, name))
    elif isinstance(part, dict):
        yield from (found for value in part.values() for found in used(value))
    elif isinstance(part, (tuple, list)):
        yield from (found for value in part for found in used(value))


def test_the_how_to_shows_every_key():
    """Nothing that can be written is left without an example."""
    shown = {found for example in examples() for found in used(parse_document(example.encode())[0])}
    made = schema()
    wanted = {
        (name, key)
        for name, part in {**made["$defs"], "Document": made}.items()
        for key in part.get("properties", {})
        if name != "Offset"
    }
    bases = {("Due", "offset"), ("Due", "unit")}
    assert wanted - shown - bases == set()
