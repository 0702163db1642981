"""Clients of a server under test."""

import httpx

TLS = httpx.create_ssl_context()
"""Made once: to read the system's certificates takes longer than most tests, and nobody here speaks TLS."""


def client_of(url: str, token: str | None = None) -> httpx.Client:
    """A client of the server there, of whoever has the token."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return httpx.Client(base_url=url, headers=headers, verify=TLS)


def sign_in(client: httpx.Client, link: str, wanted: str | None = None) -> httpx.Response:
    """Press the button of the page that a sign-in link leads to."""
    form = {"link": link.partition("link=")[2], **({} if wanted is None else {"next": wanted})}
    return client.post("/sign-in", data=form)
