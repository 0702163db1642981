"""What a call sends: address, headers and body from the process, the run and what a person changed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from domain.document_call import Http, Success
from domain.origin import origin
from domain.outline import PLACEHOLDER
from domain.run.editing import is_same_receiver
from domain.run_text import for_programs
from domain.templates import LONGEST_VALUE, SECRET, TooLong, one_line, plain, quoted, render, render_value
from workers.automations.contract import Due
from workers.automations.sealed import CallSecrets, NotSealed

_LONGEST_HEADER = 8_000
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


class BadDocument(Exception):
    """The process asks for a call that cannot be made; the text says why."""


@dataclass(frozen=True, slots=True)
class Request:
    """One call, ready to be sent: ``body`` is what goes over the wire (empty: none)."""

    method: str
    url: str
    headers: dict[str, str]
    body: str
    timeout_seconds: float = 30.0
    success: Success = field(default_factory=Success)
    outputs: Mapping[str, str] = field(default_factory=dict)
    edited: tuple[str, ...] = ()
    """What of it somebody wrote at an incident: ``url``, ``headers``, ``body``."""


def request_of(due: Due, base_url: str, secrets: CallSecrets) -> Request:
    """The call that this action is, with the secrets that its headers name. Raises BadDocument.

    Whatever an edit says, the receiver is the one that the process names; it is told that the call was edited.
    """
    if due.action.action.startswith("webhook:"):
        return _webhook(due)
    step = due.definition.steps.get(due.action.step) if due.action.step is not None else None
    if step is None or step.http is None:
        raise BadDocument("the process does not say what to call")
    return _call(due, step.http, base_url, secrets)


def _call(due: Due, http: Http, base_url: str, secrets: CallSecrets) -> Request:
    changes = due.action.changes
    values = _known(due, for_programs(due.run, due.run_id, base_url))
    names = [text for header in http.headers.values() for text in _outside(header)]
    _check_names((http.url, *names, *_texts(http.body)), values)
    own = _url(http.url, values)
    url = _stayed(changes.get("url"), http.url) or own
    headers = changes.get("headers") or http.headers
    body = changes["body"] if "body" in changes else _body(http.body, values)
    return Request(
        http.method,
        url,
        _headers(headers, {} if "headers" in changes else values, secrets, url),
        _text(body) if body or http.method in _WITH_BODY else "",
        http.timeout_seconds,
        http.success,
        http.outputs,
        tuple(sorted(changes)),
    )


def _stayed(edited: str | None, template: str) -> str | None:
    """The address of an edit; no edit, however old, sends anything elsewhere than to the receiver of the process."""
    if edited is not None and not is_same_receiver(edited, template):
        raise BadDocument(
            "an edit leads to another receiver than the process names; edit it again, or do it by hand"
        )
    return edited


def _body(template: Mapping[str, Any], values: Mapping[str, Any]) -> Any:
    try:
        return render_value(template, values)
    except TooLong:
        raise BadDocument(f"the call would send more than {LONGEST_VALUE} characters") from None


def _headers(
    headers: Mapping[str, str], values: Mapping[str, Any], secrets: CallSecrets, url: str
) -> dict[str, str]:
    """The headers in one pass, so that nothing typed into a field is read as the name of a secret."""
    known = origin(url)

    def told(found: re.Match[str]) -> str:
        secret = SECRET.fullmatch(found[1])
        if secret is not None:
            return secrets.for_host(secret[1], known[1] if known else "")
        return one_line(plain(values[found[1]])) if found[1] in values else found[0]

    try:
        found = {name: PLACEHOLDER.sub(told, text).strip() for name, text in headers.items()}
    except NotSealed as problem:
        raise BadDocument(str(problem)) from problem
    if any(len(text) > _LONGEST_HEADER for text in found.values()):
        raise BadDocument(f"a header of the call would have more than {_LONGEST_HEADER} characters")
    return found


def _outside(header: str) -> Iterator[str]:
    """The placeholders of a header that are values of the run, not secrets."""
    yield from (f"{{{name}}}" for name in PLACEHOLDER.findall(header) if not SECRET.fullmatch(name))


def _webhook(due: Due) -> Request:
    """Standard Webhooks' shape: type, timestamp, data. Keys and words only, no value of a person."""
    number = int(due.action.action.partition(":")[2])
    webhooks = due.definition.document.webhooks
    if number >= len(webhooks):
        raise BadDocument(f"the process has no webhook {number}")
    webhook, changes, queued = webhooks[number], due.action.changes, due.action.queued_at
    run = {"run": str(due.run_id), "process": due.run.process, "process_version": due.run.process_version}
    told = {
        "type": webhook.on,
        "timestamp": queued.isoformat() if queued else None,
        "data": {**run, **due.action.facts},
    }
    url = _stayed(changes.get("url"), webhook.url) or webhook.url
    return Request("POST", url, {}, _text(told), edited=tuple(sorted(changes)))


def _known(due: Due, values: dict[str, Any]) -> dict[str, Any]:
    """The values, with every name that the process knows: one without a value is None, one that is missing an error."""
    document = due.definition.document
    names = {f"role.{role.key}": None for role in document.roles}
    names |= {f"inputs.{field.key}": None for field in document.inputs}
    names |= {field.key: None for field in document.inputs}
    names |= {f"{step.key}.{field.key}": None for step in document.steps for field in step.fields}
    step = due.definition.steps.get(due.action.step) if due.action.step is not None else None
    now = due.run.step(due.action.step).due_at if due.action.step is not None else None
    own = {"step.title": step.title if step else None, "due": now.isoformat() if now else None}
    return {**names, **own, **values}


def _check_names(texts: tuple[str, ...], values: Mapping[str, Any]) -> None:
    unknown = sorted({name for text in texts for name in PLACEHOLDER.findall(text) if name not in values})
    if unknown:
        raise BadDocument(f"nothing is called {', '.join(unknown)} here")


def _url(template: str, values: Mapping[str, Any]) -> str:
    """The address with its parts percent-encoded; what would change the path itself is refused."""
    for name in PLACEHOLDER.findall(template):
        if plain(values[name]) in (".", ".."):
            raise BadDocument(f"{name} is {plain(values[name])!r}, which is no part of an address")
    return render(template, quoted(values, lambda text: quote(text, safe="")))


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for part in value.values():
                yield from _texts(part)
        case list() | tuple():
            for part in value:
                yield from _texts(part)
        case _:
            return


def _text(body: Any) -> str:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))
