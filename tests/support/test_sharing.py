"""What a parallel run takes together, and what it begins with."""

from __future__ import annotations

from collections import OrderedDict
from types import SimpleNamespace
from typing import Any

import pytest
from xdist.scheduler.loadscope import LoadScopeScheduling  # type: ignore[import-untyped]  # it carries no types

from tests.support.programs import ROOT
from tests.support.sharing import DEAR, HOUSES, ByHouse


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A run whose work is given to nobody."""
    monkeypatch.setattr(LoadScopeScheduling, "__init__", lambda *_: None)
    monkeypatch.setattr(
        LoadScopeScheduling,
        "_assign_work_unit",
        lambda run, taken: taken.append(run.workqueue.popitem(last=False)[0]),
    )
    return ByHouse(SimpleNamespace(), None)


def test_what_is_named_is_there():
    """A file that was moved would begin late again, or start a Milepost of its own."""
    named = [*DEAR, *HOUSES, *(file for files in HOUSES.values() for file in files)]
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_what_is_dear_begins_first(run: Any):
    """Whatever has more tests; then all others as they come."""
    run.workqueue = OrderedDict.fromkeys(
        ["tests/api/test_ids.py", DEAR[3], "tests/web/test_pages.py", DEAR[0]]
    )
    taken: list[str] = []
    for _ in range(4):
        run._assign_work_unit(taken)
    assert taken == [DEAR[0], DEAR[3], "tests/api/test_ids.py", "tests/web/test_pages.py"]


@pytest.mark.parametrize(
    ("test", "scope"),
    [
        ("tests/cli/test_work.py::test_a", "tests/cli/"),
        ("tests/stories/test_hire.py::test_b", "tests/stories/"),
        ("tests/stories/test_demonstration.py::test_c", "tests/stories/test_demonstration.py"),
        ("tests/api/test_ids.py::test_d", "tests/api/test_ids.py"),
    ],
)
def test_files_that_share_a_milepost_stay_together(run: Any, test: str, scope: str):
    """All others are a part of the work each."""
    assert run._split_scope(test) == scope
