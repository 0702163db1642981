"""What a decision is about: all that whoever approves or signs has in view, as one content with one hash.

It is made of the texts of the step itself, of steps (their values and how each ended) and of single fields. Whatever
gives a value (people, services, child runs, rules) gives it to a field, and so nothing that gives one is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from domain.canonical import sha256_of
from domain.comparing import is_set
from domain.definition import Definition
from domain.document import FormField, Step
from domain.outline import PLACEHOLDER
from domain.run.finishing import present
from domain.run.impartial import INPUTS, judged_over
from domain.run.state import Run, StepWord
from domain.words import Rejected, StepKey, Values, full_path

SALT_BYTES = 16
"""How much is random in the hashes of a run's contents."""
STATEMENT = "I have read all that is shown here, and sign it."
"""What a signature says; it stands beside the button, and is kept with the signature."""
DECISIONS = frozenset({"approval", "sign"})
"""The kinds of steps that decide about a content."""


@dataclass(frozen=True, slots=True)
class Part:
    """One value of a content: its path, its field, and the step that brought it (``inputs`` for the run's own)."""

    path: str
    value: Any
    field: FormField
    owner: str


@dataclass(frozen=True, slots=True)
class Content:
    """What somebody has in view at a step. ``texts`` are templates; their fields are among ``parts``.

    ``ends``: how each of the steps ended that are shown as a whole. ``about``: these steps, and single fields, by path.
    """

    step: Step
    about: tuple[str, ...]
    parts: tuple[Part, ...]
    ends: Mapping[str, StepWord]
    salt: str | None = None

    @property
    def sha256(self) -> str:
        """The same for the same content, whoever asks, and in whichever order it came about.

        It covers values that are not shown to all, so the salt of the run, which nobody is told, is part of it.
        """
        salt = {} if self.salt is None else {"salt": self.salt}
        return sha256_of(
            {
                **salt,
                "step": self.step.key,
                "words": self._words,
                "values": self._values,
                "ends": dict(self.ends),
            }
        )

    def changes(self, other: Content) -> list[str]:
        """What of this content is another one in ``other``, by path; ``texts`` for its words."""
        mine, theirs = self._by_path(), other._by_path()
        paths = dict.fromkeys((*mine, *theirs))
        return [path for path in paths if sha256_of(mine.get(path)) != sha256_of(theirs.get(path))]

    def _by_path(self) -> dict[str, Any]:
        return {**self.ends, **self._values, "texts": self._words}

    @property
    def _words(self) -> list[Any]:
        return [self.step.title, self.step.instructions, self.step.texts]

    @property
    def _values(self) -> dict[str, list[Any]]:
        return {part.path: [*_words(part.field), part.value] for part in self.parts}


def content_of(run: Run, definition: Definition, step: StepKey, given: Values | None = None) -> Content:
    """What the step shows as the run stands; with ``given``, as it is decided on with these values of its own."""
    known = definition.steps[step]
    about = tuple(dict.fromkeys((*_about(run, definition, known), *own_paths(known))))
    own = {**present(run, known, step), **(given or {})}
    values = {**run.values, **{f"{step}.{key}": value for key, value in own.items()}}
    ends = {owner: run.step(StepKey(owner)).last_end for owner in about if owner in definition.steps}
    return Content(
        known,
        about,
        tuple(_parts(definition, about, values)),
        {owner: end for owner, end in ends.items() if end is not None},
        run.content_salt,
    )


def decided_on(
    run: Run, definition: Definition, step: StepKey, given: Values | None = None
) -> dict[str, Any]:
    """What the event of a decision says of its content: the hash, and what it is made of."""
    content = content_of(run, definition, step, given)
    return {"content_sha256": content.sha256, "about": content.about}


def must_be_in_view(run: Run, definition: Definition, step: StepKey, content_sha256: str | None) -> None:
    """Rejected("content_changed") when somebody decides on another content than the present one; None: on this one."""
    if content_sha256 is None:
        return
    now = content_of(run, definition, step).sha256
    if now != content_sha256:
        raise Rejected(
            "content_changed",
            "what this step shows has changed since you saw it; look at it again, then decide",
            step=step,
            content_sha256=now,
        )


def own_paths(known: Step) -> tuple[str, ...]:
    """The fields of a decision itself; a comment is said with it, and a computed value follows from the others."""
    if known.kind not in DECISIONS:
        return ()
    return tuple(
        f"{known.key}.{field.key}"
        for field in known.fields
        if field.kind != "computed" and not _is_remark(known, field)
    )


def _is_remark(known: Step, field: FormField) -> bool:
    """The field that the comment of an approval fills."""
    return known.kind == "approval" and field.key == "comment" and field.kind in ("text", "long_text")


def _about(run: Run, definition: Definition, known: Step) -> Iterator[str]:
    yield from known.shows
    if known.shows_inputs:
        yield INPUTS
    yield from read_by(definition, known)
    for key in _judged(run, definition, known):
        yield key
        yield from _behind(run, definition, key)


def _behind(run: Run, definition: Definition, key: StepKey) -> Iterator[str]:
    """What a step that is decided about shows in turn: inputs that it shows or sets, and what it decided about."""
    other = definition.steps.get(key)
    if other is None:
        return
    if other.shows_inputs:
        yield INPUTS
    yield from (f"{INPUTS}.{field.sets_input}" for field in other.fields if field.sets_input)
    if other.kind in DECISIONS:
        yield from _about(run, definition, other)


def _judged(run: Run, definition: Definition, known: Step) -> Iterable[StepKey]:
    """The steps that it covers; else the last work of people before it, and what the machine did since then.

    Guests see only what the process names for them; so does whoever signs where it names anything.
    """
    covers = known.approval.covers if known.approval else ()
    if covers or known.kind not in DECISIONS or _is_for_guests(definition, known):
        return covers
    if known.kind == "sign" and (known.shows or known.texts or known.shows_inputs):
        return ()
    return judged_over(run, definition, StepKey(known.key))


def _is_for_guests(definition: Definition, known: Step) -> bool:
    role = definition.roles.get(known.role) if known.role is not None else None
    return role is not None and role.guest


def read_by(definition: Definition, known: Step) -> Iterator[str]:
    """The fields whose values stand in the texts of the step, by path."""
    for text in known.texts.values():
        for name in PLACEHOLDER.findall(text):
            path = full_path(name)
            if path in definition.fields:
                yield path


def _parts(definition: Definition, about: Iterable[str], values: Mapping[str, Any]) -> Iterator[Part]:
    """Each value in view once; what has none is not there."""
    paths = dict.fromkeys(path for one in about for path in _paths(definition, one))
    for path in paths:
        if is_set(values.get(path)):
            owner, field = path.partition(".")[0], definition.fields[path]
            yield Part(path, values[path], field, owner)


def _paths(definition: Definition, one: str) -> Iterable[str]:
    if one in definition.fields:
        return (one,)
    return definition.fields_of.get(one, ())


def _words(field: FormField) -> list[Any]:
    """What a value means: what it is called, and what it counts."""
    columns = [[column.key, column.title] for column in field.columns]
    return [field.title, field.unit, columns]
