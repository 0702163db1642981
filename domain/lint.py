"""What makes a well-formed document unfit to be published, every problem at once: with its place and what would do."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from domain.comparing import is_set
from domain.document import Document, Effects, FormField, Requires, Step, stored_form
from domain.lint_automatic import calls, child_runs, no_repeats, waits, webhooks
from domain.lint_formula import computed_fields
from domain.lint_graph import (
    conditions,
    covers_earlier,
    cycles,
    date_field,
    dues,
    known_stage,
    known_step,
    references,
)
from domain.lint_mails import dead_links, digest_recipients, recipients
from domain.lint_roles import ways_to_fill
from domain.lint_secrets import secrets_of_calls, secrets_of_webhooks
from domain.lint_shown import in_view, readable, shown
from domain.lint_times import distances
from domain.lint_visible import stays_with_its_roles, tells_no_sealed, visible_to
from domain.outline import (
    FACTS,
    INSTEAD,
    Finding,
    Findings,
    Outline,
    Path,
    Placed,
    mails_of,
    near,
    placeholders,
    some,
)
from domain.words import full_path

MOST_STEPS = 1_000
MOST_STORED_BYTES = 240 * 1024
"""An event of the log has room for 256 KB; the rest is for the note of the version."""
_RESERVED = frozenset({"inputs", "role", "run", "guest_link"})
_LOOKS_LIKE = str.maketrans({"l": "1", "i": "1", "o": "0", "_": None})


def lint(document: Document) -> list[Finding]:
    """Every problem of the document, in document order; an empty list means that it can be published."""
    outline = Outline(document)
    if len(outline.all_steps) > MOST_STEPS:
        message = (
            f"{len(outline.all_steps)} steps are too many for one process; split it with steps of kind run"
        )
        return [Finding(("stages",), "too_many_steps", message, (f"at most {MOST_STEPS} steps",))]
    if _stored_bytes(document) > MOST_STORED_BYTES:
        message = "as it is stored, the document is too large for one version; shorten texts, or split it"
        return [
            Finding(("stages",), "too_large", message, (f"at most {MOST_STORED_BYTES // 1024} KB as JSON",))
        ]
    found = [finding for rule in _RULES for finding in rule(outline)]
    found += [
        finding for rule in _STEP_RULES for placed in outline.all_steps for finding in rule(outline, placed)
    ]
    told = [
        one if one.accepted else replace(one, accepted=INSTEAD.get(one.code, ()))
        for one in dict.fromkeys(found)
    ]
    return sorted(told, key=lambda finding: [_sortable(part) for part in finding.path])


def _stored_bytes(document: Document) -> int:
    """How many bytes the stored form has as JSON."""
    return len(json.dumps(stored_form(document), ensure_ascii=False, separators=(",", ":")).encode())


def _sortable(part: str | int) -> tuple[int, str]:
    return (part, "") if isinstance(part, int) else (-1, part)


# --- keys ---


def _duplicate_keys(outline: Outline) -> Findings:
    document = outline.document
    for name, parts in (("inputs", document.inputs), ("roles", document.roles), ("stages", document.stages)):
        yield from _unique((name,), [part.key for part in parts])
    seen: set[str] = set()
    for step, path, _ in outline.all_steps:
        if step.key in seen:
            yield Finding((*path, "key"), "duplicate_key", f"another step is called {step.key!r} already")
        seen.add(step.key)


def _unique(path: Path, keys: Sequence[str]) -> Findings:
    for place, key in enumerate(keys):
        if key in keys[:place]:
            yield Finding((*path, place, "key"), "duplicate_key", f"{key!r} is there already")


def _look_alikes(outline: Outline) -> Findings:
    seen: dict[str, str] = {}
    for step, path, _ in outline.all_steps:
        other = seen.setdefault(step.key.translate(_LOOKS_LIKE), step.key)
        if other != step.key:
            message = f"{step.key!r} can be mistaken for {other!r}"
            yield Finding(
                (*path, "key"),
                "look_alike_key",
                message,
                ("a key that differs in more than 1/l/i, 0/o or _",),
            )


def _reserved_keys(_outline: Outline, placed: Placed) -> Findings:
    if placed.step.key in _RESERVED:
        message = f"{placed.step.key!r} means something else in conditions and templates"
        yield Finding(
            (*placed.path, "key"),
            "reserved_key",
            message,
            (f"a key other than {', '.join(sorted(_RESERVED))}",),
        )


# --- roles ---


def _role(outline: Outline, path: Path, role: str | None) -> Findings:
    if role is not None and role not in outline.roles:
        yield Finding(path, "unknown_role", f"no role is called {role!r}", some(sorted(outline.roles)))


def _roles_of_roles(outline: Outline) -> Findings:
    for place, role in enumerate(outline.document.roles):
        path: Path = ("roles", place)
        yield from _role(outline, (*path, "lead"), role.lead)
        yield from _role(outline, (*path, "becomes"), role.becomes)
        yield from _address_field(outline, (*path, "email_from"), role.email_from)
        if role.from_input is None:
            continue
        field = outline.inputs.get(role.from_input)
        if field is None or field.kind != "person":
            people = [key for key, each in outline.inputs.items() if each.kind == "person"]
            message = f"{role.from_input!r} is not an input that names a person"
            yield Finding((*path, "from_input"), "unknown_field", message, some(people))


def _address_field(outline: Outline, path: Path, name: str | None) -> Findings:
    if name is None:
        return
    field = outline.fields.get(full_path(name))
    if field is None or field.kind not in ("email", "text"):
        addresses = [key for key, each in outline.fields.items() if each.kind == "email"]
        message = f"{name!r} is not a field that holds an address"
        yield Finding(path, "unknown_field", message, some(addresses))


def _roles_of_steps(outline: Outline, placed: Placed) -> Findings:
    step, path, _ = placed
    yield from _role(outline, (*path, "role"), step.role)
    for place, field in enumerate(step.fields):
        yield from _role(outline, (*path, "fields", place, "sets_role"), field.sets_role)
        if field.sets_role is not None and field.kind != "person":
            message = f"only a person can fill a role; {field.key!r} is of kind {field.kind}"
            yield Finding((*path, "fields", place, "kind"), "not_a_person", message, ("person",))
    for place, rule in enumerate(step.rules):
        yield from _roles_of_effects(outline, (*path, "rules", place, "then"), rule.then)
    if step.overdue is not None:
        yield from _role_list(outline, (*path, "overdue", "notify"), step.overdue.notify)
    if step.wait is not None:
        yield from _role_list(outline, (*path, "wait", "on_timeout"), step.wait.on_timeout)
    if step.http is not None:
        yield from _role(outline, (*path, "http", "incident_to"), step.http.incident_to)


def _role_list(outline: Outline, path: Path, roles: Iterable[str]) -> Findings:
    for place, role in enumerate(roles):
        yield from _role(outline, (*path, place), role)


def _roles_of_effects(outline: Outline, path: Path, effects: Effects | None) -> Findings:
    if effects is not None:
        yield from _role_list(outline, (*path, "notify"), effects.notify)


def _gate_owner(_outline: Outline, placed: Placed) -> Findings:
    step, path, _ = placed
    if step.gate is not None and step.role is None:
        yield Finding(
            (*path, "gate"),
            "gate_without_owner",
            f"nobody owns the gate {step.key!r}",
            ("a role for the step",),
        )


# --- what a step holds ---

_NEEDS = {"email": "email", "http": "http", "wait": "wait", "run": "run"}
_ONLY_ON = {
    "approval": ("approval",),
    "signature": ("sign",),
    "http": ("http",),
    "wait": ("wait",),
    "run": ("run",),
}


def _details(_outline: Outline, placed: Placed) -> Findings:
    step, path, _ = placed
    needed = _NEEDS.get(step.kind)
    if needed is not None and getattr(step, needed) is None:
        message = f"a step of kind {step.kind} has to say {needed}"
        yield Finding((*path, "kind"), "missing_details", message, (needed,))
    for name, kinds in _ONLY_ON.items():
        if getattr(step, name) is not None and step.kind not in kinds:
            message = f"only a step of kind {kinds[0]} has {name}; this one is of kind {step.kind}"
            yield Finding((*path, name), "misplaced_details", message, kinds)
    if step.overdue is not None and step.overdue.skip_after is not None and _decides(step):
        message = f"nothing passes {step.key!r} because time went by: its time-out reminds and escalates"
        yield Finding((*path, "overdue", "skip_after"), "misplaced_details", message, ("notify",))
    if step.wait is not None and step.wait.event is None and step.wait.until is None:
        yield Finding(
            (*path, "wait"),
            "missing_details",
            "a wait needs an event, an instant or both",
            ("event", "until"),
        )


def _decides(step: Step) -> bool:
    return step.kind == "approval" or step.gate is not None


def _outputs(_outline: Outline, placed: Placed) -> Findings:
    step, path, _ = placed
    own = [field.key for field in step.fields]
    for name, call in (("http", step.http), ("run", step.run)):
        for key in call.outputs if call is not None else ():
            if key not in own:
                message = f"the output {key!r} is not a field of {step.key!r}"
                yield Finding((*path, name, "outputs", key), "output_without_field", message, some(own))


def _other_fields(outline: Outline, placed: Placed) -> Findings:
    step, path, _ = placed
    if step.outcome_from is not None:
        name = full_path(step.outcome_from, step.key)
        if name not in outline.fields:
            yield Finding(
                (*path, "outcome_from"), "unknown_field", f"there is no field {name!r}", near(outline, name)
            )
    if step.approval is not None and isinstance(step.approval.on_refusal, Requires):
        for place, field in enumerate(step.approval.on_refusal.requires):
            name = full_path(field, step.key)
            if name not in outline.fields:
                at = (*path, "approval", "on_refusal", "requires", place)
                yield Finding(at, "unknown_field", f"there is no field {name!r}", near(outline, name))
    if step.run is not None:
        for key, name in step.run.inputs.items():
            if name not in outline.fields:
                at = (*path, "run", "inputs", key)
                yield Finding(at, "unknown_field", f"there is no field {name!r}", near(outline, name))


def _forms(outline: Outline) -> Findings:
    yield from _form(outline, ("inputs",), outline.document.inputs)
    for step, path, _ in outline.all_steps:
        yield from _unique((*path, "fields"), [field.key for field in step.fields])
        yield from _form(outline, (*path, "fields"), step.fields)


def _form(outline: Outline, path: Path, fields: Sequence[FormField]) -> Findings:
    for place, field in enumerate(fields):
        at = (*path, place)
        yield from _unique((*at, "columns"), [column.key for column in field.columns])
        yield from _choices((*at, "choices"), field.choices)
        for number, column in enumerate(field.columns):
            yield from _choices((*at, "columns", number, "choices"), column.choices)
        if field.kind in ("choice", "multi_choice", "checklist") and not field.choices:
            yield Finding(
                (*at, "kind"), "missing_choices", f"{field.key!r} offers nothing to choose", ("choices",)
            )
        if field.kind == "table" and not field.columns:
            yield Finding(
                (*at, "kind"), "missing_columns", f"the table {field.key!r} has no columns", ("columns",)
            )
        if field.minimum is not None and field.maximum is not None and field.minimum > field.maximum:
            yield Finding(
                (*at, "minimum"), "bad_range", f"{field.key!r}: nothing is between minimum and maximum"
            )
        if field.not_before is not None and field.kind not in ("date", "datetime"):
            message = f"{field.key!r} is of kind {field.kind}, which has no day"
            yield Finding((*at, "not_before"), "misplaced_details", message, ("date", "datetime"))
        if field.sets_input is not None and field.sets_input not in outline.inputs:
            message = f"the run has no input {field.sets_input!r}"
            yield Finding((*at, "sets_input"), "unknown_field", message, some(outline.inputs))


def _choices(path: Path, choices: Sequence[str]) -> Findings:
    """Whoever chooses sees each choice, and sees it once."""
    seen: set[str] = set()
    for place, choice in enumerate(choices):
        shown = " ".join(choice.split())
        if not is_set(choice):
            yield Finding((*path, place), "empty_choice", "nobody sees an empty choice", ("a text",))
        elif shown in seen:
            yield Finding(
                (*path, place), "duplicate_choice", f"{shown!r} is there already", ("another text",)
            )
        seen.add(shown)


# --- the whole document ---


def _document_wide(outline: Outline) -> Findings:
    document = outline.document
    if document.target_from is not None:
        yield from date_field(outline, ("target_from",), full_path(document.target_from))
    if document.target_stage is not None:
        yield from known_stage(outline, ("target_stage",), document.target_stage)
    if document.digest is not None and document.digest.offset < 1:
        message = "digests come again and again in this distance: it cannot be nothing, or lead back"
        yield Finding(("digest", "offset"), "bad_range", message, ("a whole number from 1 on",))
    if document.digest is not None and document.digest.after is not None:
        yield from known_step(outline, ("digest", "after"), document.digest.after)
    yield from _roles_of_effects(outline, ("on_forecast_late",), document.on_forecast_late)
    for name in placeholders(document.run_name):
        if name not in outline.inputs:
            message = f"the name of a run can hold inputs only, not {name!r}"
            yield Finding(("run_name",), "unknown_placeholder", message, some(outline.inputs))
    if document.digest is not None:
        for place, text in enumerate(document.digest.to):
            yield from _template(outline, ("digest", "to", place), text)


def _texts(outline: Outline, placed: Placed) -> Findings:
    header = (*placed.path, "http", "headers")
    for path, text in _templates(placed.step, placed.path):
        yield from _template(outline, path, text, of_header=path[: len(header)] == header)


def _templates(step: Step, path: Path) -> Iterator[tuple[Path, str]]:
    for at, mail in mails_of(step, path):
        yield from (((*at, "to", place), text) for place, text in enumerate(mail.to))
        yield (*at, "subject"), mail.subject
        yield (*at, "body"), mail.body
    if step.http is not None:
        yield (*path, "http", "url"), step.http.url
        yield from (((*path, "http", "headers", key), text) for key, text in step.http.headers.items())
        yield from _body_texts((*path, "http", "body"), step.http.body)


def _body_texts(path: Path, value: Any) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from _body_texts((*path, key), part)
    elif isinstance(value, (list, tuple)):
        for place, part in enumerate(value):
            yield from _body_texts((*path, place), part)


def _template(outline: Outline, path: Path, text: str, *, of_header: bool = False) -> Findings:
    for name in placeholders(text):
        if of_header and name.startswith("secret:"):
            continue
        if name in outline.fields or name in outline.inputs or name in FACTS:
            continue
        if name.startswith("role.") and name[5:] in outline.roles:
            continue
        accepted = (*near(outline, name), "role.<role>", *FACTS)
        yield Finding(path, "unknown_placeholder", f"nothing is called {name!r} here", accepted)


_RULES: tuple[Callable[[Outline], Findings], ...] = (
    _duplicate_keys, _look_alikes, _roles_of_roles, ways_to_fill, cycles, _forms, computed_fields, _document_wide,
    webhooks, secrets_of_webhooks, distances, digest_recipients, dead_links,
    tells_no_sealed,
)  # fmt: skip
_STEP_RULES: tuple[Callable[[Outline, Placed], Findings], ...] = (
    _reserved_keys, _roles_of_steps, _gate_owner, references, covers_earlier, conditions, dues, _details, _outputs,
    _other_fields, _texts, recipients, shown, readable, in_view, calls, secrets_of_calls, waits, child_runs, no_repeats,
    visible_to, stays_with_its_roles,
)  # fmt: skip
