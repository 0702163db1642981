"""Pairs of process versions and random runs of them, for the laws of migration."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from domain.definition import Definition
from domain.events import Event
from domain.run import (
    RUN,
    Run,
    assign_step,
    change_inputs,
    complete_step,
    give_approval,
    pause_run,
    refuse_approval,
    reopen_step,
    save_values,
    set_step_due,
    skip_step,
    start_run,
    start_step,
)
from domain.schedule import Calendar
from domain.words import Actor, Rejected, StepKey
from tests.domain.documents import INPUTS, ROLES
from tests.support.given import BO, DANA, NINE

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
    after = draw(st.lists(st.sampled_from(before), unique=True, max_size=3)) if before else []
    step: dict[str, Any] = {
        "key": key, "title": key, "after": after, "required": draw(st.integers(0, 3)) > 0, "kind": "form",
        "role": draw(st.sampled_from(["seller", "helper"])),
        "fields": [{"key": "size", "title": "Size", "kind": "number"}],
    }  # fmt: skip
    if after and draw(st.integers(0, 2)) == 0:
        step["when"] = _condition(draw, before)
    if after and draw(st.integers(0, 4)) == 0:
        step |= {"kind": "approval", "approval": {"covers": after, "on_refusal": {"reopens": after}}}
    if draw(st.integers(0, 2)) == 0:
        step["due"] = _due(draw)
    return step


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
    """The document after one to four random changes; still one that could be published."""
    new = copy.deepcopy(document)
    for number in range(draw(st.integers(1, 4))):
        change = draw(st.sampled_from(list(_CHANGES)))
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
        step["approval"] = {"covers": covers, "on_refusal": {"reopens": covers}}
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

Doing = tuple[str, int, int]
deeds = st.lists(
    st.tuples(st.sampled_from("aaabbbcdefghiklmn"), st.integers(0, 9), st.integers(0, 4)), max_size=25
)


def begun(process: Definition) -> Run:
    """A run that has just started."""
    inputs = {"plan": "small", "go_live": "2026-03-20"}
    events = start_run(
        None, process, name="x", inputs=inputs, by=Actor("person:start"), at=NINE, calendar=OFFICE
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
    verb, which, size = doing
    keys = list(process.steps)
    key = keys[which % len(keys)]
    late: dict[str, Any] = {"by": DANA, "at": NINE + timedelta(hours=clock)}
    dued = {**late, "calendar": OFFICE}
    at_hand = [one for one in keys if run.step(one).is_open] or [key]
    ready = at_hand[which % len(at_hand)]
    choices: dict[str, Callable[[], list[Event]]] = {
        "a": lambda: _finish(run, process, ready, size, dued),
        "b": lambda: complete_step(run, process, ready, {}, **dued),
        "c": lambda: skip_step(run, process, key, "why not", **dued),
        "d": lambda: reopen_step(run, process, key, "again", "keep", **dued),
        "e": lambda: reopen_step(run, process, key, "again", "reopen", **dued),
        "f": lambda: give_approval(run, process, ready, **{**dued, "by": BO}),
        "g": lambda: refuse_approval(run, process, ready, f"no {clock}", **{**dued, "by": BO}),
        "h": lambda: change_inputs(run, process, {"plan": "small" if size % 2 else "large"}, **dued),
        "i": lambda: pause_run(run, "wait", **late) if size == 0 else [],
        "k": lambda: start_step(run, process, ready, **late),
        "l": lambda: save_values(run, process, ready, {"size": size}, **late),
        "m": lambda: set_step_due(run, process, key, NINE + timedelta(days=size), **dued),
        "n": lambda: assign_step(run, process, key, "person:cleo", **late),  # type: ignore[arg-type]
    }
    try:
        return choices[verb]()
    except Rejected:
        return []


def _finish(run: Run, process: Definition, key: StepKey, size: int, dued: dict[str, Any]) -> list[Event]:
    if process.steps[key].kind == "approval":
        return give_approval(run, process, key, **{**dued, "by": BO})
    return complete_step(run, process, key, {"size": size}, **dued)
