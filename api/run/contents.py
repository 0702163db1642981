"""What somebody decides about, as they may see it: the content of a step with its hash, and what of it has changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from api.handling.services import Services
from api.run.sight import MASK, Sight
from api.wire.problems import Problem
from application.definitions import UnknownVersion
from domain.content_text import Sees, listed, texts_in_words, title_of
from domain.definition import Definition
from domain.directory import Directory
from domain.document import Step
from domain.mail_decisions import is_asked
from domain.run import RUN, Run
from domain.run.content import Content, Part, content_of
from domain.shown import spoken
from domain.visible import Versions, is_open_to, is_sealed, is_sensitive
from domain.words import Assignee, Rejected, StepKey
from store.mapper import to_event


@dataclass(frozen=True, slots=True)
class TextShown:
    """One text of the step, with the values that it names."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Named:
    """What stands at a path: what it is called, and how its values are read."""

    path: str
    title: str
    kind: str
    unit: str | None
    columns: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class ValueShown(Named):
    """One value that stands beside the step."""

    value: Any


@dataclass(frozen=True, slots=True)
class GroupShown:
    """What one step brought, or what the run was started with (`inputs`); ``ended``: how the step ended last."""

    owner: str
    title: str
    ended: str | None
    values: tuple[ValueShown, ...]


@dataclass(frozen=True, slots=True)
class Changed(Named):
    """What of a content is another by now: what it was and is (null: nothing). Texts and ends of steps are texts."""

    before: Any
    now: Any


@dataclass(frozen=True, slots=True)
class AskedAnew:
    """Why the decision is asked for once more; ``changes`` is null where nobody knows any more what it was."""

    decided_sha256: str | None
    paths: tuple[str, ...]
    changes: tuple[Changed, ...] | None


@dataclass(frozen=True, slots=True)
class ContentView:
    """What is to be seen and read at a step before it is done, with the hash that a decision on it names.

    ``decided_sha256``: on what the decision stands that was taken here (null: none does, or nobody knows).
    """

    step: str
    title: str
    kind: str
    state: str
    round: int
    instructions: str
    content_sha256: str
    texts: tuple[TextShown, ...]
    groups: tuple[GroupShown, ...]
    decided_sha256: str | None
    asked_anew: AskedAnew | None


@dataclass(frozen=True, slots=True)
class Reader:
    """Who looks: which values they may see, and what people are called."""

    sees: Sees
    name_of: Callable[[Assignee], str]


def as_staff(sight: Sight, step: StepKey, directory: Directory) -> Reader:
    """Somebody with an account. Whose decision it is sees what they decide about: named for them, sealed or not."""
    decides = is_asked(sight.run, sight.definition, step, sight.who, directory)
    known = sight.definition.steps[step]

    def sees(part: Part) -> bool:
        field = part.path.partition(".")[2]
        owner = StepKey(part.owner)
        if sight.sees_values and sight.sees_field(owner, field):
            return True
        return decides and (not is_sealed(part.path, sight.versions) or _names(known, part))

    return Reader(sees, lambda who: directory.name_of(str(who)) or spoken(str(who)))


def as_guest(versions: Versions, step: StepKey, directory: Directory) -> Reader:
    """Somebody with a link to the step: all that it shows; what is for some eyes only where the process names it."""
    known = versions[0].steps[step]

    def sees(part: Part) -> bool:
        if part.owner == known.key or part.path in known.shows:
            return True
        return not is_sensitive(part.path, versions) and is_open_to(versions, part.owner, known.role)

    return Reader(sees, lambda who: directory.name_of(str(who)) or spoken(str(who)))


def may_look(sight: Sight, step: StepKey, directory: Directory) -> bool:
    """Whether somebody with an account sees the content: who sees the values, and whose decision it is."""
    return sight.sees_values or is_asked(sight.run, sight.definition, step, sight.who, directory)


def as_mail(versions: Versions, directory: Directory) -> Reader:
    """Somebody with a mail and without an account: what a mail may tell."""
    return Reader(
        lambda part: not is_sealed(part.path, versions),
        lambda who: directory.name_of(str(who)) or spoken(str(who)),
    )


def content_view(
    services: Services, stream: UUID, run: Run, definition: Definition, step: StepKey, reader: Reader
) -> ContentView:
    """The content of a step as it is now, as this reader may see it. Blocks where it is asked anew."""
    content, now = content_of(run, definition, step), run.step(step)
    zone = services.calendar.zone
    texts = texts_in_words(content, run.name, zone, reader.name_of, reader.sees)
    return ContentView(
        step=step,
        title=content.step.title,
        kind=content.step.kind,
        state=now.state,
        round=now.round,
        instructions=content.step.instructions,
        content_sha256=content.sha256,
        texts=tuple(TextShown(title, text) for title, text in texts),
        groups=tuple(
            GroupShown(owner, title, content.ends.get(owner), tuple(_value(part, reader) for part in parts))
            for owner, title, parts in listed(content, definition)
        ),
        decided_sha256=now.decided,
        asked_anew=_asked_anew(services, stream, run, definition, step, reader),
    )


def changes_since(
    services: Services,
    stream: UUID,
    run: Run,
    definition: Definition,
    step: StepKey,
    sha256: str,
    reader: Reader,
) -> tuple[Changed, ...] | None:
    """What is another by now than in the content of this hash; None where the step never showed such a content."""
    before = _found(services, stream, step, sha256)
    if before is None:
        return None
    now = content_of(run, definition, step)
    return tuple(_changed(path, before, now, definition, reader) for path in before.changes(now))


def told_of_changes(
    refusal: Rejected, services: Services, stream: UUID, step: StepKey, sha256: str, reader: Reader
) -> Rejected:
    """The refusal of a decision on what is no longer true, with what was seen and what is there now. Blocks."""
    run = services.app.load(RUN, stream)
    assert run is not None
    definition = services.app.definition(run.process, run.process_version)
    found = changes_since(services, stream, run, definition, step, sha256, reader)
    return Rejected(refusal.code, refusal.detail, **{**refusal.facts, "changed": found})


def must_have(definition: Definition, step: str) -> StepKey:
    """The step of the address, or the problem that there is none."""
    if step not in definition.steps:
        raise Problem("unknown_step", f"this process has no step {step}")
    return StepKey(step)


def _names(known: Step, part: Part) -> bool:
    """Whether the process names this value, or its step, for whoever decides here."""
    covers = known.approval.covers if known.approval else ()
    return bool({part.path, part.owner} & {*known.shows, *covers})


def _value(part: Part, reader: Reader) -> ValueShown:
    value = part.value if reader.sees(part) else MASK
    return ValueShown(part.path, part.field.title, *_read_as(part), value)


def _read_as(part: Part) -> tuple[str, str | None, tuple[dict[str, Any], ...]]:
    columns = tuple(column.model_dump(mode="json") for column in part.field.columns)
    return part.field.kind, part.field.unit, columns


def _asked_anew(
    services: Services, stream: UUID, run: Run, definition: Definition, step: StepKey, reader: Reader
) -> AskedAnew | None:
    why = run.step(step).asked_anew
    if why is None:
        return None
    before = why.decided_sha256
    found = None if before is None else changes_since(services, stream, run, definition, step, before, reader)
    return AskedAnew(before, why.changed, found)


def _found(services: Services, stream: UUID, step: StepKey, sha256: str) -> Content | None:
    """The content of the step that had this hash, read from the run's own history."""
    run: Run | None = None
    for recorded in services.log.read_stream(stream):
        run = RUN.evolve(run, to_event(recorded))
        try:
            definition = services.app.definition(run.process, run.process_version)
        except UnknownVersion:
            return None
        if step in definition.steps and (seen := content_of(run, definition, step)).sha256 == sha256:
            return seen
    return None


def _changed(path: str, before: Content, now: Content, definition: Definition, reader: Reader) -> Changed:
    part = next((part for content in (now, before) for part in content.parts if part.path == path), None)
    if part is not None:
        title, read_as = f"{part.field.title} ({title_of(definition, part.owner)})", _read_as(part)
    else:
        title = "What is to be read" if path == "texts" else title_of(definition, path)
        read_as = ("text", None, ())
    return Changed(path, title, *read_as, _side(path, before, reader), _side(path, now, reader))


def _side(path: str, content: Content, reader: Reader) -> Any:
    """What stood there: a value, how a step ended, or the texts."""
    if path == "texts":
        return "\n\n".join(content.step.texts.values()) or content.step.instructions
    part = next((part for part in content.parts if part.path == path), None)
    if part is None:
        return content.ends.get(path)
    return part.value if reader.sees(part) else MASK
