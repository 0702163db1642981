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
from tests.domain.dice import Dice, lots
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


def documents() -> st.SearchStrategy[Document]:
    """A process of up to eight steps in up to three stages."""
    return st.builds(_document, lots, st.lists(st.tuples(lots, lots), min_size=2, max_size=8))


def _together(drawn: tuple[int, ...]) -> Dice:
    """Dice that have an answer to as many questions as all these lots."""
    return Dice(sum(lot << 24 * place for place, lot in enumerate(drawn)))


def _document(lot: int, drawn: list[tuple[int, int]]) -> Document:
    dice, count = Dice(lot), len(drawn)
    steps: list[Document] = []
    for index, each in enumerate(drawn):
        steps.append(_step(_together(each), f"s{index}", [step["key"] for step in steps]))
    cuts = sorted(dice.some_of(range(1, count), 2))
    stages = [
        {"key": f"g{number}", "title": f"g{number}", "steps": steps[begin:end]}
        for number, (begin, end) in enumerate(zip([0, *cuts], [*cuts, count], strict=True))
    ]  # fmt: skip
    return {"key": "sale", "title": "Sale", "roles": ROLES, "inputs": INPUTS, "stages": stages}


def _step(dice: Dice, key: str, before: list[str]) -> dict[str, Any]:
    after = dice.some_of(before) or (before[-1:] if len(before) > 1 else [])
    step: dict[str, Any] = {
        "key": key, "title": key, "after": after, "required": not dice.happens(4), "kind": "form",
        "role": dice.one_of(["seller", "helper"]),
        "fields": [{"key": "size", "title": "Size", "kind": "number"}],
    }  # fmt: skip
    if after and dice.happens(3):
        step["when"] = _condition(dice, before)
    step |= dice.one_of([_form, _form, _form, _signature, _approval, _approval])(dice, after)
    if dice.happens(6):
        step["gate"] = {"blocks": "following_stages"}
    if dice.happens(3):
        step["due"] = _due(dice)
    return step


def _form(_dice: Dice, _after: list[str]) -> dict[str, Any]:
    return {}


def _signature(dice: Dice, _after: list[str]) -> dict[str, Any]:
    ends = {"signature": {"on_decline": {"ends_run": "not signed"}}}
    return {"kind": "sign"} | (ends if dice.happens(2) else {})


def _approval(dice: Dice, after: list[str]) -> dict[str, Any]:
    if not after:
        return {}
    refusals = [
        {"reopens": after},
        {"reopens": after},
        {"requires": ["inputs.plan"]},
        {"ends_run": "refused"},
    ]
    refusal = dice.one_of(refusals)
    return {
        "kind": "approval",
        "approval": {"covers": after, "needs": dice.one_of(NEEDS), "on_refusal": refusal},
    }


def _condition(dice: Dice, before: list[str]) -> dict[str, Any]:
    of_plan = {"field": "inputs.plan", "operator": "equals", "value": dice.one_of(["small", "large"])}
    of_size = {"field": f"{dice.one_of(before)}.size", "operator": "more", "value": dice.below(4)}
    found: Document = dice.one_of([of_plan, of_size])
    return {"not": found} if dice.happens(2) else found


def _due(dice: Dice) -> dict[str, Any]:
    anchor = dice.one_of(["run_start", {"field": "inputs.go_live"}])
    return {"anchor": anchor, "offset": dice.below(6)}


changes = st.lists(st.tuples(lots, lots, lots), min_size=1, max_size=6)
"""What is changed from one version to the next."""


def changed(document: Document, drawn: list[tuple[int, int, int]]) -> Document:
    """The document after one to six random changes; still one that could be published."""
    new = copy.deepcopy(document)
    for number, each in enumerate(drawn):
        dice = _together(each)
        _CHANGES[dice.one_of([*_CHANGES, "field", "field"])](dice, new, number)
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


def _add(dice: Dice, document: Document, number: int) -> None:
    stage = dice.one_of(document["stages"])
    place = dice.below(len(stage["steps"]) + 1)
    known = steps_of(document)
    at = (
        known.index(stage["steps"][place])
        if place < len(stage["steps"])
        else known.index(stage["steps"][-1]) + 1
    )
    before = [step["key"] for step in known[:at]]
    made = _step(dice, f"new{number}", before)
    stage["steps"].insert(place, made)
    for later in known[at:]:
        if dice.happens(3):
            later["after"] = [*later["after"], made["key"]]


def _remove(dice: Dice, document: Document, number: int) -> None:
    del number
    victim = dice.one_of(steps_of(document))
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


def _rewire(dice: Dice, document: Document, number: int) -> None:
    del number
    steps = steps_of(document)
    index = 1 + dice.below(len(steps) - 1)
    before = [step["key"] for step in steps[:index]]
    steps[index]["after"] = dice.some_of(before)


def _recondition(dice: Dice, document: Document, number: int) -> None:
    del number
    steps = steps_of(document)
    index = 1 + dice.below(len(steps) - 1)
    steps[index].pop("when", None)
    if dice.happens(2):
        steps[index]["when"] = _condition(dice, [step["key"] for step in steps[:index]])


def _field(dice: Dice, document: Document, number: int) -> None:
    step = dice.one_of(steps_of(document))
    match dice.below(3):
        case 0:
            kind = dice.one_of(KINDS)
            choices = {"choices": ["0", "1", "2"]} if kind in ("choice", "checklist") else {}
            size = {"key": "size", "title": "Size", "kind": kind, **choices}
            step["fields"] = [size, *[field for field in step["fields"] if field["key"] != "size"]]
        case 1:
            more = {"key": f"f{number}", "title": "More", "kind": "text", "required": dice.happens(2)}
            step["fields"] = [*[field for field in step["fields"] if field["key"] != more["key"]], more]
        case _:
            step["fields"] = []


def _words(dice: Dice, document: Document, number: int) -> None:
    step = dice.one_of(steps_of(document))
    step["title"] = f"Title {number}"
    step["role"] = dice.one_of(["seller", "helper", "boss"])
    step.pop("due", None)
    if dice.happens(2):
        step["due"] = _due(dice)


def _move(dice: Dice, document: Document, number: int) -> None:
    del dice
    if len(document["stages"]) < 2:
        return
    first, second = document["stages"][0], document["stages"][1]
    if len(first["steps"]) > 1:
        second["steps"].insert(0, first["steps"].pop())
    else:
        second["title"] = f"Stage {number}"


_CHANGES: dict[str, Callable[[Dice, Document, int], None]] = {
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
