"""A mail can be looked at before any is sent: of a draft, of a version, of a document that is stored nowhere."""

from __future__ import annotations

from typing import Any

import pytest

from domain.document import stored_form
from tests.api.conftest import PROCESS, Api
from tests.domain.test_shipped import CUSTOMER

MAILS = "/v1/processes/customer_onboarding/preview-mail"


@pytest.fixture
def onboarding(api: Api) -> Api:
    """A server with the shipped process as a draft."""
    draft = api.client.put("/v1/processes/customer_onboarding/draft", json=stored_form(CUSTOMER))
    assert draft.status_code == 200
    return api


def preview(api: Api, **body: Any) -> dict[str, Any]:
    """The mails that are shown."""
    answer = api.client.post(MAILS, json=body)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_a_mail_is_shown_with_the_values_given_and_samples_for_the_rest(onboarding: Api):
    """Nothing is stored or sent by that."""
    head = onboarding.head
    values = {"inputs.customer_name": "Nordwind", "inputs.primary_contact_email": "ada@nordwind.example"}
    (mail,) = preview(onboarding, step="agreement_sent", values=values)["mails"]
    assert (mail["to"], mail["subject"]) == (
        "ada@nordwind.example",
        "Your agreement is ready to sign, Nordwind",
    )
    assert "Hello [Name of the primary contact]," in mail["text"]
    assert "/guest/sample-link-to-customer_signs" in mail["text"]
    assert onboarding.head == head


def test_notices_and_digests_are_shown_too(onboarding: Api):
    """What Milepost writes by itself can be looked at as well."""
    reminder = preview(onboarding, step="handoff_note", action="reminder:1")["mails"][0]
    assert reminder["subject"].startswith("Reminder: Write the sales handoff")
    digest = preview(onboarding, action="digest:1")["mails"][0]
    assert "Where it stands" in digest["text"]


def test_a_mail_to_nobody_says_so(onboarding: Api):
    """Without an address there is no mail, and the answer says why."""
    told = preview(onboarding, step="agreement_sent", values={"inputs.primary_contact_email": None})
    assert told == {
        "mails": [], "reason": "no_address", "unreached": ["{inputs.primary_contact_email} has no value"],
    }  # fmt: skip


def test_a_step_without_a_mail_names_those_that_have_one(onboarding: Api):
    """The refusal says what would be accepted."""
    refused = onboarding.client.post(MAILS, json={"step": "handoff_note"})
    assert (refused.status_code, refused.json()["code"]) == (404, "no_mail")
    assert "agreement_sent" in refused.json()["accepted"]


def test_a_version_or_a_document_can_be_shown(published: Api):
    """Also one that was never stored."""
    path = "/v1/processes/onboarding/preview-mail"
    old = published.client.post(path, json={"step": "kickoff", "action": "assigned", "version": 1})
    assert old.json()["mails"][0]["subject"] == "For you: Kick-off (Onboarding)"
    stage = PROCESS["stages"][0]
    mail = {"to": ["a@b.example"], "subject": "Hi {goals}", "body": "{run.name}"}
    steps = [{"key": "hello", "title": "Hello", "kind": "email", "email": mail}]
    document = {**PROCESS, "stages": [{**stage, "steps": steps}]}
    new = published.client.post(path, json={"step": "hello", "document": document})
    assert new.json()["mails"][0]["subject"] == "Hi"
