"""What is wrong with the shape of a process document: what pydantic says, in words for those who write one."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from domain.accepts import Branches, against, is_likeliest, keys_at, kind_at, located, values_at
from domain.document import Document
from domain.formula import OPERATIONS
from domain.outline import Path


def complaints(data: Any, wrong: ValidationError) -> list[Said]:
    """Everything that is wrong, in no order; of several things that a part could be, the likeliest is spoken of."""
    found = [Said.of(data, error) for error in wrong.errors(include_url=False, include_context=True)]
    keys = ("unknown_key", "missing_key")
    weights = against((said.path, said.branches, said.code in keys) for said in found)
    shown = [said for said in found if is_likeliest(weights, said.branches)]
    inside = {said.path[:length] for said in shown for length in range(len(said.path))}
    told: dict[Path, Said] = {}
    for said in shown:
        if said.code != "too_short" or said.path not in inside:
            told[said.path] = said.beside(told.get(said.path))
    return list(told.values())


@dataclass(frozen=True)
class Said:
    """One complaint: ``path`` within the data; ``branches`` are the alternatives of choices that it speaks for."""

    path: Path
    branches: Branches
    code: str
    message: str
    accepted: tuple[str, ...]

    def beside(self, other: Said | None) -> Said:
        """One complaint for one place: where several things may stand, all of them are accepted."""
        return (
            self
            if other is None
            else replace(other, accepted=values_at(Document, self.path) or other.accepted)
        )

    @classmethod
    def of(cls, data: Any, error: Any) -> Said:
        """What pydantic says of this data, once."""
        path, branches = located(data, error["loc"])
        code, message = _in_words(error)
        return cls(path, branches, code, message, _accepted(path, branches, error, code))


def _accepted(path: Path, branches: Branches, error: Any, code: str) -> tuple[str, ...]:
    if error["type"] == "unknown_operation":
        return OPERATIONS
    if code == "unknown_key":
        return keys_at(Document, path, kind_at(path, branches)) or ("nothing: no keys are read here",)
    if expected := error.get("ctx", {}).get("expected"):
        return tuple(part.strip("' ") for part in str(expected).replace(" or ", ", ").split(", "))
    return values_at(Document, path) or ("a value of another form",)


_MAPPING = "a mapping of keys to values is needed here"
_NEEDED = {"tuple_type": "a list is needed here", "model_type": _MAPPING, "dict_type": _MAPPING}


def _in_words(error: Any) -> tuple[str, str]:
    match error["type"]:
        case "extra_forbidden":
            return "unknown_key", "there is no such key here"
        case "missing":
            return "missing_key", "this key is needed"
        case "string_pattern_mismatch" if "[a-z][a-z0-9_]" in error["ctx"]["pattern"]:
            return "bad_key", _bad_key(str(error["input"]))
        case "too_short" | "too_long" as kind:
            context = error["ctx"]
            limit = context.get("min_length", context.get("max_length"))
            word = "at least" if kind == "too_short" else "at most"
            return kind, f"{word} {limit} entries, not {context['actual_length']}"
        case "literal_error":
            return "unknown_word", f"{_short(error['input'])} is not known here"
        case kind:
            said = _NEEDED.get(kind, error["msg"])
            return str(kind), f"{said}, not {_short(error['input'])}"


def _bad_key(key: str) -> str:
    strange = next((sign for sign in key if not sign.isascii()), None)
    if strange is not None:
        name = unicodedata.name(strange, "an unnamed character")
        return f"a key is made of a-z, 0-9 and _; {strange!r} is {name}"
    return f"a key begins with a-z and goes on with a-z, 0-9 or _ (64 at most), not {_short(key)}"


def _short(value: Any) -> str:
    text = (
        repr(value) if isinstance(value, (str, int, float, bool, type(None))) else f"a {type(value).__name__}"
    )
    return text if len(text) <= 60 else f"{text[:57]}…"
