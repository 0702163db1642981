"""How the person who starts Milepost comes in: a token for the command line, a link for the browser."""

from pathlib import Path

import psycopg

from api.access import PERSON, create_token, find, first_login_link
from domain.words import Actor
from milepost.embedded.files import write_private

OWNER = Actor("person:owner")
SCOPES = (*PERSON, "admin", "send_events")


def owner_token(application_url: str, kept_in: Path) -> str:
    """The API token of whoever may read `kept_in`; a new one when there is none that is still good."""
    with psycopg.connect(application_url, autocommit=True) as connection:
        if kept_in.exists() and find(connection, secret := kept_in.read_text("utf-8").strip()) is not None:
            return secret
        token = create_token(connection, OWNER, SCOPES)
        write_private(kept_in, f"{token.secret}\n")
        return token.secret


def welcome(application_url: str, url: str, home: Path) -> str:
    """What `milepost up` says when it is ready: where to go, and a link that signs in once."""
    with psycopg.connect(application_url, autocommit=True) as connection:
        link = first_login_link(connection, url, OWNER, SCOPES)
    return f"Milepost is running at {url}\nSign in:  {link}\nData:     {home}\nCtrl-C stops it."
