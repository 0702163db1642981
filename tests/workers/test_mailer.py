"""Mails go out once, through a real mail server or into the outbox; what may be tried again is known."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from domain.addresses import Recipient
from domain.mails import Mail
from tests.support.given import NINE
from tests.support.mailbox import Mailbox, mailbox, text_of
from workers.automations.mailer import Mailer, MailSettings, Posted
from workers.automations.message import as_html, message, sender_address, tag_of
from workers.automations.smtp import SmtpServer

ADA = Mail(
    Recipient("ada@nordwind.example", "Ada König"),
    "Grüße aus Köln – 東京",
    "Hallo Ada,\n\nschön, dass Sie da sind.",
)
BO = Mail(Recipient("bo@acme.example"), "For you", "Hello")


@pytest.fixture
def box() -> Iterator[Mailbox]:
    """A mail server of this test's own."""
    with mailbox() as running:
        yield running


def mailer(folder: Path, url: str | None = None) -> Mailer:
    """A mailer that sends to this server, or into this folder."""
    server = SmtpServer(url) if url else None
    return Mailer(MailSettings(folder, "Milepost <milepost@acme.example>", server))


def post(to: Mailer, *mails: Mail, test: bool = False, delivered: tuple[str, ...] = ()) -> Posted:
    """Post these mails as the same action each time."""
    return asyncio.run(to.post(mails, key="run/step/1/email", at=NINE, test=test, delivered=delivered))


def test_a_mail_arrives_as_it_was_written(box: Mailbox, tmp_path: Path):
    """Any script in subject, name and text; plain text and HTML; headers that say that a machine wrote it."""
    posted = post(mailer(tmp_path, box.url), ADA)
    (got,) = box.messages
    assert (posted.failure, posted.delivered, box.readers) == (None, (tag_of(ADA),), ["ada@nordwind.example"])
    assert (got["subject"], got["to"]) == (ADA.subject, "Ada König <ada@nordwind.example>")
    assert got["from"] == "Milepost <milepost@acme.example>"
    assert got["auto-submitted"] == "auto-generated"
    assert text_of(got).strip() == ADA.body
    html = got.get_body(("html",))
    assert html is not None
    assert "<p>schön, dass Sie da sind.</p>" in html.get_content()
    assert not (tmp_path / "outbox").exists()


@pytest.mark.parametrize("name", ["Dogwood Robotics", "D" * 60, "東京 " * 30, "a " * 70, "é" * 150])
def test_a_subject_arrives_sign_by_sign(box: Mailbox, tmp_path: Path, name: str):
    """However long, wherever a sign beyond ASCII stands: folding adds and drops nothing."""
    subject = f"Reminder: Customer uploads the data export ({name.strip()} – onboarding)"
    post(mailer(tmp_path, box.url), Mail(Recipient("a@b.example", f"{name.strip()} é"), subject, "Hello"))
    assert box.messages[0]["subject"] == subject
    assert box.messages[0]["to"].addresses[0].addr_spec == "a@b.example"


def test_the_name_of_a_message_follows_from_its_action(box: Mailbox, tmp_path: Path):
    """Sent again by somebody's decision it is the same message to every mail program; another reader's is another."""
    post(mailer(tmp_path, box.url), ADA, BO)
    post(mailer(tmp_path, box.url), ADA)
    first, other, again = (message["message-id"] for message in box.messages)
    assert first == again != other
    assert first.endswith("@acme.example>")


def test_a_refusal_for_now_is_tried_again(box: Mailbox, tmp_path: Path):
    """A 421 is no reason to give up; the next try delivers."""
    box.answers.append("421 too busy")
    first = post(mailer(tmp_path, box.url), ADA)
    assert first.failure is not None
    assert (first.failure.permanent, first.delivered) == (False, ())
    assert "421" in str(first.failure)
    assert post(mailer(tmp_path, box.url), ADA).failure is None
    assert len(box.messages) == 1


def test_a_refusal_for_good_is_not(box: Mailbox, tmp_path: Path):
    """A 550 means that somebody has to look; the other readers get theirs all the same, and only once."""
    box.refused["ada@nordwind.example"] = "550 no such user"
    to = mailer(tmp_path, box.url)
    posted = post(to, ADA, BO)
    assert posted.failure is not None
    assert (posted.failure.permanent, posted.delivered) == (True, (tag_of(BO),))
    box.refused.clear()
    assert post(to, ADA, BO, delivered=posted.delivered).failure is None
    assert box.readers == ["bo@acme.example", "ada@nordwind.example"]


def test_a_server_that_is_away_is_tried_again(tmp_path: Path):
    """Nothing was sent, so nothing is doubled."""
    with mailbox() as gone:
        url = gone.url
    posted = post(mailer(tmp_path, url), ADA)
    assert posted.failure is not None
    assert not posted.failure.permanent


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")  # the test's server, not ours
def test_user_and_password_come_from_the_address(tmp_path: Path):
    """They may hold any sign; a wrong one is tried again later, because the next mail would fare the same."""
    with mailbox(password="p@ss/wörd") as box:
        host = box.url.removeprefix("smtp://")
        assert post(mailer(tmp_path, f"smtp://us%40er:p%40ss%2Fw%C3%B6rd@{host}"), ADA).failure is None
        assert len(box.messages) == 1
        wrong = post(mailer(tmp_path, f"smtp://us%40er:other@{host}"), ADA).failure
    assert wrong is not None
    assert not wrong.permanent
    assert "other" not in str(wrong)


def test_where_tls_is_asked_for_nothing_is_sent_without(box: Mailbox, tmp_path: Path):
    """A server that offers no STARTTLS gets no mail when the setting demands it."""
    posted = post(mailer(tmp_path, box.url.replace("smtp://", "starttls://")), ADA)
    assert posted.failure is not None
    assert (posted.failure.permanent, box.messages) == (False, [])


def test_a_connection_that_breaks_after_the_text_leaves_it_uncertain(box: Mailbox, tmp_path: Path):
    """Whether the server took it is not known, and it is not sent blindly again."""
    box.vanish = 1
    posted = post(mailer(tmp_path, box.url), BO, ADA)
    assert posted.failure is None
    assert posted.uncertain is not None
    assert (posted.delivered, box.readers) == ((), ["bo@acme.example"])


def test_without_a_server_mails_land_in_the_outbox_once(tmp_path: Path):
    """One file a mail, whole, under a name that a repetition meets again."""
    to = mailer(tmp_path / "outbox")
    assert post(to, ADA, BO).delivered == post(to, ADA, BO).delivered
    files = sorted((tmp_path / "outbox").iterdir())
    assert [file.suffix for file in files] == [".eml", ".eml"]
    subjects = {message_from_bytes(file.read_bytes(), policy=policy.default)["subject"] for file in files}
    assert subjects == {ADA.subject, BO.subject}


def test_a_test_run_never_writes_to_anybody(box: Mailbox, tmp_path: Path):
    """Also with a server its mails stay in the outbox."""
    post(mailer(tmp_path / "outbox", box.url), ADA, test=True)
    assert box.messages == []
    assert len(list((tmp_path / "outbox").iterdir())) == 1


def test_an_outbox_that_cannot_be_written_is_no_success(tmp_path: Path):
    """A folder that is a file is reported, not passed over."""
    (tmp_path / "outbox").write_text("")
    posted = post(mailer(tmp_path / "outbox"), ADA)
    assert posted.failure is not None
    assert posted.delivered == ()


@pytest.mark.parametrize(
    "evil", ["Hi\r\nBcc: x@evil.example", "Hi\nX: y\n\nbody", "Hi\x00\u2028Bcc: x@evil.example"]
)
def test_nothing_in_a_mail_becomes_a_header(evil: str):
    """Subject, name and text stay where they belong."""
    mail = Mail(Recipient("ada@nordwind.example", evil), evil, evil)
    made = message(mail, key="k", sender="m@acme.example", at=NINE)
    read = message_from_bytes(made.as_bytes(), policy=policy.default)
    assert set(read.keys()) == {
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress",
        "MIME-Version", "Content-Type",
    }  # fmt: skip
    assert [one.addr_spec for one in read["to"].addresses] == ["ada@nordwind.example"]


def test_long_lines_and_markup_are_safe():
    """No line of the message is longer than servers take, and nothing of the text becomes markup."""
    body = "<script>alert(1)</script> " + "wörter " * 500 + "\n.\nhttps://acme.example/a?b=1&c=2."
    made = message(Mail(Recipient("a@b.example"), "s" * 300, body), key="k", sender="m@acme.example", at=NINE)
    assert max(len(line) for line in made.as_bytes().splitlines()) <= 998
    html = as_html("<b>", body)
    assert "<script>" not in html
    assert '<a href="https://acme.example/a?b=1&amp;c=2">https://acme.example/a?b=1&amp;c=2</a>.' in html


@pytest.mark.parametrize("sender", ["", "Milepost", "a@", "@b.example", "<>"])
def test_a_sender_has_an_address(sender: str):
    """A sender without one is refused before anything is sent."""
    with pytest.raises(ValueError, match="mail address"):
        sender_address(sender)
