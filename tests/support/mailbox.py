"""A real mail server inside the test: keeps what it takes, and refuses what the test wants refused."""

from __future__ import annotations

from asyncio import Server, Transport
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass
class Mailbox:
    """What arrived, in order. ``answers`` are given to the next recipients or messages instead of taking them.

    ``vanish``: so many times the connection is cut where the answer to a message would come.
    """

    url: str = ""
    messages: list[EmailMessage] = field(default_factory=list)
    readers: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    options: list[list[str]] = field(default_factory=list)
    vanish: int = 0
    password: str | None = None

    def login(self, _server: Any, _session: Any, _envelope: Any, _how: str, told: Any) -> AuthResult:
        """Let in who knows the password."""
        known = isinstance(told, LoginPassword) and told.password.decode() == self.password
        return AuthResult(success=known, handled=False)

    async def handle_MAIL(  # noqa: N802 - the name that the server looks for
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Note what is asked for."""
        envelope.mail_from = address
        self.options.append(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 - the name that the server looks for
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Take or refuse a reader."""
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - as above
        """Take or refuse a message."""
        if self.answers:
            return self.answers.pop(0)
        assert isinstance(envelope.content, bytes)
        message: Any = message_from_bytes(envelope.content, policy=policy.default)
        self.messages.append(message)
        self.readers += envelope.rcpt_tos
        if self.vanish:
            self.vanish -= 1
            assert isinstance(server.transport, Transport)
            server.transport.abort()
        return "250 kept as 1"


class _AnyPort(Controller):
    """Lets the system choose the port."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def mailbox(password: str | None = None, *, utf8: bool = False) -> Iterator[Mailbox]:
    """A mail server on a free port, for as long as the block runs; with a password only for who knows it.

    ``utf8``: it takes addresses with letters beyond ASCII before the @.
    """
    kept = Mailbox()
    kept.password = password
    running = _AnyPort(
        kept,
        hostname="127.0.0.1",
        port=0,
        authenticator=kept.login if password else None,
        auth_required=password is not None,
        auth_require_tls=False,
        enable_SMTPUTF8=utf8,
    )
    running.start()
    try:
        kept.url = f"smtp://127.0.0.1:{running.port}"
        yield kept
    finally:
        running.stop()


def text_of(message: EmailMessage) -> str:
    """The plain text of a message."""
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")
