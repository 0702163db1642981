"""Every form of every page, sent as it was rendered, says what the interface takes: names come from one place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest

from domain.definition import Definition
from domain.document import Document
from domain.run import RUN
from domain.run.actions import fail_action, start_action
from domain.words import Actor
from tests.web.conftest import DANA, App
from tests.web.plain import Form, Page, browser_of, signed_in

ENDING = (
    "/complete", "/complete-by-hand", "/done-by-hand", "/skip", "/approve", "/refuse", "/decline", "/retry", "/let-go",
    "/cancel", "/reopen", "/move",
)  # fmt: skip
"""Verbs after which a page asks for other things."""
VERBS = {
    "assign", "approve", "attach", "cancel", "comment", "complete", "complete-by-hand", "decline",
    "pause", "priority", "refuse", "reopen", "request-help", "clear-help", "resume", "retry", "save", "skip", "start",
    "runs", "tasks", "views", "checklist", "labels", "block", "edit", "due", "move",
}  # fmt: skip
MACHINE = Actor("system:milepost")
FIELDS: list[dict[str, Any]] = [
    {"key": kind, "title": kind, "kind": kind, "required": kind != "files"}
    for kind in ("text", "long_text", "number", "money", "date", "datetime", "yes_no", "person", "email", "phone",
                 "url", "files", "signature", "checklist", "multi_choice", "choice", "table")
]  # fmt: skip
for _one in FIELDS:
    if _one["kind"] in ("checklist", "multi_choice", "choice"):
        _one["choices"] = ["a", "b"]
    if _one["kind"] == "table":
        _one["columns"] = [
            {"key": "n", "title": "N", "kind": "number"},
            {"key": "w", "title": "W", "kind": "person"},
        ]
DOCUMENT: dict[str, Any] = {
    "key": "everything",
    "title": "Everything",
    "inputs": [{"key": "boss", "title": "Boss", "kind": "person"}],
    "roles": [{"key": "seller", "title": "Seller"}],
    "stages": [{"key": "sold", "title": "Sold", "steps": [
        {"key": "plain", "title": "Plain", "role": "seller"},
        {"key": "form", "title": "Form", "kind": "form", "fields": FIELDS, "after": []},
        {"key": "review", "title": "Review", "kind": "approval", "after": ["form"], "fields": FIELDS[:2],
         "approval": {"on_refusal": {"requires": ["inputs.boss"]}}},
        {"key": "sign", "title": "Sign", "kind": "sign", "after": [],
         "fields": [{"key": "signature", "title": "Signature", "kind": "signature", "required": True}]},
        {"key": "call", "title": "Call", "kind": "http", "after": [], "fields": FIELDS[:1],
         "http": {"url": "https://x.example", "outputs": {"text": "text"}}},
    ]}],
}  # fmt: skip


@pytest.fixture
def bo(workspace: App) -> Iterator[httpx.Client]:
    """A browser of somebody who may do everything, and did none of the work so far."""
    workspace.publish(DOCUMENT)
    with browser_of(workspace.url) as browser:
        signed_in(browser, workspace.link("person:bo"))
        yield browser


def begun(app: App, project: str, *done: str) -> str:
    """A run of everything, with these steps done by hand of the interface."""
    roles = {"seller": DANA}
    run = str(app.post("/v1/runs", process="everything", name="Acme", roles=roles, project=project)["id"])
    for step in done:
        values = {"form": VALUES}.get(step, {})
        app.post(f"/v1/runs/{run}/steps/{step}/complete", values=values)
    return run


VALUES: dict[str, Any] = {
    "text": "a", "long_text": "a", "number": 1, "money": 1, "date": "2026-03-02", "datetime": "2026-03-02T09:00:00Z",
    "yes_no": True, "person": "person:bo", "email": "a@b.example", "phone": "+49 30 123456", "url": "https://a.example",
    "signature": "Bo", "checklist": ["a", "b"], "multi_choice": ["a"], "choice": "a",
    "table": [{"n": 1, "w": "person:bo"}],
}  # fmt: skip


@dataclass
class Sender:
    """Sends every form once, whatever page it stands on; keeps the page that came of each."""

    browser: httpx.Client
    told: dict[str, Page] = field(default_factory=dict)

    def all_of(self, path: str) -> bool:
        """Send what was not sent before, gentle verbs first, asking for the page again each time; whether any was."""
        before = len(self.told)
        while (found := self._next(Page.at(self.browser, path))) is not None:
            name, form, button = found
            self.told[name] = form.send(button, {"said": "Because", "reason": "Because"})
        return len(self.told) > before

    def _next(self, page: Page) -> tuple[str, Form, Any] | None:
        new = [
            (name, form, button)
            for form in page.forms
            for button in form.buttons
            if (name := _named(form, button)) not in self.told and name != "/sign-out"
        ]
        return min(new, key=lambda one: one[0].partition(" ")[0].endswith(ENDING), default=None)


def _named(form: Form, button: Any) -> str:
    address = str(button.get("formaction") or form.address)
    return f"{re.sub('[0-9a-f-]{36}', 'ID', address)} {button.get('value', '')}".strip()


def with_incident(app: App, run: str) -> None:
    """The call of the run comes to nothing."""
    services, now = app.services, datetime.now(UTC)
    state = services.app.load(RUN, UUID(run))
    assert state is not None
    (action,) = state.actions.values()
    name = (action.step, action.round, action.action)
    definition = Definition("everything", 1, Document.model_validate(DOCUMENT))

    def fail(known: Any) -> Any:
        events = start_action(known, *name, key="k", by=MACHINE, at=now)
        tried = RUN.fold(events, known)
        assert tried is not None
        return [*events, *fail_action(tried, definition, *name, "no", permanent=True, by=MACHINE, at=now)]

    services.app.execute(RUN, UUID(run), fail, meta={"process": "everything", "process_version": 1})
    app.post(f"/v1/runs/{run}/priority", priority="high")


def test_every_form_says_what_the_interface_takes(workspace: App, bo: httpx.Client):
    """No form is refused for what it says or fails to say, whatever page it stands on and whatever it asks for."""
    project = workspace.project()
    board, sender = f"/projects/{project}", Sender(bo)
    while sender.all_of(f"/tasks/{workspace.task(project, 'Order gifts')}"):
        pass
    other = workspace.task(project, "Order flowers")
    sender.all_of(f"{board}/cards/{other}")
    for path in (board, f"{board}/list", f"{board}/attention", "/", "/processes/everything"):
        sender.all_of(path)
    for step, done in (("plain", ()), ("form", ()), ("sign", ()), ("call", ()), ("review", ("form",))):
        while sender.all_of(f"/runs/{begun(workspace, project, *done)}?step={step}"):
            pass
    for _ in range(3):
        failed = begun(workspace, project)
        with_incident(workspace, failed)
        sender.all_of(f"/runs/{failed}?step=call")
    refused = {name: (page.status, page.problems) for name, page in sender.told.items() if page.status != 200}
    assert not refused, "\n".join(f"{name}: {told}" for name, told in refused.items())
    verbs = {part for name in sender.told for part in name.partition(" ")[0].split("/")}
    assert verbs >= VERBS, VERBS - verbs
