"""The rules of lint about secrets: a document is read by everybody, so it names them and never holds one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from domain.outline import PLACEHOLDER, Finding, Findings, Outline, Path, Placed
from domain.templates import SECRET

_NAMES = frozenset({
    "access_token", "api_key", "apikey", "authorization", "client_secret", "cookie", "password", "secret", "token",
})  # fmt: skip
_ENDINGS = ("api_key", "apikey", "authorization", "password", "_secret", "_token", "subscription_key")
_SCHEMES = re.compile(r"\b(apikey|basic|bearer|key|token)\b", re.IGNORECASE)
_INSTEAD = ("{secret:name}", "Bearer {secret:name}")
_IN_A_HEADER = ("a header with {secret:name}",)


def secrets_of_calls(_outline: Outline, placed: Placed) -> Findings:
    """Keys and passwords of a call are named, in its headers, and kept outside."""
    step, path, _ = placed
    if step.http is None:
        return
    at = (*path, "http")
    for name, text in step.http.headers.items():
        yield from _spelt((*at, "headers", name), text)
        if _is_secret(name) and _literal(text):
            yield _held((*at, "headers", name), name, _INSTEAD)
    yield from _in_address((*at, "url"), step.http.url)
    for where, name, text in _texts((*at, "body"), step.http.body):
        if _is_secret(name) and _literal(text):
            yield _held(where, name, _IN_A_HEADER)


def secrets_of_webhooks(outline: Outline) -> Findings:
    """The address of a webhook holds no key."""
    for place, webhook in enumerate(outline.document.webhooks):
        yield from _in_address(("webhooks", place, "url"), webhook.url)


def _spelt(path: Path, text: str) -> Findings:
    for name in PLACEHOLDER.findall(text):
        if name.startswith("secret:") and SECRET.fullmatch(name) is None:
            message = f"{name!r} is no name of a secret"
            yield Finding(
                path, "unknown_placeholder", message, ("secret: and a-z, 0-9 and _, as {secret:crm_key}",)
            )


def _in_address(path: Path, url: str) -> Findings:
    try:
        query = urlsplit(url).query
    except ValueError:
        return
    for name, text in parse_qsl(query):
        if _is_secret(name) and _literal(text):
            yield _held(path, name, _IN_A_HEADER)


def _held(path: Path, name: str, instead: tuple[str, ...]) -> Finding:
    message = f"everybody who may read processes would read the secret in {name!r}; name it instead"
    return Finding(path, "secret_in_document", message, instead)


def _is_secret(name: str) -> bool:
    plain = name.lower().replace("-", "_").removeprefix("x_")
    return plain in _NAMES or plain.endswith(_ENDINGS)


def _literal(text: str) -> bool:
    """Whether something is left beside placeholders and the word for the kind of key."""
    return bool(_SCHEMES.sub("", PLACEHOLDER.sub("", text)).strip(" :="))


def _texts(path: Path, value: Any, name: str = "") -> Iterator[tuple[Path, str, str]]:
    match value:
        case str():
            yield path, name, value
        case dict():
            for key, part in value.items():
                yield from _texts((*path, key), part, key)
        case list() | tuple():
            for place, part in enumerate(value):
                yield from _texts((*path, place), part, name)
        case _:
            return
