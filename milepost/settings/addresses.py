"""Reads what the settings about mails and links hold; each raises ValueError for what it does not accept."""

from __future__ import annotations

import base64
import binascii
from ipaddress import ip_network
from re import fullmatch
from urllib.parse import quote, urlsplit, urlunsplit

from domain.mail_address import NoAddress, host_name, sender_address
from domain.origin import origin

MAIL_SCHEMES = ("smtp", "starttls", "smtps")
_SHORTEST_SECRET = 16
_SHORTEST_WEBHOOK_BYTES = 24
_TARGET = r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?"


def mail_server_of(text: str) -> str:
    """The URL of a mail server."""
    host = urlsplit(text).hostname
    if urlsplit(text).scheme not in MAIL_SCHEMES or not host:
        raise ValueError("not the URL of a mail server")
    host_name(host)
    return text


def sender_of(text: str) -> str:
    """An address, or a name with an address in angle brackets."""
    sender_address(text)
    return text


def link_secret_of(text: str) -> str:
    """A secret that is not guessed."""
    if len(text) < _SHORTEST_SECRET:
        raise ValueError("too short")
    return text


def webhook_secret_of(text: str) -> str:
    """Secrets as Standard Webhooks writes them, with blanks between."""
    if not text.split():
        raise ValueError("empty")
    for one in text.split():
        try:
            raw = base64.b64decode(one.removeprefix("whsec_"), validate=True)
        except (binascii.Error, ValueError):
            raise ValueError("not base64") from None
        if len(raw) < _SHORTEST_WEBHOOK_BYTES:
            raise ValueError("too short")
    return text


def targets_of(text: str) -> tuple[str, ...]:
    """Host names, addresses and networks, separated by commas."""
    entries = tuple(part.strip() for part in text.split(",") if part.strip())
    for entry in entries:
        if not _is_network(entry) and not _is_host(entry.removeprefix("*.")):
            raise ValueError(f"{entry} is neither a host nor a network")
    return entries


def hosts_of(text: str) -> tuple[str, ...]:
    """Host names or addresses, each with a port where that is unusual, separated by commas."""
    entries = tuple(part.strip().lower() for part in text.split(",") if part.strip())
    for entry in entries:
        found = origin(f"http://{entry}")
        if found is None or urlsplit(f"http://{entry}").netloc != entry or "@" in entry or "*" in entry:
            raise ValueError(f"{entry} is no host")
    return entries


def proxies_of(text: str) -> tuple[str, ...]:
    """Addresses and networks, separated by commas."""
    entries = tuple(part.strip() for part in text.split(",") if part.strip())
    for entry in entries:
        try:
            ip_network(entry)
        except ValueError:
            raise ValueError(f"{entry} is neither an address nor a network") from None
    return entries


def _is_host(entry: str) -> bool:
    try:
        return bool(fullmatch(_TARGET, host_name(entry)))
    except NoAddress:
        return False


def _is_network(entry: str) -> bool:
    try:
        return bool(ip_network(entry, strict=False))
    except ValueError:
        return False


def with_credential(url: str | None, user: str | None, password: str | None) -> str | None:
    """Put user and password into a URL that lacks them."""
    if url is None or (user is None and password is None):
        return url
    parts = urlsplit(url)
    name = parts.username or quote(user or "", safe="")
    secret = parts.password or quote(password or "", safe="")
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{name}:{secret}@{host}"))


def without_credential(url: str) -> str:
    """The URL as nobody in particular."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
