"""The rules of lint about what the machine does: calls, waits and child runs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from domain.checks import may_set_header
from domain.document import Step
from domain.document_call import Http
from domain.outline import PLACEHOLDER, Finding, Findings, Outline, Path, Placed, near, some

ADDRESS = re.compile(r"https?://[^/?#\s{}@\\]+([/?#]\S*)?")


def calls(outline: Outline, placed: Placed) -> Findings:
    """A call goes to an address whose host is written out, with headers that are headers."""
    step, path, _ = placed
    if step.http is None:
        return
    yield from _address((*path, "http", "url"), step.http.url)
    yield from _headers((*path, "http", "headers"), step.http)
    if step.http.body and step.http.method == "GET":
        message = "a GET has no body; put what it asks for into the address"
        yield Finding((*path, "http", "body"), "body_of_get", message, ("POST", "PUT", "PATCH", "DELETE"))
    if any("{guest_link}" in text for text in (step.http.url, *step.http.headers.values())):
        message = "a guest's link is for that guest's mail only"
        yield Finding((*path, "http"), "unknown_placeholder", message)
    yield from _filled(outline, placed, step.http.outputs)


def webhooks(outline: Outline) -> Findings:
    """A webhook goes to an address that is written out whole."""
    for place, webhook in enumerate(outline.document.webhooks):
        at: Path = ("webhooks", place, "url")
        yield from _address(at, webhook.url)
        for name in PLACEHOLDER.findall(webhook.url):
            yield Finding(at, "unknown_placeholder", f"a webhook's address has no fields such as {name!r}")


def waits(outline: Outline, placed: Placed) -> Findings:
    """The key of an event is made of fields that are there, and only where an event is waited for."""
    step, path, _ = placed
    if step.wait is None or step.wait.key is None:
        return
    at = (*path, "wait", "key")
    if step.wait.event is None:
        yield Finding(at, "misplaced_details", "only a wait for an event has a key", ("event",))
    for name in PLACEHOLDER.findall(step.wait.key):
        if name not in outline.fields and name != "run.id":
            yield Finding(
                at,
                "unknown_placeholder",
                f"nothing is called {name!r} here",
                (*near(outline, name), "run.id"),
            )


def child_runs(outline: Outline, placed: Placed) -> Findings:
    """A child run is of another process; its roles are filled by roles that are there; its outputs have a source."""
    step, path, _ = placed
    if step.run is None:
        return
    if step.run.process == outline.document.key:
        message = "a process that runs itself never ends"
        yield Finding((*path, "run", "process"), "runs_itself", message, ("the key of another process",))
    for key, role in step.run.roles.items():
        if role not in outline.roles:
            at = (*path, "run", "roles", key)
            yield Finding(at, "unknown_role", f"no role is called {role!r}", some(sorted(outline.roles)))
    if step.run.incident_to is not None and step.run.incident_to not in outline.roles:
        message = f"no role is called {step.run.incident_to!r}"
        yield Finding((*path, "run", "incident_to"), "unknown_role", message, some(sorted(outline.roles)))
    for output, name in step.run.outputs.items():
        if name != "outcome" and not re.fullmatch(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*", name):
            at = (*path, "run", "outputs", output)
            message = f"{name!r} is no field of a run"
            yield Finding(at, "bad_path", message, ("inputs.<key>", "<step>.<field>", "outcome"))
    yield from _filled(outline, placed, step.run.outputs)


def no_repeats(_outline: Outline, placed: Placed) -> Findings:
    """Only people repeat a step until it is right: the machine would do it again and again without a pause."""
    step, path, _ = placed
    if step.repeat_until is not None and step.kind in ("email", "http", "run"):
        message = f"a step of kind {step.kind} is not repeated; it would be, without a pause"
        yield Finding((*path, "repeat_until"), "misplaced_details", message, ("task", "form", "file", "sign"))


def _address(path: Path, url: str) -> Findings:
    if not ADDRESS.fullmatch(PLACEHOLDER.sub("x", url)) or not _host_is_written_out(url):
        message = "the address of a call begins with https:// and a host that is written out"
        yield Finding(path, "bad_address", message, ("https://host/path", "http://host/path"))


def _host_is_written_out(url: str) -> bool:
    """Whether the first placeholder, if there is one, stands behind the host."""
    first = PLACEHOLDER.search(url)
    return first is None or re.match(r"https?://[^/?#]+[/?#]", url[: first.start()]) is not None


def _headers(path: Path, http: Http) -> Findings:
    for name, value in http.headers.items():
        if not may_set_header(name):
            message = f"{name!r} is no header that a process sets"
            yield Finding((*path, name), "bad_header", message, ("a name of letters, digits and -",))
        if not value.isprintable():
            yield Finding((*path, name), "bad_header", "a header is one line", ("a text of one line",))


def _filled(_outline: Outline, placed: Placed, outputs: dict[str, str]) -> Findings:
    step, path, _ = placed
    for place, key in _unfilled(step, outputs):
        message = f"nothing fills {key!r}, so the machine could never complete {step.key!r}"
        at = (*path, "fields", place, "required")
        yield Finding(at, "required_without_output", message, (f"outputs: {{{key}: …}}", "required: false"))


def _unfilled(step: Step, outputs: dict[str, str]) -> Iterator[tuple[int, str]]:
    for place, field in enumerate(step.fields):
        if field.required and field.key not in outputs and field.kind != "computed":
            yield place, field.key
