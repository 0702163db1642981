"""Mails of runs, from the decision that causes them to a real mail server: once, again, or asked about."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest

from application.milepost import Milepost
from domain.addresses import AddressBook, Contact
from domain.directory import EMPTY, Directory, PersonFacts
from domain.document import Document, stored_form
from domain.events import ActionQueued, Event, ProcessVersionPublished, RunInputsChanged
from domain.mails import Desk
from domain.process import PROCESS
from domain.run import RUN, Run, change_inputs, complete_step, start_run
from domain.run.actions import fail_action, start_action
from domain.run.guest_links import confirm_guest_address
from domain.run.incidents import edit_incident, retry_incident
from domain.run.nudging import remind_step
from domain.run.state import ActionState
from domain.schedule import Calendar
from domain.words import Actor, Assignee, Rejected, RoleKey, StepKey, process_stream
from projections.engine.live import Projector
from projections.registry import PROJECTIONS
from store.log import Log
from tests.support.databases import Database
from tests.support.mailbox import Mailbox, mailbox, text_of
from tests.support.people import knowing
from workers.acting import Acting
from workers.automations.email import Emailing
from workers.automations.mailer import Mailer, MailSettings
from workers.automations.smtp import SmtpServer
from workers.digests import Digests

DANA = Actor("person:dana")
NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
MAIL = {
    "to": ["{mail}"],
    "subject": "Hello {who}",
    "body": "You start soon.\n\n{guest_link}",
    "guest_link": True,
}
DOCUMENT: dict[str, Any] = {
    "key": "welcome", "title": "Welcome", "run_name": "{who}",
    "inputs": [{"key": "who", "title": "Who", "kind": "text"}, {"key": "mail", "title": "Mail", "kind": "email"}],
    "roles": [{"key": "boss", "title": "Boss"},
              {"key": "guest", "title": "Guest", "guest": True, "email_from": "mail"}],
    "stages": [{"key": "go", "title": "Go", "steps": [
        {"key": "decide", "title": "Decide", "role": "boss"},
        {"key": "greet", "title": "Greet", "kind": "email", "role": "boss", "after": ["decide"], "email": MAIL},
        {"key": "answer", "title": "Answer", "kind": "form", "role": "guest", "after": ["greet"]}]}],
    "digest": {"offset": 1, "unit": "calendar_days", "to": ["{role.boss}"]},
}  # fmt: skip


class Post:
    """A log with a process, a worker that sends its mails under a clock of the test's, and a mail server."""

    def __init__(self, database: Database, log: Log, box: Mailbox | None, folder: Path) -> None:
        self.log, self.app, self.now, self.url = log, Milepost(log), NINE, database.app_url
        self.box, self.outbox = box, folder
        self.projector = Projector(self.url, log, projections=PROJECTIONS)
        document = stored_form(Document.model_validate(DOCUMENT))
        version = ProcessVersionPublished(process="welcome", process_version=1, note="", document=document,
                                          by=DANA, at=NINE)  # fmt: skip
        self.app.execute(PROCESS, process_stream("welcome"), lambda _state: [version])
        book = AddressBook({
            Assignee("person:bo"): Contact("Bo Lind", "bo@acme.example"),
            Assignee("person:gone"): Contact("Gone", "gone@acme.example", active=False),
            Assignee("person:mute"): Contact("Mute"),
        })  # fmt: skip
        desk = Desk(
            book, "https://mile.example", ZoneInfo("UTC"), lambda _run, held: f"https://g/{held.step}"
        )
        settings = MailSettings(folder, "m@acme.example", SmtpServer(box.url) if box else None)
        self.executors = {"email": Emailing(Mailer(settings), lambda: desk)}

    def run(self, **more: Any) -> UUID:
        """A run whose greeting is queued."""
        run, inputs = uuid4(), {"who": "Ada", "mail": "ada@nordwind.example", **more.pop("inputs", {})}
        roles = {"boss": "person:bo"}
        self.do(run, start_run, inputs=inputs, roles=roles, calendar=Calendar(), **more)
        self.do(run, complete_step, "decide", calendar=Calendar())
        return run

    def do(self, run: UUID, decision: Any, *args: Any, **named: Any) -> None:
        """Somebody decides something."""
        definition = self.app.definition("welcome", 1)
        wants = () if decision in (start_action, retry_incident) else (definition,)

        def decide(state: Run | None) -> Sequence[Event]:
            found: Sequence[Event] = decision(
                state, *wants, *args, by=DANA, at=self.now, **{**knowing(decision), **named}
            )
            return found

        self.app.execute(RUN, run, decide, meta={"process": "welcome", "process_version": 1})

    def work(self) -> None:
        """What a worker does until nothing is due: a new one each time, as after a crash."""
        self.projector.catch_up()

        async def rounds() -> None:
            acting = Acting(self.app, self.executors, Calendar(), lambda: self.now, chance=lambda: 0.0)
            await acting.once()
            await acting.close()

        asyncio.run(rounds())
        self.projector.catch_up()

    def state(self, run: UUID) -> Run:
        """The run as it is."""
        found = self.app.load(RUN, run)
        assert found is not None
        return found

    def greeting(self, run: UUID) -> ActionState:
        """The action that the greeting is."""
        return self.state(run).actions["greet/1/email"]


@pytest.fixture
def box() -> Iterator[Mailbox]:
    """A mail server of this test's own."""
    with mailbox() as running:
        yield running


@pytest.fixture
def post(database: Database, box: Mailbox, tmp_path: Path) -> Iterator[Post]:
    """A worker with a mail server."""
    with Log(database.app_url, durable=False) as log:
        made = Post(database, log, box, tmp_path / "outbox")
        with made.projector:
            yield made


def test_a_mail_is_sent_once_and_its_step_is_done(post: Post, box: Mailbox):
    """The mail arrives with the guest's link, the step is completed, and nothing more is sent."""
    run = post.run()
    post.work()
    post.work()
    assert [message["subject"] for message in box.messages] == ["Hello Ada"]
    assert "https://g/answer" in text_of(box.messages[0])
    assert post.greeting(run).result == "sent"
    assert (post.state(run).step(StepKey("greet")).state, post.state(run).step(StepKey("answer")).state) == (
        "done",
        "ready",
    )


def test_a_refusal_for_now_is_retried_by_the_schedule(post: Post, box: Mailbox):
    """After a 421 the mail waits a second, and then goes out once."""
    run = post.run()
    box.answers.append("421 too busy")
    post.work()
    assert (post.greeting(run).state, post.greeting(run).next_at) == ("failed", NINE + timedelta(seconds=1))
    post.work()
    assert box.messages == []
    post.now = NINE + timedelta(seconds=1)
    post.work()
    assert (len(box.messages), post.greeting(run).result) == (1, "sent")


def test_a_refusal_for_good_is_one_incident(post: Post, box: Mailbox):
    """After a 550 somebody is asked, once; with the address corrected in the run, it goes to the new one."""
    box.refused["ada@nordwind.example"] = "550 no such user"
    run = post.run()
    post.work()
    post.now += timedelta(days=1)
    post.work()
    (incident,) = post.state(run).incidents.values()
    assert (incident.problem, "550" in incident.reason, box.messages) == ("failed", True, [])
    with pytest.raises(Rejected, match="the link of a guest"):
        post.do(run, edit_incident, incident.incident, {"to": ["ada@new.example"]})
    post.do(run, change_inputs, inputs={"mail": "ada@new.example"}, calendar=Calendar())
    post.do(run, retry_incident, incident.incident)
    post.work()
    assert (box.readers, post.state(run).step(StepKey("greet")).state) == (["ada@new.example"], "done")


def test_a_crash_between_mail_and_result_is_asked_about(post: Post, box: Mailbox):
    """The intent is stored and no result: nothing is sent blindly; somebody decides to send it again."""
    run = post.run()
    post.do(run, start_action, "greet", 1, "email", key="k")
    post.work()
    assert (post.greeting(run).state, box.messages) == ("uncertain", [])
    (incident,) = post.state(run).incidents.values()
    assert incident.problem == "uncertain"
    post.do(run, retry_incident, incident.incident)
    post.work()
    assert (len(box.messages), post.state(run).step(StepKey("greet")).state) == (1, "done")


def test_a_broken_connection_after_the_text_is_asked_about(post: Post, box: Mailbox):
    """The server took it and vanished: it is not sent a second time."""
    box.vanish = 1
    run = post.run()
    post.work()
    post.now += timedelta(days=1)
    post.work()
    assert (len(box.messages), post.greeting(run).state) == (1, "uncertain")


@pytest.mark.parametrize(
    ("mail", "says"), [(None, "{mail} has no value"), ("anna(home)@example.de", "is no mail address")]
)
def test_a_mail_that_has_nobody_to_go_to_is_asked_about(
    post: Post, box: Mailbox, mail: str | None, says: str
):
    """The step is not done by it: somebody corrects the address in the run, or says that it was done by hand."""
    run = post.run()
    changed = RunInputsChanged(inputs={"mail": mail}, by=DANA, at=NINE)  # as an older release took it
    post.app.execute(RUN, run, lambda _state: [changed])
    post.work()
    (incident,) = post.state(run).incidents.values()
    assert (incident.problem, says in incident.reason, box.messages) == ("no_address", True, [])
    assert post.state(run).step(StepKey("greet")).state == "ready"
    post.do(run, change_inputs, inputs={"mail": "ada@nordwind.example"}, calendar=Calendar())
    post.do(run, retry_incident, incident.incident)
    post.work()
    assert (box.readers, post.state(run).step(StepKey("greet")).state) == (["ada@nordwind.example"], "done")


def test_who_cannot_be_reached_is_asked_about_when_the_others_have_theirs(post: Post, box: Mailbox):
    """Of several readers one has left: the others get the mail once, and the step waits for a decision."""
    run = post.run()
    post.do(run, start_action, "greet", 1, "email", key="k")
    post.do(run, fail_action, "greet", 1, "email", "it failed", permanent=True)
    (first,) = post.state(run).incidents
    several = {"mail": "ada@nordwind.example, person:gone"}
    post.app.execute(RUN, run, lambda _state: [RunInputsChanged(inputs=several, by=DANA, at=NINE)])
    post.do(run, retry_incident, first)
    post.work()
    assert box.readers == ["ada@nordwind.example"]
    second = next(one for one in post.state(run).incidents.values() if one.how is None)
    assert (second.problem, "1 has it" in second.reason, "Gone has left" in second.reason) == (
        "no_address",
        True,
        True,
    )
    post.do(run, retry_incident, second.incident)
    post.work()
    assert box.readers == ["ada@nordwind.example"]


def test_a_reminder_reaches_whose_work_the_step_is(post: Post, box: Mailbox):
    """What attention offers arrives: the mail goes to the address that the directory has."""
    house = Directory({Assignee("person:bo"): PersonFacts("Bo Lind", "bo@acme.example")})
    run = uuid4()
    roles = {"boss": "person:bo"}
    post.do(run, start_run, inputs={"who": "Ada", "mail": "ada@b.example"}, roles=roles, calendar=Calendar())
    post.do(run, remind_step, "decide", calendar=Calendar(), directory=house)
    post.work()
    assert [message["subject"] for message in box.messages] == ["Reminder: Decide (Ada)"]
    assert box.readers == ["bo@acme.example"]


def test_a_notice_for_somebody_without_an_address_is_not_sent_visibly(post: Post, box: Mailbox):
    """It is no success: who was not told stands in the log, and nothing waits for a decision."""
    run = uuid4()
    roles = {"boss": "person:mute"}
    post.do(run, start_run, inputs={"who": "Ada", "mail": "ada@b.example"}, roles=roles, calendar=Calendar())
    mute = Directory({Assignee("person:mute"): PersonFacts("Mute")})
    post.do(run, remind_step, "decide", calendar=Calendar(), directory=mute)
    post.work()
    (action,) = (one for one in post.state(run).actions.values() if one.step == "decide")
    assert (action.state, action.reason, action.whom) == (
        "unsent", "Mute has no mail address", ("person:mute",),
    )  # fmt: skip
    assert (box.messages, post.state(run).incidents) == ([], {})


def test_a_notice_says_whom_of_several_it_did_not_reach(post: Post, box: Mailbox):
    """The others have it, and who has not stands with it in the log."""
    run = uuid4()
    roles = {"boss": "person:bo"}
    post.do(run, start_run, inputs={"who": "Ada", "mail": "ada@b.example"}, roles=roles, calendar=Calendar())
    several = {"assignees": ["person:bo", "person:mute"]}
    queued = ActionQueued(
        step=StepKey("decide"), action="escalation", kind="email", facts=several, by=DANA, at=NINE
    )
    post.app.execute(RUN, run, lambda _state: [queued])
    post.work()
    action = post.state(run).actions["decide/1/escalation"]
    assert (action.result, action.reason, action.whom) == (
        "sent", "Mute has no mail address", ("person:mute",),
    )  # fmt: skip
    assert box.readers == ["bo@acme.example"]


def test_a_guest_who_has_only_mail_is_asked_about(post: Post, box: Mailbox):
    """A guest finds nothing elsewhere: a reminder that cannot be sent opens an incident."""
    run = post.run()
    post.work()
    box.messages.clear()
    post.do(run, remind_step, "answer", calendar=Calendar(), directory=EMPTY)
    changed = RunInputsChanged(inputs={"mail": None}, by=DANA, at=NINE)
    post.app.execute(RUN, run, lambda _state: [changed])
    post.work()
    (incident,) = post.state(run).incidents.values()
    assert (incident.problem, incident.assignee, box.messages) == ("no_address", "person:dana", [])


def test_a_test_run_writes_into_the_outbox_only(post: Post, box: Mailbox):
    """With a mail server set, a test still sends nothing."""
    post.run(test=True)
    post.work()
    assert box.messages == []
    assert len(list(post.outbox.iterdir())) == 1


def test_a_digest_goes_out_each_day_once(post: Post, box: Mailbox):
    """Queued by the worker when its time has come, sent once, and not for the days that nobody worked."""
    post.run()
    post.work()
    box.messages.clear()
    digests = Digests(post.app, Calendar(), lambda: post.now)
    for day in (1, 1, 2, 5):
        post.now = NINE + timedelta(days=day, hours=1)
        asyncio.run(digests.once())
        post.work()
    sent = [message for message in box.messages if message["to"] == "Bo Lind <bo@acme.example>"]
    assert [message["subject"] for message in sent] == ["Ada: where it stands"] * 3
    assert "- Greet" in text_of(sent[0])
    again = Digests(post.app, Calendar(), lambda: post.now)
    asyncio.run(again.once())
    post.work()
    assert len(box.messages) == 3


def test_a_stranger_who_changes_the_address_of_a_guest_gets_no_link(post: Post, box: Mailbox):
    """Bo, who does not lead the run, has the next mail go to himself: only who was written to before hears of it."""
    run, eve, bo = post.run(), "eve@evil.example", Actor("person:bo")
    post.work()
    assert box.readers == ["ada@nordwind.example"]
    definition = post.app.definition("welcome", 1)

    def does(by: Actor, decision: Any, *args: Any, **more: Any) -> None:
        def decide(now: Run | None) -> Sequence[Event]:
            found: Sequence[Event] = decision(now, definition, *args, by=by, at=post.now, **more)
            return found

        post.app.execute(RUN, run, decide, meta={"process": "welcome", "process_version": 1})

    does(bo, change_inputs, {"mail": eve}, calendar=Calendar(), directory=EMPTY)
    with pytest.raises(Rejected) as refused:
        does(bo, remind_step, "answer", calendar=Calendar(), directory=EMPTY)
    assert refused.value.code == "nobody_to_remind"
    post.work()
    assert box.readers == ["ada@nordwind.example"] * 2
    assert "https://g/" not in text_of(box.messages[1])
    does(DANA, confirm_guest_address, RoleKey("guest"), eve)
    post.work()
    assert box.readers[2:] == [eve]
    assert "https://g/answer" in text_of(box.messages[2])
