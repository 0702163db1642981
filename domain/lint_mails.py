"""The rules of lint about mails: what is written out is an address or somebody, and a link leads to somebody's step."""

from __future__ import annotations

from typing import get_args

from domain.addresses import parts_of
from domain.document import FieldKind, FormField
from domain.guest_walk import next_of
from domain.mail_address import ACCEPTED, NoAddress, mail_address
from domain.outline import FACTS, PLACEHOLDER, Finding, Findings, Outline, Path, Placed, mails_of
from domain.run.values import is_somebody
from domain.words import full_path

_HOLDS = frozenset({"text", "email", "person", "choice", "computed"})
"""Kinds of fields whose value can be an address, or somebody with one."""
assert frozenset(get_args(FieldKind)) >= _HOLDS
_LEADS = ("no link", "a step of a role with guest: true, this one or the next behind automatic steps")
_INSTEAD = (ACCEPTED, "{role.<role>}", "{<field of kind email>}")


def recipients(outline: Outline, placed: Placed) -> Findings:
    """Of the mails of a step."""
    for path, mail in mails_of(placed.step, placed.path):
        yield from _recipients(outline, (*path, "to"), mail.to)


def digest_recipients(outline: Outline) -> Findings:
    """Of the digest."""
    digest = outline.document.digest
    if digest is not None and digest.to:
        yield from _recipients(outline, ("digest", "to"), digest.to)


def dead_links(outline: Outline) -> Findings:
    """Of mails that promise somebody without an account a link: it has to lead to a step of theirs."""
    steps = {key: placed.step for key, placed in outline.steps.items()}
    guests = {role.key for role in outline.document.roles if role.guest}
    for key, placed in outline.steps.items():
        for path, mail in mails_of(placed.step, placed.path):
            if mail.promises_link and next_of(guests, key, steps, outline.behind) is None:
                message = f"the mail of {key!r} promises a link, and it leads to no step of somebody without an account"
                yield Finding((*path, "guest_link"), "dead_link", message, _LEADS)


def _recipients(outline: Outline, path: Path, lines: tuple[str, ...]) -> Findings:
    if not lines:
        yield Finding(path, "not_an_address", "the mail has nobody to go to", _INSTEAD)
    for place, line in enumerate(lines):
        whole = PLACEHOLDER.fullmatch(line.strip())
        found = _named(outline, whole[1]) if whole else _written(line)
        if found is not None:
            yield Finding((*path, place), "not_an_address", found, _INSTEAD)


def _named(outline: Outline, name: str) -> str | None:
    """What is wrong with a line that is one placeholder; that it is unknown is said elsewhere."""
    field: FormField | None = outline.fields.get(full_path(name))
    if field is not None and field.kind not in _HOLDS:
        return f"{name!r} is of kind {field.kind}, which holds no address"
    if name in FACTS:
        return f"{name!r} is no address"
    return None


def _written(line: str) -> str | None:
    """What is wrong with the parts of a line that are written out; a line of commas names nobody."""
    parts = parts_of(line)
    if not parts:
        return "the line names nobody"
    for part in parts:
        if PLACEHOLDER.search(part) or is_somebody(part):
            continue
        try:
            mail_address(part)
        except NoAddress as why:
            return f"{part!r} is no mail address: {why}"
    return None
