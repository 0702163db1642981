"""The services that the demonstration's processes call: documents, archive, CRM, control, HR records and checks.

They are named in the processes as what they are, ``http://demonstration.invalid/crm/v1/accounts``: a name that leads
nowhere on the internet (RFC 6761), and here only as long as the demonstration is on. What they answer follows from the
idempotency key, so that a call made again is answered as before. Two of them tell later what happened elsewhere, as
real ones would: an admin who signed in, a report that has come.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from domain.document import Document

HOST = "demonstration.invalid"
NAMES = ("archive", "checks", "control", "crm", "documents", "hris")
_RUN = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

Keep = Callable[[str, bytes], dict[str, Any]]
"""Keeps a file of this name; how it is named in an answer."""
Tell = Callable[[UUID, str, str], None]
"""Tells a run that something happened: which event, under which id."""
Answer = tuple[int, dict[str, Any]]


def pointed(document: Document) -> Document:
    """The document with its calls turned to the demonstration's own services."""
    text = document.model_dump_json(by_alias=True, exclude_defaults=True)
    for name in NAMES:
        text = text.replace(f"https://{name}.example.com/", f"http://{HOST}/{name}/")
    return Document.model_validate_json(text)


@dataclass(frozen=True)
class Services:
    """What the services do with a call."""

    keep: Keep
    tell: Tell

    def answer(self, method: str, path: str, key: str, body: bytes) -> Answer:
        """Status and body. What none of them offers is not found."""
        told = _object(body)
        for wanted, pattern, make in _OFFERS:
            found = pattern.fullmatch(path.partition("?")[0])
            if found and method == wanted:
                return 200, make(self, _Call(key, told, found.groupdict()))
        return 404, {"detail": f"the demonstration has no {method} {path}"}


@dataclass(frozen=True)
class _Call:
    """One call: its idempotency key, its body, and the parts of its path."""

    key: str
    body: Mapping[str, Any]
    parts: Mapping[str, str]

    @property
    def number(self) -> int:
        """A number that follows from the key."""
        return int.from_bytes(hashlib.sha256(self.key.encode()).digest()[:4], "big")

    @property
    def run(self) -> UUID | None:
        """The run whose id the key begins with, as the processes write it."""
        found = _RUN.match(self.key)
        return None if found is None else UUID(found[0])


def _paper(services: Services, call: _Call) -> dict[str, Any]:
    kind = call.parts["kind"].rstrip("s")
    lines = [f"{name.replace('_', ' ').capitalize()}: {value}" for name, value in call.body.items()]
    text = "\n".join([f"{kind.capitalize()} (made by the demonstration)", "", *lines, ""])
    file = services.keep(f"{kind}.txt", text.encode())
    return {"files": [file], "sha256": file["sha256"]}


def _filed(_services: Services, call: _Call) -> dict[str, Any]:
    return {"url": f"http://{HOST}/archive/contracts/{call.parts['id']}"}


def _account(_services: Services, call: _Call) -> dict[str, Any]:
    return {"account": {"id": f"A-{call.number % 90_000 + 10_000}"}}


def _tenant(services: Services, call: _Call) -> dict[str, Any]:
    if call.run is not None:
        services.tell(call.run, "admin.accepted", f"control-{call.key}")
    return {"tenant": {"id": f"T-{call.number % 9_000 + 1_000}"}}


def _usage(_services: Services, call: _Call) -> dict[str, Any]:
    return {"users": {"active": call.number % 20 + 5, "adoption": 0.62}}


def _employee(_services: Services, call: _Call) -> dict[str, Any]:
    return {"employee": {"id": f"E-{call.number % 9_000 + 1_000}"}}


def _closed(_services: Services, _call: _Call) -> dict[str, Any]:
    return {"closed": True}


def _report(services: Services, call: _Call) -> dict[str, Any]:
    if call.run is not None:
        services.tell(call.run, "report.received", f"checks-{call.key}")
    return {"report": {"reference": f"CHK-{call.number % 90_000 + 10_000}"}}


_OFFERS: tuple[tuple[str, re.Pattern[str], Callable[[Services, _Call], dict[str, Any]]], ...] = (
    ("POST", re.compile(r"/documents/v1/(?P<kind>agreements|offers)"), _paper),
    ("PUT", re.compile(r"/archive/v1/contracts/(?P<id>[^/]+)"), _filed),
    ("POST", re.compile(r"/crm/v1/accounts"), _account),
    ("POST", re.compile(r"/control/v1/tenants"), _tenant),
    ("GET", re.compile(r"/control/v1/tenants/[^/]+/usage"), _usage),
    ("POST", re.compile(r"/hris/v1/employees"), _employee),
    ("POST", re.compile(r"/hris/v1/employees/[^/]+/onboarding-closed"), _closed),
    ("POST", re.compile(r"/checks/v1/reports"), _report),
)  # fmt: skip


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
