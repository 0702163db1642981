"""Promises about new ids."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from application import ids
from application.ids import uuid7


def test_ids_are_in_the_order_in_which_they_were_made() -> None:
    """Also many within a millisecond, and by several threads each in its own order."""
    made = [uuid7() for _ in range(10_000)]
    assert made == sorted(set(made))
    assert {(each.version, each.variant) for each in made} == {(7, "specified in RFC 4122")}
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: [uuid7() for _ in range(500)], range(4)))
    assert all(each == sorted(each) for each in found)
    assert len({one for each in found for one in each}) == 2_000


def test_a_clock_that_is_put_back_makes_no_earlier_id(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ids go on from where they were."""
    before = uuid7()

    class Past:
        @staticmethod
        def time_ns() -> Any:
            return 0

    monkeypatch.setattr(ids, "time", Past)
    assert before < uuid7() < uuid7()
