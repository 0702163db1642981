"""Promises about what never leaves a step: a canary in every text and value of every event, and nobody finds one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, get_args
from uuid import UUID, uuid4

import pytest

from domain.events import EVENT_TYPES, Event
from domain.run import RUN
from domain.words import Actor, Values
from tests.api.conftest import Api, project
from tests.api.test_boards import COLUMNS, DOCUMENT
from tests.support.clients import get
from workers.cloudevents import message

CANARY = "canary-2718"
BO = Actor("person:bo")
SAID_TO_ALL = frozenset({"run_started", "run_paused", "run_cancelled", "stage_overridden", "run_reopened"})
"""Their reasons are about the whole run and are shown on its card; what a run starts with is planted below."""
KNOWN: dict[str, Any] = {
    "step": "contract", "steps": (), "round": 1, "at": datetime(2026, 3, 2, tzinfo=UTC), "by": BO, "action": "email",
    "cause": "rule", "due_at": datetime(2026, 3, 3, tzinfo=UTC), "alarm": "reminder:1", "reopened": "contract",
    "alarm_at": datetime(2026, 3, 3, tzinfo=UTC), "source": "rule", "attempt": 1, "kind": "email", "result": "sent",
    "incident": UUID(int=4), "problem": "failed", "how": "retried", "event": "paid", "child": UUID(int=5),
    "process": "onboarding", "state": "completed", "outcome": "declined", "comment": UUID(int=6),
    "attachment": UUID(int=7), "size_bytes": 3, "sha256": "0" * 64, "media_type": "text/plain", "role": "seller",
    "assignee": BO, "from_version": 1, "to_version": 1, "plan": {}, "choices": {}, "target_at": None,
    "priority": "high", "project": None, "rank": "a0", "resolved": None,
}  # fmt: skip


def planted() -> Iterator[tuple[type[Event], dict[str, Any]]]:
    """Each kind of event of a run that holds a text or a value, with the canary in all of them."""
    for kind in EVENT_TYPES.values():
        if kind.aggregate != "run" or kind.type in SAID_TO_ALL:
            continue
        told: dict[str, Any] = {}
        found = False
        for name, field in kind.model_fields.items():
            text = name not in kind.public and (
                name not in KNOWN or (name == "comment" and _is_text(field.annotation))
            )
            if text and _is_text(field.annotation):
                told[name], found = f"{CANARY} {kind.type} {name}", True
            elif text and field.annotation in (Values, dict[str, Any]):
                told[name], found = {"goals": f"{CANARY} {kind.type} {name}"}, True
            elif field.is_required() or name in ("at", "by", "step", "round"):
                told[name] = KNOWN[name]
        if found:
            yield kind, told


def _is_text(annotation: Any) -> bool:
    return annotation is str or set(get_args(annotation)) == {str, type(None)}


SOWN = list(planted())


def test_most_events_of_steps_hold_something_to_hide():
    """The canaries are sown wide: were the search above to miss them, this would say so."""
    types = {kind.type for kind, _ in SOWN}
    assert types >= {
        "step_completed", "step_values_saved", "step_skipped", "step_reopened", "step_failed", "step_assigned",
        "approval_given", "approval_refused", "help_requested", "help_cleared", "action_queued", "action_failed",
        "incident_opened", "incident_resolved", "external_event_received", "run_commented", "attachment_added",
        "run_inputs_changed", "run_migrated", "run_ended_early",
    }  # fmt: skip


@pytest.fixture
def sown(api: Api) -> tuple[str, list[str]]:
    """A project, and a run of it for every kind of event, each with its canaries."""
    api.publish(DOCUMENT)
    body = {"name": "Customers", "owner": "person:dana", "stages": COLUMNS}
    place = api.client.post("/v1/projects", json=body).json()["id"]
    runs = []
    for kind, told in SOWN:
        run = api.start(project=place, name=f"Run of {kind.type}", inputs={"note": f"{CANARY} input"})
        api.services.app.execute(RUN, UUID(run), lambda _run, event=kind(**told): [event])  # type: ignore[misc]  # bound at once
        runs.append(run)
    member = {"member": "person:viv", "access": "viewer"}
    assert api.client.post(f"/v1/projects/{place}/members", json=member).status_code == 200
    project(api.database, api.services.log)
    return place, runs


def test_no_project_answer_feed_or_export_tells_a_canary(api: Api, sown: tuple[str, list[str]]):
    """Whoever may only see the project finds none, however they ask; whoever works with the runs does."""
    place, runs = sown
    head = api.head
    views = (
        "board", "board?lanes=person", "board?lanes=priority", f"board?as_of_position={head - 1}", "attention", "since",
        f"attention?as_of_position={head - 1}", "funnel", "list", "list?ended=true", "list?format=csv", "timeline",
    )  # fmt: skip
    routes = [f"/v1/projects/{place}/{view}" for view in views]
    routes += [
        "/v1/attention", "/v1/projects", "/v1/runs", "/v1/home", "/v1/workload", f"/v1/calendar?project={place}",
        f"/v1/search?q={CANARY.split('-')[1]}", "/v1/processes/onboarding/insights",
        "/v1/processes/onboarding/forecast", "/v1/incidents", "/v1/actions", "/v1/outbox",
        "/v1/events?after=0&limit=1000",
    ]  # fmt: skip
    for run in runs:
        routes += [f"/v1/projects/{place}/board/{run}/why"]
        routes += [f"/v1/runs/{run}{view}" for view in ("", "/history", "/forecast", "/levers")]
    with api.as_("person:viv", "read") as viv:
        for route in routes:
            told = viv.get(route)
            assert told.status_code in {200, 403}, (route, told.text)
            assert CANARY not in told.text, (route, told.text[max(0, told.text.index(CANARY) - 200) :][:400])
        feed = viv.post("/v1/calendar-links", json={"project": place}).json()["url"]
    assert CANARY not in get(feed).text
    with api.as_("person:dana", "read") as owner:
        assert any(CANARY in owner.get(f"/v1/runs/{run}/history").text for run in runs)


def test_no_message_of_the_broker_tells_a_canary(api: Api, sown: tuple[str, list[str]]):
    """Every stored event as it travels to other services."""
    stored = [row for rows in api.services.log.scan(0, api.head) for row in rows]
    assert sum(CANARY in row.data for row in stored) >= len(SOWN)
    for row in stored:
        sent = message(uuid4(), row)
        assert CANARY not in sent.subject + sent.payload.decode(), row.type
