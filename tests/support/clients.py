"""Clients of a server under test."""

from typing import Any

import httpx

TLS = httpx.create_ssl_context()
"""Made once: to read the system's certificates takes longer than most tests, and nobody here speaks TLS."""


def client_of(url: str = "", token: str | None = None, *, headers: Any = None, **more: Any) -> httpx.Client:
    """A client of the server there, of whoever has the token."""
    own = {} if token is None else {"Authorization": f"Bearer {token}"}
    return httpx.Client(base_url=url, headers={**own, **(headers or {})}, verify=TLS, **more)


def get(url: str, **more: Any) -> httpx.Response:
    """Ask once, as somebody whom nobody knows yet."""
    return httpx.get(url, verify=TLS, **more)


def head(url: str, **more: Any) -> httpx.Response:
    """Ask once for the head of an answer."""
    return httpx.head(url, verify=TLS, **more)


def post(url: str, **more: Any) -> httpx.Response:
    """Send once, as somebody whom nobody knows yet."""
    return httpx.post(url, verify=TLS, **more)


def sign_in(client: httpx.Client, link: str, wanted: str | None = None) -> httpx.Response:
    """Press the button of the page that a sign-in link leads to."""
    form = {"link": link.partition("link=")[2], **({} if wanted is None else {"next": wanted})}
    return client.post("/sign-in", data=form)
