"""A problem has a code that the interface knows: mypy refuses an unknown one, and every one has its meaning."""

from __future__ import annotations

from typing import get_args

import pytest

from api.handling.failures import _UNKNOWN
from api.wire.problems import CODES, Problem, ProblemCode
from application import found
from application.refused import RefusalCode, Refused
from domain.words import Rejected
from web.pages.changes import Sent, wanted_runs


def test_every_code_has_a_meaning():
    """The words that mypy knows are those that have a status and a sentence, those of the application too."""
    assert get_args(ProblemCode) == tuple(CODES)
    assert set(get_args(RefusalCode)) <= set(CODES)


def test_what_is_not_there_is_answered_with_404():
    """Whatever its kind is called, in the log and in the read models."""
    missing = {*found._CODES.values(), *_UNKNOWN.values()}
    assert {CODES[code].status for code in missing} == {404}
    kinds = (
        found.RUNS,
        found.PROJECTS,
        found.TASKS,
        found.PROCESSES,
        found.RECURRENCES,
        found.PEOPLE,
        found.GROUPS,
    )
    assert {kind.name for kind in (*kinds, found.VIEWS)} == set(found._CODES)


def test_a_rule_keeps_its_own_code():
    """It is no code of the interface, and answers 409."""
    problem = Problem.of_rule(Rejected("wip_limit", "the column is full", limit=2))
    assert (problem.code, problem.status, problem.facts) == ("wip_limit", 409, {"limit": 2})


def test_an_unknown_code_is_refused():
    """By mypy, which would say that nothing is ignored in these lines; and by the interface itself."""
    with pytest.raises(KeyError):
        Problem("missing", "there is none")  # type: ignore[arg-type]
    assert Refused("missing", "there is none").code not in CODES  # type: ignore[arg-type]


@pytest.mark.parametrize("given", [(), (("to_version", ""),), (("to_version", "two"),)])
def test_a_migration_form_without_a_version_is_refused_in_words(given: tuple[tuple[str, str], ...]):
    """It is the form that is wrong, not the program."""
    with pytest.raises(Problem) as refused:
        wanted_runs(Sent(given))
    assert (refused.value.code, refused.value.status) == ("invalid", 422)
