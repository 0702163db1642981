"""The small parts that stand many times on a page: icons, states, faces, dues; made without a template, the same kept.

Everything in them that comes from people is escaped. What is kept says the same to every reader.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from itertools import groupby

from markupsafe import Markup, escape

from projections.answers import StageDot
from web.words.people import initials
from web.words.states import PRIORITIES, STATES
from web.words.times import moment

_MOST_ALIKE = 12
"""Stages of one tone that one mark stands for; the stylesheet has a width for each number up to this."""


@lru_cache(maxsize=256)
def icon(name: str) -> Markup:
    """A shape of the sprite."""
    return Markup(f'<svg class="i" aria-hidden="true"><use href="#i-{escape(name)}"/></svg>')  # noqa: S704 - escaped


@lru_cache(maxsize=512)
def state(name: str, pill: bool = False) -> Markup:
    """A state by its word, its shape and its tone."""
    word, shape, tone = STATES.get(name, (name, "empty", "quiet"))
    kind = f"state t-{tone} pill" if pill else f"state t-{tone}"
    return Markup(f'<span class="{kind}">{icon(shape)}{escape(word)}</span>')  # noqa: S704 - escaped


@lru_cache(maxsize=64)
def priority(name: str | None) -> Markup:
    """A priority that is worth telling."""
    if name not in ("urgent", "high"):
        return Markup("")
    tone = "late" if name == "urgent" else "risk"
    return Markup(f'<span class="tag t-{tone}">{PRIORITIES[name]}</span>')  # noqa: S704 - ours


def face(actor: str | None) -> Markup:
    """Two letters for somebody."""
    kind = "face" if actor else "face nobody"
    return Markup(f'<span class="{kind}" aria-hidden="true">{escape(initials(actor))}</span>')  # noqa: S704 - escaped


def due(at: datetime | None, overdue: bool, style: str = "full") -> Markup:
    """By when, and whether that is over."""
    if at is None:
        return Markup("")
    kind, said = ("due overdue", icon("late") + " Was due ") if overdue else ("due", "Due ")
    return Markup(f'<span class="{kind}">{said}{moment(at, style)}</span>')  # noqa: S704 - ours


@lru_cache(maxsize=4096)
def stage_dots(stages: tuple[StageDot, ...]) -> Markup:
    """What the stages of a card came to, as marks and as text: stages of one tone beside each other share a mark.

    Stages are the same from one look at a board to the next, and a board has hundreds of cards: drawn once.
    """
    told = ". ".join(escape(_came_to(stage)) for stage in stages)
    marks = "".join(_marks(stages))
    newest = _newest_outcome(stages)
    below = "" if newest is None else f'<p class="outcomes">{escape(_came_to(newest))}</p>'
    return Markup(f'<p class="dots" role="img" aria-label="Stages: {told}">{marks}</p>{below}')  # noqa: S704 - escaped


def _newest_outcome(stages: tuple[StageDot, ...]) -> StageDot | None:
    """The stage whose outcome came last; the others' are told by their marks, so that a card stays a card."""
    told = [stage for stage in reversed(stages) if stage.said or stage.outcome]
    return max(
        told, key=lambda stage: stage.outcome_at.timestamp() if stage.outcome_at else 0.0, default=None
    )


def _marks(stages: tuple[StageDot, ...]) -> Iterator[str]:
    for tone, same in groupby(stages, _tone):
        alike = list(same)
        many = f" n{min(len(alike), _MOST_ALIKE)}" if len(alike) > 1 else ""
        yield f'<i class="t-{tone}{many}" title="{escape(chr(10).join(map(_came_to, alike)))}"></i>'


def _state(stage: StageDot) -> str:
    """One that only waits for work in other stages is not blocked."""
    return "waiting" if stage.waits and stage.state == "blocked" else stage.state


def _tone(stage: StageDot) -> str:
    return STATES.get(_state(stage), STATES["not_started"])[2]


def _came_to(stage: StageDot) -> str:
    word = STATES.get(_state(stage), (stage.state,))[0]
    return f"{stage.title}: {stage.said or stage.outcome or word}"
