"""What the second reading of the rules knows of decisions: each is of a content, and void once that is another."""

from __future__ import annotations

from typing import Any

from tests.domain.model_people import Fact, People

WELL = ("done", "skipped", "not_applicable")
UNDECIDED = ("locked", "ready", "in_progress", "not_applicable", "cancelled")


class Contents(People):
    """What approvals and signatures were about when they were given, and what has become of it."""

    inputs: dict[str, Any]

    def decide_on(self, key: str) -> None:
        """Somebody has decided: what they had in view is remembered."""
        fact = self.facts[key]
        fact.on = self._in_view({*(fact.on or {}), *self._scope(key)})

    def void(self) -> bool:
        """Have every decision made anew whose content is not what it was; whether there was one."""
        stale = [
            key
            for key, fact in self.facts.items()
            if self._counts(fact) and self._in_view(set(fact.on or ())) != fact.on
        ]
        for key in stale:
            for other in self.behind(key):
                if self.facts[other].state == "done" and other not in stale:
                    self.facts[other].questioned.add(key)
        for key in stale:
            self.facts[key].voided = True
            self.facts[key].begins_anew(wanted=False)
        return bool(stale)

    def barred(self, key: str, standing: dict[str, str]) -> bool:
        """Whether a decision before the step was voided and has not been made anew."""
        return any(
            fact.voided and standing.get(other, fact.state) not in WELL and self.reaches(key, other)
            for other, fact in self.facts.items()
        )

    @staticmethod
    def _counts(fact: Fact) -> bool:
        """Whether it was decided, or some have agreed; also where its condition sets it aside for now."""
        partly = bool(fact.agreed) and fact.state in UNDECIDED
        return bool(fact.on) and (fact.done or fact.state == "failed" or partly)

    def _scope(self, key: str) -> set[str]:
        """The steps and fields that it is about."""
        step = self.steps[key]
        found = set(step.get("shows", ())) | ({"inputs"} if step.get("shows_inputs") else set())
        for other in self._decided_about(key):
            found.add(other)
            known = self.steps.get(other, {})
            if known.get("shows_inputs"):
                found.add("inputs")
            if known.get("kind") in ("approval", "sign"):
                found |= self._scope(other)
        return found

    def _decided_about(self, key: str) -> set[str]:
        step = self.steps[key]
        covers = step.get("approval", {}).get("covers")
        if covers:
            return set(covers)
        if step.get("kind") == "sign" and (step.get("shows") or step.get("shows_inputs")):
            return set()
        found: set[str] = set()
        for past_undone in (False, True):
            found = self._on_the_way(self.waits[key], past_undone)
            if any(self.steps[other].get("kind") != "approval" and self.did(other) for other in found):
                return found
        return {*found, "inputs"}

    def _on_the_way(self, keys: set[str], past_undone: bool) -> set[str]:
        """From these steps backwards to where people worked, with all that is passed."""
        found = set(keys)
        for key in keys:
            if self.steps[key].get("kind") == "approval" or (past_undone and not self.did(key)):
                found |= self._on_the_way(self.waits[key], past_undone)
        return found

    def _in_view(self, scope: set[str]) -> dict[str, Any]:
        return {name: self._shown(name) for name in scope}

    def _shown(self, name: str) -> Any:
        """A step with how it ended and its values, the inputs, or one field."""
        owner, _, field = name.partition(".")
        if owner == "inputs":
            return self.inputs.get(field) if field else dict(self.inputs)
        fact = self.facts[owner]
        return fact.values.get(field) if field else (fact.end, dict(fact.values))
