"""Where the machine could not go on a person decides: try again, try otherwise, done by hand, let go."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from domain.events import ActionQueued
from domain.run import complete_step, give_approval, skip_step, start_run
from domain.run.actions import fail_action, start_action, succeed_action
from domain.run.incidents import drop_incident, edit_incident, finish_incident, retry_incident
from domain.words import StepKey
from tests.domain.documents import run_of, step
from tests.domain.test_run_actions import CALL, HTTP, ID, MACHINE, begun, calling, start, the
from tests.support.given import BO, DANA, NINE, Story


def stuck(story: Story) -> Story:
    """The story after its call failed for good."""
    return begun(story).after(fail_action, *CALL, "404", permanent=True, by=MACHINE)


def incident(story: Story) -> UUID:
    """The one incident of the run."""
    found: list[UUID] = [one.incident for one in story.state.incidents.values() if one.how is None]
    assert len(found) == 1
    return found[0]


def test_trying_again_begins_a_new_schedule():
    """Retrying has the machine try at once, under the same key, with every retry before it."""
    story = stuck(calling())
    story = story.when(retry_incident, incident(story)).then_types("incident_resolved")
    assert (the(story).state, the(story).tries, the(story).edits) == ("queued", 0, 0)
    story = story.after(start_action, *CALL, key="k", by=MACHINE)
    assert the(story).attempt == 2
    story.when(fail_action, *CALL, "503", by=MACHINE).then_types("action_failed")


def test_trying_otherwise_keeps_the_changes():
    """Edit and retry sends what the person wrote; the key is another one, because the call is."""
    story = stuck(calling())
    changes = {"url": "https://crm.example.com/v2/accounts", "body": {"name": "Acme"}}
    story = story.when(edit_incident, incident(story), changes).then_types("incident_resolved")
    assert (the(story).changes, the(story).edits) == (changes, 1)


def test_who_says_what_is_sent_does_not_approve_it():
    """What the machine then does is partly the work of who edited it: nobody approves that themselves."""
    review = step("review", ["call"], kind="approval", approval={"covers": ["call"]})
    story = stuck(run_of(step("call", kind="http", http=HTTP, fields=[ID]), review).after(start))
    story = story.after(edit_incident, incident(story), {"body": {"name": "Acme"}}, by=BO)
    story = begun(story).after(succeed_action, *CALL, "answered", None, {"account": "A-1"}, by=MACHINE)
    story.when(give_approval, "review", by=BO).rejected("own_work", steps=["call"])
    story.when(give_approval, "review", by=DANA).then_types(
        "approval_given", "step_completed", "run_completed"
    )


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"method": "GET"},
        {"url": "file:///etc/passwd"},
        {"url": "https://a b"},
        {"headers": {"X": "1\r\nHost: other"}},
        {"headers": {"Host": "other"}},
        {"headers": {"Webhook-Signature": "v1,forged"}},
        {"headers": {"Transfer-Encoding": "chunked"}},
        {"headers": {"X Y": "1"}},
        {"body": "text"},
    ],
)
def test_changes_that_cannot_be_sent_are_refused(changes: dict[str, Any]):
    """What is no part of a call, or no address, or would break a header, is refused with what would do."""
    story = stuck(calling())
    refusal = story.when(edit_incident, incident(story), changes).rejected("invalid_changes")
    assert refusal.facts["problems"][0]["accepted"]


def test_done_by_hand_completes_the_step_with_its_values():
    """Done by hand needs a reason and the values that the answer would have brought; it closes the incident."""
    story = stuck(calling(fields=[ID]))
    one = incident(story)
    story.when(finish_incident, one, " ").rejected("reason_required")
    story.when(finish_incident, one, "by phone").rejected("invalid_values")
    done = story.when(finish_incident, one, "by phone", {"account": "A7"}).then_types(
        "step_completed", "incident_resolved", "action_withdrawn", "run_completed"
    )
    assert done.state.incidents[one].how == "done_by_hand"


def test_a_steps_own_action_is_not_let_go():
    """The step consists of it: it is skipped instead, which closes the incident."""
    story = stuck(calling())
    story.when(drop_incident, incident(story), "no").rejected("skip_the_step", step="call")
    skipped = story.when(skip_step, "call", "not needed").then_types(
        "step_skipped", "incident_resolved", "action_withdrawn", "run_completed"
    )
    assert not skipped.state.pending


def test_what_only_tells_can_be_let_go_also_after_the_end():
    """A webhook that nobody takes is let go, done by hand or tried again, also when the run has ended."""
    hook = {"on": "gate_outcome", "url": "https://hooks.example.com/g"}
    story = run_of(step("go", gate={}), webhooks=[hook]).after(start).after(complete_step, "go")
    name = ("go", 1, "webhook:0")
    story = story.after(start_action, *name, key="k", by=MACHINE)
    story = story.after(fail_action, *name, "410", permanent=True, by=MACHINE)
    one = incident(story)
    story.when(drop_incident, one, "nobody listens").then_types("incident_resolved", "action_withdrawn")
    story.when(finish_incident, one, "told them").then_types("incident_resolved", "action_withdrawn")
    story.when(retry_incident, one).then_types("incident_resolved")


def test_the_link_of_a_guest_goes_to_that_guest_only():
    """The mail that brings a guest in is not sent elsewhere: the address is corrected where it stands."""
    mail = {"to": ["{inputs.mail}"], "subject": "Please sign", "body": "{guest_link}"}
    theirs = step("sign", ["call"], role="customer", kind="sign")
    for name, asks in (
        ("email", step("call", kind="email", email=mail)),
        ("announcement", step("call", kind="http", http=HTTP, email=mail)),
        ("invitation", step("call", role="customer", email={**mail, "body": "Please", "guest_link": True})),
        ("reminder:1", step("call", role="customer")),
    ):
        story = run_of(asks, theirs).after(start)
        if f"call/1/{name}" not in story.state.actions:
            said: dict[str, Any] = {
                "kind": "email",
                "facts": {"roles": ["customer"]},
                "by": MACHINE,
                "at": NINE,
            }
            story = story.given(ActionQueued(step=StepKey("call"), round=1, action=name, **said))
        story = story.after(start_action, "call", 1, name, key="k", by=MACHINE)
        story = story.after(fail_action, "call", 1, name, "550", permanent=True, by=MACHINE)
        one = incident(story)
        story.when(edit_incident, one, {"to": ["eve@elsewhere.example"]}).rejected("other_receiver")
        story.when(edit_incident, one, {"subject": "Please sign today"}).then_types("incident_resolved")


def test_an_edit_sends_nothing_to_another_receiver_than_the_process_names():
    """With its headers, with new ones, with an own body: no edit has the house call whom the process does not."""
    story = stuck(
        run_of(step("call", kind="http", http={**HTTP, "headers": {"X-Plan": "{inputs.plan}"}})).after(start)
    )
    one = incident(story)
    same = HTTP["url"].replace("crm", "CRM") + "/v2"
    story.when(edit_incident, one, {"url": same, "body": {"n": 1}}).then_types("incident_resolved")
    own: list[dict[str, Any]] = [
        {},
        {"headers": {}, "body": {}},
        {"headers": {"X-Key": "1"}, "body": {"n": 1}},
    ]
    for url in ("https://eve.example/", "https://crm.example.com:8443/", "http://crm.example.com/"):
        for more in own:
            refused = story.when(edit_incident, one, {"url": url, **more}).rejected("other_receiver")
            assert refused.facts["accepted"] == ["url: an address at https://crm.example.com", "by-hand"]


def test_an_edit_sends_no_key_that_the_process_does_not_send_there():
    """The keys of the house are named by processes; an edit can say again what its process says, and no other."""
    headers = {"Authorization": "Bearer {secret:crm_key}"}
    story = stuck(run_of(step("call", kind="http", http={**HTTP, "headers": headers})).after(start))
    one = incident(story)
    other = {"headers": {**headers, "X-Other": "{secret:bank_key}"}}
    refused = story.when(edit_incident, one, other).rejected("other_secret")
    assert refused.facts["accepted"] == ["{secret:crm_key}"]
    story.when(edit_incident, one, {"headers": {**headers, "X-More": "1"}}).then_types("incident_resolved")


def test_an_edit_of_a_webhook_says_nothing_else():
    """What a gate said is told by Milepost; only where at the receiver it is told can be changed."""
    hook = {"on": "gate_outcome", "url": "https://hooks.example.com/g"}
    story = run_of(step("go", gate={}), webhooks=[hook]).after(start).after(complete_step, "go")
    name = ("go", 1, "webhook:0")
    story = story.after(start_action, *name, key="k", by=MACHINE)
    story = story.after(fail_action, *name, "410", permanent=True, by=MACHINE)
    one = incident(story)
    for changes in ({"body": {"outcome": "passed"}}, {"headers": {"X": "1"}}):
        story.when(edit_incident, one, changes).rejected("invalid_changes")
    story.when(edit_incident, one, {"url": "https://eve.example/"}).rejected("other_receiver")
    story.when(edit_incident, one, {"url": "https://hooks.example.com/new"}).then_types("incident_resolved")


def test_an_edit_of_a_mail_sends_no_words_of_its_own_to_an_address_of_its_own():
    """Either the address or the words; both only to people of the house, also in two edits after each other."""
    mail = {"to": ["{inputs.mail}"], "subject": "Hello", "body": "Welcome"}
    name = ("call", 1, "email")

    def failed(story: Story) -> Story:
        story = story.after(start_action, *name, key="k", by=MACHINE)
        return story.after(fail_action, *name, "550", permanent=True, by=MACHINE)

    story = failed(run_of(step("call", kind="email", email=mail)).after(start))
    one, eve = incident(story), {"to": ["eve@elsewhere.example"]}
    for words in ({"subject": "Pay at once"}, {"body": "Pay at once"}):
        story.when(edit_incident, one, {**eve, **words}).rejected("other_receiver")
        story.when(edit_incident, one, {"to": ["person:bo"], **words}).then_types("incident_resolved")
        story.when(edit_incident, one, words).then_types("incident_resolved")
        again = failed(story.after(edit_incident, one, words))
        again.when(edit_incident, incident(again), eve).rejected("other_receiver")
        moved = failed(story.after(edit_incident, one, eve))
        moved.when(edit_incident, incident(moved), words).rejected("other_receiver")
    story.when(edit_incident, one, eve).then_types("incident_resolved")


def test_an_incident_is_decided_once():
    """What was decided stays; deciding otherwise afterwards is refused, and so is an incident that is not there."""
    story = stuck(calling())
    one = incident(story)
    story.when(retry_incident, UUID(int=1)).rejected("unknown_incident", accepted=[str(one)])
    story.after(retry_incident, one).when(edit_incident, one, {"body": {}}).rejected(
        "incident_resolved", how="retried"
    )


def test_the_named_role_is_asked():
    """The incident is for whom the process names, else for who started the run."""
    story = stuck(calling())
    assert story.state.incidents[incident(story)].assignee == "person:dana"
    named = run_of(step("call", kind="http", http={**HTTP, "incident_to": "boss"}))
    story = stuck(named.after(start_run, inputs={"boss": "person:bo"}))
    assert story.state.incidents[incident(story)].assignee == "person:bo"
