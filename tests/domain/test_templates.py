"""Templates: names become values, and nothing else ever happens."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.templates import (
    LONGEST,
    LONGEST_LINE,
    TooLong,
    one_line,
    quoted,
    render,
    render_line,
    render_value,
)

VALUES: dict[str, Any] = {
    "plan": "large",
    "inputs.seats": 12,
    "inputs.live": True,
    "offer.rate": 0.5,
    "none": None,
}


def test_names_become_values():
    """A placeholder is replaced by its value as text, wherever it stands."""
    assert render("{plan}: {inputs.seats} seats, {offer.rate}", VALUES) == "large: 12 seats, 0.5"


def test_what_has_no_value_is_nothing():
    """Unset and unknown placeholders leave nothing behind; other braces stay as they are."""
    assert render("a{none}b{nobody.knows}c{ d", VALUES) == "abc{ d"


def test_a_value_that_is_one_placeholder_keeps_its_type():
    """Bodies of calls get numbers, booleans and lists as such; a text around a placeholder makes it a text."""
    body = {"seats": "{inputs.seats}", "live": ["{inputs.live}", "x{inputs.live}"], "none": "{none}", "n": 3}
    assert render_value(body, VALUES) == {"seats": 12, "live": [True, "xtrue"], "none": None, "n": 3}


def test_there_is_no_code_in_templates():
    """Attributes, indexes, formats and conversions are names that nothing is called by."""
    for text in (
        "{plan.__class__}",
        "{plan[0]}",
        "{plan!r}",
        "{plan:>99999999}",
        "{0}",
        "{}",
        "{__import__}",
    ):
        assert render(text, VALUES) == ""


def test_a_value_is_never_a_template():
    """What somebody typed into a field is not looked at again."""
    assert render("{a}", {"a": "{b}", "b": "secret"}) == "{b}"


def test_a_text_has_an_end():
    """Many large values do not make a text without measure."""
    made = render("{a}" * 1_000, {"a": "x" * 100_000})
    assert len(made) == LONGEST + 1
    assert made.endswith("…")


@given(st.text(max_size=400))
def test_a_line_is_one_line(text: str):
    """Whatever a value holds, a header stays one line, of bounded length, and no direction of writing is turned."""
    line = render_line("Hello {a}", {"a": text})
    assert len(line) <= LONGEST_LINE
    assert len(line.splitlines()) <= 1
    assert not any(sign in line for sign in "\r\n\x00\u2028\u202e\u200b")
    assert one_line(line) == line


def test_parts_of_addresses_are_quoted():
    """A value inside the address of a call cannot change where the call goes."""
    made = quoted({"id": "../../x?y=1"}, lambda text: text.replace("/", "%2F").replace("?", "%3F"))
    assert render("https://a.example/v1/{id}/{gone}", made) == "https://a.example/v1/..%2F..%2Fx%3Fy=1/"


def test_a_body_made_of_many_values_has_an_end():
    """However often it names a long value: it is refused before more is put together than may be sent."""
    long = {"a.text": "x" * 100_000, "a.table": [{"n": "y" * 1_000}] * 100, "a.empty": [[]] * 100_000}
    for template in ("{a.text}", "{a.table}", "{a.empty}", "{a.text}!"):
        with pytest.raises(TooLong):
            render_value({f"k{number}": template for number in range(200)}, long)
        assert render_value({"k": template}, long)["k"]
