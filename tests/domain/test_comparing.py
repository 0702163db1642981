"""Promises about comparing: instants as instants, days by the organisation's zone, each sort with its own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from domain.comparing import equal, is_set, moment, order, same
from domain.computing import evaluate
from domain.condition import Operator, compare
from domain.document import AnchorField, FormField
from domain.formula import Formula
from domain.migration.conversion import Converted, converted
from domain.run import Run
from domain.run.alarms import anchor_value
from domain.shown import when
from tests.domain.documents import definition, step

BERLIN = ZoneInfo("Europe/Berlin")
FORMULAS: TypeAdapter[Any] = TypeAdapter(Formula)
INSTANTS = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001 - made aware right there
OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@pytest.mark.parametrize(
    ("operator", "actual", "wanted", "expected"),
    [
        ("less", "2026-10-25T09:30:00Z", "2026-10-25T10:00:00+02:00", False),
        ("more", "2026-10-25T09:30:00Z", "2026-10-25T10:00:00+02:00", True),
        ("equals", "2026-10-25T08:00:00Z", "2026-10-25T10:00:00+02:00", True),
        ("equals", "2026-10-25T08:00:00.000+00:00", "2026-10-25T08:00Z", True),
        ("not_equals", "2026-10-25T08:00:00Z", "2026-10-25T10:00:00+02:00", False),
        ("in", "2026-10-25T08:00:00Z", ["2026-10-25T10:00:00+02:00"], True),
        ("contains", ["2026-10-25T08:00:00Z"], "2026-10-25T10:00:00+02:00", True),
        ("equals", "2026-10-25T22:30:00Z", "2026-10-25", True),
        ("more", "2026-10-25T23:30:00Z", "2026-10-25", True),
        ("at_most", "2026-10-25", "2026-10-25T00:00:00+02:00", True),
        ("less", "2026-10-24T22:00:00Z", "2026-10-25", False),
        ("less", "2026-10-24T21:59:59Z", "2026-10-25", True),
        ("less", "2026-03-01", "2026-03-02", True),
        ("more", "9", "10", True),
        ("more", "1,5", 1, False),
        ("equals", "true", True, False),
        ("equals", "1", 1, False),
        ("less", "2026-03-01", 5, False),
        ("equals", "2026-W10-1", "2026-03-02", False),
        ("equals", "2026-03-01T10:00:00", "2026-03-01", False),
        ("equals", [True], [1], False),
    ],
)
def test_each_sort_compares_with_its_own(
    operator: Operator, actual: Any, wanted: Any, expected: bool
) -> None:
    """An instant is earlier or later whatever its offset, and on the day on which it falls in Berlin."""
    assert compare(operator, actual, wanted, BERLIN) is expected


@given(INSTANTS, INSTANTS, OFFSETS, OFFSETS)
def test_instants_are_in_the_order_of_time_in_any_offsets(one: Any, other: Any, east: Any, west: Any) -> None:
    """What their texts look like says nothing."""
    found = order(one.astimezone(east).isoformat(), other.astimezone(west).isoformat(), BERLIN)
    assert found == (one > other) - (one < other)


@given(st.lists(st.dates().map(str) | INSTANTS.map(datetime.isoformat), min_size=3, max_size=3))
def test_moments_have_one_order(three: list[str]) -> None:
    """Either way round it is the same, and what comes before before comes before."""
    one, two, last = three
    forth, back = order(one, two, UTC), order(two, one, UTC)
    assert forth is not None
    assert back == -forth
    assert equal(one, two, UTC) == (forth == 0)
    days = [each[:10] for each in three]
    assert order(days[0], days[1], UTC) == (days[0] > days[1]) - (days[0] < days[1])
    if (order(one, two, UTC) or 0) < 0 and (order(two, last, UTC) or 0) < 0:
        assert (order(one, last, UTC) or 0) < 0


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ({"minimum": [{"field": "a.early"}, {"field": "a.late"}]}, "2026-10-25T10:00:00+02:00"),
        (
            {"maximum": [{"field": "a.early"}, {"field": "a.late"}, {"field": "a.none"}]},
            "2026-10-25T09:30:00Z",
        ),
        ({"maximum": [{"field": "a.day"}, {"field": "a.late"}]}, "2026-10-26"),
        ({"minimum": [{"field": "a.n"}, {"field": "a.day"}]}, 3),
        ({"days_between": [{"field": "a.late"}, {"field": "a.night"}]}, 1),
        ({"days_between": [{"field": "a.day"}, {"field": "a.night"}]}, 0),
    ],
)
def test_formulas_take_instants_for_instants(formula: dict[str, Any], value: Any) -> None:
    """The earliest, the latest and the days between are those of the organisation's clock."""
    values = {"a.early": "2026-10-25T10:00:00+02:00", "a.late": "2026-10-25T09:30:00Z", "a.day": "2026-10-26", "a.n": 3,
              "a.night": "2026-10-25T23:30:00Z"}  # fmt: skip
    assert evaluate(FORMULAS.validate_python(formula), values, BERLIN) == value


@pytest.mark.parametrize("nothing", [None, "", " ", "\t\n", "\u00a0\u2003", "\u200b", "\ufeff\u200d", [], {}])
def test_a_text_of_which_nothing_is_seen_is_no_value(nothing: Any) -> None:
    """Blanks and what steers a text are no answer to a question."""
    assert not is_set(nothing)
    assert compare("not_set", nothing, None, UTC)


@pytest.mark.parametrize("something", [0, False, "0", " x ", "\u200bx", [None], "👍🏽"])
def test_zero_and_no_are_values(something: Any) -> None:
    """What was said was said."""
    assert is_set(something)


def test_the_same_is_the_same_all_through() -> None:
    """Also within rows of a table: true is not 1, one row is not two."""
    assert same({"rows": [{"n": 1}]}, {"rows": [{"n": 1.0}]})
    assert not same({"rows": [{"n": 1}]}, {"rows": [{"n": True}]})
    assert not same([{"n": 1}], [{"n": 1}, {}])
    assert not same({"n": None}, {})


@pytest.mark.parametrize("text", ["2026-W01-1", "20260105", "2026-01-05T09:00", "٢٠٢٦-٠١-٠٥"])
def test_what_is_no_day_for_a_field_is_none_anywhere(text: str) -> None:
    """One reader for all: what no field for days takes is shown as it is, becomes no day, and nothing is due by it."""
    assert moment(text) is None
    assert when(text, BERLIN) == text
    day = FormField(key="day", title="Day", kind="date")
    for kind in ("date", "datetime"):
        new = day.model_copy(update={"kind": kind})
        assert converted(day.model_copy(update={"kind": "text"}), new, text) == Converted(None, whole=False)
    process = definition(step("first"))
    run = Run(values={"inputs.go_live": text})
    assert anchor_value(run, process, AnchorField(field="inputs.go_live")) is None
