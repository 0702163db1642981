"""The world around a Milepost of the stories: services that its steps call, and a mail server."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

from domain.document import Document
from tests.support.mailbox import Mailbox, mailbox
from tests.support.receiver import Heard, Receiver, receiver

PAPER = hashlib.sha256(b"%PDF").hexdigest()
FILE = {"name": "paper.pdf", "size": 4, "type": "application/pdf", "sha256": PAPER}
"""What a service has uploaded before it names it (``House.keep``)."""
ANSWERS: dict[str, dict[str, Any]] = {
    "documents": {"files": [FILE], "sha256": PAPER},
    "archive": {"url": "https://archive.example.com/contracts/1"},
    "crm": {"account": {"id": "A-17"}},
    "control": {"tenant": {"id": "T-9"}, "users": {"active": 4, "adoption": 0.31}},
    "hris": {"employee": {"id": "E-3"}},
    "checks": {"report": {"reference": "R-5"}},
    "hooks": {},
}


@dataclass
class Outside:
    """What was called and mailed. ``broken`` services answer so; ``answers`` say what the others answer."""

    services: Receiver
    mail: Mailbox
    answers: dict[str, dict[str, Any]] = field(default_factory=lambda: dict(ANSWERS))
    broken: dict[str, int] = field(default_factory=dict)

    def answer(self, request: Heard) -> tuple[int, dict[str, str], bytes]:
        """What the service of this path says."""
        service = request.path.split("/")[1]
        if service in self.broken:
            return self.broken[service], {"content-type": "application/json"}, b"{}"
        body = json.dumps(self.answers[service]).encode()
        return 200, {"content-type": "application/json"}, body

    def pointed(self, document: Document) -> Document:
        """The document with the addresses of its services turned to this world."""
        text = document.model_dump_json(by_alias=True, exclude_defaults=True)
        for service in ANSWERS:
            text = text.replace(f"https://{service}.example.com", f"{self.services.url}/{service}")
        return Document.model_validate_json(text)

    def called(self, service: str, about: str) -> list[Heard]:
        """The requests to a service that have this text in path or body."""
        heard = [one for one in self.services.heard if one.path.startswith(f"/{service}/")]
        return [one for one in heard if about in one.path + one.body]

    def mails(self, to: str) -> list[EmailMessage]:
        """The mails to somebody, in order."""
        return [message for message in self.mail.messages if to in str(message["to"])]

    def subjects(self, to: str) -> list[str]:
        """What the mails to somebody are about."""
        return [str(message["subject"]) for message in self.mails(to)]


@contextmanager
def outside() -> Iterator[Outside]:
    """The world, as long as the block runs."""
    with receiver() as services, mailbox() as mail:
        made = Outside(services, mail)
        services.answer = made.answer
        yield made
