"""What is a mail address: one rule for every field, person, guest, template and sender, and for the line to the server.

The part behind the @ is a name of the internet as IDNA 2008 has it, mapped by UTS 46 without its transitional forms:
``straße.de`` and ``strasse.de`` are two domains with two owners. The part before it is words joined by dots (RFC 5322,
3.2.3), letters beyond ASCII included (RFC 6531); quoted texts, comments, names and encoded words are no part of it.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

import idna

ACCEPTED = "one mail address such as dana@example.com, without a name, a comment or brackets"
LONGEST_LOCAL_BYTES, LONGEST_DOMAIN, LONGEST_LABEL, LONGEST = 64, 253, 63, 254
"""What mail servers take (RFC 5321, 4.5.3.1, with its erratum 1690) and the names of the internet allow (RFC 1035)."""

_ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\x80-\U0010ffff-]+")
_JOINERS = "\u200c\u200d"
"""Letters of some scripts cannot be written without these; whether they stand right is IDNA's to say."""
_UNSEEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs"})
_DOTS = re.compile("[.。．｡]")


class NoAddress(ValueError):
    """The text is no mail address; the message says why."""


@dataclass(frozen=True, slots=True)
class MailAddress:
    """One address as it goes over the wire: the domain in ASCII, the part before the @ in its composed form."""

    local: str
    domain: str

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}"

    @property
    def needs_utf8(self) -> bool:
        """Whether only a server that speaks SMTPUTF8 can take it."""
        return not self.local.isascii()


def mail_address(text: str, *, several: bool = True) -> MailAddress:
    """The address that a text is; raises NoAddress. ``several``: its domain has a dot, as all of the internet have."""
    if len(text) > LONGEST:
        raise NoAddress(f"it is longer than {LONGEST} characters")
    if any(unicodedata.category(sign) in _UNSEEN and sign not in _JOINERS for sign in text):
        raise NoAddress("there is a blank or an invisible sign in it")
    local, at, domain = text.rpartition("@")
    if not at:
        raise NoAddress("there is no @ in it")
    found = MailAddress(_local(local), ascii_domain(domain, several=several))
    if len(str(found).encode()) > LONGEST:
        raise NoAddress(f"it is longer than {LONGEST} bytes")
    return found


def sender_address(sender: str) -> tuple[str, MailAddress]:
    """Name and address in a sender such as ``Milepost <milepost@example.com>``; NoAddress when there is none."""
    name, bracket, rest = sender.strip().rpartition("<")
    if bracket and not rest.endswith(">"):
        raise NoAddress("the bracket before the address is not closed")
    return name.strip(' "'), mail_address(
        (rest.removesuffix(">") if bracket else rest).strip(), several=False
    )


def is_address(text: str) -> bool:
    """Whether a text is one mail address."""
    try:
        return bool(mail_address(text))
    except NoAddress:
        return False


def host_name(text: str) -> str:
    """A host as its name is looked up: beyond ASCII by IDNA 2008, which no standard look-up knows; raises NoAddress.

    Names of ASCII stay as they are: those of the own network may have signs that no domain has.
    """
    host = text.lower().rstrip(".")
    name = host if host.isascii() else ascii_domain(host)
    if len(name) > LONGEST_DOMAIN or not all(0 < len(label) <= LONGEST_LABEL for label in name.split(".")):
        raise NoAddress(f"a part of its name is empty or longer than {LONGEST_LABEL} letters")
    return name


def ascii_domain(text: str, *, several: bool = False) -> str:
    """The name of a host or domain as the internet knows it; raises NoAddress. ``several``: two labels at least."""
    if len(text) > LONGEST:
        raise NoAddress(f"its domain is longer than {LONGEST_DOMAIN} characters")
    if not text or not all(_DOTS.split(text)):
        raise NoAddress("a part of its domain is empty")
    try:
        name = idna.encode(text, uts46=True, std3_rules=True).decode("ascii")
    except UnicodeError as error:
        raise NoAddress(_why(error)) from error
    labels = name.split(".")
    if several and (len(labels) < 2 or labels[-1].isdigit()):
        raise NoAddress("its domain is no name such as example.com")
    return name


def _local(text: str) -> str:
    """The part before the @. ``=?`` begins an encoded word to some programs (RFC 2047), and is in no real address."""
    found = unicodedata.normalize("NFC", text)
    if not found:
        raise NoAddress("there is nothing before the @")
    if len(found.encode()) > LONGEST_LOCAL_BYTES:
        raise NoAddress(f"there are more than {LONGEST_LOCAL_BYTES} bytes before the @")
    if "=?" in found or any(sign in _JOINERS for sign in found):
        raise NoAddress("the part before the @ is an encoded or invisible text")
    if not all(map(_ATOM.fullmatch, found.split("."))):
        raise NoAddress("the part before the @ is not letters, digits and signs joined by single dots")
    return found


def _why(error: UnicodeError) -> str:
    if getattr(error, "code", None) in ("label_too_long", "domain_too_long", "input_too_long"):
        return f"its domain is longer than {LONGEST_DOMAIN} letters, or a part of it than {LONGEST_LABEL}"
    return "its domain has signs that no domain has"
