"""The rules of lint about what stands beside a step: what it shows, what is to be read, that there is something."""

from __future__ import annotations

from domain.document import AUTOMATIC
from domain.lint_visible import is_sealed_in
from domain.outline import Finding, Findings, Outline, Path, Placed, near, placeholders, some
from domain.words import full_path

_FACTS = ("run.name",)


def shown(outline: Outline, placed: Placed) -> Findings:
    """Only people look: at steps that have ended before, and at fields that are there."""
    step, path, _ = placed
    for name, said in (("shows", step.shows), ("texts", step.texts)):
        if said and step.kind in AUTOMATIC:
            message = f"nobody looks at {step.key!r}: a step of kind {step.kind} is done by the system"
            yield Finding(
                (*path, name), "misplaced_details", message, ("approval", "sign", "form", "task", "file")
            )
    for place, one in enumerate(step.shows):
        yield from _before(outline, placed, one, (*path, "shows", place))


def readable(outline: Outline, placed: Placed) -> Findings:
    """A text has a title and words, and holds fields that are known by then and that everybody there may see."""
    for title, text in placed.step.texts.items():
        at: Path = (*placed.path, "texts", title)
        if not title.strip() or not text.strip():
            yield Finding(
                at, "empty_text", "a text to be read has a title and words", ("a title and a text",)
            )
        for name in placeholders(text):
            if name not in _FACTS:
                yield from _placeholder(outline, placed, name, at)


def in_view(outline: Outline, placed: Placed) -> Findings:
    """A guest who decides has something in view: by itself nothing of a run is shown to them."""
    step, path, _ = placed
    guests = {role.key for role in outline.document.roles if role.guest}
    covers = step.approval.covers if step.approval else ()
    shown_there = step.shows or step.texts or step.shows_inputs or covers or step.instructions.strip()
    if step.kind in ("approval", "sign") and step.role in guests and not shown_there:
        word = "approve" if step.kind == "approval" else "sign"
        message = f"a guest is asked to {word} at {step.key!r} and sees nothing of what it is about"
        accepted = ("texts", "shows", "shows_inputs", "approval.covers", "instructions")
        yield Finding((*path, "role"), "nothing_in_view", message, accepted)


def _placeholder(outline: Outline, placed: Placed, name: str, at: Path) -> Findings:
    field_path = full_path(name)
    field = outline.fields.get(field_path)
    if field is None:
        message = f"nothing is called {name!r} here"
        yield Finding(at, "unknown_placeholder", message, (*near(outline, name), *_FACTS))
    elif is_sealed_in(outline, field_path):
        message = f"{name!r} is for some only: a text shows it to everybody who reads it"
        yield Finding(at, "sensitive_in_text", message, ("a field that everybody sees", "shows"))
    else:
        yield from _before(outline, placed, field_path, at)


def _before(outline: Outline, placed: Placed, one: str, at: Path) -> Findings:
    """What is shown is there: the inputs, or a step that has ended before this one, or one of their fields."""
    owner, _, field = one.partition(".")
    known = owner in outline.steps or owner == "inputs"
    if not known or (field and one not in outline.fields):
        message = f"there is no step or field {one!r}"
        yield Finding(at, "unknown_field", message, some((*outline.steps, "inputs", *outline.fields)))
    elif owner != "inputs" and not outline.is_before(owner, placed.step.key):
        message = f"{one!r} is set later: {placed.step.key!r} does not wait for {owner!r}"
        yield Finding(at, "shown_set_later", message, some(_earlier(outline, placed)))


def _earlier(outline: Outline, placed: Placed) -> tuple[str, ...]:
    return ("inputs", *(key for key in outline.steps if outline.is_before(key, placed.step.key)))
