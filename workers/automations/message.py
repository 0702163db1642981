"""Makes the message that goes out from a mail: headers that no value can forge, plain text and simple HTML.

Every header line is written here and not by the email package, which on some Pythons takes the encoded words that
somebody typed for its own and lets line ends out of them (CVE-2024-6923). What was made is then read once more, and is
sent only when it says what was meant: these headers in this order, these two parts, this reader, this text.
"""

from __future__ import annotations

import hashlib
import html
import re
from datetime import datetime
from email import message_from_bytes
from email.errors import MessageError
from email.header import Header, decode_header, make_header
from email.message import EmailMessage, Message
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from domain import addresses
from domain.mail_address import MailAddress, mail_address, sender_address
from domain.mails import Mail
from domain.templates import one_line

_LINK = re.compile(r"https?://[^\s<>\"”“]+[^\s<>\"”“.,;:!?)]")
_HALVES = re.compile(r"[\ud800-\udfff]")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_LINE_ENDS = re.compile(r"\r\n?")
_PLAIN = re.compile(r"[ -~]*")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
_QUOTED, _BACKSLASHED = re.compile(r'(["\\])'), r"\\\1"
_WIDTH, _LONGEST_WORD = 76, 60
_END = "\r\n"
_POLICY = SMTP.clone(cte_type="7bit")
_PARTS = ("MIME-Version", "Content-Type")
_HTML = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>'
    '<body style="font-family: system-ui, sans-serif; font-size: 16px; line-height: 1.5; max-width: 40em">'
    "{body}</body></html>\n"
)


class Garbled(Exception):
    """The message that was made would not say what was meant, and is not sent; the text says where."""


def tag_of(mail: Mail) -> str:
    """A short name of the mail's address that does not tell the address."""
    return addresses.tag_of(mail.to.address)


def name_of(key: str, mail: Mail) -> str:
    """The name of one mail: the same for the same action and address, however often it is tried."""
    return hashlib.sha256(f"{key} {tag_of(mail)}".encode()).hexdigest()[:32]


def message(mail: Mail, *, key: str, sender: str, at: datetime) -> bytes:
    """The message as it is handed to a server. ``sender`` is the setting: an address, or a name with an address.

    Raises NoAddress, and Garbled when what was made reads otherwise than it was meant.
    """
    name, from_ = sender_address(sender)
    to, subject, body = mail_address(mail.to.address), _subject(mail), _clean(mail.body)
    headers = {
        "From": _mailbox("From", name, from_),
        "To": _mailbox("To", mail.to.name, to),
        "Subject": _text("Subject", subject),
        "Date": format_datetime(at),
        "Message-ID": f"<{name_of(key, mail)}@{from_.domain}>",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
    }
    page = as_html(subject, body)
    lines = "".join(f"{header}: {line}{_END}" for header, line in headers.items())
    made = lines.encode() + _parts(body, page)
    _must_say(
        made, (*headers, *_PARTS), {"From": (name, from_), "To": (mail.to.name, to)}, subject, (body, page)
    )
    return made


def as_html(title: str, text: str) -> str:
    """The text as a page: paragraphs, line ends and links, nothing else; everything in it is escaped."""
    blocks = (block for block in re.split(r"\n{2,}", text.strip()))
    body = "".join(f"<p>{'<br>'.join(_linked(line) for line in block.splitlines())}</p>" for block in blocks)
    return _HTML.format(title=html.escape(title), body=body)


def _linked(line: str) -> str:
    parts: list[str] = []
    place = 0
    for found in _LINK.finditer(line):
        link = html.escape(found[0])
        parts += [html.escape(line[place : found.start()]), f'<a href="{link}">{link}</a>']
        place = found.end()
    return "".join([*parts, html.escape(line[place:])])


# --- what is written ---


def _subject(mail: Mail) -> str:
    return _line(mail.subject) or "(no subject)"


def _line(text: str) -> str:
    return one_line(_HALVES.sub("\ufffd", text))


def _clean(text: str) -> str:
    """The text without what no mail can hold: line ends are one sign, control signs and half characters are �."""
    return _CONTROLS.sub("\ufffd", _HALVES.sub("\ufffd", _LINE_ENDS.sub("\n", text)))


def _text(header: str, text: str) -> str:
    """A text in a header, folded. What is not plain, or could be taken for an encoded word, is encoded as a whole."""
    charset = "us-ascii" if _is_plain(text) else "utf-8"
    return Header(text, charset, header_name=header).encode(linesep=_END)


def _mailbox(header: str, name: str, address: MailAddress) -> str:
    """A name and an address; a plain name of words and blanks stands as it is, any other one is quoted or encoded."""
    name = _line(name)
    if not name:
        return str(address)
    quoted = name if not _is_plain(name) or _ATOMS.fullmatch(name) else f'"{_QUOTED.sub(_BACKSLASHED, name)}"'
    line = _text(header, quoted)
    room = len(header) + 2 + len(line) if _END not in line else len(line) - line.rindex(_END)
    return f"{line}{' ' if room + len(str(address)) < _WIDTH else f'{_END} '}<{address}>"


def _is_plain(text: str) -> bool:
    """Whether it can stand in a header as it is: no line of it has to be cut within a word."""
    return (
        bool(_PLAIN.fullmatch(text))
        and "=?" not in text
        and max(map(len, text.split()), default=0) <= _LONGEST_WORD
    )


def _parts(body: str, page: str) -> bytes:
    """The two parts with the headers that say so; nothing in these headers comes from anybody."""
    made = EmailMessage(policy=_POLICY)
    made.set_content(body + "\n", cte="quoted-printable")
    made.add_alternative(page, subtype="html", cte="quoted-printable")
    return made.as_bytes()


# --- what is read again ---


def _must_say(
    made: bytes,
    headers: tuple[str, ...],
    mailboxes: dict[str, tuple[str, MailAddress]],
    subject: str,
    texts: tuple[str, str],
) -> None:
    """Raise Garbled unless the message has these headers and parts, and says this to these."""
    try:
        read = message_from_bytes(made)
        differs = _difference(read, headers, mailboxes, subject, texts)
    except (MessageError, ValueError, LookupError) as error:
        raise Garbled(f"it cannot be read again: {type(error).__name__}") from error
    if differs is not None:
        raise Garbled(differs)


def _difference(
    read: Message,
    headers: tuple[str, ...],
    mailboxes: dict[str, tuple[str, MailAddress]],
    subject: str,
    texts: tuple[str, str],
) -> str | None:
    lines = [(name, _unfolded(line)) for name, line in read.raw_items()]
    if tuple(name for name, _ in lines) != headers:
        return f"it would have the headers {', '.join(name for name, _ in lines)}"
    found = dict(lines)
    if _decoded(found["Subject"]) != subject:
        return "its subject would read otherwise"
    for header, (name, address) in mailboxes.items():
        shown, spec = parseaddr(found[header])
        if spec != str(address) or _decoded(shown) != _line(name):
            return f"its header {header} would read otherwise"
    return _other_parts(read, texts)


def _other_parts(read: Message, texts: tuple[str, str]) -> str | None:
    whole, *parts = read.walk()
    kinds = [part.get_content_type() for part in (whole, *parts)]
    if kinds != ["multipart/alternative", "text/plain", "text/html"]:
        return "it would have other parts"
    said = [_payload(part) for part in parts]
    return None if said == [f"{texts[0]}\n", texts[1]] else "its text would read otherwise"


def _payload(part: Message) -> str:
    content = part.get_payload(decode=True)
    return content.decode("utf-8").replace(_END, "\n") if isinstance(content, bytes) else ""


def _unfolded(line: str) -> str:
    return line.encode("ascii", "surrogateescape").decode("utf-8").replace("\r", "").replace("\n", "")


def _decoded(line: str) -> str:
    return str(make_header(decode_header(line)))
