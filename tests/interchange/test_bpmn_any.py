"""Whatever a model looks like, its draft can be published, and its runs do what the model says."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.lint import lint
from interchange.bad_log import BadLog
from interchange.bpmn.draft import Draft, draft
from interchange.bpmn.reading import read_bpmn
from interchange.bpmn.yaml import document_text
from interchange.documents.reading import parse_document
from tests.interchange.bpmn_support import Walk, flows, node, written


@st.composite
def tangles(draw: st.DrawFn) -> str:
    """Any graph of tasks, gateways and events, circles, islands and conditions included."""
    kinds = ["task", "task", "exclusiveGateway", "parallelGateway", "inclusiveGateway", "eventBasedGateway", "endEvent",
             "intermediateThrowEvent", "sendTask"]  # fmt: skip
    size = draw(st.integers(1, 14))
    parts = [node("task", "n0")] + [
        node(draw(st.sampled_from(kinds)), f"n{place}") for place in range(1, size)
    ]
    places = st.integers(0, size - 1)
    ways = draw(st.lists(st.tuples(places, places), max_size=24))
    under = draw(st.lists(st.tuples(places, places), max_size=4))
    conditions = (
        f'<sequenceFlow id="c{number}" sourceRef="n{one}" targetRef="n{other}">'
        f"<conditionExpression>is {number}</conditionExpression></sequenceFlow>"
        for number, (one, other) in enumerate(under)
    )
    return "".join(parts) + flows(*(f"n{one} n{other}" for one, other in ways)) + "".join(conditions)


@settings(max_examples=150, deadline=None)
@given(tangle=tangles(), seed=st.integers(0, 1000))
def test_any_model_becomes_a_draft_that_runs_to_its_end(
    tmp_path_factory: pytest.TempPathFactory, tangle: str, seed: int
):
    """However its ways cross: the draft passes lint, can be written and read, and none of its runs gets stuck."""
    (pool,) = read_bpmn(written(tmp_path_factory.mktemp("m") / "m.bpmn", tangle)).pools
    found = draft(pool)
    assert lint(found.document) == []
    assert parse_document(document_text(found, "m.bpmn").encode()) == (found.document, [])
    assert found == draft(pool)
    Walk(found, seed=seed).to_the_end()


def ladder(path: Path, height: int) -> Draft:
    """Two columns of gateways: each leads to both of the next floor, or out; nothing says simply when what is done."""
    parts, ways = [node("task", "start")], ["start a0", "start b0"]
    for floor in range(height):
        for side in "ab":
            parts += [node("exclusiveGateway", f"{side}{floor}"), node("task", f"out_{side}{floor}")]
            ways += [
                f"{side}{floor} out_{side}{floor} out",
                *(f"{side}{floor} {to}{floor + 1} {to}" for to in "ab"),
            ]
    parts += [node("task", f"{side}{height}") for side in "ab"]
    (pool,) = read_bpmn(written(path / "m.bpmn", *parts, flows(*ways))).pools
    return draft(pool)


def test_ways_that_cross_too_often_are_said_and_cost_no_time(tmp_path: Path):
    """Where no condition of a sane size says when a step is done, it always is, and the draft says so."""
    found = ladder(tmp_path, 24)
    assert lint(found.document) == []
    assert "assumed" in {each.became for each in found.remarks if each.kind != "process"}
    assert max(len(str(each.when)) for each in found.document.steps) < 200_000
    Walk(found, seed=1).to_the_end()


def test_a_model_too_large_for_a_version_is_refused(tmp_path: Path):
    """A draft that nobody could publish is not written."""
    with pytest.raises(BadLog, match="too large for one version"):
        ladder(tmp_path, 60)


@st.composite
def mazes(draw: st.DrawFn) -> tuple[int, list[tuple[int, int]]]:
    """Tasks at even places, exclusive gateways at odd ones, every way forward."""
    size = draw(st.integers(2, 14))
    ways = [(draw(st.integers(0, place - 1)), place) for place in range(1, size)]
    more = draw(st.lists(st.tuples(st.integers(0, size - 1), st.integers(0, size - 1)), max_size=14))
    found = dict.fromkeys([*ways, *((one, other) for one, other in more if one < other)])
    seen: set[int] = set()  # a task has one way out, so that a single token walks
    return size, [way for way in found if way[0] % 2 or not (way[0] in seen or seen.add(way[0]))]  # type: ignore[func-returns-value]


@settings(max_examples=150, deadline=None)
@given(maze=mazes(), seed=st.integers(0, 1000))
def test_a_run_does_what_a_token_would_visit(
    tmp_path_factory: pytest.TempPathFactory, maze: tuple[int, list[tuple[int, int]]], seed: int
):
    """With one choice at each gateway, the steps that are done are the tasks on the way of a token, and no others."""
    size, ways = maze
    chance = random.Random(seed)
    onward = {place: [other for one, other in ways if one == place] for place in range(size)}
    entered = {other for _, other in ways}
    picks = {place: chance.choice(found) for place, found in onward.items() if found}
    visited, tokens = set(), [place for place in range(size) if place not in entered]
    for place in tokens:  # grows while it is walked through
        visited.add(place)
        tokens += [picks[place]] if place in picks else []
    parts = [node("exclusiveGateway" if place % 2 else "task", f"n{place}") for place in range(size)]
    named = (f"n{one} n{other} to{other}" for one, other in ways)
    (pool,) = read_bpmn(written(tmp_path_factory.mktemp("m") / "m.bpmn", *parts, flows(*named))).pools
    found = draft(pool)
    asking = {each.key: int(each.fields[0].key[1:]) for each in found.document.steps if each.fields}
    run = Walk(found, {key: f"to{picks[gateway]}" for key, gateway in asking.items()}).to_the_end()
    done = {key for key, each in run.steps.items() if each.state == "done"}
    assert {key for key in done if int(key[1:]) % 2 == 0} == {
        f"n{place}" for place in visited if place % 2 == 0
    }
