"""Speaks OpenID Connect with the one provider that is set: code with PKCE, state and nonce; issuer and audience pinned.

Nothing that the provider sends is believed before its ID token is checked: the signature by a key of the provider and
one of the algorithms below, then issuer, audience, nonce and times (OpenID Connect Core 3.1.3.7).
"""

from __future__ import annotations

import base64
import ssl
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import quote_plus, urlsplit

import httpx
import orjson
from authlib.common.errors import AuthlibBaseError  # type: ignore[import-untyped]
from authlib.oauth2.rfc7636 import create_s256_code_challenge  # type: ignore[import-untyped]
from authlib.oidc.core import CodeIDToken  # type: ignore[import-untyped]
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
"""How an ID token may be signed: with keys that only the provider has. Neither ``none`` nor a shared secret."""
MOST_BYTES = 256 << 10
MOST_TOKEN = 16 << 10
MOST_SUBJECT = 255
LEEWAY_SECONDS = 60
_SECONDS = 10.0
_METADATA_SECONDS, _KEYS_SECONDS = 3_600.0, 60.0


class ProviderError(Exception):
    """The provider did not answer, or nothing that may be believed. The text is for administrators."""


@dataclass(frozen=True, slots=True)
class Registered:
    """How we are registered with the provider. ``title`` is what people call it."""

    issuer: str
    client_id: str
    client_secret: str
    title: str


@cache
def _tls() -> ssl.SSLContext:
    """Made once: reading the certificates of the system takes long."""
    return httpx.create_ssl_context()


class _Bounded(httpx.AsyncByteStream):
    def __init__(self, inner: httpx.AsyncByteStream) -> None:
        self._inner = inner

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for part in self._inner:
            size += len(part)
            if size > MOST_BYTES:
                raise httpx.ReadError(f"an answer of more than {MOST_BYTES} bytes")
            yield part

    async def aclose(self) -> None:
        await self._inner.aclose()


class _BoundedTransport(httpx.AsyncHTTPTransport):
    """Takes answers up to a size, as they were sent: nothing is unpacked."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.headers["Accept-Encoding"] = "identity"
        answer = await super().handle_async_request(request)
        assert isinstance(answer.stream, httpx.AsyncByteStream)
        if answer.headers.get("content-encoding", "identity") != "identity":
            await answer.aclose()
            raise httpx.ReadError("an answer that is packed")
        return httpx.Response(answer.status_code, headers=answer.headers, stream=_Bounded(answer.stream))


@dataclass
class Provider:
    """The provider. What it says of itself is asked again each hour; its keys when a token names one that is new."""

    registered: Registered
    _metadata: dict[str, Any] = field(default_factory=dict)
    _metadata_at: float = -_METADATA_SECONDS
    _keys: KeySet | None = None
    _keys_at: float = -_KEYS_SECONDS

    async def address(self, *, state: str, nonce: str, verifier: str, back: str) -> str:
        """Where the browser is sent. Raises ProviderError."""
        told = {
            "response_type": "code", "client_id": self.registered.client_id, "redirect_uri": back, "scope": "openid",
            "state": state, "nonce": nonce,
            "code_challenge": create_s256_code_challenge(verifier), "code_challenge_method": "S256",
        }  # fmt: skip
        return str(httpx.URL((await self._known())["authorization_endpoint"]).copy_merge_params(told))

    async def subject(self, *, code: str, nonce: str, verifier: str, back: str) -> str:
        """Whom the provider says that a code is about. Raises ProviderError."""
        known = await self._known()
        login = (quote_plus(self.registered.client_id), quote_plus(self.registered.client_secret))
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": back,
            "code_verifier": verifier,
        }
        told = await self._asked("POST", known["token_endpoint"], auth=login, data=form)
        token = told.get("id_token")
        if not isinstance(token, str) or len(token) > MOST_TOKEN:
            raise ProviderError("the answer has no ID token, or one that is too long")
        return await self._checked(token, nonce, told.get("access_token"))

    async def _checked(self, token: str, nonce: str, access_token: Any) -> str:
        issuer, client_id = self.registered.issuer, self.registered.client_id
        try:
            signed = jwt.decode(token, await self._keys_for(token), algorithms=ALGORITHMS)
            claims = CodeIDToken(
                signed.claims,
                signed.header,
                {"iss": {"essential": True, "value": issuer}, "aud": {"essential": True, "value": client_id}},
                {"nonce": nonce, "client_id": client_id, "access_token": access_token},
            )
            claims.validate(now=int(time.time()), leeway=LEEWAY_SECONDS)
        except (JoseError, AuthlibBaseError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise ProviderError(f"the ID token is not good: {type(error).__name__} {error}"[:300]) from error
        subject = claims["sub"]
        if not isinstance(subject, str) or not 0 < len(subject) <= MOST_SUBJECT or "\0" in subject:
            raise ProviderError("the ID token names nobody")
        return subject

    async def _keys_for(self, token: str) -> KeySet:
        """The provider's keys; asked again, once a minute at most, when the token names none of them."""
        wanted = _key_id(token)
        known = self._keys
        if known is not None and (wanted is None or wanted in {key.kid for key in known.keys}):
            return known
        if known is None or time.monotonic() - self._keys_at >= _KEYS_SECONDS:
            told = await self._asked("GET", (await self._known())["jwks_uri"])
            try:
                self._keys = KeySet.import_key_set(told)  # type: ignore[arg-type]  # what is no key set raises
            except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
                raise ProviderError("the provider's keys cannot be read") from error
            self._keys_at = time.monotonic()
        assert self._keys is not None
        return self._keys

    async def _known(self) -> dict[str, Any]:
        if time.monotonic() - self._metadata_at < _METADATA_SECONDS:
            return self._metadata
        issuer = self.registered.issuer
        told = await self._asked("GET", f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if told.get("issuer") != issuer:
            raise ProviderError("the provider says that it is another issuer")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            address = told.get(name)
            if not isinstance(address, str) or urlsplit(address).scheme != urlsplit(issuer).scheme:
                raise ProviderError(f"the provider's {name} is no address that may be called")
        self._metadata, self._metadata_at = told, time.monotonic()
        return told

    async def _asked(self, method: str, address: str, **more: Any) -> dict[str, Any]:
        try:
            transport = _BoundedTransport(verify=_tls())
            async with httpx.AsyncClient(transport=transport, timeout=_SECONDS) as client:
                answer = await client.request(method, address, headers={"Accept": "application/json"}, **more)
            told = orjson.loads(answer.content) if answer.status_code == 200 else None
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise ProviderError(f"{address} did not answer: {type(error).__name__}") from error
        if not isinstance(told, dict):
            raise ProviderError(f"{address} answered {answer.status_code}, or no object of JSON")
        return told


def _key_id(token: str) -> str | None:
    """The key that the token says it is signed with; it is checked with that one or with none."""
    try:
        head = token.partition(".")[0]
        said = orjson.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4))).get("kid")
    except (ValueError, AttributeError):
        return None
    return said if isinstance(said, str) else None
