"""When a step of a model is done at all: the choices that lead to it, as alternatives of choices that go together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from domain.condition import Condition
from domain.document import Step

MOST_ALTERNATIVES = 32
MOST_TERMS = 128


@dataclass(frozen=True, order=True)
class Choice:
    """One option of one decision: the field that holds what was chosen."""

    field: str
    option: str
    several: bool = False

    def written(self) -> dict[str, Any]:
        """The choice as a condition."""
        return {
            "field": self.field,
            "operator": "contains" if self.several else "equals",
            "value": self.option,
        }


Term = frozenset[Choice]
When = frozenset[Term]
"""One of the terms holds; a term holds when all its choices were made. The empty term always holds."""

ALWAYS: When = frozenset({frozenset()})


class TooTangled(Exception):
    """The ways through the model cross so often that no condition says when a step is done."""


def with_choice(when: When, choice: Choice) -> When:
    """When this option is chosen besides."""
    return frozenset(term | {choice} for term in when)


def either(parts: Iterable[When], decisions: Mapping[str, frozenset[str]]) -> When:
    """When one of the parts holds; a decision whose options all lead here no longer matters."""
    return _simplified({term for part in parts for term in part}, decisions)


def every(parts: Iterable[When], decisions: Mapping[str, frozenset[str]]) -> When:
    """When all of the parts hold."""
    found: set[Term] = {frozenset()}
    for part in parts:
        found = {one | other for one in found for other in part if _possible(one | other)}
        found = set(_simplified(found, decisions))
    return frozenset(found)


def condition(when: When) -> Condition | None:
    """The condition as a document has it; None where it always holds."""
    if frozenset() in when:
        return None
    shared = frozenset.intersection(*when)
    terms = sorted((sorted(term - shared) for term in when), key=lambda term: (len(term), term))
    parts = [choice.written() for choice in sorted(shared)]
    alternatives = [_all([choice.written() for choice in term]) for term in terms if term]
    if alternatives:
        parts.append(alternatives[0] if len(alternatives) == 1 else {"any": alternatives})
    return Step.model_validate({"key": "k", "title": "t", "when": _all(parts)}).when


def _all(parts: list[dict[str, Any]]) -> dict[str, Any]:
    return parts[0] if len(parts) == 1 else {"all": parts}


def _possible(term: Term) -> bool:
    """Of a decision for one option, two options are never chosen."""
    single = [choice.field for choice in term if not choice.several]
    return len(single) == len(set(single))


def _simplified(terms: set[Term], decisions: Mapping[str, frozenset[str]]) -> When:
    if len(terms) > MOST_TERMS:
        raise TooTangled
    while (smaller := _merged(terms, decisions)) is not None:
        terms = smaller
    least = {term for term in terms if not any(other < term for other in terms)}
    if len(least) > MOST_ALTERNATIVES:
        raise TooTangled
    return frozenset(least)


def _merged(terms: set[Term], decisions: Mapping[str, frozenset[str]]) -> set[Term] | None:
    """The terms with one decision less where all its options are among them; None where there is none."""
    for term in sorted(terms, key=sorted):
        for choice in sorted(term):
            rest = term - {choice}
            options = decisions.get(choice.field, frozenset())
            alike = {rest | {Choice(choice.field, option, choice.several)} for option in options}
            if alike and alike <= terms:
                return (terms - alike) | {rest}
    return None
