"""Mails go out once, through a real mail server or into the outbox; what may be tried again is known."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.addresses import Recipient
from domain.mail_address import NoAddress, mail_address, sender_address
from domain.mails import Mail
from domain.templates import one_line
from tests.support.given import NINE
from tests.support.mailbox import Mailbox, mailbox, text_of
from workers.automations import message as made_by
from workers.automations.mailer import Mailer, MailSettings, Posted
from workers.automations.message import as_html, message, tag_of
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
    read = message_from_bytes(made, policy=policy.default)
    assert set(read.keys()) == {
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress",
        "MIME-Version", "Content-Type",
    }  # fmt: skip
    assert [one.addr_spec for one in read["to"].addresses] == ["ada@nordwind.example"]


def test_long_lines_and_markup_are_safe():
    """No line of the message is longer than servers take, and nothing of the text becomes markup."""
    body = "<script>alert(1)</script> " + "wörter " * 500 + "\n.\nhttps://acme.example/a?b=1&c=2."
    made = message(Mail(Recipient("a@b.example"), "s" * 300, body), key="k", sender="m@acme.example", at=NINE)
    assert max(len(line) for line in made.splitlines()) <= 998
    html = as_html("<b>", body)
    assert "<script>" not in html
    assert '<a href="https://acme.example/a?b=1&amp;c=2">https://acme.example/a?b=1&amp;c=2</a>.' in html


@pytest.mark.parametrize("sender", ["", "Milepost", "a@", "@b.example", "<>"])
def test_a_sender_has_an_address(sender: str):
    """A sender without one is refused before anything is sent."""
    with pytest.raises(NoAddress):
        sender_address(sender)


_TYPED = st.text(
    st.one_of(
        st.characters(codec=None),
        st.sampled_from("\r\n\0\t =?<>\"\\,;:@().ü\u2028\u202e\ud800"),
    ),
    max_size=80,
) | st.sampled_from([
    "=?utf-8?q?Invoice=0d=0aReply-To:_ceo=40evil.example=0d=0a=0d=0a=3Ch1=3EPay=3C/h1=3E?=",
    "=?utf-8?B?w7w=?=", "=?utf-8?b?DQpCY2M6IHhAZXZpbC5leGFtcGxl?= <x@evil.example>", "=?us-ascii?q?a?= =?x?q?b?=",
    "a" * 400, "a, b; c <d@e.example>", '"', "\\", "--=", "\n.\n", "\nFrom x", "x\r\n\r\n--==\r\nContent-Type: a/b",
])  # fmt: skip
"""What somebody may type into a title, a name or a text that mails repeat, with what header readers stumble over."""


@given(name=_TYPED, subject=_TYPED, body=_TYPED, sender=_TYPED)
@settings(max_examples=60, deadline=None)
def test_whatever_is_typed_a_mail_says_just_that(name: str, subject: str, body: str, sender: str):
    """Hostile texts in names, subject, text and sender forge no header, no reader, no part, and lose no sign."""
    mail = Mail(Recipient("ada@nordwind.example", name), subject, body)
    made = message(mail, key="k", sender=f"{one_line(sender)} <m@acme.example>", at=NINE)
    head, _, rest = made.partition(b"\r\n\r\n")
    assert re.findall(rb"^([^ \t:]+):", head, re.MULTILINE) == [
        b"From", b"To", b"Subject", b"Date", b"Message-ID", b"Auto-Submitted", b"X-Auto-Response-Suppress",
        b"MIME-Version", b"Content-Type",
    ]  # fmt: skip
    assert max(map(len, made.split(b"\r\n"))) <= 998
    assert made.replace(b"\r\n", b"").count(b"\n") == made.replace(b"\r\n", b"").count(b"\r") == 0
    boundary = re.search(rb'boundary="([^"]+)"', head)
    assert boundary is not None
    assert rest.count(b"--" + boundary[1]) == 3
    read = message_from_bytes(made, policy=policy.default)
    assert [one.addr_spec for one in read["to"].addresses] == ["ada@nordwind.example"]
    assert [one.addr_spec for one in read["from"].addresses] == ["m@acme.example"]
    assert read["subject"] == (one_line(re.sub("[\ud800-\udfff]", "\ufffd", subject)) or "(no subject)")


def test_an_encoded_word_in_a_title_arrives_as_it_was_typed(box: Mailbox, tmp_path: Path):
    """It is a text like any other: no program before the reader's takes it apart."""
    typed = "=?utf-8?B?w7w=?="
    post(mailer(tmp_path, box.url), Mail(Recipient("ada@nordwind.example", typed), f"Step {typed}", typed))
    (got,) = box.messages
    assert (got["subject"], got["to"].addresses[0].display_name) == (f"Step {typed}", typed)
    assert text_of(got).strip() == typed


def test_a_mail_that_would_say_something_else_is_not_sent(
    box: Mailbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Should the making of headers ever let a line end through, the mail is an incident, and nobody gets it."""
    monkeypatch.setattr(
        made_by, "_text", lambda _header, text: text.replace("Hello", "Hi\r\nBcc: x@evil.example")
    )
    posted = post(mailer(tmp_path, box.url), Mail(Recipient("bo@acme.example"), "Hello", "Hello"))
    assert posted.failure is not None
    assert (posted.failure.permanent, posted.delivered, box.messages) == (True, (), [])
    assert "Bcc" in str(posted.failure)


def test_a_mail_goes_to_the_domain_that_was_typed(box: Mailbox, tmp_path: Path):
    """straße.de is not strasse.de: the line to the server and the header both name the domain that was meant."""
    post(mailer(tmp_path, box.url), Mail(Recipient(str(mail_address("anna@straße.de")), "Anna"), "Hi", "Hi"))
    assert box.readers == ["anna@xn--strae-oqa.de"]
    assert box.messages[0]["to"].addresses[0].addr_spec == "anna@xn--strae-oqa.de"


@pytest.mark.parametrize("offered", [True, False])
def test_letters_beyond_ascii_go_where_the_server_takes_them(tmp_path: Path, offered: bool):
    """SMTPUTF8 is asked for where an address needs it and the server has it; else somebody is asked."""
    with mailbox(utf8=offered) as box:
        posted = post(mailer(tmp_path, box.url), Mail(Recipient("jörg@acme.example"), "Hi", "Hi"), BO)
    if offered:
        assert (posted.failure, box.readers) == (None, ["jörg@acme.example", "bo@acme.example"])
        assert box.options == [["SMTPUTF8"], []]
    else:
        assert posted.failure is not None
        assert (posted.failure.permanent, box.readers) == (True, ["bo@acme.example"])
        assert "SMTPUTF8" in str(posted.failure)
