"""Hands messages to a mail server, and tells what may be tried again from what may not."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Literal
from urllib.parse import SplitResult, unquote, urlsplit

import aiosmtplib
from aiosmtplib import SMTP, errors

from domain.mail_address import MailAddress, host_name

SCHEMES = {"smtp": 25, "starttls": 587, "smtps": 465}
"""How the connection is made safe: where the server offers it, always by STARTTLS, from the first byte."""
TIMEOUT_SECONDS = 30.0


class MailFailed(Exception):
    """The server did not take the message; ``permanent``: trying the same again is no use."""

    def __init__(self, reason: str, *, permanent: bool) -> None:
        super().__init__(reason)
        self.permanent = permanent


class MailUncertain(Exception):
    """The message was on its way when the connection broke: whether the server took it is not known."""


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """A mail server, from a URL such as ``smtps://user:password@mail.example.com``."""

    url: str

    @property
    def _parts(self) -> SplitResult:
        return urlsplit(self.url)

    def client(self, timeout_seconds: float = TIMEOUT_SECONDS) -> SMTP:
        """A connection to it, not made yet."""
        parts = self._parts
        return SMTP(
            hostname=host_name(parts.hostname or ""),
            port=parts.port or SCHEMES[parts.scheme],
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            use_tls=parts.scheme == "smtps",
            start_tls={"smtp": None, "starttls": True, "smtps": False}[parts.scheme],
            timeout=timeout_seconds,
        )


async def connect(server: SmtpServer, timeout_seconds: float = TIMEOUT_SECONDS) -> SMTP:
    """A connection that is ready for messages; raises MailFailed."""
    client = server.client(timeout_seconds)
    try:
        await client.connect()
    except errors.SMTPAuthenticationError as error:
        # a wrong password is the installation's, not the mail's: every mail would be given up at once
        raise MailFailed(f"the mail server refuses the login: {error.code}", permanent=False) from error
    except errors.SMTPResponseException as error:
        raise _refused("the mail server", error) from error
    except (errors.SMTPException, OSError, ValueError) as error:
        raise MailFailed(f"the mail server cannot be reached: {_said(error)}", permanent=False) from error
    return client


async def hand_over(client: SMTP, sender: MailAddress, to: MailAddress, content: bytes) -> str:
    """Give the server one message for one address; its answer. Raises MailFailed or MailUncertain."""
    try:
        options = await _wanted(client, sender, to)
        await client.mail(str(sender), options=options, encoding="utf-8" if options else "ascii")
        await client.rcpt(str(to), encoding="utf-8" if options else "ascii")
    except errors.SMTPResponseException as error:
        with suppress(errors.SMTPException, OSError):
            await client.rset()
        raise _refused("the mail server", error) from error
    except (errors.SMTPException, OSError) as error:
        raise MailFailed(f"the mail server went away: {_said(error)}", permanent=False) from error
    return await _data(client, content)


async def _wanted(client: SMTP, sender: MailAddress, to: MailAddress) -> list[str]:
    """SMTPUTF8 where an address has letters beyond ASCII before the @ (RFC 6531), and the server takes such."""
    if not sender.needs_utf8 and not to.needs_utf8:
        return []
    if client.is_ehlo_or_helo_needed:
        await client.ehlo()
    if client.supports_extension("smtputf8"):
        return ["SMTPUTF8"]
    which = to if to.needs_utf8 else sender
    raise MailFailed(
        f"the mail server takes no address with letters beyond ASCII before the @ (SMTPUTF8), such as {which}",
        permanent=True,
    )


async def close(client: SMTP) -> None:
    """Say goodbye; a server that has gone already is fine."""
    with suppress(errors.SMTPException, OSError):
        await client.quit()
    client.close()


async def _data(client: SMTP, content: bytes) -> str:
    try:
        told = await client.data(content)
    except errors.SMTPResponseException as error:
        raise _refused("the mail server", error) from error
    except (errors.SMTPException, OSError) as error:
        raise MailUncertain(f"the connection broke while the mail was handed over: {_said(error)}") from error
    return f"{told.code} {told.message}"[:200]


def _refused(who: str, error: aiosmtplib.SMTPResponseException) -> MailFailed:
    """A 4xx answer means later; a 5xx answer, and a login that is refused, mean never (RFC 5321, 4.2.1)."""
    code: int | Literal[0] = error.code
    said = " ".join(str(error.message).split())[:200]
    return MailFailed(f"{who} answers {code} {said}", permanent=500 <= code < 600)


def _said(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
