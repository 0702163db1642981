"""A second, slow reading of the rules of runs: written from their description alone, sharing no code with them.

After every command each step is worked out anew from the raw document, in no particular order, by asking its
dependencies first. Nothing is kept that need not be: what people did, and what each step was a moment ago.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

OPEN = ("ready", "in_progress")
WELL = ("done", "skipped", "not_applicable")
ENDS = ("done", "skipped", "failed", "cancelled")


class Refused(Exception):
    """The rules do not allow the command."""


@dataclass
class Fact:
    """What is remembered of one step; ``state`` is what it was shown as after the last command."""

    state: str = "locked"
    round: int = 1
    done: bool = False
    wanted: bool = False
    values: dict[str, Any] = field(default_factory=dict)
    draft: dict[str, Any] = field(default_factory=dict)
    doers: set[str] = field(default_factory=set)
    before: set[str] = field(default_factory=set)
    agreed: set[str] = field(default_factory=set)
    questioned: set[str] = field(default_factory=set)


class Model:
    """One run of a document given as plain data."""

    def __init__(self, document: dict[str, Any], inputs: dict[str, Any]) -> None:
        """The run has started; ``announced`` are the steps that the last command made ready."""
        self.stages = document["stages"]
        self.steps: dict[str, dict[str, Any]] = {s["key"]: s for stage in self.stages for s in stage["steps"]}
        self.waits = self._waits()
        self.inputs = dict(inputs)
        self.givers = {"person:start"}
        self.facts = {key: Fact() for key in self.steps}
        self.state = "running"
        self.announced: list[str] = []
        self._settle()

    # --- the graph ---

    def _waits(self) -> dict[str, set[str]]:
        waits: dict[str, set[str]] = {}
        keys = list(self.steps)
        for place, key in enumerate(keys):
            step = self.steps[key]
            same_track = [k for k in keys[:place] if self.steps[k].get("track") == step.get("track")]
            after = step.get("after", same_track[-1:])
            waits[key] = set(keys[:place] if after == "everything_before" else after)
            judged = step.get("approval") or {}
            waits[key] |= set(judged.get("covers", ())) | set(
                (judged.get("on_refusal") or {}).get("reopens", ())
            )
        for place, stage in enumerate(self.stages):
            for step in stage["steps"]:
                blocks = (step.get("gate") or {}).get("blocks", ())
                if blocks == "following_stages":
                    blocks = [s["key"] for later in self.stages[place + 1 :] for s in later["steps"]]
                for key in blocks:
                    waits[key].add(step["key"])
        return waits

    def behind(self, step: str) -> list[str]:
        """All steps that wait for this one, over others too."""
        return [key for key in self.steps if key != step and self._reaches(key, step)]

    def _reaches(self, key: str, step: str) -> bool:
        return any(other == step or self._reaches(other, step) for other in self.waits[key])

    # --- what holds now ---

    def _value(self, path: str) -> Any:
        owner, _, name = path.partition(".")
        return self.inputs.get(name) if owner == "inputs" else self.facts[owner].values.get(name)

    def holds(self, condition: dict[str, Any] | None) -> bool:
        """Whether a condition is true; no condition is."""
        match condition:
            case None:
                return True
            case {"all": parts}:
                return all(self.holds(part) for part in parts)
            case {"any": parts}:
                return any(self.holds(part) for part in parts)
            case {"not": part}:
                return not self.holds(part)
            case _:
                return self._compares(condition)

    def _compares(self, condition: dict[str, Any]) -> bool:
        """Comparing with nothing is never true."""
        value, wanted = self._value(condition["field"]), condition.get("value")
        outcomes = {
            "set": value is not None,
            "not_set": value is None,
            "equals": value is not None and value == wanted,
            "more": value is not None and condition["operator"] == "more" and value > wanted,
        }
        return bool(outcomes[condition["operator"]])

    def _stands(self, key: str, known: dict[str, str]) -> str:
        """What the step is now, given what it was."""
        if key in known:
            return known[key]
        fact = self.facts[key]
        free = all(self._stands(other, known) in WELL for other in sorted(self.waits[key]))
        applies = self.holds(self.steps[key].get("when"))
        if fact.state in ("skipped", "failed", "cancelled"):
            found = fact.state
        elif not free:
            found = fact.state if fact.done else "locked"
        elif not applies:
            found = "not_applicable"
        elif fact.done:
            found = "done"
        elif fact.state in OPEN:
            found = fact.state
        else:
            found = "locked" if self.state == "paused" else "ready"
        known[key] = found
        return found

    def _settle(self) -> None:
        known: dict[str, str] = {}
        for key in self.steps:
            self._stands(key, known)
        self.announced = [k for k in self.steps if known[k] == "ready" and self.facts[k].state not in OPEN]
        for key, fact in self.facts.items():
            if known[key] == "locked" and fact.state not in ("locked", "done") and fact.agreed:
                fact.round += 1
                fact.before |= fact.doers
                fact.doers, fact.agreed = set(), set()
            fact.state = known[key]
        needed = [k for k, s in self.steps.items() if s.get("required", True) or s.get("closes_run")]
        pending = [k for k in self.steps if k in (needed or self.steps) or self.facts[k].wanted]
        if self.state == "running" and all(self.facts[k].state in WELL for k in pending):
            self._end("completed")

    def _end(self, state: str) -> None:
        self.state = state
        for fact in self.facts.values():
            if fact.state in OPEN:
                fact.state = "cancelled"

    # --- what people do ---

    def do(self, verb: str, *args: Any) -> None:
        """Carry out one command; raises Refused, and then nothing changed."""
        self.announced = []
        getattr(self, verb)(*args)

    def complete(self, key: str, values: dict[str, Any], by: str) -> None:
        """The step is done, with these values."""
        step, fact = self.steps[key], self.facts[key]
        self._need(step.get("kind") != "approval")
        self._need(not values or bool(step.get("fields")))
        if fact.state == "done":
            self._need(all(fact.values.get(name) == value for name, value in values.items()))
            return
        self._in_hand(key)
        self._may(key, by)
        kept = {} if step.get("repeat_until") else fact.values
        present = {**kept, **fact.draft, **values}
        self._need(all(not f.get("required") or f["key"] in present for f in step.get("fields", ())))
        fact.values = {**fact.values, **fact.draft, **values}
        self._done(key, by)
        if step.get("repeat_until") and not self.holds(step["repeat_until"]["condition"]):
            self._again(key, wanted=False)
        self._settle()

    def save(self, key: str, values: dict[str, Any], by: str) -> None:
        """Values are kept, the step is not done yet."""
        step, fact = self.steps[key], self.facts[key]
        self._need(not values or bool(step.get("fields")))
        kept = {} if step.get("repeat_until") and fact.state != "done" else fact.values
        present = {**kept, **fact.draft}
        if all(name in present and present[name] == value for name, value in values.items()):
            return
        self._in_hand(key)
        self._may(key, by)
        fact.draft.update(values)
        fact.doers.add(by)

    def start(self, key: str) -> None:
        """Somebody began."""
        if self.facts[key].state != "in_progress":
            self._in_hand(key)
            self.facts[key].state = "in_progress"

    def skip(self, key: str) -> None:
        """The step will not be done."""
        fact = self.facts[key]
        if fact.state == "skipped":
            return
        self._need(self.state in ("running", "paused") and fact.state in ("locked", *OPEN))
        fact.state = "skipped"
        self._settle()

    def reopen(self, key: str, others: str) -> None:
        """The step is done again; what builds on it is marked, or done again too."""
        fact = self.facts[key]
        self._need(fact.state != "not_applicable" or fact.wanted)
        if fact.state not in ENDS:
            return
        if self.state not in ("running", "paused"):
            self.state = "running"
            for other, each in self.facts.items():
                if each.state == "cancelled" and other != key:
                    self._again(other, wanted=False)
        self._again(key, wanted=True)
        for other in self.behind(key):
            if self.facts[other].state == "done" and others == "keep":
                self.facts[other].questioned.add(key)
            elif self.facts[other].state == "done":
                self._again(other, wanted=True)
        self._settle()

    def approve(self, key: str, by: str) -> None:
        """One more agrees."""
        fact = self.facts[key]
        self._need(self.steps[key].get("kind") == "approval")
        if fact.state == "done" or (fact.state in OPEN and by in fact.agreed):
            return
        self._judge(key, by)
        fact.agreed.add(by)
        if sum(self._neutral(key, who) for who in fact.agreed) >= self.steps[key]["approval"].get("needs", 1):
            self._done(key, by)
            self._settle()

    def refuse(self, key: str, values: dict[str, Any], by: str) -> None:
        """Somebody does not agree."""
        fact = self.facts[key]
        self._need(self.steps[key].get("kind") == "approval")
        self._judge(key, by)
        approval = self.steps[key]["approval"]
        refusal = approval.get("on_refusal") or {"reopens": approval.get("covers", ())}
        plan = values.get("inputs.plan")
        self._need("requires" not in refusal or plan not in (None, self.inputs.get("plan")))
        fact.agreed = set()
        if "ends_run" in refusal:
            fact.state = "failed"
            self._end("ended_early")
            return
        if "requires" in refusal:
            self.inputs["plan"] = plan
        for other in refusal.get("reopens", ()):
            if self.facts[other].state in ("done", "skipped"):
                self._again(other, wanted=False)
                for later in self.behind(other):
                    if later != key and self.facts[later].state == "done":
                        self.facts[later].questioned.add(other)
        fact.round += 1
        fact.state, fact.doers = "locked", set()
        self._settle()

    def decline(self, key: str, by: str) -> None:
        """Somebody does not sign."""
        step, fact = self.steps[key], self.facts[key]
        self._need(step.get("kind") == "sign")
        if fact.state == "failed":
            return
        self._in_hand(key)
        self._may(key, by)
        fact.state = "failed"
        fact.doers.add(by)
        if step.get("signature"):
            self._end("ended_early")

    def pause(self) -> None:
        """Nothing is announced any more."""
        self._need(self.state in ("running", "paused"))
        self.state = "paused"

    def resume(self) -> None:
        """It goes on."""
        self._need(self.state in ("running", "paused", "completed"))
        if self.state == "paused":
            self.state = "running"
            self._settle()

    def cancel(self) -> None:
        """The run is called off."""
        self._need(self.state in ("running", "paused", "cancelled"))
        if self.state != "cancelled":
            self._end("cancelled")

    def change(self, plan: str) -> None:
        """An input gets another value."""
        if self.inputs.get("plan") != plan:
            self._need(self.state in ("running", "paused"))
            self.inputs["plan"] = plan
            self.givers.add("person:ann")
            self._settle()

    def assign(self, _key: str, _by: str) -> None:
        """Whose work a step is decides nothing about its state."""

    # --- what they share ---

    def _need(self, allowed: bool) -> None:
        if not allowed:
            raise Refused

    def _in_hand(self, key: str) -> None:
        self._need(self.state in ("running", "paused") and self.facts[key].state in OPEN)

    def _judge(self, key: str, by: str) -> None:
        self._in_hand(key)
        self._may(key, by)

    def _may(self, key: str, by: str) -> None:
        self._need(self._neutral(key, by))

    def _neutral(self, key: str, by: str) -> bool:
        """Nobody judges what they did, does what they judged, or does both of two steps that want two people."""
        step = self.steps[key]
        others = [self._did(other) for other in step.get("actor_differs_from", ())]
        others += [
            self.facts[k].doers for k, s in self.steps.items() if key in s.get("actor_differs_from", ())
        ]
        if step.get("kind") == "approval":
            others += [self._did(other) for other in self._judged(key)]
        for other, each in self.steps.items():
            if each.get("kind") == "approval" and self.facts[other].state == "done":
                named = each["approval"].get("covers") or self.waits[other]
                if key in named or key in self._judged(other):
                    others.append(self.facts[other].agreed)
        return all(by not in who for who in others)

    def _did(self, key: str) -> set[str]:
        if key == "inputs":
            return self.givers
        fact = self.facts[key]
        return fact.doers if self.steps[key].get("kind") == "approval" else fact.doers | fact.before

    def _judged(self, key: str) -> set[str]:
        """What it covers; else the nearest work before it, past approvals; else past what nobody did; else inputs."""
        covers = self.steps[key]["approval"].get("covers")
        if covers:
            return set(covers)
        found: set[str] = set()
        for past_undone in (False, True):
            found = self._work_at(self.waits[key], past_undone)
            if any(self.steps[other].get("kind") != "approval" for other in found):
                return found
        return {*found, "inputs"}

    def _work_at(self, keys: set[str], past_undone: bool) -> set[str]:
        found: set[str] = set()
        for key in keys:
            did = bool(self._did(key))
            found |= {key} if did else set()
            if self.steps[key].get("kind") == "approval" or (past_undone and not did):
                found |= self._work_at(self.waits[key], past_undone)
        return found

    def _done(self, key: str, by: str) -> None:
        fact = self.facts[key]
        fact.state, fact.done, fact.draft = "done", True, {}
        fact.doers.add(by)

    def _again(self, key: str, *, wanted: bool) -> None:
        fact = self.facts[key]
        fact.state, fact.done, fact.wanted = "locked", False, wanted
        fact.round += 1
        fact.before |= fact.doers
        fact.doers, fact.agreed, fact.questioned = set(), set(), set()
