"""A content in words: its texts with their values filled in, and all of it as lines of a mail."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import tzinfo

from domain.definition import Definition
from domain.run.content import Content, Part, read_by
from domain.run_text import HIDDEN
from domain.shown import NameOf, shown
from domain.templates import reflowed, render
from domain.words import StepKey

Sees = Callable[[Part], bool]
"""Whether the reader may see a value."""


def texts_in_words(
    content: Content, run_name: str, zone: tzinfo, name_of: NameOf, sees: Sees
) -> tuple[tuple[str, str], ...]:
    """The texts of the step by title, with the values that they name as people read them, where they may see them."""
    words = {part.path: _in_words(part, zone, name_of, sees) for part in content.parts}
    bare = {path.removeprefix("inputs."): text for path, text in words.items() if path.startswith("inputs.")}
    values = {**bare, **words, "run.name": run_name}
    return tuple(
        (title, render(reflowed(text), values).strip()) for title, text in content.step.texts.items()
    )


def listed(content: Content, definition: Definition) -> Iterator[tuple[str, str, tuple[Part, ...]]]:
    """What is shown beside the texts: each owner by key and title with its values; not the step's own, nor theirs."""
    whole = {one for one in content.about if "." not in one}
    told = set(read_by(definition, content.step)) - set(content.step.shows)
    owners = dict.fromkeys(one.partition(".")[0] for one in content.about)
    for owner in owners:
        parts = tuple(p for p in content.parts if p.owner == owner and (owner in whole or p.path not in told))
        if owner != content.step.key and (parts or owner in content.ends):
            yield owner, title_of(definition, owner), parts


def title_of(definition: Definition, owner: str) -> str:
    """What people call a step, or what the run was started with."""
    known = definition.steps.get(StepKey(owner))
    return known.title if known is not None else "What the run was started with"


def in_lines(
    content: Content, definition: Definition, run_name: str, zone: tzinfo, name_of: NameOf, sees: Sees
) -> str:
    """All of it as plain text, with its hash; nothing where the step shows nothing but its own form."""
    parts = list(_paragraphs(content, definition, run_name, zone, name_of, sees))
    if not parts:
        return ""
    return "\n\n".join([*parts, f"SHA-256 of this content: {content.sha256}"])


def _paragraphs(
    content: Content, definition: Definition, run_name: str, zone: tzinfo, name_of: NameOf, sees: Sees
) -> Iterable[str]:
    for title, text in texts_in_words(content, run_name, zone, name_of, sees):
        yield f"{title}\n\n{text}"
    for _, title, parts in listed(content, definition):
        lines = [_line(part, zone, name_of, sees) for part in parts]
        if lines:
            yield "\n".join([f"{title}:", *lines])


def _line(part: Part, zone: tzinfo, name_of: NameOf, sees: Sees) -> str:
    text = _in_words(part, zone, name_of, sees)
    return f"- {part.field.title}:\n{text}" if "\n" in text else f"- {part.field.title}: {text}"


def _in_words(part: Part, zone: tzinfo, name_of: NameOf, sees: Sees) -> str:
    return shown(part.field, part.value, zone, name_of) if sees(part) else HIDDEN
