"""Promises about reading what others wrote: the forms of XML Schema and ISO 8601, nothing that only Python knows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.texts import NotOne, day, instant, number, truth, whole


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (whole, "42", 42),
        (whole, "-7", -7),
        (whole, "+007", 7),
        (whole, "9223372036854775807", 2**63 - 1),
        (whole, "-9223372036854775808", -(2**63)),
        (whole, "0" * 5_000, 0),
        (number, "1234.5", 1234.5),
        (number, "-.5", -0.5),
        (number, "1.", 1.0),
        (number, "1.2E+3", 1200.0),
        (number, "INF", None),
        (number, "-INF", None),
        (number, "NaN", None),
        (number, "nan", None),
        (number, "1e999", None),
        (truth, "true", True),
        (truth, "1", True),
        (truth, "false", False),
        (truth, "0", False),
        (day, "2028-02-29", date(2028, 2, 29)),
        (instant, "2026-03-31T09:00:00Z", datetime(2026, 3, 31, 9, tzinfo=UTC)),
        (instant, "2026-03-31 09:00", datetime(2026, 3, 31, 9)),  # noqa: DTZ001 - written without an offset
        (instant, "2026-03-31T11:00:00.123456789+0200", datetime(2026, 3, 31, 9, 0, 0, 123456, UTC)),
        (instant, "2026-12-31T24:00:00Z", datetime(2027, 1, 1, tzinfo=UTC)),
    ],
)
def test_what_the_standards_write_is_read(read: Callable[[str], Any], text: str, value: Any) -> None:
    """Signs, leading zeros, exponents, 1 for true, the end of a day."""
    found = read(text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("read", "text"),
    [
        *((whole, text) for text in ("", " 1", "1_000", "١٢", "１２", "1.0", "1e3", "--1", "18446744073709551616")),
        (whole, "9" * 5_000),
        *((number, text) for text in ("", " 1", "1_000.0", "١٢", "1,5", "0x1p3", "1e", ".", "n/a", "1" * 500)),
        *((truth, text) for text in ("", "True", "yes", "TRUE", "on", "2", "١")),
        *((day, text) for text in ("", "20260331", "2026-W14-2", "2026-3-31", "2026-02-30", "２０２６-03-31")),
        *((instant, text) for text in ("2026-03-31", "2026-03-31x09:00:00Z", "20260331T090000Z", "2026-W14-2T09:00")),
        *((instant, text) for text in ("2026-03-31T9:00", "2026-03-31T25:00", "2026-03-31T24:00:01")),
        (instant, "9999-12-31T24:00"),
        *((instant, text) for text in ("2026-03-31T09:00:60Z", "2026-03-31T09:00:00+25:00", "2026-03-31T09:00:00z ")),
    ],
)  # fmt: skip
def test_what_only_python_reads_is_refused(read: Callable[[str], Any], text: str) -> None:
    """Blanks, underscores, digits of other scripts, weeks, other words: named with what would be accepted."""
    with pytest.raises(NotOne) as caught:
        read(text)
    assert caught.value.accepted


@given(st.text(max_size=40) | st.from_regex(r"[0-9eE+.,_:TZ -]{0,30}", fullmatch=True))
def test_no_text_breaks_a_reader(text: str) -> None:
    """Every text is read as what it is to be or refused with what would be accepted, and nothing else happens."""
    readers: dict[Callable[[str], Any], tuple[type, ...]] = {
        whole: (int, NotOne), number: (float, type(None), NotOne), truth: (bool, NotOne), day: (date, NotOne),
        instant: (datetime, NotOne),
    }  # fmt: skip
    for read, kind in readers.items():
        assert isinstance(_read(read, text), kind)


def _read(read: Callable[[str], Any], text: str) -> Any:
    """What was read, or the refusal itself."""
    try:
        return read(text)
    except NotOne as refused:
        return refused


@given(st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False))
def test_what_python_writes_is_read_back(one: int, other: float) -> None:
    """Every number of 64 bits and every finite one."""
    assert whole(str(one)) == one
    assert number(repr(other)) == other
