"""Links of guests are revoked at once, and a new one comes when somebody of the team sends it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.guests import pass_for
from domain.mails import compose
from domain.run import complete_step, start_run
from domain.run.guest_codes import CODE, MOST_MAILS, code_of
from domain.run.guest_links import request_guest_code, revoke_guest_links, send_guest_link
from domain.run.inputs import change_inputs
from domain.run.mail_action import MailAction
from domain.words import Actor, RoleKey, StepKey
from tests.domain.documents import INPUTS, ROLES, run_of, step
from tests.domain.test_guest_addresses import ADA, CUSTOMER, EVE, MAIL, mails, opens
from tests.domain.test_guest_addresses import story as story  # noqa: PLC0414 - a fixture
from tests.domain.test_mails import DESK, RUN
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


def test_the_mail_with_a_code_goes_to_the_guest_and_the_log_holds_none(story: Story):
    """Six digits, another for each mail; shown again from the log, they are hidden; one a minute, ten a round."""
    roles = [
        {**role, **({"guest_code": True, "email_from": "mail"} if role["key"] == CUSTOMER else {})}
        for role in ROLES
    ]
    story = run_of(step("sign", kind="sign", role="customer"), roles=roles, inputs=[*INPUTS, MAIL]).after(
        start_run, inputs={"mail": ADA}
    )
    guest = Actor("guest:customer")
    codes = set()
    for number in range(MOST_MAILS):
        story = story.after(
            request_guest_code, StepKey("sign"), by=guest, at=story.at + timedelta(minutes=2 * number)
        )
        action = [one for one in story.state.actions.values() if one.action.startswith(CODE)][-1]
        assert story.definition is not None
        desk = replace(DESK, guest_code=lambda run, key, at: code_of(run, key, at, b"secret"))
        (mail,) = compose(RUN, story.state, story.definition, MailAction.of(action), desk).mails
        (shown,) = compose(RUN, story.state, story.definition, MailAction.of(action), DESK).mails
        (code,) = re.findall(r"is (\d{6})\.", mail.body)
        assert (mail.to.address, code in shown.body, "guest/" in mail.body) == (ADA, False, False)
        codes.add(code)
    assert len(codes) == MOST_MAILS
    late = story.at + timedelta(hours=1)
    story.when(request_guest_code, StepKey("sign"), by=guest, at=late).rejected("too_many_codes")
