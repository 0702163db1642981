"""Promises about a reminder that somebody sends: whoever has the step hears of it, or the sender hears why not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from domain.addresses import AddressBook, reach_here, tag_of
from domain.directory import Directory, GroupFacts, PersonFacts
from domain.events import ActionQueued, StepReminderRaised
from domain.mails import Desk, compose
from domain.run import assign_step, change_inputs, fail_action, start_action, start_run, succeed_action
from domain.run.actions import reach_nobody
from domain.run.incidents import drop_incident
from domain.run.mail_action import MailAction
from domain.run.nudging import Told, hears, remind_step, told_by_reminder
from domain.words import Actor, Assignee, StepKey
from tests.domain.documents import run_of, step
from tests.support.given import DANA, NINE, Story
from tests.support.people import EVERYBODY

MACHINE = Actor("system:milepost")
RUN = UUID("01938c2e-7a31-7c11-b1b9-0d6c2f6a9e55")
BO, KIM = Assignee("person:bo"), Assignee("person:kim")
HOUSE = Directory(
    people={
        BO: PersonFacts("Bo Lind", "bo@acme.example"),
        KIM: PersonFacts("Kim"),
        Assignee("person:gone"): PersonFacts("Gone", "gone@acme.example", active=False),
    },
    groups={
        Assignee("group:legal"): GroupFacts("Legal", (BO, KIM)),
        Assignee("group:empty"): GroupFacts("Empty", (Assignee("person:gone"),)),
    },
)
AT_THE_START = replace(
    EVERYBODY, groups={**HOUSE.groups, Assignee("group:other"): GroupFacts("Other", (BO,))}
)
"""Whom a run may name when it starts; what is asked later is asked of a house that may have changed."""
MAIL = [{"key": "mail", "title": "Mail", "kind": "email"}]
TODAY = "reminder:by-hand-2026-03-02"


def story(who: str, *, directory: Directory = HOUSE, mail: str | None = None) -> Story:
    """A run with one open step that is somebody's."""
    roles = [{"key": "boss", "title": "Boss", "guest": who.startswith("guest:"), "email_from": "mail"}]
    of = run_of(step("check", role="boss"), inputs=MAIL, roles=roles)
    begun = replace(of, directory=AT_THE_START).after(
        start_run, inputs={"mail": mail} if mail else {}, roles={"boss": who}
    )
    return replace(begun, directory=directory)


def told(of: Story) -> list[Told]:
    """Who hears of a reminder."""
    assert of.definition is not None
    return list(told_by_reminder(of.state, of.definition, StepKey("check"), of.directory))


def test_a_reminder_is_for_whose_work_the_step_is():
    """It is queued for whoever has the step, so that its mail finds them; once a day."""
    done = story("person:bo").when(remind_step, "check").then(
        StepReminderRaised(step=StepKey("check"), round=1, alarm=TODAY, alarm_at=NINE, by=DANA, at=NINE),
        ActionQueued(step=StepKey("check"), round=1, action=TODAY, kind="email", facts={"assignees": ["person:bo"]},
                     by=DANA, at=NINE),
    )  # fmt: skip
    action = done.state.actions[f"check/1/{TODAY}"]
    desk = Desk(AddressBook.of(HOUSE), "https://mile.example", ZoneInfo("UTC"), lambda *_: "")
    assert done.definition is not None
    (mail,) = compose(RUN, done.state, done.definition, MailAction.of(action), desk).mails
    assert (mail.to.address, mail.subject.startswith("Reminder:")) == ("bo@acme.example", True)
    done.when(remind_step, "check", at=NINE + timedelta(days=1)).then_types(
        "step_reminder_raised", "action_queued"
    )


def test_whoever_reminds_hears_who_is_told_and_how():
    """By mail to which address, or in the inbox only; a group is everybody in it."""
    bo, kim = Told(BO, "Bo Lind", "mail", "bo@acme.example"), Told(KIM, "Kim", "inbox")
    assert told(story("person:bo")) == [bo]
    assert told(story("person:kim")) == [kim]
    assert told(story("group:legal")) == [bo, kim]
    (guest,) = told(story("guest:champion", mail="ada@nordwind.example"))
    assert (guest.how, guest.address) == ("mail", "ada@nordwind.example")


@pytest.mark.parametrize(
    ("who", "says"),
    [
        ("person:gone", "has left"),
        ("person:bob", "nobody who works here"),
        ("group:empty", "nobody in Empty"),
        ("group:other", "nobody in"),
        ("service:crm", "no person"),
        ("guest:champion", "inputs.mail"),
    ],
)
def test_a_reminder_that_nobody_would_hear_of_is_refused(who: str, says: str):
    """It says what is missing and what would help, and nothing is recorded."""
    refused = story(who).when(remind_step, "check").rejected("nobody_to_remind")
    assert says in refused.detail
    assert "assign" in refused.facts["accepted"]


def test_a_reminder_that_reached_nobody_can_be_sent_again_on_the_same_day():
    """Once an address is there; one that waits for a decision is decided there."""
    sent = story("person:bo").after(remind_step, "check")
    begun = sent.after(start_action, "check", 1, TODAY, key="k", by=MACHINE)
    lost = begun.after(
        reach_nobody, "check", 1, TODAY, "Bo Lind has no mail address", ["person:bo"], by=MACHINE
    )
    again = lost.when(remind_step, "check").then_types("step_reminder_raised", "action_queued")
    assert f"check/1/{TODAY}:2" in again.state.actions
    asked = begun.after(
        fail_action,
        "check",
        1,
        TODAY,
        "it has nobody to go to",
        problem="no_address",
        permanent=True,
        by=MACHINE,
    )
    (incident,) = asked.state.incidents
    asked.when(remind_step, "check").rejected("reminder_not_sent", incident=str(incident))


def sent(of: Story, action: str, *addresses: str) -> Story:
    """The reminder goes out to these addresses."""
    receipt = f"250 OK delivered {' '.join(map(tag_of, addresses))}"
    begun = of.after(start_action, "check", 1, action, key="k", by=MACHINE)
    return begun.after(succeed_action, "check", 1, action, "sent", receipt, by=MACHINE)


def test_a_reminder_of_the_same_day_counts_for_those_whom_it_reached():
    """Somebody who got the step since, or a guest whose address was corrected, has not heard of it yet."""
    mailed = sent(story("person:bo").after(remind_step, "check"), TODAY, "bo@acme.example")
    mailed.when(remind_step, "check").then()
    given = mailed.after(assign_step, "check", "person:kim", "Bo is away")
    given.when(remind_step, "check").then_types("step_reminder_raised", "action_queued")
    typo = story("guest:champion", mail="ada@nordwind.exmaple").after(remind_step, "check")
    typo.when(remind_step, "check").then()  # it is not sent yet, and will go where the guest is then
    mended = sent(typo, TODAY, "ada@nordwind.exmaple").after(change_inputs, {"mail": "ada@nordwind.example"})
    again = mended.when(remind_step, "check").then_types("step_reminder_raised", "action_queued")
    assert f"check/1/{TODAY}:2" in again.state.actions


def test_a_reminder_that_was_let_go_can_be_sent_after_all():
    """Nobody heard of it, so the day does not count."""
    begun = (
        story("person:bo")
        .after(remind_step, "check")
        .after(start_action, "check", 1, TODAY, key="k", by=MACHINE)
    )
    asked = begun.after(fail_action, "check", 1, TODAY, "550", permanent=True, by=MACHINE)
    (incident,) = asked.state.incidents
    let_go = asked.after(drop_incident, incident, "not today")
    let_go.when(remind_step, "check").then_types("step_reminder_raised", "action_queued")


def test_who_hears_of_a_reminder_is_one_rule():
    """Whoever is told by a reminder hears, and nobody else: at an address, or where they work."""
    for who, heard in (
        ("person:bo", True),
        ("person:ada@nordwind.example", True),
        ("person:kim", True),
        ("person:gone", False),
        ("group:legal", True),
        ("group:empty", False),
        ("service:crm", False),
    ):
        found = reach_here(Assignee(who), AddressBook.of(HOUSE))
        assert hears(Assignee(who), found, HOUSE) is heard, who
