"""A second, slow reading of the rules of runs: written from their description alone, sharing no code with them.

After every command each step is worked out anew from the raw document, in no particular order, by asking its
dependencies first. Nothing is kept that need not be: what people did, and what each step was a moment ago.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from tests.domain.model_contents import Contents
from tests.domain.model_people import Fact

OPEN = ("ready", "in_progress")
WELL = ("done", "skipped", "not_applicable")
ENDS = ("done", "skipped", "failed", "cancelled")


class Refused(Exception):
    """The rules do not allow the command."""


class Model(Contents):
    """One run of a document given as plain data."""

    def __init__(self, document: dict[str, Any], inputs: dict[str, Any]) -> None:
        """The run has started; ``announced`` are the steps that the last command made ready."""
        self.read(document)
        self.inputs = dict(inputs)
        self.givers = {"person:start"}
        self.facts = {key: Fact() for key in self.steps}
        self.state = "running"
        self.announced: list[str] = []
        self._settle()

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

    def _stands(self, key: str, known: dict[str, str], moved: bool) -> str:
        """What the step is now, given what it was."""
        if key in known:
            return known[key]
        fact = self.facts[key]
        free = all(self._stands(other, known, moved) in WELL for other in sorted(self.waits[key]))
        if fact.state in ("skipped", "failed", "cancelled") or fact.kept:
            found = fact.state
        elif not free or self.barred(key, known):
            aside = moved and fact.moved_from == "not_applicable" and self.steps[key].get("when") is not None
            found = ("not_applicable" if aside else fact.state) if fact.done else "locked"
        elif not self.holds(self.steps[key].get("when")):
            found = "not_applicable"
        elif fact.done:
            found = "done"
        elif fact.state in OPEN:
            found = fact.state
        else:
            waits = self.state == "paused" and not (moved and fact.moved_from in OPEN)
            found = "locked" if waits else "ready"
        known[key] = found
        return found

    def _settle(self, *, moved: bool = False) -> None:
        """Bring every step to where it stands, because of a migration (``moved``) or anything else."""
        if not moved:
            self.void()
            self._flip()
        known: dict[str, str] = {}
        for key in self.steps:
            self._stands(key, known, moved)
        self.announced = [k for k in self.steps if known[k] == "ready" and self.facts[k].state not in OPEN]
        for key, state in known.items():
            self._become(key, state, known, moved)
        if self.state == "running" and not self._pending():
            self._end("completed")

    def _flip(self) -> None:
        """What its condition sets aside, or takes back, one by one from the front: each can void what is behind."""
        for key in sorted(self.steps, key=lambda key: sum(self.reaches(key, other) for other in self.steps)):
            known: dict[str, str] = {}
            state = self._stands(key, known, moved=False)
            if state in ("not_applicable", "done") and state != self.facts[key].state:
                self._become(key, state, known, moved=False)
                self.void()

    def _become(self, key: str, state: str, known: dict[str, str], moved: bool) -> None:
        fact = self.facts[key]
        if state == fact.state:
            return
        was, asked, end = fact.moved_from or fact.state, fact.help, fact.end
        waits = any(known[other] not in WELL for other in self.waits[key]) or self.barred(key, known)
        if state == "locked" and waits and fact.agreed and not moved:
            fact.begins_anew(wanted=False)
        else:
            fact.becomes(state)
        if moved:
            fact.moved_from, fact.help, fact.end = was, asked, end

    def _pending(self) -> list[str]:
        """The steps that the run still waits for."""
        needed = [k for k, s in self.steps.items() if s.get("required", True) or s.get("closes_run")]
        asked = [k for k in self.steps if k in (needed or self.steps) or self.facts[k].wanted]
        return [k for k in asked if self.facts[k].state not in WELL]

    def _end(self, state: str) -> None:
        self.state = state
        for fact in self.facts.values():
            if fact.state in OPEN:
                fact.becomes("cancelled")

    # --- what is told of it ---

    def is_needed(self, key: str) -> bool:
        """Whether the step is open, and the run cannot be complete without it."""
        required = bool(self.steps[key].get("required", True))
        return required and self.facts[key].state not in WELL

    def progress(self) -> float:
        """The weight of what is done, as a share of what is to be done at all; nothing to do is all done."""
        weights = {"done": 0.0, "left": 0.0}
        for key, fact in self.facts.items():
            if fact.state not in ("skipped", "not_applicable"):
                weights["done" if fact.state == "done" else "left"] += self.steps[key].get("weight", 1)
        whole = sum(weights.values())
        return weights["done"] / whole if whole else 1.0

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
        if step.get("kind") == "sign":
            self.decide_on(key)
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
            self.facts[key].becomes("in_progress")

    def skip(self, key: str) -> None:
        """The step will not be done: Ann says so, who did not approve it."""
        fact = self.facts[key]
        self._need("person:ann" not in self.approved_by(key))
        if fact.state == "skipped":
            return
        self._need(self.state in ("running", "paused") and fact.state in ("locked", *OPEN))
        fact.becomes("skipped")
        fact.skipped_by = {"person:ann"}
        self._settle()

    def reopen(self, key: str, others: str) -> None:
        """The step is done again; what builds on it is marked, or done again too."""
        fact = self.facts[key]
        self._need((fact.state != "not_applicable" or fact.wanted) and not self._against(key))
        if fact.state not in ENDS:
            return
        if self.state not in ("running", "paused"):
            self.state = "running"
            for other, each in self.facts.items():
                if each.state == "cancelled" and other != key:
                    self._again(other, wanted=False)
        self._again(key, wanted=True)
        for other in self.behind(key):
            if self.facts[other].state == "done" and (others == "keep" or self._against(other)):
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
        self.decide_on(key)
        needs = self.steps[key]["approval"].get("needs", 1)
        if sum(self.neutral(key, who) for who in fact.agreed) >= (needs if isinstance(needs, int) else 1):
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
        if "requires" in refusal:
            self._need(plan not in (None, self.inputs.get("plan")))
        else:
            self._need(not values)
        fact.agreed = set()
        if "ends_run" in refusal:
            self.decide_on(key)
            fact.becomes("failed")
            fact.doers.add(by)
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
        fact.becomes("locked")
        fact.doers, fact.help, fact.on = set(), False, None
        self._settle()

    def decline(self, key: str, by: str) -> None:
        """Somebody does not sign."""
        step, fact = self.steps[key], self.facts[key]
        self._need(step.get("kind") == "sign")
        if fact.state == "failed":
            return
        self._in_hand(key)
        self._may(key, by)
        self.decide_on(key)
        fact.becomes("failed")
        fact.doers.add(by)
        if step.get("signature"):
            self._end("ended_early")

    def evidence(self, key: str, values: dict[str, Any], by: str) -> None:
        """A done step gets a value that it lacks, and stays done."""
        fact = self.facts[key]
        self._need(not values or bool(self.steps[key].get("fields")))
        self._need(fact.state == "done")
        if any(fact.values.get(name) != value for name, value in values.items()):
            self._need(all(name not in fact.values for name in values))
            self._need(self.state in ("running", "paused"))
            self._may(key, by)
            fact.values = {**fact.values, **values}
            fact.doers.add(by)
            self._settle()

    def ask(self, key: str) -> None:
        """Somebody needs help."""
        if not self.facts[key].help:
            self._need(self.state in ("running", "paused"))
            self._need(self.facts[key].state in ("locked", *OPEN))
            self.facts[key].help = True

    def answer(self, key: str) -> None:
        """The help is no longer needed."""
        self.facts[key].help = False

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

    def change(self, plan: str, by: str) -> None:
        """An input gets another value."""
        if self.inputs.get("plan") != plan:
            self._need(self.state in ("running", "paused"))
            self.inputs["plan"] = plan
            self.givers.add(by)
            self._settle()

    def migrate(self, process: Any) -> None:
        """The run follows another version, in which conditions differ; what is done stays so, and no run ends."""
        self._need(self.state in ("running", "paused"))
        before = self.facts, self.stages, self.state
        self.facts = deepcopy(self.facts)
        self.read(process.document)
        for key, fact in self.facts.items():
            holds = self.holds(self.steps[key].get("when"))
            fact.kept = fact.state == "done" and fact.moved_from != "not_applicable" and not holds
        self._settle(moved=True)
        if self.state == "completed":
            self.facts, stages, self.state = before
            self.read({"stages": stages})
            raise Refused
        for fact in self.facts.values():
            if fact.state == "ready" and fact.moved_from == "in_progress":
                fact.becomes("in_progress")

    def assign(self, _key: str, _by: str) -> None:
        """Whose work a step is decides nothing about its state."""

    def due(self, _key: str, _days: int) -> None:
        """Neither does when it is due."""

    # --- what they share ---

    def _against(self, key: str) -> bool:
        """Done against its condition, since the run follows another version."""
        return self.facts[key].kept and not self.holds(self.steps[key].get("when"))

    def _need(self, allowed: bool) -> None:
        if not allowed:
            raise Refused

    def _in_hand(self, key: str) -> None:
        self._need(self.state in ("running", "paused") and self.facts[key].state in OPEN)

    def _judge(self, key: str, by: str) -> None:
        self._in_hand(key)
        self._may(key, by)

    def _may(self, key: str, by: str) -> None:
        self._need(self.neutral(key, by))

    def _done(self, key: str, by: str) -> None:
        fact = self.facts[key]
        fact.becomes("done")
        fact.done, fact.draft, fact.kept = True, {}, False
        fact.doers.add(by)

    def _again(self, key: str, *, wanted: bool) -> None:
        self.facts[key].begins_anew(wanted=wanted)
