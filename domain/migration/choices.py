"""Answers to what a plan leaves open: to one finding (``step_added:kyc``) or to all of a kind (``step_added``)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from domain.migration.findings import CHOICES, Finding
from domain.migration.plan import Plan
from domain.words import Rejected


@dataclass(frozen=True)
class Answers:
    """Each choice of a plan with its answer."""

    by_finding: tuple[tuple[Finding, str], ...]

    def of(self, change: str, answer: str) -> list[str]:
        """Where this is the answer to choices of this kind."""
        return [
            finding.where
            for finding, given in self.by_finding
            if finding.change == change and given == answer
        ]

    def as_data(self) -> dict[str, str]:
        """The answers by what they answer."""
        return {finding.id: given for finding, given in self.by_finding}


def answered(plan: Plan, choices: Mapping[str, str]) -> Answers:
    """The answers that the plan needs; Rejected when it is blocked, or one is missing or is none that there is."""
    if plan.verdict == "blocked":
        stops = [finding for finding in plan.findings if finding.weight == "blocked"]
        raise Rejected(
            "migration_blocked",
            f"the run cannot follow version {plan.to_version}: {stops[0].reason}",
            findings=[{"where": finding.where, "reason": finding.reason} for finding in stops],
        )
    check_choices(choices)
    given = [(finding, choices.get(finding.id, choices.get(finding.change))) for finding in plan.choices]
    missing = [finding for finding, answer in given if answer is None]
    if missing:
        raise Rejected(
            "choice_missing",
            f"{missing[0].where}: {missing[0].reason}",
            missing=[
                {"choice": finding.id, "reason": finding.reason, "accepted": list(finding.accepted)}
                for finding in missing
            ],
        )
    return Answers(tuple((finding, answer) for finding, answer in given if answer is not None))


def check_choices(choices: Mapping[str, str]) -> None:
    """Rejected("unknown_choice") or ("wrong_choice") for what no plan asks and for answers that there are not."""
    for name, answer in choices.items():
        accepted = CHOICES.get(name.partition(":")[0])
        if accepted is None:
            raise Rejected(
                "unknown_choice", f"nothing is asked by the name {name!r}", accepted=_names(CHOICES)
            )
        if answer not in accepted:
            raise Rejected(
                "wrong_choice", f"{name} is not answered by {answer!r}", choice=name, accepted=list(accepted)
            )


def _names(kinds: Iterable[str]) -> list[str]:
    return [
        name
        for kind in kinds
        for name in (kind, f"{kind}:STEP.FIELD" if kind == "field_required" else f"{kind}:STEP")
    ]
