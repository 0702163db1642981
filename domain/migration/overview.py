"""What publishing or applying a version would mean for all active runs together: counts, choices, and who needs one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from domain.migration.findings import Finding
from domain.migration.plan import Plan

Group = Literal["safe", "needs_choice", "blocked"]


@dataclass
class Asked:
    """One choice, and how many runs need it."""

    choice: str
    reason: str
    accepted: tuple[str, ...]
    runs: int = 0


@dataclass
class Overview:
    """Counts of verdicts; ``answered`` are runs whose choices the given answers make."""

    safe: int = 0
    needs_choice: int = 0
    blocked: int = 0
    answered: int = 0
    warned: int = 0
    choices: dict[str, Asked] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """How many runs were planned."""
        return self.safe + self.needs_choice + self.blocked

    @property
    def summary(self) -> str:
        """In a sentence: ``31 of 34 safe, 2 need a choice, 1 is past the point``."""
        if self.total == 0:
            return "no active run follows another version"
        parts = [f"{self.safe} of {self.total} safe"]
        if self.needs_choice:
            parts.append(f"{self.needs_choice} {'needs' if self.needs_choice == 1 else 'need'} a choice")
        if self.blocked:
            parts.append(f"{self.blocked} {'is' if self.blocked == 1 else 'are'} past the point")
        return ", ".join(parts)

    def count(self, plan: Plan, answers: Mapping[str, str]) -> None:
        """Count one more run."""
        verdict = plan.verdict
        if verdict == "safe":
            self.safe += 1
        elif verdict == "blocked":
            self.blocked += 1
        else:
            self.needs_choice += 1
            self.answered += all(_answered(finding, answers) for finding in plan.choices)
            for finding in plan.choices:
                self._ask(finding)
        self.warned += any(finding.weight == "warning" for finding in plan.findings)

    def _ask(self, finding: Finding) -> None:
        asked = self.choices.setdefault(finding.id, Asked(finding.id, finding.reason, finding.accepted))
        asked.runs += 1


def _answered(finding: Finding, answers: Mapping[str, str]) -> bool:
    return finding.id in answers or finding.change in answers
