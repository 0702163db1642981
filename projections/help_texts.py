"""What help on a run is needed for: a text of its step, told only to those who work with the run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from uuid import UUID

from projections.answers import Card, Help
from projections.asking import Conn, rows
from projections.cards import help_of


def help_texts(connection: Conn, runs: Iterable[UUID]) -> dict[tuple[UUID, str], Help]:
    """The open help of these runs, by run and step."""
    asked = list(runs)
    found = rows(connection, "help_texts", runs=asked) if asked else []
    return {(run, step): told for run, step, stored in found if (told := help_of(stored)) is not None}


def with_help_texts(connection: Conn, cards: Sequence[Card]) -> list[Card]:
    """The cards with what help is needed for; of several requests on a run the first is told."""
    asked = [each.id for each in cards if each.kind == "run" and each.help is not None]
    told: dict[UUID, Help] = {}
    for (run, _), found in help_texts(connection, asked).items():
        told.setdefault(run, found)
    return [replace(each, help=told[each.id]) if each.id in told else each for each in cards]
