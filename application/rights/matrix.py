"""The matrix of rights, as its file has it: for each function, and each thing that is read, whoever may."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, get_args

from domain.relations import Relation

_RELATIONS: frozenset[str] = frozenset(get_args(Relation))


@dataclass(frozen=True, slots=True)
class Allowed:
    """Who may: ``by`` always, ``unsealed`` where it is about no step whose values are for some roles only."""

    by: frozenset[Relation]
    unsealed: frozenset[Relation] = frozenset()


def _read() -> tuple[Mapping[str, Allowed], Mapping[str, Allowed]]:
    told = tomllib.loads(files(__package__).joinpath("matrix.toml").read_text("utf-8"))
    sets: dict[str, list[str]] = told["sets"]

    def row(name: str, cells: Mapping[str, Any]) -> Allowed:
        def those(cell: str) -> frozenset[Any]:
            words = cells.get(cell, ())
            found = {one for each in words for one in (sets[each[1:]] if each[0] == "@" else [each])}
            if unknown := sorted(found - _RELATIONS):
                raise ValueError(f"{name}: there is no relation {unknown}")
            return frozenset(found)

        if unknown := sorted(cells.keys() - {"by", "unsealed"}):
            raise ValueError(f"{name}: a row has no {unknown}")
        return Allowed(those("by"), those("unsealed"))

    functions, reads = (
        {name: row(name, cells) for name, cells in told[part].items()} for part in ("functions", "reads")
    )
    return functions, reads


FUNCTIONS, READS = _read()
