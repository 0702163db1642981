"""What the mails say with which somebody is let in: an invitation, and a link for a new password."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from domain.addresses import Recipient
from domain.mails import Mail
from domain.words import Assignee

Purpose = Literal["invitation", "reset"]
LIFETIME: dict[Purpose, timedelta] = {"invitation": timedelta(days=7), "reset": timedelta(hours=1)}
"""How long the link of such a mail is good, from when it is sent."""

_INVITATION = """Hello {name},

{by} invites you to work in Milepost, at {house}.

Choose a password on this page, and you are in:

{link}

The link is yours alone, works once, and is good for 7 days. Whoever invited you can have another one sent."""
_RESET = """Hello {name},

somebody, you we hope, asked for a new password for your account in Milepost, at {house}.

Choose it on this page:

{link}

The link works once, within an hour. If it was not you, do nothing: your password stays as it is."""


@dataclass(frozen=True, slots=True)
class Addressee:
    """Whom such a mail goes to."""

    person: Assignee
    name: str
    email: str


def account_mail(purpose: Purpose, to: Addressee, *, link: str, house: str, by: str | None) -> Mail:
    """The mail; ``house`` is the address of this Milepost, ``by`` the name of who invites."""
    told = {"name": to.name, "link": link, "house": house, "by": by or "Whoever looks after it"}
    subject, body = {
        "invitation": ("Your invitation to Milepost", _INVITATION),
        "reset": ("A new password for Milepost", _RESET),
    }[purpose]
    return Mail(Recipient(to.email, to.name, to.person), subject, body.format(**told))
