"""What somebody does with a run as it stands: mostly one of the things that can be done, the rare ones as often."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from domain.definition import Definition
from domain.document import Requires
from domain.run import Run
from domain.run.impartial import is_impartial
from domain.words import Actor, StepKey
from tests.domain.dice import Dice
from tests.domain.random_runs import PEOPLE, PLANS, Deed

Keys = list[StepKey]

_WEIGHTS = {
    "complete": 9, "approve": 9, "refuse": 6, "decline": 3, "start": 2, "save": 3, "skip": 2, "set_aside": 1,
    "reopen": 3, "redo": 3, "evidence": 3, "ask": 2, "answer": 2, "assign": 1, "due": 1,
    "change": 5, "pause": 2, "resume": 8, "cancel": 1,
}  # fmt: skip
"""How often each is done of what can be done; ``set_aside`` skips a locked step, ``redo`` reopens what ended badly."""
_VERBS = {"set_aside": "skip", "redo": "reopen"}
_OF_RUNS = ("pause", "resume", "cancel")


def chosen(lot: int, run: Run, definition: Definition) -> Deed:
    """The deed that this lot stands for; one of eight is done whether it is possible or not."""
    dice, possible = Dice(lot), _possible(run, definition)
    if dice.happens(8) or not possible:
        return _deed(dice, dice.one_of(list(_WEIGHTS)), list(definition.steps), run, definition)
    verb = dice.one_of([verb for verb in possible for _ in range(_WEIGHTS[verb])])
    return _deed(dice, verb, possible[verb], run, definition)


def _possible(run: Run, definition: Definition) -> dict[str, Keys]:
    """What can be done now, and with which steps."""
    states = {key: run.step(key).state for key in definition.steps}
    kinds = {key: step.kind for key, step in definition.steps.items()}
    found = {} if run.ended else _under_way(run, definition, states, kinds)
    found["resume" if run.state == "paused" else "pause"] = [StepKey("")] * (not run.ended)
    found["reopen"] = [
        k for k, state in states.items() if state in ("done", "skipped") and not run.step(k).kept
    ]
    found["redo"] = [key for key, state in states.items() if state in ("failed", "cancelled")]
    return {verb: keys for verb, keys in found.items() if keys}


def _under_way(
    run: Run, definition: Definition, states: Mapping[StepKey, str], kinds: Mapping[StepKey, str]
) -> dict[str, Keys]:
    at_hand = [key for key, state in states.items() if state in ("ready", "in_progress")]
    fields = [key for key in states if definition.steps[key].fields]
    given = [key for key in fields if states[key] == "done"]
    lacking = [key for key in given if f"{key}.size" not in run.values]
    waiting = [key for key, state in states.items() if state == "locked"]
    return {
        "complete": [key for key in at_hand if kinds[key] != "approval"],
        "approve": [key for key in at_hand if kinds[key] == "approval"],
        "refuse": [key for key in at_hand if kinds[key] == "approval"],
        "decline": [key for key in at_hand if kinds[key] == "sign"],
        "start": [key for key in at_hand if states[key] == "ready"],
        "save": [key for key in at_hand if key in fields],
        "skip": at_hand,
        "set_aside": waiting,
        "evidence": [*lacking, *lacking, *given],
        "ask": [*at_hand, *waiting],
        "answer": [key for key in states if run.step(key).help_wanted],
        "assign": at_hand,
        "due": [*at_hand, *waiting],
        "change": [StepKey("")],
        "cancel": [StepKey("")],
    }


def _deed(dice: Dice, name: str, keys: Keys, run: Run, definition: Definition) -> Deed:
    verb, key = _VERBS.get(name, name), dice.one_of(keys)
    if verb in _OF_RUNS:
        return Deed(verb, ())
    more: dict[str, Callable[[], tuple[Any, ...]]] = {
        "complete": lambda: (_values(dice, key, definition), _somebody(dice, run, definition, key)),
        "save": lambda: (_values(dice, key, definition), _somebody(dice, run, definition, key)),
        "evidence": lambda: (_values(dice, key, definition), _somebody(dice, run, definition, key)),
        "approve": lambda: (_somebody(dice, run, definition, key),),
        "refuse": lambda: (_with_refusal(dice, run, definition, key), _somebody(dice, run, definition, key)),
        "decline": lambda: (_somebody(dice, run, definition, key),),
        "assign": lambda: (dice.one_of(PEOPLE),),
        "due": lambda: (dice.below(5),),
        "reopen": lambda: (dice.one_of(("keep", "reopen")),),
    }
    if verb == "change":
        return Deed(verb, (dice.one_of(PLANS), dice.one_of(PEOPLE)))
    return Deed(verb, (key, *more.get(verb, tuple)()))


def _somebody(dice: Dice, run: Run, definition: Definition, key: StepKey) -> str:
    """Anybody, and three times of four somebody who may."""
    known = definition.steps[key]
    may = [who for who in PEOPLE if is_impartial(run, definition, known, Actor(who))]
    return dice.one_of(may) if dice.below(4) and may else dice.one_of(PEOPLE)


def _values(dice: Dice, key: StepKey, definition: Definition) -> dict[str, Any]:
    size = dice.below(10)
    return {"size": size} if definition.steps[key].fields and size < 5 else {}


def _with_refusal(dice: Dice, run: Run, definition: Definition, key: StepKey) -> dict[str, Any]:
    """Another plan than the present one, the same, or none; seldom one that is not asked for."""
    approval = definition.steps[key].approval
    if not isinstance(approval and approval.on_refusal, Requires) and dice.below(8):
        return {}
    plan = str(run.inputs.get("plan"))
    others = [other for other in PLANS if other != plan]
    return dice.one_of([{"inputs.plan": others[0]}, {"inputs.plan": others[0]}, {"inputs.plan": plan}, {}])
