"""Counts the steps that a backtracking matcher takes: what a pattern costs on hostile text, without a clock.

It works as the one of Python does, without its short cuts: so the count is an upper bound that grows as the time would.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from typing import Any

PARSER: Any = import_module("re._parser")  # Python keeps it under this name since 3.11
CONSTANTS: Any = import_module("re._constants")
Next = Callable[[int], bool]
WORD = re.compile(r"\w")


class TooManySteps(Exception):
    """It is certainly not linear."""


class Steps:
    """One pattern and one text; ``taken`` counts."""

    def __init__(self, pattern: str, flags: int, text: str, most: int = 50_000) -> None:
        self._tree = list(PARSER.parse(pattern, flags))
        self._text, self._flags, self._most = text, flags, most
        self.taken = 0

    def fullmatch(self) -> bool:
        """From the beginning to the end of the text."""
        return self._run(self._tree, 0, lambda at: at == len(self._text))

    def scan(self) -> None:
        """As findall: from everywhere, behind each match anew."""
        at = 0
        while at <= len(self._text):
            ends: list[int] = []
            found = self._run(self._tree, at, lambda end, ends=ends: not ends.append(end))  # type: ignore[misc]
            at = max(ends[0], at + 1) if found else at + 1

    def _run(self, nodes: Sequence[Any], at: int, then: Next) -> bool:
        if not nodes:
            return then(at)
        (kind, told), rest = nodes[0], nodes[1:]
        follow: Next = lambda end: self._run(rest, end, then)  # noqa: E731 - a name for what comes next
        return bool(getattr(self, f"_{str(kind).lower()}", self._one)(told, at, follow, kind))

    def _one(self, told: Any, at: int, follow: Next, kind: Any) -> bool:
        """One character."""
        self.taken += 1
        if self.taken > self._most:
            raise TooManySteps
        return at < len(self._text) and self._fits(kind, told, self._text[at]) and follow(at + 1)

    def _fits(self, kind: Any, told: Any, character: str) -> bool:
        code = ord(character)
        match str(kind):
            case "LITERAL":
                return code == told or (
                    bool(self._flags & re.IGNORECASE) and chr(told).lower() == character.lower()
                )
            case "NOT_LITERAL":
                return bool(code != told)
            case "ANY":
                return bool(self._flags & re.DOTALL) or character != "\n"
            case "RANGE":
                return bool(told[0] <= code <= told[1])
            case "CATEGORY":
                return re.match(_CATEGORIES[str(told)], character) is not None
            case "IN":
                negated = str(told[0][0]) == "NEGATE"
                inside = any(self._fits(part[0], part[1], character) for part in told[negated:])
                return inside != negated
            case _:
                raise NotImplementedError(str(kind))

    def _at(self, told: Any, at: int, follow: Next, _: Any) -> bool:
        self.taken += 1
        before, after = self._text[at - 1 : at], self._text[at : at + 1]
        match str(told):
            case "AT_BEGINNING" | "AT_BEGINNING_STRING":
                return at == 0 and follow(at)
            case "AT_END" | "AT_END_STRING":
                return at == len(self._text) and follow(at)
            case "AT_BOUNDARY":
                return bool(WORD.match(before)) != bool(WORD.match(after)) and follow(at)
            case _:
                raise NotImplementedError(str(told))

    def _branch(self, told: Any, at: int, follow: Next, _: Any) -> bool:
        return any(self._run(list(branch), at, follow) for branch in told[1])

    def _subpattern(self, told: Any, at: int, follow: Next, _: Any) -> bool:
        return self._run(list(told[-1]), at, follow)

    def _max_repeat(self, told: Any, at: int, follow: Next, _: Any) -> bool:
        least, most, body = told
        return self._times(list(body), int(least), int(most), at, follow)

    _min_repeat = _max_repeat

    def _times(self, body: list[Any], least: int, most: int, at: int, follow: Next) -> bool:
        def again(end: int) -> bool:
            return (end > at or least > 0) and self._times(body, max(least - 1, 0), most - 1, end, follow)

        return (most > 0 and self._run(body, at, again)) or (least <= 0 and follow(at))

    def _assert(self, told: Any, at: int, follow: Next, _: Any) -> bool:
        return self._looks(told, at) and follow(at)

    def _assert_not(self, told: Any, at: int, follow: Next, _: Any) -> bool:
        return not self._looks(told, at) and follow(at)

    def _looks(self, told: Any, at: int) -> bool:
        direction, body = told
        start = at if direction > 0 else at - int(body.getwidth()[0])
        return start >= 0 and self._run(list(body), start, lambda _: True)


_CATEGORIES = {
    "CATEGORY_DIGIT": r"\d", "CATEGORY_NOT_DIGIT": r"\D", "CATEGORY_SPACE": r"\s", "CATEGORY_NOT_SPACE": r"\S",
    "CATEGORY_WORD": r"\w", "CATEGORY_NOT_WORD": r"\W",
}  # fmt: skip


def alphabet(pattern: str, flags: int) -> list[str]:
    """Characters that the pattern tells apart, a few of each sort."""
    return list(dict.fromkeys(_characters(PARSER.parse(pattern, flags))))


def _characters(nodes: Any) -> Iterator[str]:
    for kind, told in nodes:
        match str(kind):
            case "LITERAL" | "NOT_LITERAL":
                yield chr(told)
            case "RANGE":
                yield chr(told[0])
            case "CATEGORY":
                yield {"D": "0", "S": " ", "W": "a"}.get(str(told)[9], "-")
            case "ANY":
                yield "a"
            case "IN":
                yield from _characters([part for part in told if str(part[0]) != "NEGATE"])
                yield "x"
            case _:
                for inside in _inside(kind, told):
                    yield from _characters(inside)


def _inside(kind: Any, told: Any) -> list[Any]:
    """The parts of a pattern that this part holds."""
    match str(kind):
        case "BRANCH":
            return list(told[1])
        case "SUBPATTERN":
            return [told[-1]]
        case "MAX_REPEAT" | "MIN_REPEAT":
            return [told[2]]
        case "ASSERT" | "ASSERT_NOT":
            return [told[1]]
        case _:
            return []


def beginnings(pattern: str, flags: int) -> list[str]:
    """Shortest texts that lead to each place of the pattern from which something is repeated without end."""
    found = {"": None}

    def walk(nodes: Any, before: str) -> None:
        for number, (kind, told) in enumerate(nodes):
            here = before + _shortest(nodes[:number])
            match str(kind):
                case "SUBPATTERN":
                    walk(list(told[-1]), here)
                case "BRANCH":
                    walk(list(told[1][0]), here)
                case "MAX_REPEAT" | "MIN_REPEAT" if int(told[1]) > _OFTEN:
                    found[here] = found[here + _shortest(told[2]) * int(told[0])] = None
                    walk(list(told[2]), here)
                case _:
                    pass

    walk(list(PARSER.parse(pattern, flags)), "")
    return list(found)


def endings(pattern: str, flags: int) -> list[str]:
    """Shortest texts that what is only looked at (``(?=…)``, ``(?!…)``) finds or must not find."""
    looked = [part for part in PARSER.parse(pattern, flags) if str(part[0]) in ("ASSERT", "ASSERT_NOT")]
    return [_shortest(told[1]) for _, told in looked]


def _shortest(nodes: Any) -> str:
    """The shortest text that these parts of a pattern match."""
    text = ""
    for kind, told in nodes:
        match str(kind):
            case "LITERAL":
                text += chr(told)
            case "IN" | "ANY" | "NOT_LITERAL" | "CATEGORY":
                text += _any_of(kind, told)
            case "BRANCH":
                text += _shortest(told[1][0])
            case "SUBPATTERN":
                text += _shortest(told[-1])
            case "MAX_REPEAT" | "MIN_REPEAT":
                text += _shortest(told[2]) * int(told[0])
            case _:
                pass
    return text


_OFTEN = 8
_PROBES = ["a", "0", "A", " ", *map(chr, range(256))]


def _any_of(kind: Any, told: Any) -> str:
    steps = Steps("", 0, "")
    return next(character for character in _PROBES if steps._fits(kind, told, character))
