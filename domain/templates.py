"""Templates over a run's fields: names between braces become values, and nothing else ever happens.

``{inputs.plan}``, ``{plan}`` (an input), ``{kickoff_booked.kickoff_date}``, ``{role.legal}``, ``{run.name}``,
``{step.title}``, ``{due}``, ``{guest_link}``. A name is looked up whole in a mapping: there is no code, no attribute
and no second pass, so that what somebody typed into a field is never read as a template. What has no value is nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from domain.outline import PLACEHOLDER

LONGEST = 200_000
"""Most characters of a rendered text; the rest is cut off and an ellipsis says so."""
LONGEST_LINE = 300
LONGEST_VALUE = 1_000_000
"""Most characters of everything that one JSON value is rendered to, such as the body of a call."""
WRAPPED_FROM = 60
"""A line of a template at least this long was wrapped by its author's editor, and goes on in the next."""

_OWN_LINE = re.compile(r"\s*([-*•]|\d+[.)])\s")
SECRET = re.compile(r"secret:([a-z][a-z0-9_]{0,63})")
"""The placeholder, in a header of a call, of a secret that is kept outside the document."""
_BREAKS = re.compile(r"[\x00-\x1f\x7f\x80-\x9f\u2028\u2029\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]+")
_SPACES = re.compile(r"\s+")


def render(text: str, values: Mapping[str, Any]) -> str:
    """The text with every placeholder replaced by its value as text; unset and unknown ones by nothing."""
    parts: list[str] = []
    left = LONGEST
    for part in _parts(text, values):
        parts.append(part[:left])
        left -= len(part)
        if left < 0:
            return "".join(parts) + "…"
    return "".join(parts)


class TooLong(Exception):
    """What is rendered would be longer than ``LONGEST_VALUE``."""


def render_value(value: Any, values: Mapping[str, Any]) -> Any:
    """A JSON value with its texts rendered; a text that is exactly one placeholder becomes the value itself.

    Raises TooLong before more is put together than may be.
    """
    return _Renderer(values).value(value)


class _Renderer:
    """Renders one JSON value; ``_left`` is how many characters it may still have."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values, self._left = values, LONGEST_VALUE

    def value(self, value: Any) -> Any:
        """The value with its texts rendered."""
        match value:
            case str():
                whole = PLACEHOLDER.fullmatch(value)
                return self._counted(self._values.get(whole[1]) if whole else render(value, self._values))
            case dict():
                return {key: self.value(part) for key, part in value.items()}
            case list() | tuple():
                return [self.value(part) for part in value]
            case _:
                return value

    def _counted(self, value: Any) -> Any:
        """The value itself, when there is room for all the characters in it."""
        waiting = [value]
        while waiting:
            self._left -= 1
            match waiting.pop():
                case str() as text:
                    self._left -= len(text)
                case dict() as members:
                    waiting += [*members, *members.values()]
                case list() | tuple() as entries:
                    waiting += entries
                case _:
                    pass
            if self._left < 0:
                raise TooLong
        return value


def render_line(text: str, values: Mapping[str, Any]) -> str:
    """A rendered text that fits into a header: one line without control characters, of at most 300 characters."""
    return one_line(render(text, values))


def one_line(text: str) -> str:
    """The text on one line: whatever could end a header, or turn the direction of writing, is a space."""
    flat = _SPACES.sub(" ", _BREAKS.sub(" ", text)).strip()
    return flat if len(flat) <= LONGEST_LINE else flat[: LONGEST_LINE - 1] + "…"


def reflowed(text: str) -> str:
    """The text with lines joined that an editor wrapped; short lines, lists and blank lines stay as they are."""
    made: list[str] = []
    open_line = False
    for line in text.splitlines():
        if open_line and line.strip() and not _OWN_LINE.match(line):
            made[-1] = f"{made[-1].rstrip()} {line.strip()}"
        else:
            made.append(line.rstrip())
        open_line = len(line) >= WRAPPED_FROM
    return "\n".join(made)


def plain(value: Any) -> str:  # noqa: PLR0911 - one line for each kind of value
    """A value as programs write it: numbers and dates as they are stored, true and false, lists by commas."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer():
            return str(int(value))
        case {"name": str(name), "sha256": _}:
            return name
        case dict():
            return ", ".join(f"{key}: {plain(part)}" for key, part in value.items())
        case list() | tuple():
            return ", ".join(plain(part) for part in value)
        case _:
            return str(value)


def quoted(values: Mapping[str, Any], quote: Callable[[str], str]) -> Mapping[str, Any]:
    """The same values as texts made safe by ``quote``, such as ``urllib.parse.quote`` for the parts of an address."""
    return _Quoted(values, quote)


class _Quoted(Mapping[str, Any]):
    def __init__(self, values: Mapping[str, Any], quote: Callable[[str], str]) -> None:
        self._values, self._quote = values, quote

    def __getitem__(self, name: str) -> str:
        return self._quote(plain(self._values[name]))

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def _parts(text: str, values: Mapping[str, Any]) -> Iterator[str]:
    place = 0
    for found in PLACEHOLDER.finditer(text):
        yield text[place : found.start()]
        yield plain(values.get(found[1]))
        place = found.end()
    yield text[place:]
