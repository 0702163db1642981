"""Writes a draft as a YAML file to go on with; what became of the model stands in comments at the top."""

from __future__ import annotations

import io
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import LiteralScalarString

from domain.document import stored_form
from interchange.bad_log import BadLog
from interchange.bpmn.draft import Draft
from interchange.bpmn.model import Remark
from interchange.documents.reading import parse_document


def document_text(draft: Draft, source: str) -> str:
    """The draft as YAML, read back and found without problems; ``source`` names the model."""
    comments = [f"Drafted from {source}, pool {draft.pool}. What is not as it was in the model:"]
    comments += [f"- {spoken(remark)}" for remark in draft.remarks]
    head = "".join(f"# {_clean(line)}\n" for line in comments)
    written = io.StringIO()
    yaml = YAML()
    yaml.width = 110
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.dump(_literal(stored_form(draft.document)), written)
    text = head + written.getvalue()
    document, problems = parse_document(text.encode())
    if problems or document != draft.document:
        raise BadLog(
            f"the draft of {draft.pool!r} cannot be written: {next(iter(problems), 'a text is lost')}"
        )
    return text


def spoken(remark: Remark) -> str:
    """A remark in one line."""
    name = f" “{remark.name}”" if remark.name else ""
    return f"{remark.became}: {remark.kind}{name} ({remark.id or 'no id'}): {remark.why}"


def _clean(line: str) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in line)


def _literal(value: Any) -> Any:
    """Texts of several lines as blocks, so that they can be read."""
    match value:
        case dict():
            return {key: _literal(part) for key, part in value.items()}
        case list() | tuple():
            return [_literal(part) for part in value]
        case str() if "\n" in value:
            return LiteralScalarString(value)
        case _:
            return value
