"""Pages and answers ask the database as often for many rows as for a few."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import psycopg
import pytest

from tests.support.programs import ROOT
from tests.web.conftest import DANA, PROCESS, App

FEW, MANY = 2, 7
OF_THE_POOL = "milepost api"
"""What the connections call themselves that pages and answers read by."""


@contextmanager
def counting(patch: pytest.MonkeyPatch) -> Iterator[Counter[str]]:
    """How often each statement is asked on the connections of answers."""
    asked: Counter[str] = Counter()
    execute = psycopg.Cursor.execute

    def counted(cursor: psycopg.Cursor[Any], query: Any, *more: Any, **options: Any) -> psycopg.Cursor[Any]:
        if cursor.connection.info.parameter_status("application_name") == OF_THE_POOL:
            asked[query.decode() if isinstance(query, bytes) else str(query)] += 1
        return execute(cursor, query, *more, **options)

    with patch.context() as patched:
        patched.setattr(psycopg.Cursor, "execute", counted)
        yield asked


def grow(app: App, project: str, lasting: tuple[str, str], names: range) -> None:
    """More of everything that lists show."""
    for name in names:
        key = f"p{name}"
        app.post(f"/v1/runs/{lasting[0]}/comment", text=f"More {name}")
        app.post(f"/v1/tasks/{lasting[1]}/checklist", text=f"More {name}")
        app.publish({**PROCESS, "key": key, "title": f"Process {name}"})
        app.add(key)
        app.post("/v1/groups", group=f"g{name}", title=f"Group {name}")
        app.post(f"/v1/groups/g{name}/add-member", member=f"person:{key}")
        app.project(f"Project {name}")
        run = str(
            app.post("/v1/runs", process=key, name=f"Run {name}", roles={"seller": DANA}, project=project)[
                "id"
            ]
        )
        app.post(f"/v1/runs/{run}/comment", text=f"Comment {name} to @dana")
        app.post(f"/v1/runs/{run}/steps/handoff/request-help", reason=f"Reason {name}")
        again = app.run(project, f"Again {name}")
        app.post(f"/v1/runs/{again}/steps/handoff/due", due_at="2026-01-05T10:00:00Z")
        over = app.run(project, f"Over {name}")
        app.post(f"/v1/runs/{over}/steps/handoff/complete", values={"goals": f"Goal {name}"})
        app.post(f"/v1/runs/{over}/cancel", reason="Called off")
        held = app.run(project, f"Held {name}")
        app.post(f"/v1/runs/{held}/pause", reason="Not now")
        task = app.task(project, f"Task {name}", assignee=f"person:{key}")
        app.post(f"/v1/tasks/{task}/checklist", text="First")
        app.post(f"/v1/tasks/{task}/block", reason=f"Because {name}")
        app.post(f"/v1/people/{key}/deactivate", reason="Left")
        app.post(
            "/v1/recurrences", name=f"Close {name}", cron="0 8 1 * *", time_zone="UTC", makes="run", process=key,
            template={"name": "Close {month}"},
        )  # fmt: skip


ANSWERS_OF_ONE = {
    "/v1/events": "a stream", "/v1/changes": "a stream", "/health/live": "asks nothing",
    "/health/ready": "lists nothing",
    "/v1/me": "lists nothing", "/v1/recurrences/preview": "asks nothing", "/v1/recurrences/{id}": "one",
    "/v1/processes/{key}/versions/{version}": "one", "/v1/processes/{key}/diff": "of two versions",
    "/v1/processes/{key}/migrations/{id}": "counts", "/v1/runs/{id}/steps/{step}/content": "one step",
    "/v1/runs/{id}/files/{sha256}": "a file", "/v1/guest/{link}/files/{sha256}": "a file",
    "/v1/guest/{link}": "one step", "/v1/outbox/{run}/{step}/{round}/{action}": "a mail",
    "/v1/projects/{id}/board/{card}/why": "one card", "/v1/runs/{id}/forecast": "one run",
    "/v1/runs/{id}/levers": "one run", "/v1/mail-decisions/{link}": "one step",
    "/v1/mail-decisions/{link}/files/{sha256}": "a file", "/v1/second-factor": "one",
    "/v1/rights": "of the log, which is in memory", "/v1/people/{key}/rights": "of the log, which is in memory",
}  # fmt: skip
"""Answers that do not grow with what there is, and why."""


def addresses(project: str, run: str, task: str) -> list[str]:
    """The lists among the pages and the answers."""
    board = f"/projects/{project}"
    pages = [
        "/", board, f"{board}?lanes=person", f"{board}/list", f"{board}/timeline?ended=true", f"{board}/attention",
        f"/runs/{run}", f"/tasks/{task}", "/processes/onboarding", "/outbox", "/workload", "/people/dana",
        "/search?q=run",
    ]  # fmt: skip
    answers = [
        "home", "inbox", "projects", "processes", "attention", "runs", "people", "groups", "recurrences", "workload",
        "incidents", "outbox", "search?q=run", "calendar", f"projects/{project}/board", f"projects/{project}/since",
        f"projects/{project}/attention", f"projects/{project}/list", f"projects/{project}/timeline?ended=true",
        f"projects/{project}/funnel", f"runs/{run}", f"runs/{run}/history", "views", "actions", "processes/onboarding",
        "processes/onboarding/funnel", "processes/onboarding/migrations", "people/dana", "groups/g0", "tokens",
        "access", f"tasks/{task}", f"tasks/{task}/history", "calendar-links", "security-events",
        f"runs/{run}/guests",
        "processes/onboarding/stats", "processes/onboarding/insights", "processes/onboarding/forecast",
    ]  # fmt: skip
    return [*pages, *(f"/v1/{answer}" for answer in answers)]


def asked(client: httpx.Client, paths: list[str], patch: pytest.MonkeyPatch) -> dict[str, Counter[str]]:
    """What each address asks of the database when it is asked for the second time."""
    found: dict[str, Counter[str]] = {}
    for path in paths:
        accepts = {"Accept": "application/json" if path.startswith("/v1/") else "text/html"}
        first = client.get(path, headers=accepts)
        assert first.status_code == 200, (path, first.text)
        with counting(patch) as statements:
            client.get(path, headers=accepts)
        found[path] = statements
    return found


def test_many_rows_take_no_more_statements_than_a_few(workspace: App, monkeypatch: pytest.MonkeyPatch):
    """Of every page and answer that lists something: what grows with its rows would be slow for whoever has many."""
    project = workspace.project()
    lasting = workspace.run(project), workspace.task(project, "Lasting")
    grow(workspace, project, lasting, range(FEW))
    paths = addresses(project, *lasting)
    few = asked(workspace.client, paths, monkeypatch)
    grow(workspace, project, lasting, range(FEW, MANY))
    many = asked(workspace.client, paths, monkeypatch)
    assert [path for path in paths if not few[path]] == [], "each of them asks something"
    grown = {
        path: more
        for path in paths
        if (more := {one: count for one, count in (many[path] - few[path]).items() if count >= MANY - FEW})
    }
    assert grown == {}


def test_no_answer_is_left_out():
    """Every answer of the interface is asked for above, or does not grow."""
    document = json.loads((ROOT / "docs" / "reference" / "openapi.json").read_text("utf-8"))
    known = {path for path, verbs in document["paths"].items() if "get" in verbs}
    asked_for = {
        path.partition("?")[0] for path in addresses("{id}", "{id}", "{id}") if path.startswith("/v1/")
    }
    keys = {"onboarding": "{key}", "dana": "{key}", "g0": "{key}"}
    templates = {"/".join(keys.get(part, part) for part in path.split("/")) for path in asked_for}
    assert known - templates == set(ANSWERS_OF_ONE)
    assert templates - known == set()
