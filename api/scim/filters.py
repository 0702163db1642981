"""The filters of SCIM that directories send: comparisons, joined by ``and`` (RFC 7644, section 3.4.2.2)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson

from api.wire.scim import refusal

Test = Callable[[Mapping[str, Any]], bool]
_ONE = re.compile(
    r'\s*([A-Za-z][\w$:.-]{0,120})\s+(?:(pr)|(eq|ne|co|sw|ew)\s+("(?:[^"\\]|\\.)*"|true|false|null))\s*',
    re.IGNORECASE,
)
_AND = re.compile(r"and\s+", re.IGNORECASE)
_LONGEST = 1_000
_EXACT = frozenset({"id", "externalid"})
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda has, wanted: has == wanted,
    "co": lambda has, wanted: str(wanted) in str(has),
    "sw": lambda has, wanted: str(has).startswith(str(wanted)),
    "ew": lambda has, wanted: str(has).endswith(str(wanted)),
}


def parse(text: str) -> Test:
    """The test that a resource has to pass; a refusal (``invalidFilter``) for what is not understood."""
    tests: list[Test] = []
    at = 0
    while True:
        found = _ONE.match(text, at) if len(text) <= _LONGEST else None
        if found is None:
            raise _bad(text)
        tests.append(_test(found))
        at = found.end()
        if at == len(text):
            return lambda resource: all(test(resource) for test in tests)
        joined = _AND.match(text, at)
        if joined is None:
            raise _bad(text)
        at = joined.end()


def _bad(text: str) -> Exception:
    detail = (
        f'{text[:100]!r} is not understood: attribute eq|ne|co|sw|ew "value", or attribute pr, joined by and; '
        'such as userName eq "bo@example.com"'
    )
    return refusal("invalidFilter", detail)


def _test(found: re.Match[str]) -> Test:
    path = found[1].casefold()
    if found[2]:
        return lambda resource: any(True for _ in values(resource, path))
    try:
        wanted = orjson.loads(found[4] if found[4].startswith('"') else found[4].lower())
    except orjson.JSONDecodeError:
        raise _bad(found[0]) from None
    word = found[3].lower()
    exact = path in _EXACT

    def plain(value: Any) -> Any:
        return value.casefold() if isinstance(value, str) and not exact else value

    if word == "ne":
        return lambda resource: all(plain(each) != plain(wanted) for each in values(resource, path))
    compare = _COMPARE[word]
    return lambda resource: any(compare(plain(each), plain(wanted)) for each in values(resource, path))


def values(resource: Any, path: str) -> Iterator[Any]:
    """All values at a path in small letters; of lists those of each member, of objects at the end their ``value``."""
    if isinstance(resource, list):
        for each in resource:
            yield from values(each, path)
    elif not path:
        yield from values(resource, "value") if isinstance(resource, Mapping) else [resource]
    elif isinstance(resource, Mapping):
        for name, value in resource.items():
            known = name.casefold()
            if path == known:
                yield from values(value, "")
            elif path.startswith((f"{known}.", f"{known}:")):
                yield from values(value, path[len(known) + 1 :])
