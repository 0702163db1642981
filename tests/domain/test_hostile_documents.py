"""Documents that mean harm, or were broken by a tool: each gets a clear answer before anything is built from it."""

from __future__ import annotations

import pytest

from interchange.documents.reading import LONGEST_DOCUMENT, Problem, parse_document

HEAD = "key: p\ntitle: P\nstages:\n- key: s\n  title: S\n  steps:\n"
STEP = "  - {key: a, title: A%s}\n"


def problems(content: str | bytes) -> list[Problem]:
    """What is wrong with the document."""
    return parse_document(content.encode() if isinstance(content, str) else content)[1]


def one(more: str) -> str:
    """A document with one step that has this besides."""
    return HEAD + STEP % f", {more}"


LAUGHS = "a: &a [x, x]\n" + "".join(f"b{n}: &b{n} [*a, *a, *a]\n" for n in range(60))
WEB = "".join(f"  - {{key: k{n}z, title: x, after: [k{(n + 1) % 1000}z]}}\n" for n in range(1_000))
DENSE = "".join(f"  - {{key: k{n}z, title: x, after: everything_before, role: nobody}}\n" for n in range(900))
LOOK_ALIKES = "  - {key: step_1, title: A}\n  - {key: step_l, title: B}\n"
NESTED = "{not: " * 26 + "{field: inputs.x, operator: set}" + "}" * 26

HOSTILE: dict[str, tuple[str | bytes, str]] = {
    "billion laughs": (LAUGHS, "alias"),
    "an alias to itself": ("a: &a\n  b: *a\n", "alias"),
    "a merge key": ("base: &b {title: P}\n<<: *b\n", "alias"),
    "a merge key without an alias": ("<<: {key: p}\n", "unknown_key"),
    "a tag that would run code": ("key: !!python/object/apply:os.system [ls]\n", "tag"),
    "a tag of one's own": ("key: !secret p\n", "tag"),
    "a binary tag": ("key: !!binary cA==\n", "tag"),
    "ten megabytes of one text": ("title: " + "x" * 10_000_000, "too_large"),
    "a hundred thousand steps": (
        HEAD + "".join(f"  - {{key: k{n}z, title: x}}\n" for n in range(100_000)), "too_large",
    ),
    "more steps than a process has": (
        HEAD + "".join(f"  - {{key: k{n}z, title: x}}\n" for n in range(4_000)), "too_many_steps",
    ),
    "a thousand steps in a ring": (HEAD + WEB, "dependency_cycle"),
    "steps that wait for all before": (HEAD + DENSE, "unknown_role"),
    "one text as long as may be": (HEAD + STEP % f", instructions: {'x' * 200_000}", "string_too_long"),
    "lists in lists": ("a: " + "[" * 20_000, "too_deep"),
    "conditions in conditions": (one(f"when: {NESTED}"), "unknown_field"),
    "a list of a hundred thousand": ("a: [" + "x," * 100_000 + "]", "too_many_values"),
    "thirty thousand keys": ("".join(f"k{n}: 1\n" for n in range(25_000)), "too_many_values"),
    "a key that is there twice": (one("key: b"), "duplicate_key"),
    "a key in Cyrillic": (HEAD + "  - {key: \u0430, title: A}\n", "bad_key"),
    "a key with an invisible sign": (HEAD + "  - {key: a\u200bb, title: A}\n", "bad_key"),
    "a key that runs backwards": (HEAD + "  - {key: \u202eab, title: A}\n", "bad_key"),
    "keys that look alike": (HEAD + LOOK_ALIKES, "look_alike_key"),
    "a date as a key": (HEAD + STEP % ", 2026-01-01: x", "unknown_key"),
    "a number as a key of a step": (HEAD + "  - {key: 1, title: A}\n", "string_type"),
    "nothing as a key": ("~: 1\n", "unknown_key"),
    "a list as a key": ("? [a, b]\n: 1\n", "bad_key"),
    "not a number": (one("weight: .nan"), "float_parsing"),
    "infinity": (one("weight: .inf"), "float_parsing"),
    "a whole number of a thousand digits": (one(f"weight: {'9' * 1_000}"), "less_than_equal"),
    "a float beyond floats": (one("weight: 1e999"), "less_than_equal"),
    "a zero byte": ("key: p\x00\n", "not_yaml"),
    "a zero byte in quotes": ('key: p\ntitle: "a\\0b"\nstages: []\n', "zero_byte"),
    "another encoding": ("key: p\n".encode("utf-16"), "not_utf8"),
    "broken bytes": (b"key: \xc3\x28\n", "not_utf8"),
    "tabs and blanks mixed": ("key: p\nstages:\n\t- key: s\n", "not_yaml"),
    "wrong indentation": ("key: p\n  title: P\n", "not_yaml"),
    "two documents": ("key: p\n---\nkey: q\n", "many_documents"),
    "a text instead of a document": ("hello", "not_a_mapping"),
    "an open quote": ('key: "p\n', "not_yaml"),
    "a formula in a formula": (
        one(f"fields: [{{key: f, title: F, kind: computed, formula: {'{round: ' * 38}1{'}' * 38}}}]"), "too_deep",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("content", "code"), HOSTILE.values(), ids=HOSTILE.keys())
def test_each_gets_a_clear_answer(content: str | bytes, code: str):
    """Each problem says what it is, where, and what would be accepted; never more than two hundred problems."""
    found = problems(content)
    assert code in {problem.code for problem in found}
    assert all(
        problem.line >= 1 and problem.column >= 1 and 0 < len(str(problem)) < 5_000 for problem in found
    )
    assert all(problem.accepted for problem in found)
    assert len(found) <= 200


def test_a_byte_order_mark_does_no_harm():
    """Some editors write one."""
    assert problems("\ufeff" + HEAD + STEP % "") == []


def test_what_is_too_large_is_not_even_read():
    """One byte too many, and nobody looks at the text."""
    content = (HEAD + STEP % "").encode()
    assert problems(content + b"#" * (LONGEST_DOCUMENT - len(content))) == []
    assert [each.code for each in problems(content + b"#" * (LONGEST_DOCUMENT - len(content) + 1))] == [
        "too_large"
    ]
