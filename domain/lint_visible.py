"""The rules of lint about values that are for some roles only: what would tell them to others is refused."""

from __future__ import annotations

from collections.abc import Iterator

from domain.document import Anchor, AnchorField, Due, FormField, Step
from domain.formula import reads
from domain.outline import Finding, Findings, Outline, Path, Placed, mails_of, placeholders, some
from domain.visible import is_for_roles, roles_that_see, seals
from domain.words import full_path

_FOR_ALL = ("visibility: everyone",)


def visible_to(outline: Outline, placed: Placed) -> Findings:
    """The roles that see a step are there; without a role of its own nobody is meant by ``role``."""
    step, path, _ = placed
    at = (*path, "visibility")
    if step.visibility == "role" and step.role is None:
        message = f"{step.key!r} has no role, so nobody would see its values"
        yield Finding(at, "missing_details", message, ("role", "a list of roles", *_FOR_ALL))
    for place, role in enumerate(step.visibility if isinstance(step.visibility, tuple) else ()):
        if role not in outline.roles:
            message = f"no role is called {role!r}"
            yield Finding((*at, place), "unknown_role", message, some(sorted(outline.roles)))


def stays_with_its_roles(outline: Outline, placed: Placed) -> Findings:
    """What some see is not told to all by way of a result, an input, a due, a formula, a mail or a child run."""
    step, path, _ = placed
    sealed = _Sealed(outline)
    for at, name, instead in (*_told_by(step, path), *_formulas(step, path, sealed)):
        if sealed.has(name):
            message = f"{name!r} is for some only, and this would tell it to others"
            yield Finding(at, "sealed_source", message, instead)
    for place, field in enumerate(step.fields):
        if seals(field, step):
            yield from _set(outline, field, (*path, "fields", place))
    yield from _mailed(step, path, sealed)


def tells_no_sealed(outline: Outline) -> Findings:
    """What all see of a run, its name and its target, is not read from an input that is for some only."""
    document = outline.document
    told = [("run_name", name, "an input that everybody sees") for name in placeholders(document.run_name)]
    if document.target_from is not None:
        told.append(("target_from", document.target_from, "a date that everybody sees"))
    for key, name, instead in told:
        if is_sealed_in(outline, full_path(name)):
            message = f"{name!r} is for some only, and this would tell it to others"
            yield Finding((key,), "sealed_source", message, (instead,))


def is_sealed_in(outline: Outline, path: str) -> bool:
    """Whether the value at this path of a document is for some only."""
    placed = outline.steps.get(path.partition(".")[0])
    return seals(outline.fields.get(path), placed.step if placed is not None else None)


class _Sealed:
    """What of a document is for some only. A field without a step of its own is nobody's."""

    def __init__(self, outline: Outline) -> None:
        self._outline = outline

    def has(self, name: str) -> bool:
        """Whether a field is for some only, by its flag or by its step."""
        return is_sealed_in(self._outline, full_path(name))

    def by_step(self, name: str) -> Step | None:
        """The step whose values, all of them, are for some roles only; None for a field of another step."""
        known = self._outline.steps.get(full_path(name).partition(".")[0])
        return known.step if known is not None and is_for_roles(known.step) else None

    def roles(self, key: str) -> frozenset[str]:
        """The roles that see the values of a step which is not for everybody."""
        judges = [
            placed.step
            for placed in self._outline.all_steps
            if placed.step.approval is not None
            and key in (placed.step.approval.covers or self._outline.waits_for.get(placed.step.key, ()))
        ]
        return frozenset(roles_that_see(self._outline.steps[key].step, judges))

    def readers(self, text: str) -> str | None:
        """The role that a line of recipients names: as a role, or as the address of its guest."""
        names = placeholders(text)
        if len(names) != 1 or text.strip() != f"{{{names[0]}}}":
            return None
        if names[0].startswith("role."):
            return names[0][5:]
        guests = [role for role in self._outline.document.roles if role.email_from is not None]
        return next((r.key for r in guests if full_path(r.email_from or "") == full_path(names[0])), None)


def _told_by(step: Step, path: Path) -> Iterator[tuple[Path, str, tuple[str, ...]]]:
    if step.outcome_from is not None:
        name = full_path(step.outcome_from, step.key)
        yield (*path, "outcome_from"), name, ("outcome", *_FOR_ALL)
    for at, due in _dues(step, path):
        anchor: Anchor = due.anchor
        if isinstance(anchor, AnchorField):
            yield (*at, "anchor", "field"), anchor.field, ("another anchor", *_FOR_ALL)
    if step.wait is not None and step.wait.key is not None:
        for name in placeholders(step.wait.key):
            yield (*path, "wait", "key"), name, ("run.id", *_FOR_ALL)
    if step.run is not None:
        for key, name in step.run.inputs.items():
            yield (*path, "run", "inputs", key), name, ("another field", *_FOR_ALL)


def _dues(step: Step, path: Path) -> Iterator[tuple[Path, Due]]:
    if step.due is not None:
        yield (*path, "due"), step.due
    if step.wait is not None and step.wait.until is not None:
        yield (*path, "wait", "until"), step.wait.until


def _formulas(step: Step, path: Path, sealed: _Sealed) -> Iterator[tuple[Path, str, tuple[str, ...]]]:
    """What is computed elsewhere; of single fields that are sensitive the rule of formulas speaks."""
    for place, field in enumerate(step.fields):
        if field.formula is None or field.sensitive:
            continue
        for below, name in reads(field.formula):
            source = sealed.by_step(name)
            if source is None or source.key == step.key:
                continue
            if not (is_for_roles(step) and sealed.roles(step.key) <= sealed.roles(source.key)):
                at = (*path, "fields", place, "formula", *below)
                yield at, name, ("sensitive: true on the computed field", *_FOR_ALL)


def _set(outline: Outline, field: FormField, at: Path) -> Findings:
    known = outline.inputs.get(field.sets_input) if field.sets_input is not None else None
    for name, tells, instead in (
        ("sets_input", known is not None and not known.sensitive, "sensitive: true on the input"),
        ("sets_role", field.sets_role is not None, "a field that everybody sees"),
    ):
        if tells:
            message = f"{field.key!r} is for some only, and {name} would tell it to others"
            yield Finding((*at, name), "sealed_source", message, (instead, *_FOR_ALL))


def _mailed(step: Step, path: Path, sealed: _Sealed) -> Findings:
    for at, mail in mails_of(step, path):
        readers = [sealed.readers(text) for text in mail.to]
        for part in ("subject", "body"):
            for name in dict.fromkeys(placeholders(getattr(mail, part))):
                source = sealed.by_step(name)
                if source is not None and not set(readers) <= sealed.roles(source.key):
                    allowed = (f"to: {{role.{role}}}" for role in sorted(sealed.roles(source.key)))
                    message = f"{name!r} is for some roles only, and the mail goes to others"
                    yield Finding((*at, part), "sealed_source", message, (*allowed, *_FOR_ALL))
