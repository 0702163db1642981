"""Pages show the buttons for what their reader may do, and say why where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import psycopg
import pytest

from api.access.grants import Scope, first_login_link
from domain.words import Actor
from tests.web.conftest import App
from tests.web.plain import Page, browser_of, signed_in

READ: tuple[Scope, ...] = ("read",)
APPROVED: dict[str, Any] = {
    "key": "approved",
    "title": "Approved",
    "roles": [{"key": "seller", "title": "Seller"}],
    "stages": [{"key": "all", "title": "All", "steps": [
        {"key": "offer", "title": "Write the offer", "role": "seller"},
        {"key": "review", "title": "Review the offer", "kind": "approval", "after": ["offer"]},
    ]}],
}  # fmt: skip


@pytest.fixture
def reader(workspace: App) -> Iterator[httpx.Client]:
    """Somebody who may look and nothing else."""
    with ExitStack() as stack:
        browser = stack.enter_context(browser_of(workspace.url))
        with psycopg.connect(workspace.database.app_url, autocommit=True) as connection:
            link = first_login_link(connection, workspace.url, Actor("person:bo"), READ)
        signed_in(browser, link)
        yield browser


def test_who_may_only_look_sees_no_button_that_would_be_refused(workspace: App, reader: httpx.Client):
    """On no page; what is left lets them search, keep a view of their own and sign out."""
    project = workspace.project()
    run, task = workspace.run(project), workspace.task(project, "Order gifts")
    workspace.post(f"/v1/runs/{run}/steps/handoff/request-help", reason="The contract is missing")
    board = f"/projects/{project}"
    for path in (
        "/", board, f"{board}/list", f"{board}/timeline", f"{board}/attention", f"/runs/{run}", f"/tasks/{task}",
        f"/runs/{run}?step=kickoff", "/processes/onboarding", "/processes/onboarding/changes", "/outbox", "/workload",
        "/people/dana", "/search?q=acme",
    ):  # fmt: skip
        page = Page.at(reader, path)
        assert page.status == 200, path
        assert {form.address for form in page.forms} <= {"/sign-out", "/views"}, path
    assert "Who works on runs can do it" in (Page.at(reader, f"/runs/{run}").text("barred") or "")


def test_a_refusal_for_lack_of_a_right_is_in_words(workspace: App, reader: httpx.Client):
    """Whoever sends a form all the same reads what it takes, and nothing of scopes and addresses."""
    run = workspace.run(workspace.project())
    csrf = next(form for form in Page.at(reader, f"/runs/{run}").forms).element.xpath(
        "//input[@name='csrf']/@value"
    )[0]
    told = reader.post(
        f"/runs/{run}/pause", data={"reason": "x", "csrf": csrf}, headers={"Origin": workspace.url}
    )
    (problem,) = Page.of(reader, told).problems
    assert "You may not do that: it takes the right to work on runs and tasks." in problem
    assert "POST" not in told.text
    assert "/v1/tokens" not in told.text


def test_who_may_not_judge_their_own_work_reads_why(workspace: App):
    """In the place of the buttons; somebody else finds them there."""
    workspace.publish(APPROVED)
    run = workspace.post("/v1/runs", process="approved", name="Acme", roles={"seller": "person:dana"})["id"]
    workspace.post(f"/v1/runs/{run}/steps/offer/complete")
    with browser_of(workspace.url) as dana, browser_of(workspace.url) as bo:
        signed_in(dana, workspace.link())
        signed_in(bo, workspace.link("person:bo"))
        path = f"/runs/{run}?step=review"
        assert "is the work of Dana" in (Page.at(dana, path).text("barred") or "")
        assert "Approve" not in Page.at(dana, path).labels()
        assert Page.at(bo, path).text("barred") is None
        assert {"Approve", "Refuse"} <= set(Page.at(bo, path).labels())


def test_what_was_typed_stays_without_script_when_the_step_is_closed(workspace: App):
    """The page says why it was refused, and keeps what was typed to be copied."""
    run = workspace.run(workspace.project())
    with browser_of(workspace.url) as bo:
        signed_in(bo, workspace.link("person:bo"))
        page = Page.at(bo, f"/runs/{run}?step=handoff")
        workspace.post(f"/v1/runs/{run}/steps/handoff/complete", values={"goals": "Theirs"})
        told = page.press("Complete", {"goals": "Go live in March"})
        assert told.status == 409
        assert "“Write the handoff” is done; reopen it to change it." in told.problems[0]
        assert "Go live in March" in (told.text("not-sent") or "")
