"""Promises about lint of what the machine does: calls, webhooks, waits, child runs."""

from __future__ import annotations

from typing import Any

import pytest

from domain.lint import lint
from tests.domain.test_lint import NUMBER, STEP, document

REPEAT = {"condition": {"field": "a.n", "operator": "set"}}
URL = "https://crm.example.com/v1/accounts"
NEEDED = {**NUMBER, "required": True}


def http(**more: Any) -> dict[str, Any]:
    """A step that makes a call."""
    return {"key": "a", "kind": "http", "http": {"url": URL, **more}}


def wait(**more: Any) -> dict[str, Any]:
    """A step that waits."""
    return {"key": "a", "kind": "wait", "wait": more}


def child(**more: Any) -> dict[str, Any]:
    """A step that runs another process."""
    return {"key": "a", "kind": "run", "run": {"process": "kyc", **more}}


def letter(*after: str, key: str = "a", **more: Any) -> dict[str, Any]:
    """A step that mails a link."""
    mail = {"to": ["ada@example.com"], "subject": "Please look", "body": "{guest_link}", "guest_link": True}
    return {"key": key, "kind": "email", "email": mail, "after": list(after), **more}


def test_a_mail_promises_no_link_that_leads_nowhere():
    """It leads to the step itself, or to the next one of a guest behind automatic steps only."""
    roles = [
        {"key": "seller", "title": "S", "initiator": True},
        {"key": "buyer", "title": "B", "guest": True},
    ]
    theirs = {"key": "z", "role": "buyer", "instructions": "Look at it."}

    def found(*steps: dict[str, Any]) -> list[tuple[str, str]]:
        findings = lint(document(*steps, roles=roles))
        return [(finding.as_dict()["path"], finding.code) for finding in findings]

    dead = [(f"{STEP}.0.email.guest_link", "dead_link")]
    automatic, staffed = (
        {**wait(event="x"), "key": "w", "after": ["a"]},
        {"key": "w", "role": "seller", "after": ["a"]},
    )
    assert found(letter()) == dead
    assert found(letter(), {**theirs, "after": ["a"]}) == []
    assert found(letter(), automatic, {**theirs, "after": ["w"]}) == []
    assert found(letter(), staffed, {**theirs, "after": ["w"]}) == dead
    invitation = {**theirs, "after": [], "email": letter()["email"]}
    assert found(invitation) == []
    assert found({**invitation, "role": "seller"}) == dead


@pytest.mark.parametrize(
    ("kind", "place"), [("approval", "approval.on_refusal"), ("sign", "signature.on_decline")]
)
def test_the_mail_that_tells_why_a_run_ended_is_read_like_every_mail(kind: str, place: str):
    """Its placeholders, its readers and the link that it promises: of a refusal and of a declined signature."""
    details, verb = place.split(".")
    mail = {"to": ["nobody"], "subject": "{nothing}", "body": "{guest_link}"}
    ends = {"key": "a", "kind": kind, details: {verb: {"ends_run": "lost", "email": mail}}}
    findings = [(finding.as_dict()["path"], finding.code) for finding in lint(document(ends))]
    assert sorted(findings) == [
        (f"{STEP}.0.{place}.email.guest_link", "dead_link"),
        (f"{STEP}.0.{place}.email.subject", "unknown_placeholder"),
        (f"{STEP}.0.{place}.email.to.0", "not_an_address"),
    ]


@pytest.mark.parametrize(
    ("step", "place", "code"),
    [
        (http(url="ftp://example.com/x"), "http.url", "bad_address"),
        (http(url="https://{inputs.plan}/x"), "http.url", "bad_address"),
        (http(url="https://user@example.com/x"), "http.url", "bad_address"),
        (http(url="https://example.com/a b"), "http.url", "bad_address"),
        (http(headers={"Host": "other"}), "http.headers.Host", "bad_header"),
        (http(headers={"webhook-signature": "v1,x"}), "http.headers.webhook-signature", "bad_header"),
        (http(headers={"X Y": "1"}), "http.headers.X Y", "bad_header"),
        (http(headers={"X": "1\r\nY: 2"}), "http.headers.X", "bad_header"),
        (http(method="GET", body={"a": 1}), "http.body", "body_of_get"),
        (http(url=f"{URL}?to={{guest_link}}"), "http", "unknown_placeholder"),
        ({**http(), "fields": [NEEDED]}, "fields.0.required", "required_without_output"),
        ({**http(), "repeat_until": REPEAT}, "repeat_until", "misplaced_details"),
        (wait(event="x", key="{inputs.nothing}"), "wait.key", "unknown_placeholder"),
        (wait(until={"anchor": "run_start"}, key="x"), "wait.key", "misplaced_details"),
        (child(process="p"), "run.process", "runs_itself"),
        (child(roles={"checker": "king"}), "run.roles.checker", "unknown_role"),
        (child(incident_to="king"), "run.incident_to", "unknown_role"),
        ({**child(outputs={"n": "result"}), "fields": [NUMBER]}, "run.outputs.n", "bad_path"),
        ({**child(), "fields": [NEEDED]}, "fields.0.required", "required_without_output"),
    ],
)  # fmt: skip
def test_each_rule_finds_its_problem(step: dict[str, Any], place: str, code: str):
    """One problem, its place and its stable code."""
    findings = lint(document(step))
    assert (f"{STEP}.0.{place}", code) in [(finding.as_dict()["path"], finding.code) for finding in findings]
    assert all(finding.accepted for finding in findings)


@pytest.mark.parametrize(
    "step",
    [
        http(url=f"{URL}/{{inputs.plan}}?x={{run.id}}", headers={"X-Plan": "{inputs.plan}"}, repeatable=True),
        http(
            success={
                "statuses": [200, 404],
                "answer": [{"path": "state", "operator": "equals", "value": "ok"}],
            }
        ),
        {**http(outputs={"n": "items.0.count"}), "fields": [NEEDED]},
        wait(event="x.y", key="{inputs.plan}-{run.id}"),
        {**child(outputs={"n": "look.count"}, roles={"checker": "boss"}), "fields": [NEEDED]},
        {**child(outputs={"n": "outcome"}), "fields": [NUMBER]},
    ],
)
def test_what_works_passes(step: dict[str, Any]):
    """Nothing is found where there is nothing."""
    assert lint(document(step)) == []


def test_a_webhook_has_a_whole_address():
    """Nothing of a run travels in a webhook's address."""
    hooks = [{"on": "gate_outcome", "url": "https://hooks.example.com/{inputs.plan}"}]
    found = [finding.code for finding in lint(document({"key": "a"}, webhooks=hooks))]
    assert found == ["unknown_placeholder"]


@pytest.mark.parametrize(
    ("call", "where"),
    [
        ({"headers": {"Authorization": "Bearer sk_live_1"}}, "headers.Authorization"),
        ({"headers": {"X-Api-Key": "1234"}}, "headers.X-Api-Key"),
        ({"headers": {"X-Auth-Token": "{run.id} and more"}}, "headers.X-Auth-Token"),
        ({"url": "https://crm.example.com/v1?api_key=1234"}, "url"),
        ({"body": {"login": {"client_secret": "1234"}}}, "body.login.client_secret"),
    ],
)
def test_a_document_holds_no_key(call: dict[str, Any], where: str):
    """What everybody may read names a secret, and the refusal says how."""
    found = lint(document(http(**call)))
    assert [(one.code, ".".join(map(str, one.path[5:]))) for one in found] == [("secret_in_document", where)]
    assert "{secret:name}" in " ".join(found[0].accepted)


def test_a_secret_is_named_in_headers_only():
    """The name of a secret is taken in a header, and nowhere else."""
    named = {"Authorization": "Bearer {secret:crm_key}", "Idempotency-Key": "{run.id}-1"}
    assert not lint(document(http(headers=named)))
    for more in ({"headers": {"X-Key": "{secret:No!}"}}, {"body": {"key": "{secret:crm_key}"}}):
        found = lint(document(http(**more)))
        assert [one.code for one in found] == ["unknown_placeholder"]
