"""What the second reading of the rules remembers of each step, and who may do it: people judge no work of their own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Fact:
    """What is remembered of one step; ``state`` is what it was shown as after the last command.

    ``kept``: done, whatever its condition says; ``moved_from``: what it was before migrations moved it.
    ``doers`` worked on it in this round, ``before`` in earlier ones; ``agreed`` did if it is an approval. ``end``: how
    it ended well last. ``on``: what was decided here, ``voided``: it is another thing since, and nobody decided anew.
    """

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
    help: bool = False
    kept: bool = False
    moved_from: str | None = None
    skipped_by: set[str] = field(default_factory=set)
    end: str | None = None
    on: dict[str, Any] | None = None
    voided: bool = False

    def becomes(self, state: str) -> None:
        """It stands elsewhere now; help with what has ended is wanted no longer."""
        self.state, self.moved_from = state, None
        self.end = state if state in ("done", "skipped", "not_applicable") else self.end
        self.voided = self.voided and state not in ("done", "skipped")
        self.help = self.help and state in ("locked", "ready", "in_progress")

    def begins_anew(self, *, wanted: bool) -> None:
        """Another round: nothing of the last one counts any more but what was given."""
        done_once = self.done or self.state not in ("locked", "ready", "in_progress")
        if done_once:
            self.done, self.wanted, self.kept, self.skipped_by, self.questioned = (
                False,
                wanted,
                False,
                set(),
                set(),
            )
        self.becomes("locked")
        self.round += 1
        self.before |= self.doers
        self.doers, self.agreed, self.help, self.on = set(), set(), False, None


class People:
    """The steps of a run as plain data, what they wait for, and who did what."""

    stages: list[dict[str, Any]]
    steps: dict[str, dict[str, Any]]
    waits: dict[str, set[str]]
    facts: dict[str, Fact]
    givers: set[str]

    # --- the graph ---

    def read(self, document: dict[str, Any]) -> None:
        """From now on this document says what there is to do."""
        self.stages = document["stages"]
        self.steps = {step["key"]: step for stage in self.stages for step in stage["steps"]}
        self.waits = self._waits()

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
        return [key for key in self.steps if key != step and self.reaches(key, step)]

    def reaches(self, key: str, step: str) -> bool:
        """Whether the first waits for the second."""
        return any(other == step or self.reaches(other, step) for other in self.waits[key])

    # --- who may ---

    def neutral(self, key: str, by: str) -> bool:
        """Nobody judges what they did, does what they judged, or does both of two steps that want two people."""
        step = self.steps[key]
        others = [self.did(other) for other in step.get("actor_differs_from", ())]
        others += [
            self.facts[k].doers for k, s in self.steps.items() if key in s.get("actor_differs_from", ())
        ]
        if step.get("kind") == "approval":
            others += [self._answers(other) for other in self._judged(key)]
        return all(by not in who for who in others) and by not in self.approved_by(key)

    def approved_by(self, key: str) -> set[str]:
        """Who agreed to the step in an approval that is done."""
        found: set[str] = set()
        for other, each in self.steps.items():
            if each.get("kind") == "approval" and self.facts[other].state == "done":
                named = each["approval"].get("covers") or self.waits[other]
                if key in named or key in self._judged(other):
                    found |= self.facts[other].agreed
        return found

    def did(self, key: str) -> set[str]:
        """Who has a part in the step, or in what the run was started with."""
        if key == "inputs":
            return self.givers
        fact = self.facts[key]
        return fact.doers if self.steps[key].get("kind") == "approval" else fact.doers | fact.before

    def _answers(self, key: str) -> set[str]:
        """Who has a part in the step, or decided that it is not done."""
        return self.did(key) | (self.facts[key].skipped_by if key in self.facts else set())

    def _judged(self, key: str) -> set[str]:
        """What it covers; else the nearest work before it, past approvals; else past what nobody did; else inputs."""
        covers = self.steps[key]["approval"].get("covers")
        if covers:
            return set(covers)
        found: set[str] = set()
        for past_undone in (False, True):
            found = self._work_at(self.waits[key], past_undone)
            if any(self.steps[other].get("kind") != "approval" and self.did(other) for other in found):
                return found
        return {*found, "inputs"}

    def _work_at(self, keys: set[str], past_undone: bool) -> set[str]:
        found: set[str] = set()
        for key in keys:
            did = bool(self.did(key))
            found |= {key} if self._answers(key) else set()
            if self.steps[key].get("kind") == "approval" or (past_undone and not did):
                found |= self._work_at(self.waits[key], past_undone)
        return found
