"""The mails of a run: to whom they go and what they say, word by word."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from domain.addresses import AddressBook, Contact
from domain.definition import Definition
from domain.document import Document
from domain.guest_steps import guest_step
from domain.guests import Pass
from domain.lint import lint
from domain.mail_address import is_address
from domain.mails import Desk, Mail, compose, superseded
from domain.notices import NOTICES
from domain.run.content import content_of
from domain.run.mail_action import MailAction, leads_guest_to
from domain.run.state import ActionState, Run, StepState
from domain.templates import reflowed
from domain.words import Assignee, RoleKey, StepKey
from tests.domain.documents import definition, step
from tests.domain.test_shipped import CUSTOMER
from tests.support.given import NINE

RUN = UUID("01938c2e-7a31-7c11-b1b9-0d6c2f6a9e55")
BOOK = AddressBook(
    people={
        Assignee("person:dana"): Contact("Dana Berg", "dana@acme.example"),
        Assignee("person:bo"): Contact("Bo Lind", "bo@acme.example"),
        Assignee("person:gone"): Contact("Gone", "gone@acme.example", active=False),
        Assignee("person:mute"): Contact("Mute"),
    },
    groups={
        Assignee("group:legal"): (Assignee("person:bo"), Assignee("person:dana"), Assignee("person:mute"))
    },
)


ONBOARDING = Definition("customer_onboarding", 1, CUSTOMER)


def link(_run: UUID, held: Pass) -> str:
    """A guest link that shows what it opens."""
    return f"https://mile.example/guest/{held.step}-{held.round}-{held.role}"


DESK = Desk(BOOK, "https://mile.example", ZoneInfo("Europe/Berlin"), link)


def onboarding(**more: Any) -> tuple[Run, Definition]:
    """A run of the shipped process, with an agreement that has to be signed."""
    run = Run(
        name="Nordwind – onboarding (Business)",
        roles={
            RoleKey("account_executive"): Assignee("person:dana"),
            RoleKey("onboarding_manager"): Assignee("person:bo"),
            RoleKey("customer_champion"): Assignee("guest:customer_champion"),
        },
        values={
            "inputs.customer_name": "Nordwind",
            "inputs.plan": "Business",
            "inputs.primary_contact_name": "Ada König",
            "inputs.primary_contact_email": "ada@nordwind.example",
            "inputs.contract_value": 72000,
            "inputs.data_region": "EU",
            "handoff_note.promised_items": "Two trainings",
            "agreement_draft.agreement_file": [{"name": "agreement.pdf", "sha256": "0" * 64}],
            "kickoff_booked.kickoff_date": "2026-03-04T09:00:00+00:00",
            "stakeholder_map.decision_maker": "boss@nordwind.example",
        },
        **more,
    )
    return run, ONBOARDING


def written(act: MailAction, run: Run, process: Definition, desk: Desk | None = None) -> tuple[Mail, ...]:
    """The mails of an action."""
    return compose(RUN, run, process, act, desk or DESK).mails


def test_the_mail_of_a_step_reads_as_its_author_meant_it():
    """Fields, names of roles and the guest's link stand in it; lines that an editor wrapped are whole again."""
    run, process = onboarding()
    (mail,) = written(MailAction("email", StepKey("agreement_sent")), run, process)
    assert mail.to.address == "ada@nordwind.example"
    assert mail.subject == "Your agreement is ready to sign, Nordwind"
    assert mail.body == (
        "Hello Ada König,\n\n"
        "we are glad that you have chosen us. Your agreement for the Business plan is ready. You can read and sign "
        "it here, without an account:\n\n"
        "https://mile.example/guest/customer_signs-1-customer_champion\n\n"
        "If anything in it is not as we agreed, please do not sign; answer this mail and we will put it right.\n\n"
        "Dana Berg\n\n"
        "This is what it is about:\n\n"
        "Agreement\n\n"
        "Nordwind uses our product from the day of going live:\n\n"
        "- Plan: Business\n"
        "- Price a year: 72\u202f000 EUR\n"
        "- Where the data is kept: EU\n"
        "- Promised beside the plan: Two trainings\n\n"
        "The whole agreement is the file beside this text; where the two differ, the file holds. Either side can end "
        "it with three months' notice to the end of a year.\n\n"
        "Produce the agreement from the deal data:\n"
        "- Agreement: agreement.pdf\n\n"
        f"SHA-256 of this content: {content_of(run, process, StepKey('customer_signs')).sha256}"
    )


def test_who_looks_at_a_mail_of_others_sees_no_value_that_is_for_some():
    """A mail that others look at hides sensitive values, and those of steps that are for some roles."""
    process = definition(
        step("talk", role="seller", visibility="role", fields=[{"key": "said", "title": "Said", "kind": "text"}]),
        step("data", role="seller", fields=[{"key": "pay", "title": "Pay", "kind": "text", "sensitive": True},
                                            {"key": "size", "title": "Size", "kind": "text"}]),
        step("tell", kind="email", email={"to": ["{role.seller}"], "subject": "{data.size}",
                                          "body": "{talk.said} {data.pay} {data.size}"}),
    )  # fmt: skip
    values = {"talk.said": "quits", "data.pay": "9000", "data.size": "L"}
    run = Run(name="Sale", roles={RoleKey("seller"): Assignee("person:dana")}, values=values)
    told = [
        written(
            MailAction("email", StepKey("tell"), changes=changes),
            run,
            process,
            replace(DESK, hide_sensitive=hides),
        )[0]
        for hides, changes in ((False, {}), (True, {}), (False, {"to": ["eve@elsewhere.example"]}))
    ]
    assert [(mail.subject, mail.body) for mail in told] == [
        ("L", "quits 9000 L"), ("L", "••• ••• L"), ("L", "••• ••• L"),
    ]  # fmt: skip


def test_a_mail_about_a_step_for_some_roles_is_shown_again_without_what_was_written():
    """Who was named reads it in the mail; whoever looks at the mail later does not."""
    steps = (step("talk", role="helper", visibility="role"), step("plain", role="helper"))
    process = definition(*steps)
    facts = {"assignees": ["person:dana"], "by": "person:bo", "text": "She quits"}
    bodies = [
        written(MailAction(f"mention:{RUN}", StepKey(key), facts=facts), sale(), process, desk)[0].body
        for key in ("talk", "plain")
        for desk in (DESK, replace(DESK, hide_sensitive=True))
    ]
    assert ["She quits" in body for body in bodies] == [True, False, True, True]


def test_instants_are_told_in_the_organisations_zone():
    """A date and time in a mail reads as people say it."""
    mail = written(MailAction("email", StepKey("kickoff_agenda")), *onboarding())[0]
    assert mail.subject == "Our kickoff on 4 March 2026, 10:00 (Europe/Berlin): the agenda"


def test_several_addresses_get_one_mail_each():
    """Whoever is named twice is written to once; a field without a value names nobody."""
    run, process = onboarding()
    act = MailAction("email", StepKey("live_mail"))
    assert [mail.to.address for mail in written(act, run, process)] == [
        "ada@nordwind.example",
        "boss@nordwind.example",
        "onboarding-news@example.com",
    ]


def test_without_an_address_there_is_no_mail():
    """An unset recipient is nobody, never an empty address."""
    run, process = onboarding()
    nobody = replace(run, values={**run.values, "inputs.primary_contact_email": None})
    assert written(MailAction("email", StepKey("agreement_sent")), nobody, process) == ()


@pytest.mark.parametrize(
    "typed", ["a@b.example\r\nBcc: x@evil.example", "a b@c.example", "<a@b.example>", "a@b"]
)
def test_what_is_no_address_is_not_written_to(typed: str):
    """A value cannot smuggle a header or a second reader into a mail."""
    assert not is_address(typed)
    run, process = onboarding()
    odd = replace(run, values={**run.values, "inputs.primary_contact_email": typed})
    mails = written(MailAction("email", StepKey("agreement_sent")), odd, process)
    assert [mail.to.address for mail in mails] in ([], ["a@b.example"])


def test_a_subject_is_one_line_whatever_is_in_it():
    """Line ends in a name do not become headers."""
    run, process = onboarding()
    odd = replace(run, values={**run.values, "inputs.customer_name": "Nord\r\nBcc: x@evil.example"})
    assert written(MailAction("email", StepKey("agreement_sent")), odd, process)[0].subject == (
        "Your agreement is ready to sign, Nord Bcc: x@evil.example"
    )


PROCESS = definition(
    step("check", role="helper", title="Check the offer"),
    step("sign", ["check"], role="customer", kind="sign"),
    roles=[
        {"key": "helper", "title": "Helper"},
        {"key": "customer", "title": "Customer", "guest": True, "email_from": "mail"},
    ],
    inputs=[{"key": "mail", "title": "Mail", "kind": "email"}, {"key": "pay", "title": "Pay", "kind": "money",
             "sensitive": True}],
)  # fmt: skip


def sale(**more: Any) -> Run:
    """A small run with an open step of Bo's."""
    check = StepState(state="ready", assignee=Assignee("person:bo"), due_at=NINE + timedelta(hours=7), **more)
    return Run(
        name="Offer 7",
        roles={RoleKey("customer"): Assignee("guest:customer")},
        values={"inputs.mail": "cleo@example.org", "inputs.pay": 5000},
        steps={StepKey("check"): check},
        started_at=NINE,
    )


def test_a_reminder_says_what_when_where_and_why():
    """Its reader knows what is open, when it is due, where to do it and why the mail came."""
    (mail,) = written(
        MailAction("reminder:1", StepKey("check"), facts={"assignees": ["person:bo"]}), sale(), PROCESS
    )
    assert (mail.to.address, mail.subject) == ("bo@acme.example", "Reminder: Check the offer (Offer 7)")
    assert mail.body == (
        "Hello Bo Lind,\n\n"
        "“Check the offer” in Offer 7 is still open. It is due 2 March 2026, 17:00 (Europe/Berlin).\n\n"
        f"https://mile.example/runs/{RUN}?step=check\n\n"
        "If something keeps you from it, ask for help there: it is then seen by everybody who can help.\n\n"
        "You get this mail because the step is yours."
    )


def test_one_reminder_is_enough():
    """After an outage, of several reminders of a step only the last one is sent."""
    queued = {
        f"check/1/reminder:{number}": ActionState(StepKey("check"), 1, f"reminder:{number}")
        for number in (1, 2)
    }
    run = replace(sale(), actions=queued)
    assert superseded(run, MailAction("reminder:1", StepKey("check")))
    assert not superseded(run, MailAction("reminder:2", StepKey("check")))
    assert not superseded(run, MailAction("reminder:1:3", StepKey("check")))
    assert not superseded(run, MailAction("escalation", StepKey("check")))


def test_a_guest_is_led_to_their_own_step():
    """A guest has no account: the link of a reminder is a pass, sent to the address that the process names."""
    run = replace(
        sale(), steps={StepKey("sign"): StepState(state="ready", assignee=Assignee("guest:customer"))}
    )
    (mail,) = written(
        MailAction("reminder:1:2", StepKey("sign"), facts={"roles": ["customer"]}), run, PROCESS
    )
    assert mail.to.address == "cleo@example.org"
    assert "https://mile.example/guest/sign-1-customer" in mail.body


DECIDED = definition(
    step("check", kind="form", title="The offer", fields=[
        {"key": "price", "title": "Price", "kind": "money", "unit": "EUR"},
        {"key": "cost", "title": "Our cost", "kind": "money", "unit": "EUR", "sensitive": True},
        {"key": "parts", "title": "Parts", "kind": "table", "columns": [{"key": "name", "title": "Name"}]}]),
    step("review", ["check"], role="helper", kind="approval", title="Approve it", approval={"covers": ["check"]},
         email={"to": ["{role.helper}", "cleo@example.org"], "subject": "Please look", "body": "It is ready."}),
    roles=[{"key": "helper", "title": "Helper"}],
)  # fmt: skip


def to_decide(action: str, process: Definition = DECIDED, **facts: Any) -> tuple[Mail, ...]:
    """The mails of an action at an approval that is open."""
    run = Run(
        name="Offer 7",
        roles={RoleKey("helper"): Assignee("person:bo")},
        values={"check.price": 9999, "check.cost": 60, "check.parts": [{"name": "Bolt"}, {"name": "Nut"}]},
        steps={
            StepKey("check"): StepState(state="done", last_end="done"),
            StepKey("review"): StepState(state="ready", assignee=Assignee("person:bo")),
        },
        started_at=NINE,
    )
    facts = {"assignees": ["person:bo"], **facts}
    return written(MailAction(action, StepKey("review"), facts=facts), run, process)


def plain() -> Definition:
    """As DECIDED, with nothing in it that is for some eyes only."""
    document = DECIDED.document.model_dump(mode="json", exclude_defaults=True)
    for field in document["stages"][0]["steps"][0]["fields"]:
        field.pop("sensitive", None)
    return Definition.load("offer", 1, document)


def test_a_mail_that_asks_to_approve_brings_the_link_that_does(monkeypatch: pytest.MonkeyPatch):
    """For the person whom the house has at that address only, and only where the mail shows all that it is about."""
    monkeypatch.setattr(
        "tests.domain.test_mails.DESK",
        replace(DESK, decision_link=lambda _run, held: f"https://d/{held.step}-{held.person}"),
    )
    for action in ("reminder:1", "assigned:0"):
        (mail,) = to_decide(action, plain(), by="person:dana")
        assert mail.body.count("https://d/review-person:bo") == 1
        assert "without signing in" in mail.body
        (sealed,) = to_decide(action, by="person:dana")
        assert "https://d/" not in sealed.body
    asked, other = to_decide("invitation", plain())
    assert [(mail.to.address, "https://d/" in mail.body) for mail in (asked, other)] == [
        ("bo@acme.example", True),
        ("cleo@example.org", False),
    ]


@pytest.mark.parametrize("action", ["reminder:1", "assigned:0"])
def test_a_mail_that_asks_for_a_decision_says_what_it_is_about(action: str):
    """Whose decision it is reads the values with it; what is sensitive stays on the page."""
    (mail,) = to_decide(action, assignees=["person:bo"], by="person:dana")
    about = "The offer:\n- Price: 9\u202f999 EUR\n- Our cost: •••\n- Parts:\n- Bolt\n- Nut\n\nSHA-256 of this content: "
    assert f"\n\nThis is what it is about:\n\n{about}" in mail.body


def test_a_mail_keeps_what_is_for_some_roles_on_the_page():
    """Of a step whose values are not for everybody a mail tells that there is something, and nothing of it."""
    stored = DECIDED.document.model_dump(mode="json", exclude_unset=True)
    stored["stages"][0]["steps"][0]["visibility"] = "role"
    (mail,) = to_decide("reminder:1", process=Definition("sale", 1, Document.model_validate(stored)))
    assert "- Price: •••" in mail.body
    assert "9\u202f999" not in mail.body


def test_a_mail_tells_a_content_to_nobody_but_who_decides():
    """Who hears that it is late decides nothing; an address outright that is invited too is nobody's decision."""
    (late,) = to_decide("notice:overdue", assignees=["person:dana"])
    asked, copied = to_decide("invitation")
    assert (asked.to.address, copied.to.address) == ("bo@acme.example", "cleo@example.org")
    assert "Price: 9\u202f999 EUR" in asked.body
    assert not [mail for mail in (late, copied) if "9\u202f999" in mail.body]


def test_a_wait_that_takes_too_long_is_told_to_each_in_their_way():
    """A guest is asked to see to it and is led nowhere; a colleague is asked to find out, and led to the run."""
    facts = {"roles": ["customer_champion", "onboarding_manager"]}
    run, process = onboarding()
    guest, colleague = written(
        MailAction("notice:overdue", StepKey("admin_joined"), facts=facts), run, process
    )
    assert guest.to.address == "ada@nordwind.example"
    assert "Please see to it; if something keeps you from it, answer this mail." in guest.body
    assert "https://" not in guest.body
    assert colleague.to.address == "bo@acme.example"
    assert "please ask where it is." in colleague.body
    assert f"https://mile.example/runs/{RUN}?step=admin_joined" in colleague.body


def test_a_group_is_its_active_members_with_an_address():
    """One mail each; who has left or has no address gets none."""
    act = MailAction("notice:overdue", StepKey("check"), facts={"assignees": ["group:legal", "person:gone"]})
    mails = written(act, sale(), PROCESS)
    assert [mail.to.address for mail in mails] == ["bo@acme.example", "dana@acme.example"]


@pytest.mark.parametrize("word", sorted(NOTICES))
def test_every_notice_is_whole(word: str):
    """No notice leaves a gap or a placeholder, and each says why one gets it."""
    names = {"reminder": "reminder:2", "mention": f"mention:{RUN}", "assigned": "assigned"}
    action = names.get(word, word if word in ("escalation", "help", "invitation") else f"notice:{word}:0")
    facts = {"assignees": ["person:dana"], "by": "person:bo", "text": "The terms are unclear"}
    (mail,) = written(MailAction(action, StepKey("check"), facts=facts), sale(outcome="clear"), PROCESS)
    for text in (mail.subject, mail.body):
        assert "{" not in text
        assert "  " not in text
    assert "Offer 7" in mail.subject
    # who was written to by mistake, or by somebody's malice, has nothing to open there
    assert (f"https://mile.example/runs/{RUN}?step=check" in mail.body) is (
        word not in ("address_left", "code")
    )
    assert "You get this mail because" in mail.body


def test_what_the_machine_asks_for_is_asked_by_milepost():
    """It has a name for people."""
    facts = {
        "assignees": ["person:dana"],
        "by": "system:milepost",
        "text": "The run that it started was reopened",
    }
    (mail,) = written(MailAction("help", StepKey("check"), facts=facts), sale(), PROCESS)
    assert mail.subject.startswith("Milepost needs your help")


def test_a_mail_that_was_edited_goes_as_it_was_edited():
    """What somebody changed after a failure replaces what the process says; the rest stays."""
    changes = {"to": "new@nordwind.example", "subject": "Again: {plan}"}
    (mail,) = written(MailAction("email", StepKey("agreement_sent"), changes=changes), *onboarding())
    assert (mail.to.address, mail.subject) == ("new@nordwind.example", "Again: {plan}")
    assert "Hello Ada König" in mail.body


def test_a_reader_without_the_right_sees_no_sensitive_value():
    """Shown again to somebody who may not see it, a sensitive value is hidden."""
    process = definition(
        step("tell", kind="email", email={"to": ["{mail}"], "subject": "s", "body": "Pay: {inputs.pay}"}),
        inputs=[each.model_dump() for each in PROCESS.document.inputs],
    )
    act = MailAction("email", StepKey("tell"))
    assert written(act, sale(), process)[0].body == "Pay: 5\u202f000"
    assert written(act, sale(), process, replace(DESK, hide_sensitive=True))[0].body == "Pay: •••"


def test_a_digest_tells_where_a_run_stands():
    """Stages, what was done since the last one, and what is next with whose it is; never a value."""
    process = definition(
        step("check", role="helper", title="Check the offer"),
        step("sent", title="Send it", stage="sale"),
        digest={"offset": 7, "to": ["boss@example.org", "{role.helper}"]},
        inputs=[each.model_dump() for each in PROCESS.document.inputs],
    )
    before = StepState(state="done", done_at=NINE - timedelta(days=1))
    run = replace(sale(), steps={StepKey("check"): before, StepKey("sent"): StepState(
        state="ready", assignee=Assignee("person:bo"), due_at=datetime(2026, 3, 6, 16, tzinfo=UTC))})  # fmt: skip
    act = MailAction("digest:1", facts={"since": (NINE - timedelta(days=7)).isoformat()})
    (mail,) = written(act, run, process)
    assert mail.subject == "Offer 7: where it stands"
    assert mail.body == (
        "Hello,\n\n"
        "Where it stands\n- work: done\n- sale: under way\n\n"
        "Done since the last summary\n- Check the offer\n\n"
        "What is next\n- Send it: Bo Lind, due 6 March 2026\n\n"
        "You get this mail because you get a summary of this run."
    )
    later = written(MailAction("digest:2", facts={"since": NINE.isoformat()}), run, process)[0]
    assert "Check the offer" not in later.body
    assert "5000" not in mail.body


def test_links_of_guests_lead_to_the_next_step_of_theirs():
    """A mail leads to the step of a guest right behind it, through automatic steps, never past a colleague."""
    process = ONBOARDING
    assert guest_step(process, StepKey("agreement_sent")) == "customer_signs"
    assert guest_step(process, StepKey("followup_email")) == "intake_form"
    assert guest_step(process, StepKey("survey")) == "survey"
    assert guest_step(process, StepKey("live_mail")) is None


TWO_GUESTS = definition(
    step("tell", kind="email", email={"to": ["{role.customer}", "{role.vendor}", "{role.helper}", "{mail}",
         "eve@elsewhere.example"], "subject": "Please sign", "body": "Here: {guest_link}"}),
    step("sign", ["tell"], role="customer", kind="sign"),
    step("deliver", ["sign"], role="vendor"),
    roles=[
        {"key": "helper", "title": "Helper"},
        {"key": "customer", "title": "Customer", "guest": True, "email_from": "mail"},
        {"key": "vendor", "title": "Vendor", "guest": True, "email_from": "vendor_mail"},
    ],
    inputs=[{"key": "mail", "title": "Mail", "kind": "email"},
            {"key": "vendor_mail", "title": "Mail", "kind": "email"}],
)  # fmt: skip


def of_two_guests(**values: str) -> Run:
    """A run with two guests and a colleague."""
    roles = {
        RoleKey("customer"): Assignee("guest:customer"),
        RoleKey("vendor"): Assignee("guest:vendor"),
        RoleKey("helper"): Assignee("person:bo"),
    }
    return Run(name="Offer 7", roles=roles, values={f"inputs.{key}": value for key, value in values.items()})


MAILS = {"mail": "cleo@example.org", "vendor_mail": "vic@example.org"}


def test_a_guests_link_goes_to_that_guest_only():
    """Of several readers of a mail only whose step it is gets the link: another guest or a colleague does not."""
    mails = written(MailAction("email", StepKey("tell")), of_two_guests(**MAILS), TWO_GUESTS)
    assert {mail.to.address: "/guest/sign-1-customer" in mail.body for mail in mails} == {
        "cleo@example.org": True,
        "vic@example.org": False,
        "bo@acme.example": False,
        "eve@elsewhere.example": False,
    }
    facts = {"roles": ["customer", "vendor"], "by": "person:bo", "text": "See there"}
    noticed = written(MailAction("help:0", StepKey("sign"), facts=facts), of_two_guests(**MAILS), TWO_GUESTS)
    assert [("/guest/" in mail.body, "/runs/" in mail.body) for mail in noticed] == [
        (True, False),
        (False, False),
    ]


def test_an_address_that_is_written_outright_is_the_guests_where_the_run_knows_no_other():
    """Without an address of the guest in the run, whom the author writes to gets the link; a colleague never does."""
    mails = written(MailAction("email", StepKey("tell")), of_two_guests(), TWO_GUESTS)
    assert [(mail.to.address, "/guest/" in mail.body) for mail in mails] == [
        ("bo@acme.example", False),
        ("eve@elsewhere.example", True),
    ]


@pytest.mark.parametrize(
    ("mail", "promises"),
    [
        ({"body": "Here: {guest_link}"}, True),
        ({"body": "Here", "guest_link": True}, True),
        ({"body": "Here", "subject": "{guest_link}"}, True),
        ({"body": "Here"}, False),
    ],
)
def test_a_text_with_the_place_of_a_link_promises_it(mail: dict[str, Any], promises: bool):
    """Whether the author says it or writes its place: lint, the mail itself and what watches over links agree."""
    email = {"to": ["{mail}"], "subject": "s", **mail}
    steps = [step("tell", kind="email", email=email), step("sign", ["tell"], role="customer", kind="sign")]
    kept = TWO_GUESTS.document.model_dump(mode="json", exclude_unset=True)
    process = definition(*steps, roles=kept["roles"], inputs=kept["inputs"])
    alone = definition(steps[0], roles=kept["roles"], inputs=kept["inputs"])
    act = MailAction("email", StepKey("tell"))
    (found,) = written(act, of_two_guests(**MAILS), process)
    assert ("/guest/sign-1-customer" in f"{found.subject} {found.body}") is promises
    assert (leads_guest_to(process, act) is not None) is promises
    assert ("dead_link" in [each.code for each in lint(alone.document)]) is promises


def test_what_brings_no_link_leads_nowhere():
    """A notice without a link in the words for guests, and a text that somebody wrote anew, bring nobody in."""
    steps = [
        step("await", role="customer", kind="wait", wait={"event": "paid"}),
        step("sign", ["await"], role="customer", kind="sign"),
    ]
    process = definition(*steps)
    to = {"roles": ["customer"]}
    assert leads_guest_to(process, MailAction("reminder:1", StepKey("await"), facts=to)) == "await"
    assert leads_guest_to(process, MailAction("notice:overdue", StepKey("await"), facts=to)) is None
    anew = MailAction("reminder:1", StepKey("sign"), facts=to, changes={"body": "Please"})
    assert leads_guest_to(process, anew) is None


def test_wrapped_lines_are_joined_and_short_ones_are_not():
    """A signature keeps its lines; a paragraph of the author's editor becomes one."""
    long = "x" * 70
    assert reflowed(f"Hello,\n\n{long}\nrest\n- one\n\nKind regards\nBo") == (
        f"Hello,\n\n{long} rest\n- one\n\nKind regards\nBo"
    )
