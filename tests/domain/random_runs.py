"""Random processes, and what people can be told to do with runs of them: every shape of graph, every verb."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from datetime import timedelta
from typing import Any, NamedTuple

from hypothesis import strategies as st

from domain import run as r
from domain.definition import Definition
from domain.events import Event
from domain.migration import migrate_run
from domain.run import Run
from domain.schedule import Calendar
from domain.words import Actor, Assignee, StepKey
from tests.domain.dice import Dice, lots
from tests.domain.documents import INPUTS, ROLES, step
from tests.support.given import NINE
from tests.support.people import EVERYBODY

OFFICE = Calendar()
PEOPLE = ("person:ann", "person:ben", "person:cho", "person:dee", "person:eve", "person:fay")
PLANS = ("small", "large")
Data = dict[str, Any]
NEEDS: tuple[Any, ...] = (1, "any", "all", 2, 2, 3)


class Process(NamedTuple):
    """A document as plain data, and compiled."""

    document: dict[str, Any]
    definition: Definition

    def __repr__(self) -> str:
        """The stages say it all."""
        return f"Process({self.document['stages']})"


class Deed(NamedTuple):
    """One command: its name in the model, and what it is given."""

    verb: str
    args: tuple[Any, ...]


def processes(most: int = 9) -> st.SearchStrategy[Process]:
    """Up to ``most`` steps in up to three stages and three tracks, with all that decides about readiness."""
    steps = st.lists(st.tuples(lots, lots, lots), min_size=min(4, most), max_size=most)
    return st.builds(_process, lots, steps)


def _process(lot: int, steps: list[tuple[int, int, int]]) -> Process:
    dice = Dice(lot)
    count = 1 + dice.below(3) if dice.below(8) == 0 else len(steps)
    cuts = sorted(1 + dice.below(count) for _ in range(dice.below(3)))
    made: list[Data] = []
    for index, (graph, kind, condition) in enumerate(steps[:count]):
        one = _placed(Dice(graph), index, count, [each["key"] for each in made])
        one |= _of_some_kind(Dice(kind), one["key"], [each["key"] for each in made])
        if Dice(condition).happens(2):
            one["when"] = _condition(Dice(condition // 2), sorted(_sources(one, made)))
        made.append(one | _shown(Dice(graph // 3), one, made))
    stages: list[list[Data]] = [[]]
    for index, one in enumerate(made):
        if index in cuts and stages[-1]:
            stages.append([])
        stages[-1].append(one)
    document = {
        "key": "sale", "title": "Sale", "roles": ROLES, "inputs": INPUTS,
        "stages": [{"key": f"g{n}", "title": "G", "steps": found} for n, found in enumerate(stages)],
    }  # fmt: skip
    return as_version(1, document)


def _placed(dice: Dice, index: int, count: int, earlier: list[str]) -> Data:
    """A step with its place in the graph, and what it says of when it is to be done and by whom."""
    later = [f"s{other}" for other in range(index + 1, count)]
    made = step(f"s{index}", required=not dice.happens(4), role="helper", weight=1 + dice.below(3))
    match dice.below(6):
        case 0:
            made["after"] = "everything_before"
        case 1 | 2:
            del made["after"]
            made["track"] = dice.one_of([None, "a", "b"])
        case _:
            made["after"] = dice.some_of(earlier)
    if dice.happens(4):
        made["gate"] = {"blocks": dice.some_of(later) if dice.below(2) else "following_stages"}
    if earlier and dice.happens(4):
        made["actor_differs_from"] = [dice.one_of(earlier)]
    if dice.happens(12):
        made["closes_run"] = True
    if dice.happens(3):
        made["due"] = {"anchor": dice.one_of(_anchors(earlier)), "offset": 1}
    return made


def _anchors(earlier: list[str]) -> list[Any]:
    fixed: list[Any] = ["run_start", "run_target", {"field": "inputs.go_live"}]
    return [*fixed, *({word: key} for word in ("step_ready", "step_done") for key in earlier[-1:])]


def _of_some_kind(dice: Dice, key: str, earlier: list[str]) -> Data:
    size = {"key": "size", "title": "Size", "kind": "number", "required": dice.happens(3)}
    form: Data = {"kind": "form", "fields": [size]}
    match dice.below(12):
        case 1 | 2 | 3 | 4 if earlier:
            return {"kind": "approval", "approval": _approval(dice, earlier)}
        case 5 | 6:
            ends = {"on_decline": {"ends_run": "not signed"}}
            return {"kind": "sign"} | ({"signature": ends} if dice.happens(2) else {})
        case 7:
            return {"kind": "task"}
        case 8:
            until = {"field": f"{key}.size", "operator": "more", "value": 1}
            return form | {"repeat_until": {"condition": until}}
        case _:
            return form


def _shown(dice: Dice, one: Data, before: list[Data]) -> Data:
    """What the step shows beside itself: inputs, and steps or fields that have certainly ended before it."""
    shown: Data = {"shows_inputs": True} if dice.happens(5) else {}
    earlier = sorted(_sources(one, before))
    if earlier and dice.happens(4):
        shown["shows"] = [
            dice.one_of([f"{key}.size" for key in earlier] + ["inputs.plan", "inputs", *earlier])
        ]
    return shown


def _approval(dice: Dice, earlier: list[str]) -> Data:
    approval: Data = {"covers": dice.some_of(earlier), "needs": dice.one_of(NEEDS)}
    match dice.below(6):
        case 0 | 1:
            return approval
        case 2 | 3:
            return approval | {"on_refusal": {"reopens": dice.some_of(earlier)}}
        case 4:
            return approval | {"on_refusal": {"requires": ["inputs.plan"]}}
        case _:
            return approval | {"on_refusal": {"ends_run": "refused"}}


def _sources(made: Data, before: list[Data]) -> set[str]:
    """Steps with a field that have certainly ended before this one: those it names, and what those name."""
    known = {one["key"]: one for one in before}
    after = made.get("after", ())
    queue = [*known] if after == "everything_before" else list(after)
    found: set[str] = set()
    while queue:
        key = queue.pop()
        if key not in found:
            found.add(key)
            after = known[key].get("after", ())
            queue += [*known][: list(known).index(key)] if after == "everything_before" else after
    return {key for key in found if known[key].get("fields")}


def _condition(dice: Dice, sources: list[str], depth: int = 2) -> Data:
    """A comparison, or up to two levels of others around it."""
    match dice.below(6) if depth else 0:
        case 3:
            return {"not": _condition(dice, sources, depth - 1)}
        case 4:
            return {"all": [_condition(dice, sources, depth - 1) for _ in range(1 + dice.below(2))]}
        case 5:
            return {"any": [_condition(dice, sources, depth - 1) for _ in range(1 + dice.below(2))]}
        case _:
            return _comparison(dice, sources)


def _comparison(dice: Dice, sources: list[str]) -> Data:
    if not sources or dice.happens(3):
        return {"field": "inputs.plan", "operator": "equals", "value": dice.one_of(PLANS)}
    field = f"{dice.one_of(sources)}.size"
    match dice.below(4):
        case 0:
            return {"field": field, "operator": "more", "value": dice.below(4)}
        case 1:
            return {"field": field, "operator": "equals", "value": dice.below(4)}
        case 2:
            return {"field": field, "operator": "set"}
        case _:
            return {"field": field, "operator": "not_set"}


def another_version(process: Process, dice: Dice, keys: Sequence[str]) -> Process:
    """The next version: one or two of these steps have another condition or none, or are behind others."""
    document = deepcopy(process.document)
    steps = [each for stage in document["stages"] for each in stage["steps"]]
    for _ in range(1 + dice.below(2)):
        place = dice.one_of([number for number, each in enumerate(steps) if each["key"] in keys])
        one, before = steps[place], steps[:place]
        if dice.happens(3):
            one["after"] = dice.some_of([each["key"] for each in before])
        one.pop("when", None)
        if dice.below(3):
            one["when"] = _condition(dice, sorted(_sources(one, before)))
    for place, one in enumerate(steps):
        later = {each["key"] for each in steps if each.get("fields")} - _sources(one, steps[:place])
        if any(f"'{key}.size'" in str(one.get("when")) for key in later):
            del one["when"]
    return as_version(process.definition.version + 1, document)


def as_version(number: int, document: Data) -> Process:
    """The process as it is published with this document."""
    return Process(document, Definition.load("sale", number, document))


deeds = st.lists(lots, min_size=20, max_size=40)
"""What people do, one after the other (0: nothing); which deed each is shows once it is known how the run stands."""


def start(process: Process) -> list[Event]:
    """How every run begins."""
    return r.start_run(
        None,
        process.definition,
        name="x",
        inputs={"plan": "small"},
        by=Actor("person:start"),
        at=NINE,
        calendar=OFFICE,
        directory=EVERYBODY,
    )


def decide(run: Run, definition: Definition, deed: Deed, clock: int) -> list[Event]:
    """What the domain decides about the deed; raises Rejected."""
    args = deed.args
    late: dict[str, Any] = {"by": Actor("person:ann"), "at": NINE + timedelta(hours=clock)}
    if args and str(args[-1]).startswith("person:"):
        late["by"] = Actor(args[-1])
    dued = {**late, "calendar": OFFICE}
    named = {**dued, "directory": EVERYBODY}
    key = StepKey(str(args[0])) if args else StepKey("")
    choices: dict[str, Callable[[], list[Event]]] = {
        "complete": lambda: r.complete_step(run, definition, key, args[1], **named),
        "save": lambda: r.save_values(run, definition, key, args[1], **named),
        "start": lambda: r.start_step(run, definition, key, **late),
        "skip": lambda: r.skip_step(run, definition, key, "why not", **named),
        "reopen": lambda: r.reopen_step(run, definition, key, "again", args[1], **named),
        "approve": lambda: r.give_approval(run, definition, key, **named),
        "refuse": lambda: r.refuse_approval(run, definition, key, f"no {clock}", args[1], **named),
        "decline": lambda: r.decline_signature(run, definition, key, "no", **named),
        "evidence": lambda: r.add_evidence(run, definition, key, args[1], **named),
        "ask": lambda: r.request_help(run, definition, key, "no key", **late),
        "answer": lambda: r.clear_help(run, definition, key, **late),
        "due": lambda: r.set_step_due(run, definition, key, NINE + timedelta(days=args[1]), **dued),
        "assign": lambda: r.assign_step(run, definition, key, Assignee(args[1]), **late, directory=EVERYBODY),
        "change": lambda: r.change_inputs(run, definition, {"plan": args[0]}, **named),
        "pause": lambda: r.pause_run(run, "wait", **late),
        "resume": lambda: r.resume_run(run, definition, **named),
        "migrate": lambda: migrate_run(run, definition, args[0].definition, {}, **named),
        "cancel": lambda: r.cancel_run(run, definition, "stop", **late),
    }
    return choices[deed.verb]()
