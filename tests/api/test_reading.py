"""Bodies are bounded before they are looked at: how many values, how long a list, how many errors are told."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from pydantic import BaseModel
from starlette.requests import Request

from api.handling import bodies
from api.wire.problems import Problem, document
from api.wire.reading import MOST_TOLD, parse_json, validate
from domain.document import Document

JSON = Request({"type": "http", "headers": [(b"content-type", b"application/json")]})


def refused(model: type[BaseModel], value: Any) -> Problem:
    """Why this body is not taken."""
    with pytest.raises(Problem) as told:
        validate(model, parse_json(JSON, orjson.dumps(value)))
    return told.value


@pytest.mark.parametrize(
    "value", [{"labels": [0] * 250_000}, {"labels": [{}] * 100_000}, {f"k{n}": n for n in range(30_000)}]
)
def test_a_body_with_too_many_values_is_refused_before_they_are_checked(value: Any):
    """Not one of them is looked at."""
    problem = refused(bodies.Label, value)
    assert [error["code"] for error in problem.facts["errors"]] == ["too_many_values"]


@pytest.mark.parametrize(
    ("model", "value"),
    [
        (bodies.Label, {"labels": [0] * 15_000}),
        (bodies.StartRun, {"process": "p", "roles": {f"r{n}": 1 for n in range(9_000)}}),
        (bodies.Save, {"values": {f"k{n}": 1 for n in range(9_000)}}),
    ],
)
def test_a_list_that_is_too_long_is_refused_by_its_length(model: type[BaseModel], value: dict[str, Any]):
    """One error that names it and how much it may have, whatever is in it."""
    (error,) = refused(model, value).facts["errors"]
    assert (error["field"], error["code"]) == (next(reversed(value)), "too_long")


def test_of_very_many_errors_fifty_are_told():
    """And how many more there are: the answer stays small."""
    wrong = {"key": "p", "title": "P", "stages": [{"key": "s", "title": "S", "steps": [{"zz": 1}] * 6_000}]}
    problem = refused(Document, wrong)
    assert (len(problem.facts["errors"]), problem.facts["more"] > 5_000) == (MOST_TOLD, True)
    assert len(orjson.dumps(document(problem))) < 20_000
    assert problem.facts["errors"][0]["field"] == "stages.0.steps.0.key"


def test_texts_with_many_commas_are_not_many_values():
    """What is counted are values."""
    assert parse_json(JSON, orjson.dumps({"text": "," * 100_000}))["text"]
