"""What help on a run is needed for: a text of its step, told only to those who work with the run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple
from uuid import UUID

from domain.visible import is_for_roles
from domain.words import StepKey
from projections.answers import Card, Help
from projections.asking import Conn
from projections.cards.card import help_of
from projections.engine.reading import LogDefinitions, UnknownDefinition
from projections.statements import ask, statements

_SQL = statements("cards/help_texts")


def help_texts(connection: Conn, runs: Iterable[UUID]) -> dict[tuple[UUID, str], Help]:
    """The open help of these runs, by run and step; at a step that is for some roles only that there is some."""
    asked, definitions = list(runs), LogDefinitions(connection)
    found: dict[tuple[UUID, str], Help] = {}
    for each in ask(connection, _SQL["help_texts"], _StepsHelp, runs=asked) if asked else []:
        told = help_of(each.help)
        if told is not None:
            hidden = _is_for_roles(definitions, each.process, each.process_version, each.step)
            found[each.run, each.step] = replace(told, reason=None, waiting_on=None) if hidden else told
    return found


class _StepsHelp(NamedTuple):
    """Help that somebody asked for at a step."""

    run: UUID
    step: str
    help: Mapping[str, Any]
    process: str
    process_version: int


def _is_for_roles(definitions: LogDefinitions, process: str, version: int, step: str) -> bool:
    """Whether what is written there is not for all who work with the run; of a version that is not known it is not."""
    try:
        known = definitions(process, version).steps.get(StepKey(step))
    except UnknownDefinition:
        return True
    return known is not None and is_for_roles(known)


def with_help_texts(connection: Conn, cards: Sequence[Card]) -> list[Card]:
    """The cards with what help is needed for; of several requests on a run the first is told."""
    asked = [each.id for each in cards if each.kind == "run" and each.help is not None]
    told: dict[UUID, Help] = {}
    for (run, _), found in help_texts(connection, asked).items():
        if run not in told or told[run].reason is None:
            told[run] = found
    return [replace(each, help=told[each.id]) if each.id in told else each for each in cards]
