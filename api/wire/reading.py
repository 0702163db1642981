"""Reads the bodies of requests: strict JSON of a bounded size and depth, then the model of the verb."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import orjson
from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from api.wire.problems import Problem
from domain.accepts import Branches, against, is_likeliest, keys_at, kind_at, located
from domain.outline import Path

MAX_BODY_BYTES = 1 << 20
_MAX_DEPTH = 32
_MOST_VALUES = 20_000
"""Values in one body, members of lists and objects counted: what one decision can be about."""
_MOST_WEIGHED = 1_000
MOST_TOLD = 50
"""Errors that are told of one request; whoever mends fifty asks again."""
_JSON_TYPES = frozenset({"application/json", "application/problem+json", ""})

_FORM_TRIED = re.compile(r"constrained-\w+|\w+\[.*\]", re.DOTALL)

BodyModel = TypeVar("BodyModel", bound=BaseModel)


async def read_body(request: Request, limit: int = MAX_BODY_BYTES) -> bytes:
    """The whole body; refused as soon as it is known to be above ``limit`` bytes."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limit:
        raise too_large(limit)
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise too_large(limit)
        parts.append(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def too_large(limit: int) -> Problem:
    """What is said of a body above the limit."""
    return Problem("too_large", f"a body may have {limit} bytes", limit_bytes=limit)


def parse_json(request: Request, body: bytes) -> Any:
    """The JSON value of a body; an empty body counts as an empty object."""
    if not body:
        return {}
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in _JSON_TYPES:
        raise Problem(
            "not_json_type",
            f"the body is {kind}; send application/json",
            headers={"Accept": "application/json"},
        )
    return checked(body)


def checked(body: bytes) -> Any:
    """The JSON value, where it can be stored and says everything once. Raises Problem."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Problem("not_json", str(error)) from None
    _check_text_and_depth(body, value)
    _must_say_each_once(body)
    return value


def _check_text_and_depth(body: bytes, value: Any) -> None:
    """Refuse what can be JSON and still not be stored. Mostly two scans of the bytes are enough to know."""
    if b"\\u0000" in body and any("\0" in one for one in _values(value) if isinstance(one, str)):
        raise _invalid("", "nul", "text holds the character U+0000, which cannot be stored")
    if body.count(b",") > _MOST_VALUES and sum(1 for _ in _values(value)) > _MOST_VALUES:
        raise _invalid("", "too_many_values", f"a body may hold {_MOST_VALUES} values")
    if body.count(b"[") + body.count(b"{") > _MAX_DEPTH and _depth(value) > _MAX_DEPTH:
        raise _invalid("", "too_deep", f"values may be nested {_MAX_DEPTH} deep")


class _SaidTwice(Exception):
    """An object has the same name twice."""


class _Doubled(dict[str, Any]):
    """An object in which ``name`` stands twice."""

    name: str


def _plain(members: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(members)
    if len(made) < len(members):
        raise _SaidTwice
    return made


def _marked(members: list[tuple[str, Any]]) -> dict[str, Any]:
    made, seen = _Doubled(members), set[str]()
    for name, _ in members:
        if name in seen:
            made.name = name
            return made
        seen.add(name)
    return dict(members)


def _strictly(hook: Callable[[list[tuple[str, Any]]], dict[str, Any]]) -> json.JSONDecoder:
    """A reader that looks at names only: numbers stay as they are written."""
    return json.JSONDecoder(object_pairs_hook=hook, parse_int=str, parse_float=str)


_STRICT, _MARKING = _strictly(_plain), _strictly(_marked)


def _must_say_each_once(body: bytes) -> None:
    """Refuse an object with the same name twice: the first reader keeps the last of them, without a word."""
    text = body.decode()
    try:
        _STRICT.decode(text)
    except _SaidTwice:
        field = _said_twice(_MARKING.decode(text))
        raise _invalid(field, "said_twice", f"{field} is said twice; say it once") from None


def _said_twice(value: Any) -> str:
    """Where in the request a name stands twice."""
    waiting: list[tuple[str, Any]] = [("", value)]
    while waiting:
        place, inside = waiting.pop()
        if isinstance(inside, _Doubled):
            return f"{place}{inside.name}"
        members = inside.items() if isinstance(inside, dict) else enumerate(inside)
        waiting += [(f"{place}{name}.", child) for name, child in members if isinstance(child, dict | list)]
    return ""


def _values(value: Any) -> Iterator[Any]:
    """Everything in a JSON value, names of members too."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        yield one
        if isinstance(one, dict):
            waiting += one.keys()
        waiting += _children(one)


def _depth(value: Any) -> int:
    level = [value]
    depth = 0
    while level := [child for parent in level for child in _children(parent)]:
        depth += 1
    return depth


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def validate(model: type[BodyModel], value: Any) -> BodyModel:
    """The value as a model; otherwise a problem that names every field, what is wrong and what is accepted."""
    _must_be_short(model, value)
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise invalid(
            error.errors(include_url=False, include_context=True, include_input=False), model, value
        ) from None


def _must_be_short(model: type[BaseModel], value: Any) -> None:
    """Refuse lists and objects that are too long before what is in them is looked at."""
    for name, field in model.model_fields.items() if isinstance(value, dict) else ():
        given = value.get(field.alias or name)
        bounds = (getattr(bound, "max_length", None) for bound in field.metadata)
        most = next((bound for bound in bounds if bound is not None), None)
        if most is not None and isinstance(given, list | dict) and len(given) > most:
            raise _invalid(name, "too_long", f"{name} may have {most} entries, not {len(given)}")


Complaint = tuple[Any, Path, Branches]
"""An error as pydantic tells it, where in the request it is, and which of several forms was tried there."""


def invalid(errors: list[Any], model: type[BaseModel] | None = None, value: Any = None) -> Problem:
    """The problem for errors as pydantic tells them; an unknown member inside says which ones there are.

    Places are those of the request. Where several forms are accepted, the one is spoken of that is likeliest meant. Of
    very many errors the first are told, and how many more there are.
    """
    meant = _meant(errors[:_MOST_WEIGHED], model, value)
    told = [_told(*complaint, model) for complaint in meant[:MOST_TOLD]]
    fields = ", ".join(sorted({entry["field"] or "the body" for entry in told}))
    facts: dict[str, Any] = {} if model is None else {"accepted": sorted(_names(model))}
    if more := len(meant) - len(told) + len(errors[_MOST_WEIGHED:]):
        facts["more"] = more
    return Problem("invalid", f"wrong or missing: {fields}", errors=told, **facts)


def _meant(errors: list[Any], model: type[BaseModel] | None, value: Any) -> list[Complaint]:
    """The errors that speak of what was likeliest meant."""
    inside = {error["loc"][:length] for error in errors for length in range(len(error["loc"]))}
    places = [(error["loc"], ()) if model is None else located(value, error["loc"]) for error in errors]
    of_keys = [error["type"] in ("extra_forbidden", "missing") for error in errors]
    weights = against((path, branches, keys) for (path, branches), keys in zip(places, of_keys, strict=True))
    return [
        (error, path, branches)
        for error, (path, branches) in zip(errors, places, strict=True)
        if is_likeliest(weights, branches)
        and (error["type"] != "too_short" or error["loc"] not in inside)  # else only for what is wrong inside
    ]


def _told(error: Any, path: Path, branches: Branches, model: type[BaseModel] | None) -> dict[str, Any]:
    entry = {"field": _place(path), "code": error["type"], "detail": error["msg"]}
    if error["type"] == "extra_forbidden" and model is not None and len(error["loc"]) > 1:
        entry["accepted"] = list(keys_at(model, path, kind_at(path, branches)))
    return entry


def _place(way: Sequence[Any]) -> str:
    """Where in the request an error is; which of several accepted forms was tried (`literal['all']`) is no place."""
    return ".".join(str(part) for part in way if not _FORM_TRIED.fullmatch(str(part)))


def _names(model: type[BaseModel]) -> set[str]:
    return {field.alias or name for name, field in model.model_fields.items()}


def _invalid(field: str, code: str, detail: str) -> Problem:
    return Problem("invalid", detail, errors=[{"field": field, "code": code, "detail": detail}])
