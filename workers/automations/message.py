"""Makes the message that goes out from a mail: headers that cannot be forged by a value, plain text and simple HTML."""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Sequence
from datetime import datetime
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime
from typing import Any

from domain.mails import Mail
from domain.templates import one_line

_LINK = re.compile(r"https?://[^\s<>\"”“]+[^\s<>\"”“.,;:!?)]")


_END = "\r\n"


class _Policy(EmailPolicy):
    """Folds a subject that is not ASCII as one text: the standard policy doubles the space before an encoded word."""

    def fold(self, name: str, value: Any) -> str:
        """A header as it is sent."""
        if name.lower() == "subject" and not str(value).isascii():
            folded = Header(str(value), "utf-8", header_name=name).encode(linesep=_END)
            return f"{name}: {folded}{_END}"
        return str(super().fold(name, value))

    def fold_binary(self, name: str, value: Any) -> bytes:
        """The same as bytes."""
        return self.fold(name, value).encode("ascii", "surrogateescape")


_POLICY = _Policy(linesep=_END, raise_on_defect=False, max_line_length=76, cte_type="7bit")
_HTML = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>'
    '<body style="font-family: system-ui, sans-serif; font-size: 16px; line-height: 1.5; max-width: 40em">'
    "{body}</body></html>\n"
)


def tag_of(mail: Mail) -> str:
    """A short name of the mail's address that does not tell the address."""
    return hashlib.sha256(mail.to.address.lower().encode()).hexdigest()[:16]


def name_of(key: str, mail: Mail) -> str:
    """The name of one mail: the same for the same action and address, however often it is tried."""
    return hashlib.sha256(f"{key} {tag_of(mail)}".encode()).hexdigest()[:32]


def message(mail: Mail, *, key: str, sender: str, at: datetime) -> EmailMessage:
    """The message as it is handed to a server. ``sender`` is the setting: an address, or a name with an address."""
    from_ = sender_address(sender)
    made = EmailMessage(policy=_POLICY)
    made["From"] = from_
    made["To"] = _address(mail.to.address, mail.to.name)
    made["Subject"] = one_line(mail.subject) or "(no subject)"
    made["Date"] = format_datetime(at)
    made["Message-ID"] = f"<{name_of(key, mail)}@{from_.domain}>"
    made["Auto-Submitted"] = "auto-generated"
    made["X-Auto-Response-Suppress"] = "All"
    made.set_content(mail.body + "\n", cte="quoted-printable")
    made.add_alternative(as_html(mail.subject, mail.body), subtype="html", cte="quoted-printable")
    return made


def sender_address(sender: str) -> Address:
    """The address in a sender such as ``Milepost <milepost@example.com>``; ValueError when there is none."""
    name, _, rest = sender.rpartition("<")
    return _address(
        rest.removesuffix(">").strip() if name or "<" in sender else sender.strip(), name.strip(' "')
    )


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


def _address(address: str, name: str) -> Address:
    local, at, domain = address.rpartition("@")
    if not (local and at and domain):
        raise ValueError(f"{address!r} is no mail address")
    return Address(one_line(name), local, domain.encode("idna").decode("ascii"))


def addresses(mails: Sequence[Mail]) -> list[str]:
    """The addresses of several mails, in order."""
    return [mail.to.address for mail in mails]
