"""Changes a resource as PATCH says (RFC 7644, section 3.5.2), in the ways in which directories say it.

Names are taken in any case. What Milepost does not keep (a telephone number, say) is passed over.
"""

from __future__ import annotations

import re
from typing import Any

from api.scim.filters import parse
from api.wire.scim import ENTERPRISE, refusal

_PATH = re.compile(r"(?:(urn:[\w.:-]+?:2\.0:\w+)[:.]?)?(?:([\w$-]+)(?:\[(.*)\])?(?:\.([\w$-]+))?)?")
_LISTS = frozenset({"emails", "members"})
_MOST = 1_000
_LONGEST = 300
_KEPT_ADDRESS = {"type": "work", "primary": True}


def patched(resource: dict[str, Any], body: Any) -> dict[str, Any]:
    """The resource after all operations. A refusal for what is no operation."""
    if not isinstance(body, dict):
        raise refusal("invalidSyntax", "the body must be an object with Operations")
    operations = _get(body, "operations")
    if not isinstance(operations, list) or not 1 <= len(operations) <= _MOST:
        raise refusal("invalidSyntax", f"Operations must be a list of 1 to {_MOST}")
    for each in operations:
        _apply(resource, each)
    return resource


def _get(of: dict[str, Any], name: str) -> Any:
    return next((value for key, value in of.items() if key.casefold() == name.casefold()), None)


def _apply(resource: dict[str, Any], operation: Any) -> None:
    if not isinstance(operation, dict):
        raise refusal("invalidSyntax", "an operation is an object with op, path and value")
    word, path, value = (_get(operation, name) for name in ("op", "path", "value"))
    word = word.lower() if isinstance(word, str) else word
    if word not in ("add", "replace", "remove"):
        raise refusal("invalidSyntax", f"op must be add, replace or remove, not {str(word)[:40]!r}")
    if path is None or path == "":
        if word == "remove":
            raise refusal("noTarget", "remove needs a path")
        if not isinstance(value, dict):
            raise refusal("invalidValue", "without a path the value must be an object")
        for name, one in value.items():
            _at(resource, word, name, one)
    elif isinstance(path, str):
        _at(resource, word, path, value)
    else:
        raise refusal("invalidPath", "path must be text")


def _at(resource: dict[str, Any], word: str, path: str, value: Any) -> None:
    found = _PATH.fullmatch(path) if len(path) <= _LONGEST else None
    if found is None or not path:
        raise refusal(
            "invalidPath", f'{path[:100]!r} is no path, such as active or emails[type eq "work"].value'
        )
    schema, name, chosen, part = found.groups()
    target = resource
    if schema is not None and schema.casefold() == ENTERPRISE.casefold():
        target = resource.setdefault(ENTERPRISE, {})
        if name is None:
            if word != "remove" and not isinstance(value, dict):
                raise refusal("invalidValue", "of an extension the value must be an object")
            for inner, one in ({"manager": None} if word == "remove" else value).items():
                _set(target, word, _known(target, inner), None, one)
            return
    name = _known(target, name or "")
    if name in _LISTS:
        _in_list(target, word, name, chosen, part, value)
    elif chosen is None:
        _set(target, word, name, part, value)


def _known(target: dict[str, Any], name: str) -> str:
    named = ("userName", "externalId", "displayName", "active", "emails", "members", "manager", "name",
             "givenName", "familyName", "formatted")  # fmt: skip
    return next((each for each in (*named, *target) if each.casefold() == name.casefold()), name)


def _set(target: dict[str, Any], word: str, name: str, part: str | None, value: Any) -> None:
    if name in ("id", "schemas", "meta", "groups"):
        return  # Milepost's own: who sends them back changes nothing by it
    if part is not None:
        inner = target.get(name)
        inner = dict(inner) if isinstance(inner, dict) else {}
        inner[_known(inner, part)] = None if word == "remove" else value
        target[name] = inner
    elif isinstance(target.get(name), dict) and isinstance(value, dict) and word == "add":
        target[name] = {**target[name], **value}
    else:
        target[name] = None if word == "remove" else value


def _in_list(
    target: dict[str, Any], word: str, name: str, chosen: str | None, part: str | None, value: Any
) -> None:
    """Members by what they are; of mail addresses one is kept, whichever of them is spoken of."""
    now = target.get(name)
    have = list(now) if isinstance(now, list) else []
    sent = value if isinstance(value, list) else [] if value is None else [value]
    if name == "emails":
        other = chosen is not None and not parse(chosen)(_KEPT_ADDRESS)
        if other or (part is not None and part.casefold() != "value"):
            return
        given = [each if isinstance(each, dict) else {"value": each} for each in sent]
        target[name] = [] if word == "remove" else given
    elif word == "remove":
        gone = parse(chosen) if chosen else None
        keys = {_value(each) for each in sent}
        target[name] = [
            each
            for each in have
            if not (gone(each) if gone is not None else not sent or _value(each) in keys)
        ]
    else:
        target[name] = [*have, *sent] if word == "add" else sent


def _value(of: Any) -> str:
    return str(of.get("value")) if isinstance(of, dict) else str(of)
