"""The outbox: every mail with its state; to whom and what only for those whom its run concerns."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.conftest import DANA, Api, project

PROCESS: dict[str, Any] = {
    "key": "greeting",
    "title": "Greeting",
    "inputs": [
        {"key": "mail", "title": "Mail", "kind": "email"},
        {"key": "pay", "title": "Pay", "kind": "money", "unit": "EUR", "sensitive": True},
    ],
    "roles": [{"key": "boss", "title": "Boss"}],
    "stages": [{"key": "go", "title": "Go", "steps": [
        {"key": "ask", "title": "Ask", "role": "boss",
         "email": {"to": ["{mail}"], "subject": "Your pay", "body": "It is {pay}."}}]}],
}  # fmt: skip


@pytest.fixture
def run(api: Api) -> str:
    """A run with a mail that waits; Bo does it, Dana started it."""
    api.publish(PROCESS)
    inputs = {"mail": "ada@nordwind.example", "pay": 5000}
    made = api.start(process="greeting", name="Ada", roles={"boss": "person:bo"}, inputs=inputs)
    project(api.database, api.services.log)
    return made


def test_who_belongs_to_the_run_sees_the_mail(api: Api, run: str):
    """State, reader and subject in the list, the text behind it."""
    with api.as_("person:bo", "read") as bo:
        (row,) = bo.get("/v1/outbox", params={"run": run}).json()["rows"]
        text = bo.get(f"/v1/outbox/{run}/ask/1/invitation").json()["texts"][0]["text"]
    assert (row["state"], row["to"], row["subject"]) == ("queued", ["ada@nordwind.example"], "Your pay")
    assert text == "It is •••."
    with api.as_(DANA, "read", "admin") as dana:
        shown = dana.get(f"/v1/outbox/{run}/ask/1/invitation").json()["texts"][0]["text"]
    assert shown == "It is 5\u202f000 EUR."


def test_others_see_none(api: Api, run: str):
    """Neither that there is a mail, nor address, subject or text leaves the run."""
    with api.as_("person:zoe", "read") as zoe:
        assert zoe.get("/v1/outbox").json()["rows"] == []
        found = zoe.get(f"/v1/outbox/{run}/ask/1/invitation")
    assert (found.status_code, found.json()["code"]) == (404, "not_found")


def test_mails_are_found_by_state(api: Api, run: str):
    """A state that no mail is in lists none, and a word that is no state is refused."""
    assert api.client.get("/v1/outbox", params={"state": "queued"}).json()["rows"]
    assert api.client.get("/v1/outbox", params={"state": "sent"}).json()["rows"] == []
    assert api.client.get("/v1/outbox", params={"state": "lost"}).status_code == 422


def test_a_withdrawn_mail_is_shown_as_such(api: Api, run: str):
    """A run that was called off sends nothing more, and one can see what was not sent."""
    assert api.client.post(f"/v1/runs/{run}/cancel", json={"reason": "off"}).status_code == 200
    project(api.database, api.services.log)
    (row,) = api.client.get("/v1/outbox").json()["rows"]
    assert (row["state"], row["incident"]) == ("withdrawn", None)


@pytest.mark.parametrize("path", ["ask/1/email", "ask/2/invitation", "nowhere/1/invitation", "-/1/digest:1"])
def test_a_mail_that_is_not_there_is_not_found(api: Api, run: str, path: str):
    """Another step, round or action is another mail."""
    assert api.client.get(f"/v1/outbox/{run}/{path}").status_code == 404
