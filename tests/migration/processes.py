"""Pairs of process versions and random runs of them, for the laws of migration."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from domain.definition import Definition
from domain.events import Event
from domain.run import RUN, Run, start_run
from domain.schedule import Calendar
from domain.words import Actor, Rejected
from tests.domain.dice import lots
from tests.domain.documents import INPUTS, ROLES
from tests.domain.random_deeds import chosen
from tests.domain.random_runs import NEEDS, decide
from tests.support.given import NINE
from tests.support.people import EVERYBODY

OFFICE = Calendar()
Document = dict[str, Any]
KINDS = ("number", "text", "long_text", "choice", "money", "date", "yes_no", "checklist")


def version(document: Document, number: int) -> Definition:
    """A version of the process."""
    return Definition.load("sale", number, document)


def steps_of(document: Document) -> list[Document]:
    """All steps, in document order."""
    return [step for stage in document["stages"] for step in stage["steps"]]


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """A process of up to eight steps in up to three stages."""
    count = draw(st.integers(2, 8))
    steps: list[Document] = []
    for index in range(count):
        steps.append(_step(draw, f"s{index}", [step["key"] for step in steps]))
    cuts = sorted(draw(st.lists(st.integers(1, count - 1), max_size=2, unique=True)))
    stages = [
        {"key": f"g{number}", "title": f"g{number}", "steps": steps[begin:end]}
        for number, (begin, end) in enumerate(zip([0, *cuts], [*cuts, count], strict=True))
    ]  # fmt: skip
    return {"key": "sale", "title": "Sale", "roles": ROLES, "inputs": INPUTS, "stages": stages}


def _step(draw: st.DrawFn, key: str, before: list[str]) -> dict[str, Any]:
    after = (
        draw(st.lists(st.sampled_from(before), unique=True, min_size=len(before) > 1, max_size=3))
        if before
        else []
    )
    step: dict[str, Any] = {
        "key": key, "title": key, "after": after, "required": draw(st.integers(0, 3)) > 0, "kind": "form",
        "role": draw(st.sampled_from(["seller", "helper"])),
        "fields": [{"key": "size", "title": "Size", "kind": "number"}],
    }  # fmt: skip
    if after and draw(st.integers(0, 2)) == 0:
        step["when"] = _condition(draw, before)
    step |= draw(st.sampled_from([_form, _form, _form, _signature, _approval, _approval]))(draw, after)
    if draw(st.integers(0, 5)) == 0:
        step["gate"] = {"blocks": "following_stages"}
    if draw(st.integers(0, 2)) == 0:
        step["due"] = _due(draw)
    return step


def _form(_draw: st.DrawFn, _after: list[str]) -> dict[str, Any]:
    return {}


def _signature(draw: st.DrawFn, _after: list[str]) -> dict[str, Any]:
    ends = {"signature": {"on_decline": {"ends_run": "not signed"}}}
    return {"kind": "sign"} | (ends if draw(st.booleans()) else {})


def _approval(draw: st.DrawFn, after: list[str]) -> dict[str, Any]:
    if not after:
        return {}
    refusals = [
        {"reopens": after},
        {"reopens": after},
        {"requires": ["inputs.plan"]},
        {"ends_run": "refused"},
    ]
    refusal = draw(st.sampled_from(refusals))
    return {
        "kind": "approval",
        "approval": {"covers": after, "needs": draw(st.sampled_from(NEEDS)), "on_refusal": refusal},
    }


def _condition(draw: st.DrawFn, before: list[str]) -> dict[str, Any]:
    of_plan = {
        "field": "inputs.plan",
        "operator": "equals",
        "value": draw(st.sampled_from(["small", "large"])),
    }
    key, size = draw(st.sampled_from(before)), draw(st.integers(0, 3))
    of_size = {"field": f"{key}.size", "operator": "more", "value": size}
    found: Document = draw(st.sampled_from([of_plan, of_size]))
    return {"not": found} if draw(st.booleans()) else found


def _due(draw: st.DrawFn) -> dict[str, Any]:
    anchor = draw(st.sampled_from(["run_start", {"field": "inputs.go_live"}]))
    return {"anchor": anchor, "offset": draw(st.integers(0, 5))}


@st.composite
def changed(draw: st.DrawFn, document: Document) -> Document:
    """The document after one to six random changes; still one that could be published."""
    new = copy.deepcopy(document)
    for number in range(draw(st.integers(1, 6))):
        change = draw(st.sampled_from([*_CHANGES, "field", "field"]))
        _CHANGES[change](draw, new, number)
    _tidy(new)
    return new


def _tidy(document: Document) -> None:
    """No condition looks at a field that is not there any more."""
    fields = {f"{step['key']}.{field['key']}" for step in steps_of(document) for field in step["fields"]}
    for step in steps_of(document):
        condition = step.get("when", {})
        path = condition.get("not", condition).get("field", "inputs.plan")
        if path not in fields | {"inputs.plan"}:
            del step["when"]


def _add(draw: st.DrawFn, document: Document, number: int) -> None:
    stage = draw(st.sampled_from(document["stages"]))
    place = draw(st.integers(0, len(stage["steps"])))
    known = steps_of(document)
    at = (
        known.index(stage["steps"][place])
        if place < len(stage["steps"])
        else known.index(stage["steps"][-1]) + 1
    )
    before = [step["key"] for step in known[:at]]
    made = _step(draw, f"new{number}", before)
    stage["steps"].insert(place, made)
    for later in known[at:]:
        if draw(st.integers(0, 2)) == 0:
            later["after"] = [*later["after"], made["key"]]


def _remove(draw: st.DrawFn, document: Document, number: int) -> None:
    del number
    victim = draw(st.sampled_from(steps_of(document)))
    if len(steps_of(document)) < 3:
        return
    for stage in document["stages"]:
        stage["steps"] = [step for step in stage["steps"] if step is not victim]
    document["stages"] = [stage for stage in document["stages"] if stage["steps"]]
    for step in steps_of(document):
        step["after"] = [other for other in step["after"] if other != victim["key"]]
        _forget(step, victim["key"])


def _forget(step: dict[str, Any], gone: str) -> None:
    if gone in str(step.get("when", "")):
        del step["when"]
    if "approval" in step:
        covers = [other for other in step["approval"]["covers"] if other != gone]
        step["approval"] = {**step["approval"], "covers": covers}
        if "reopens" in step["approval"]["on_refusal"]:
            step["approval"]["on_refusal"] = {"reopens": covers}
        if not covers:
            del step["approval"]
            step["kind"] = "form"


def _rewire(draw: st.DrawFn, document: Document, number: int) -> None:
    del number
    steps = steps_of(document)
    index = draw(st.integers(1, len(steps) - 1))
    before = [step["key"] for step in steps[:index]]
    steps[index]["after"] = draw(st.lists(st.sampled_from(before), unique=True, max_size=3))


def _recondition(draw: st.DrawFn, document: Document, number: int) -> None:
    del number
    steps = steps_of(document)
    index = draw(st.integers(1, len(steps) - 1))
    steps[index].pop("when", None)
    if draw(st.booleans()):
        steps[index]["when"] = _condition(draw, [step["key"] for step in steps[:index]])


def _field(draw: st.DrawFn, document: Document, number: int) -> None:
    step = draw(st.sampled_from(steps_of(document)))
    match draw(st.integers(0, 2)):
        case 0:
            kind = draw(st.sampled_from(KINDS))
            choices = {"choices": ["0", "1", "2"]} if kind in ("choice", "checklist") else {}
            size = {"key": "size", "title": "Size", "kind": kind, **choices}
            step["fields"] = [size, *[field for field in step["fields"] if field["key"] != "size"]]
        case 1:
            more = {"key": f"f{number}", "title": "More", "kind": "text", "required": draw(st.booleans())}
            step["fields"] = [*[field for field in step["fields"] if field["key"] != more["key"]], more]
        case _:
            step["fields"] = []


def _words(draw: st.DrawFn, document: Document, number: int) -> None:
    step = draw(st.sampled_from(steps_of(document)))
    step["title"] = f"Title {number}"
    step["role"] = draw(st.sampled_from(["seller", "helper", "boss"]))
    step.pop("due", None)
    if draw(st.booleans()):
        step["due"] = _due(draw)


def _move(draw: st.DrawFn, document: Document, number: int) -> None:
    del draw
    if len(document["stages"]) < 2:
        return
    first, second = document["stages"][0], document["stages"][1]
    if len(first["steps"]) > 1:
        second["steps"].insert(0, first["steps"].pop())
    else:
        second["title"] = f"Stage {number}"


_CHANGES: dict[str, Callable[[st.DrawFn, Document, int], None]] = {
    "add": _add, "remove": _remove, "rewire": _rewire, "recondition": _recondition, "field": _field,
    "words": _words, "move": _move,
}  # fmt: skip

Doing = int
deeds = st.lists(lots, min_size=8, max_size=30)


def begun(process: Definition) -> Run:
    """A run that has just started."""
    inputs = {"plan": "small", "go_live": "2026-03-20"}
    events = start_run(
        None,
        process,
        name="x",
        inputs=inputs,
        by=Actor("person:start"),
        at=NINE,
        calendar=OFFICE,
        directory=EVERYBODY,
    )
    return known(RUN.fold(events))


def known(run: Run | None) -> Run:
    """The run, which is there."""
    assert run is not None
    return run


def worked(run: Run, process: Definition, doings: list[Doing]) -> Run:
    """The run after what random people did."""
    for clock, doing in enumerate(doings):
        run = known(RUN.fold(did(run, process, doing, clock), run))
    return run


def did(run: Run, process: Definition, doing: Doing, clock: int) -> list[Event]:
    """What one of the random deeds leads to; a refusal leads to nothing."""
    deed = chosen(doing, run, process)
    if deed.verb in ("ask", "resume") or (deed.verb == "pause" and clock % 4):
        return []  # help and pauses that are over have tests of their own; few runs are paused
    try:
        return decide(run, process, deed, clock)
    except Rejected:
        return []
