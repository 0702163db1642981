"""A provider of identities in a process of its own: OpenID Connect with PKCE, and the ways in which it can lie."""

from __future__ import annotations

import base64
import hashlib
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus, urlencode

import httpx
import uvicorn
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.support.clients import client_of
from tests.support.waiting import wait_until

CLIENT, SECRET = "milepost", "a secret that only the two know"
SUBJECT = "f3a1"

LIES = (
    "alg none", "signed with the client secret", "signed with the public key", "another key", "cut off",
    "its own key in the header", "wrong aud", "two auds and another azp", "wrong iss", "wrong nonce", "no nonce",
    "expired", "from the future", "no sub", "sub is a list", "no exp", "no token", "huge token", "huge answer",
    "packed answer", "not JSON", "a redirect",
)  # fmt: skip


@dataclass
class Running:
    """The process, from outside."""

    issuer: str
    client: httpx.Client

    def lie(self, how: str = "", subject: Any = SUBJECT) -> None:
        """From now on tell the truth, or not, about this one."""
        assert self.client.post("/mode", json={"lie": how, "subject": subject}).is_success

    def asked(self) -> int:
        """How many codes were asked about."""
        return int(self.client.get("/asked").json())


@contextmanager
def provider() -> Iterator[Running]:
    """The process while it runs."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    issuer = f"http://127.0.0.1:{port}"
    child = subprocess.Popen([sys.executable, "-m", "tests.support.provider", str(port)])
    try:
        with client_of(issuer) as client:
            wait_until(lambda: _answers(client), "the provider")
            yield Running(issuer, client)
    finally:
        child.terminate()
        child.wait(10)


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/keys").is_success
    except httpx.TransportError:
        return False


# --- the process itself ---


class _Provider:
    def __init__(self, issuer: str) -> None:
        self.issuer, self.lie, self.subject = issuer, "", SUBJECT
        self.key, self.other = (
            RSAKey.generate_key(2048, {"kid": kid, "use": "sig"}) for kid in ("one", "two")
        )
        self.codes: dict[str, dict[str, str]] = {}
        self.asked = 0

    async def metadata(self, _: Request) -> Response:
        return JSONResponse({
            "issuer": self.issuer, "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token", "jwks_uri": f"{self.issuer}/keys",
        })  # fmt: skip

    async def keys(self, _: Request) -> Response:
        return JSONResponse(KeySet([self.key]).as_dict(private=False))

    async def mode(self, request: Request) -> Response:
        told = await request.json()
        self.lie, self.subject = told["lie"], told["subject"]
        return Response()

    async def counted(self, _: Request) -> Response:
        return JSONResponse(self.asked)

    async def authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        right = (
            asked["response_type"] == "code" and asked["client_id"] == CLIENT and asked["scope"] == "openid"
        )
        if not right or asked["code_challenge_method"] != "S256":
            return JSONResponse(asked, 400)
        code = secrets.token_urlsafe()
        self.codes[code] = asked
        told = urlencode({"code": code, "state": asked["state"]})
        return RedirectResponse(f"{asked['redirect_uri']}?{told}", 302)

    async def token(self, request: Request) -> Response:
        self.asked += 1
        form = await request.form()
        asked = self.codes.pop(str(form["code"]), None)
        login = base64.b64encode(f"{quote_plus(CLIENT)}:{quote_plus(SECRET)}".encode()).decode()
        challenge = hashlib.sha256(str(form["code_verifier"]).encode()).digest()
        proven = asked is not None and (
            base64.urlsafe_b64encode(challenge).rstrip(b"=").decode() == asked["code_challenge"]
        )
        known = request.headers["authorization"] == f"Basic {login}"  # RFC 6749, 2.3.1
        if asked is None or not (proven and known and form["redirect_uri"] == asked["redirect_uri"]):
            return JSONResponse({"error": "invalid_grant"}, 400)
        return self._answer(asked["nonce"])

    def _answer(self, nonce: str) -> Response:
        match self.lie:
            case "not JSON":
                return Response("<html>", media_type="text/html")
            case "a redirect":
                return RedirectResponse(f"{self.issuer}/elsewhere", 307)
            case "packed answer":
                return Response(b"\x1f\x8b", headers={"Content-Encoding": "gzip"})
            case "huge answer":
                return Response(b" " * (1 << 20), media_type="application/json")
            case "no token":
                return JSONResponse({"access_token": "x", "token_type": "Bearer"})
            case _:
                pass
        return JSONResponse({"access_token": "x", "token_type": "Bearer", "id_token": self._signed(nonce)})

    def _signed(self, nonce: str) -> str:
        now, lie = int(time.time()), self.lie
        claims: dict[str, Any] = {
            "iss": self.issuer, "aud": CLIENT, "sub": self.subject, "nonce": nonce, "iat": now, "exp": now + 300,
        }  # fmt: skip
        changed: dict[str, dict[str, Any]] = {
            "wrong aud": {"aud": "another"}, "two auds and another azp": {"aud": [CLIENT, "another"], "azp": "another"},
            "wrong iss": {"iss": "https://evil.example"}, "wrong nonce": {"nonce": "n"},
            "expired": {"exp": now - 600, "iat": now - 900}, "from the future": {"nbf": now + 900},
            "sub is a list": {"sub": ["f3a1"]}, "huge token": {"more": "x" * 20_000},
        }  # fmt: skip
        claims |= changed.get(lie, {})
        for name in ("nonce", "sub", "exp"):
            if lie == f"no {name}":
                del claims[name]
        public = self.key.as_pem(private=False)
        header: dict[str, Any] = {"alg": "RS256", "kid": "one"}
        match lie:
            case "alg none":
                return f"{_part(_json({'alg': 'none'}))}.{_part(_json(claims))}."
            case "signed with the client secret" | "signed with the public key":
                secret = OctKey.import_key(SECRET.encode() if "client" in lie else base64.b64encode(public))
                return jwt.encode({"alg": "HS256", "kid": "one"}, claims, secret, algorithms=["HS256"])
            case "another key":
                return jwt.encode(header, claims, self.other)
            case "its own key in the header":
                header |= {"kid": "two", "jwk": self.other.as_dict(private=False)}
                return jwt.encode(header, claims, self.other)
            case "cut off":
                return jwt.encode(header, claims, self.key)[:-40]
            case _:
                pass
        return jwt.encode(header, claims, self.key)


def _part(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _json(claims: dict[str, Any]) -> bytes:
    return bytes(JSONResponse(claims).body)


def _serve(port: int) -> None:
    it = _Provider(f"http://127.0.0.1:{port}")
    routes = [
        Route("/.well-known/openid-configuration", it.metadata), Route("/keys", it.keys), Route("/asked", it.counted),
        Route("/mode", it.mode, methods=["POST"]), Route("/authorize", it.authorize),
        Route("/token", it.token, methods=["POST"]),
    ]  # fmt: skip
    uvicorn.run(Starlette(routes=routes), host="127.0.0.1", port=port, log_level="warning")


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
