"""How the person who starts Milepost comes in: a token for the command line, a link for the browser."""

from pathlib import Path

import psycopg

from api.access.grants import PERSON, create_token, find, first_login_link
from api.access.standing import is_here
from domain.words import Actor
from milepost.embedded.files import write_private
from milepost.up.first_person import appoint_first, bring_in
from store.log import Log

OWNER = Actor("person:owner")
OWNER_NAME = "Owner"
"""What whoever starts Milepost is called until somebody says otherwise (`milepost people change`)."""
SCOPES = (*PERSON, "admin", "send_events")
_OTHERS = "`milepost token link person:… --scope admin` makes a link for another administrator"


def owner_token(application_url: str, kept_in: Path) -> str:
    """The API token of whoever may read `kept_in`; a new one when there is none that is still good.

    They are somebody here from the first moment on. Where the owner was deactivated there is none: the command
    line then wants MILEPOST_TOKEN.
    """
    with Log(application_url) as log:
        bring_in(log, OWNER, OWNER_NAME)
        appoint_first(log, OWNER)
    with psycopg.connect(application_url, autocommit=True) as connection:
        if kept_in.exists() and find(connection, secret := kept_in.read_text("utf-8").strip()) is not None:
            return secret
        if not is_here(connection, OWNER):
            return ""
        token = create_token(connection, OWNER, SCOPES)
        write_private(kept_in, f"{token.secret}\n")
        return token.secret


def welcome(application_url: str, url: str, home: Path) -> str:
    """What `milepost up` says when it is ready: where to go, and a link that signs in once."""
    with psycopg.connect(application_url, autocommit=True) as connection:
        here = is_here(connection, OWNER)
        link = (
            first_login_link(connection, url, OWNER, SCOPES)
            if here
            else f"{OWNER} was deactivated; {_OTHERS}"
        )
    return f"Milepost is running at {url}\nSign in:  {link}\nData:     {home}\nCtrl-C stops it."
