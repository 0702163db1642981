"""Whoever changes the mail address of a guest does not come in as the guest: who leads the run confirms it first."""

from __future__ import annotations

import pytest

from domain.guests import pass_for
from domain.mails import Mail, compose
from domain.run import assign_role, complete_step, reopen_step, start_run
from domain.run.guest_links import confirm_guest_address
from domain.run.incidents import drop_incident, edit_incident, retry_incident
from domain.run.inputs import change_inputs
from domain.run.mail_action import MailAction
from domain.run.state import ActionState
from domain.words import Actor, RoleKey, StepKey
from tests.domain.documents import INPUTS, ROLES, run_of, step
from tests.domain.test_mails import DESK, RUN
from tests.support.given import BO, DANA, Story

ADA, EVE = "ada@nordwind.example", "eve@evil.example"
CUSTOMER = RoleKey("customer")
MAIL = {"key": "mail", "title": "Mail", "kind": "email"}


@pytest.fixture
def story() -> Story:
    """A run, started by Dana, in which a customer is asked to sign, at Ada's address."""
    roles = [{**role, **({"email_from": "mail"} if role["key"] == CUSTOMER else {})} for role in ROLES]
    invites = {
        "to": ["{role.customer}", "{inputs.mail}"],
        "subject": "Please sign",
        "body": "Here: {guest_link}",
    }
    sign = step("sign", kind="sign", role="customer", email=invites)
    return run_of(sign, step("file", ["sign"]), roles=roles, inputs=[*INPUTS, MAIL]).after(
        start_run, inputs={"mail": ADA}
    )


def mails(story: Story, of: str) -> tuple[Mail, ...]:
    """The mails of the newest action that begins so, as they would be sent now."""
    found = [each for each in story.state.actions.values() if each.action.startswith(of)][-1]
    assert isinstance(found, ActionState)
    assert story.definition is not None
    return compose(RUN, story.state, story.definition, MailAction.of(found), DESK).mails


def changed(story: Story, by: Actor = BO, to: str = EVE) -> Story:
    """The story after somebody changed the customer's address."""
    return story.after(change_inputs, {"mail": to}, by=by)


def opens(story: Story) -> bool:
    """Whether a link to the customer's step opens it."""
    assert story.definition is not None
    return pass_for(story.state, story.definition, StepKey("sign")) is not None


def test_a_changed_guest_address_gets_no_link_before_who_leads_confirms_it(story: Story):
    """Neither the invitation nor any other mail goes there, as the guest's or as it is written out; no link opens."""
    assert [mail.to.address for mail in mails(story, "invitation")] == [ADA]
    assert opens(story)
    story = story.when(change_inputs, {"mail": EVE}, by=BO).then_types(
        "run_inputs_changed", "guest_address_changed", "action_queued", "action_queued", "incident_opened"
    )
    assert mails(story, "invitation") == ()
    assert not opens(story)


def test_the_old_address_of_a_guest_is_told_of_the_change(story: Story):
    """By one mail, without a link and without the new address."""
    (told,) = mails(changed(story), "address_left:")
    assert told.to.address == ADA
    assert "Bo Lind changed the address" in told.body
    assert EVE not in told.body
    assert "guest/" not in told.body


def test_who_leads_the_run_is_asked_about_a_changed_guest_address(story: Story):
    """By an incident that only a confirmation ends, or the old address; who changed it does not confirm it."""
    story = changed(story)
    (asked,) = [one for one in story.state.incidents.values() if one.how is None]
    assert (asked.problem, asked.assignee) == ("guest_address", DANA)
    story.when(retry_incident, asked.incident, by=BO).rejected("confirm_address")
    story.when(edit_incident, asked.incident, {"to": [EVE]}, by=BO).rejected("confirm_address")
    story.when(drop_incident, asked.incident, "No", by=BO).rejected("confirm_address")
    story.when(confirm_guest_address, CUSTOMER, ADA, by=DANA).rejected("other_address")
    done = story.when(confirm_guest_address, CUSTOMER, EVE, by=DANA).then_types(
        "guest_address_confirmed", "incident_resolved", "action_withdrawn", "action_queued"
    )
    story.when(confirm_guest_address, CUSTOMER, EVE, by=BO).then_types(
        "guest_address_confirmed", "incident_resolved", "action_withdrawn", "action_queued"
    )
    assert opens(done)
    (mail,) = mails(done, "link:")
    assert (mail.to.address, "guest/sign-1-customer" in mail.body) == (EVE, True)


def test_the_old_address_set_again_ends_the_question(story: Story):
    """Nothing has to be confirmed then, and links go there as before."""
    story = changed(changed(story), to=ADA.upper())
    assert [one for one in story.state.incidents.values() if one.how is None] == []
    assert opens(story)
    assert [mail.to.address.lower() for mail in mails(story, "invitation")] == [ADA]


def test_changes_one_after_the_other_confirm_nothing(story: Story):
    """Neither a second change, nor emptying the field first, nor another guest in the role makes an address theirs."""
    other = "mallory@evil.example"
    for twice in (changed(changed(story), to=other), changed(changed(story, to=""), to=other)):
        assert not opens(twice)
        assert len([one for one in twice.state.incidents.values() if one.how is None]) == 1
        assert (
            len([one for one in twice.state.actions.values() if one.action.startswith("address_left:")]) == 1
        )
        twice.when(confirm_guest_address, CUSTOMER, EVE, by=DANA).rejected("other_address")
    named = run_of(step("sign", kind="sign", role="customer"), roles=ROLES).after(
        start_run, roles={CUSTOMER: f"guest:{ADA}"}
    )
    given = named.after(assign_role, CUSTOMER, f"guest:{EVE}", "She left", by=BO)
    by_way = named.after(assign_role, CUSTOMER, "person:bo", "Myself", by=BO).after(
        assign_role, CUSTOMER, f"guest:{EVE}", "Back", by=BO
    )
    assert opens(named)
    assert not opens(given)
    assert not opens(by_way)


def test_who_started_the_run_confirms_by_changing(story: Story):
    """They lead it: the new address gets its link at once, and the old one is told all the same."""
    story = story.when(change_inputs, {"mail": EVE}, by=DANA).then_types(
        "run_inputs_changed",
        "guest_address_changed",
        "action_queued",
        "guest_address_confirmed",
        "action_queued",
    )
    assert opens(story)
    assert [mail.to.address for mail in mails(story, "link:")] == [EVE]
    assert [mail.to.address for mail in mails(story, "address_left:")] == [ADA]


def test_a_first_address_needs_no_confirmation(story: Story):
    """Nobody was written to before, and nothing else is affected by inputs that tell no address."""
    roles = [{**role, **({"email_from": "mail"} if role["key"] == CUSTOMER else {})} for role in ROLES]
    sign = step("sign", kind="sign", role="customer")
    late = run_of(sign, roles=roles, inputs=[*INPUTS, MAIL]).after(start_run)
    late = late.when(change_inputs, {"mail": ADA}, by=BO).then_types("run_inputs_changed")
    assert opens(late)
    story.when(change_inputs, {"plan": "large"}, by=BO).then_types("run_inputs_changed")


def test_an_address_that_a_step_gives_is_confirmed_too():
    """Whatever a role is written to by: also a field of a step that is filled in anew."""
    roles = [{**role, **({"email_from": "ask.mail"} if role["key"] == CUSTOMER else {})} for role in ROLES]
    story = run_of(
        step("ask", fields=[MAIL]), step("sign", ["ask"], kind="sign", role="customer"), roles=roles
    )
    story = story.after(start_run).after(complete_step, "ask", {"mail": ADA})
    again = story.after(reopen_step, "ask", "Another contact", by=BO)
    assert opens(again)
    assert not opens(again.after(complete_step, "ask", {"mail": EVE}, by=BO))
