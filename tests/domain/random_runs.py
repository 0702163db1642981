"""Random processes and random commands: every shape of graph, every verb, in any order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple

from hypothesis import strategies as st

from domain import run as r
from domain.definition import Definition
from domain.events import Event
from domain.run import Run
from domain.schedule import Calendar
from domain.words import Actor, Assignee, StepKey
from tests.domain.documents import INPUTS, ROLES, step
from tests.support.given import NINE

OFFICE = Calendar()
PEOPLE = ("person:ann", "person:ben", "person:cho")
PLANS = ("small", "large")


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


@st.composite
def processes(draw: st.DrawFn, most: int = 9) -> Process:
    """Up to ``most`` steps in up to three stages and three tracks, with all that decides about readiness."""
    count = draw(st.integers(1, most))
    cuts = sorted(draw(st.lists(st.integers(1, count), max_size=2)))
    steps: list[dict[str, Any]] = []
    for index in range(count):
        steps.append(draw(_steps(index, count, steps, cuts)))
    stages: list[list[dict[str, Any]]] = [[]]
    for index, one in enumerate(steps):
        if index in cuts and stages[-1]:
            stages.append([])
        stages[-1].append(one)
    document = {
        "key": "sale", "title": "Sale", "roles": ROLES, "inputs": INPUTS,
        "stages": [{"key": f"g{n}", "title": "G", "steps": found} for n, found in enumerate(stages)],
    }  # fmt: skip
    return Process(document, Definition.load("sale", 1, document))


@st.composite
def _steps(
    draw: st.DrawFn, index: int, count: int, before: list[dict[str, Any]], cuts: list[int]
) -> dict[str, Any]:
    earlier = [one["key"] for one in before]
    later = [f"s{other}" for other in range(index + 1, count)]
    made = step(f"s{index}", required=draw(st.integers(0, 3)) > 0, role="helper")
    made["after"] = _few(draw, earlier)
    match draw(st.integers(0, 5)):
        case 0:
            made["after"] = "everything_before"
        case 1 | 2:
            del made["after"]
            made["track"] = draw(st.sampled_from([None, "a", "b"]))
        case _:
            pass
    made |= draw(_kinds(made["key"], earlier))
    if draw(st.integers(0, 6)) == 0:
        made["gate"] = {"blocks": draw(st.sampled_from(["following_stages", _few(draw, later)]))}
    if earlier and draw(st.integers(0, 7)) == 0:
        made["actor_differs_from"] = [draw(st.sampled_from(earlier))]
    if draw(st.integers(0, 11)) == 0:
        made["closes_run"] = True
    if draw(st.integers(0, 2)) == 0:
        made["due"] = {"anchor": draw(st.sampled_from(_anchors(earlier))), "offset": 1}
    if draw(st.integers(0, 1)):
        made["when"] = draw(_conditions(sorted(_ancestors(made, before, cuts))))
    return made


def _anchors(earlier: list[str]) -> list[Any]:
    fixed: list[Any] = ["run_start", "run_target", {"field": "inputs.go_live"}]
    return [*fixed, *({word: key} for word in ("step_ready", "step_done") for key in earlier[-1:])]


def _few(draw: st.DrawFn, keys: list[str]) -> list[str]:
    return draw(st.lists(st.sampled_from(keys), unique=True, max_size=3)) if keys else []


@st.composite
def _kinds(draw: st.DrawFn, key: str, earlier: list[str]) -> dict[str, Any]:
    size = {"key": "size", "title": "Size", "kind": "number", "required": draw(st.integers(0, 2)) == 0}
    form: dict[str, Any] = {"kind": "form", "fields": [size]}
    match draw(st.integers(0, 9)):
        case 0 | 1 if earlier:
            return {"kind": "approval", "approval": draw(_approvals(earlier))}
        case 2:
            ends = {"on_decline": {"ends_run": "not signed"}} if draw(st.integers(0, 2)) == 0 else None
            return {"kind": "sign", "signature": ends} if ends else {"kind": "sign"}
        case 3:
            return {"kind": "task"}
        case 4:
            until = {"field": f"{key}.size", "operator": "more", "value": 1}
            return form | {"repeat_until": {"condition": until}}
        case _:
            return form


@st.composite
def _approvals(draw: st.DrawFn, earlier: list[str]) -> dict[str, Any]:
    approval: dict[str, Any] = {"covers": _few(draw, earlier), "needs": draw(st.sampled_from([1, 1, 2]))}
    match draw(st.integers(0, 5)):
        case 0:
            approval["on_refusal"] = {"ends_run": "refused"}
        case 1:
            approval["on_refusal"] = {"requires": ["inputs.plan"]}
        case 2 | 3:
            approval["on_refusal"] = {"reopens": _few(draw, earlier)}
        case _:
            pass
    return approval


def _ancestors(made: dict[str, Any], before: list[dict[str, Any]], cuts: list[int]) -> set[str]:
    """Steps with a field that have certainly ended before this one: those it names, and what those name."""
    known = {one["key"]: one for one in before}
    found: set[str] = set()
    queue = (
        [key for key in made.get("after", ()) if key in known]
        if made.get("after") != "everything_before"
        else [*known]
    )
    while queue:
        key = queue.pop()
        if key not in found:
            found.add(key)
            after = known[key].get("after", ())
            queue += [*known][: list(known).index(key)] if after == "everything_before" else after
    return {key for key in found if known[key].get("fields")}


def _conditions(sources: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    plan = st.builds(
        lambda value: {"field": "inputs.plan", "operator": "equals", "value": value}, st.sampled_from(PLANS)
    )
    leaf: st.SearchStrategy[dict[str, Any]] = plan
    if sources:
        leaf |= st.builds(
            lambda key, operator, value: {"field": f"{key}.size", "operator": operator, "value": value},
            st.sampled_from(sources), st.sampled_from(["more", "equals"]), st.integers(0, 3),
        )  # fmt: skip
        leaf |= st.builds(
            lambda key, operator: {"field": f"{key}.size", "operator": operator},
            st.sampled_from(sources), st.sampled_from(["set", "not_set"]),
        )  # fmt: skip
    return leaf | _combined(leaf | _combined(leaf))


def _combined(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    several = st.lists(inner, min_size=1, max_size=2)
    return (
        st.builds(lambda part: {"not": part}, inner)
        | st.builds(lambda parts: {"all": parts}, several)
        | st.builds(lambda parts: {"any": parts}, several)
    )


_KEY = st.integers(0, 8)
_BY = st.sampled_from(PEOPLE)
_VALUES = st.one_of(st.just({}), st.builds(lambda size: {"size": size}, st.integers(0, 4)))
_NEW_PLAN = st.sampled_from([{}, {"inputs.plan": "small"}, {"inputs.plan": "large"}])
_COMPLETE = st.builds(Deed, st.just("complete"), st.tuples(_KEY, _VALUES, _BY))
_DEEDS = st.one_of(
    _COMPLETE, _COMPLETE, _COMPLETE, _COMPLETE,
    st.builds(Deed, st.just("save"), st.tuples(_KEY, _VALUES, _BY)),
    st.builds(Deed, st.just("start"), st.tuples(_KEY)),
    st.builds(Deed, st.just("skip"), st.tuples(_KEY)),
    st.builds(Deed, st.just("reopen"), st.tuples(_KEY, st.sampled_from(["keep", "reopen"]))),
    st.builds(Deed, st.just("approve"), st.tuples(_KEY, _BY)),
    st.builds(Deed, st.just("approve"), st.tuples(_KEY, _BY)),
    st.builds(Deed, st.just("refuse"), st.tuples(_KEY, _NEW_PLAN, _BY)),
    st.builds(Deed, st.just("decline"), st.tuples(_KEY, _BY)),
    st.builds(Deed, st.just("assign"), st.tuples(_KEY, _BY)),
    st.builds(Deed, st.just("change"), st.tuples(st.sampled_from(PLANS))),
    st.builds(Deed, st.just("pause"), st.just(())),
    st.builds(Deed, st.just("resume"), st.just(())),
    st.builds(Deed, st.just("resume"), st.just(())),
    st.builds(Deed, st.sampled_from(["cancel", "pause", "resume"]), st.just(())),
)  # fmt: skip
deeds = st.lists(_DEEDS, min_size=1, max_size=40)


def addressed(deed: Deed, process: Process) -> Deed:
    """The deed with the key of a step of this process in the place of its number."""
    if not deed.args or not isinstance(deed.args[0], int):
        return deed
    return deed._replace(args=(f"s{deed.args[0] % len(process.definition.steps)}", *deed.args[1:]))


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
    )


def decide(run: Run, process: Process, deed: Deed, clock: int) -> list[Event]:
    """What the domain decides about the deed; raises Rejected."""
    definition, args = process.definition, deed.args
    late: dict[str, Any] = {"by": Actor("person:ann"), "at": NINE + timedelta(hours=clock)}
    if args and str(args[-1]).startswith("person:"):
        late["by"] = Actor(args[-1])
    dued = {**late, "calendar": OFFICE}
    key = StepKey(str(args[0])) if args else StepKey("")
    choices: dict[str, Callable[[], list[Event]]] = {
        "complete": lambda: r.complete_step(run, definition, key, args[1], **dued),
        "save": lambda: r.save_values(run, definition, key, args[1], **late),
        "start": lambda: r.start_step(run, definition, key, **late),
        "skip": lambda: r.skip_step(run, definition, key, "why not", **dued),
        "reopen": lambda: r.reopen_step(run, definition, key, "again", args[1], **dued),
        "approve": lambda: r.give_approval(run, definition, key, **dued),
        "refuse": lambda: r.refuse_approval(run, definition, key, f"no {clock}", args[1], **dued),
        "decline": lambda: r.decline_signature(run, definition, key, "no", **dued),
        "assign": lambda: r.assign_step(run, definition, key, Assignee(args[1]), **late),
        "change": lambda: r.change_inputs(run, definition, {"plan": args[0]}, **dued),
        "pause": lambda: r.pause_run(run, "wait", **late),
        "resume": lambda: r.resume_run(run, definition, **dued),
        "cancel": lambda: r.cancel_run(run, definition, "stop", **late),
    }
    return choices[deed.verb]()
