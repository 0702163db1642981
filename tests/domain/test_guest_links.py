"""Links of guests are revoked at once, and a new one comes when somebody of the team sends it."""

from __future__ import annotations

import pytest

from domain.guests import pass_for
from domain.run import complete_step
from domain.run.guest_links import revoke_guest_links, send_guest_link
from domain.run.inputs import change_inputs
from domain.words import RoleKey, StepKey
from tests.domain.test_guest_addresses import ADA, CUSTOMER, EVE, mails, opens
from tests.domain.test_guest_addresses import story as story  # noqa: PLC0414 - a fixture
from tests.support.given import BO, DANA, Story


def test_revoked_links_of_a_guest_open_nothing_and_none_is_made(story: Story):
    """Not those from before, not when new ones are sent either; and no mail goes out with a link in between."""
    assert story.definition is not None
    before = pass_for(story.state, story.definition, StepKey("sign"))
    story = story.when(revoke_guest_links, CUSTOMER, "The wrong mailbox", by=BO).then_types(
        "guest_links_revoked"
    )
    assert not opens(story)
    assert mails(story, "invitation") == ()
    story = story.when(send_guest_link, CUSTOMER, by=BO).then_types("guest_links_allowed", "action_queued")
    assert story.definition is not None
    after = pass_for(story.state, story.definition, StepKey("sign"))
    assert before is not None
    assert after is not None
    assert (before.holder == after.holder, before.step, before.round) == (False, after.step, after.round)
    (mail,) = mails(story, "link:")
    assert (mail.to.address, "guest/sign-1-customer" in mail.body) == (ADA, True)


def test_a_link_that_is_on_its_way_is_withdrawn_when_they_are_revoked(story: Story):
    """What was asked for before is not sent afterwards."""
    story = story.when(send_guest_link, CUSTOMER, by=BO).then_types("action_queued")
    story.when(revoke_guest_links, CUSTOMER, "Lost", by=DANA).then_types(
        "guest_links_revoked", "action_withdrawn"
    )


@pytest.mark.parametrize(("role", "code"), [("boss", "not_a_guest"), ("nobody", "unknown_role")])
def test_only_guests_have_links(story: Story, role: str, code: str):
    """Of anybody else nothing is revoked or sent."""
    story.when(revoke_guest_links, RoleKey(role), "Why not", by=BO).rejected(code)
    story.when(send_guest_link, RoleKey(role), by=BO).rejected(code)


def test_no_link_is_sent_where_nothing_is_open_or_an_address_waits(story: Story):
    """A link acts on an open step only, and only at an address that counts."""
    done = story.after(complete_step, "sign")
    done.when(send_guest_link, CUSTOMER, by=BO).rejected("nothing_open")
    story.after(change_inputs, {"mail": EVE}, by=BO).when(send_guest_link, CUSTOMER, by=BO).rejected(
        "confirm_address"
    )
