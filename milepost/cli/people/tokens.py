"""`milepost token`: who may speak to the HTTP interface, and sign-in links for people."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from time import sleep
from typing import Any, cast
from uuid import UUID

import psycopg
import typer

from api.access.grants import PERSON, SCOPES, Scope, create_token, first_login_link, list_tokens, revoke_token
from api.access.leases import LEASE_SECONDS
from domain.directory import EMPTY, Directory, why_not_here
from domain.words import Actor, Rejected
from milepost.cli.console.database import application_url, public_url
from milepost.cli.console.output import (
    BAD_INPUT,
    REFUSED,
    UNREACHABLE,
    AsJson,
    Field,
    fail,
    people,
    print_json,
    print_rows,
)
from milepost.up.first_person import appoint, bring_in
from projections.people.directory import directory
from store.log import Log

app = typer.Typer(help="Tokens: who may speak to the HTTP interface.", no_args_is_help=True)

Who = typer.Argument(help="Whom it names: person:dana, service:crm …")
Scopes = typer.Option(
    [], "--scope", help=f"What it allows; may be given several times. One of: {', '.join(SCOPES)}."
)
Name = typer.Option(None, "--name", help="Adds the person under this name, where nobody has the key yet.")
KINDS = ("person", "service", "guest")


@app.command()
def create(
    actor: str = Who,
    name: str | None = Name,
    scopes: list[str] = Scopes,
    days: float | None = typer.Option(None, "--days", help="How long it is valid; else until it is revoked."),
    as_json: bool = AsJson,
) -> None:
    """Make an API token; it is shown this once."""
    with _database() as connection:
        lifetime = None if days is None else timedelta(days=days)
        who = _somebody(connection, _actor(actor), name, scopes)
        token = create_token(connection, who, _scopes(scopes), lifetime)
    if as_json:
        print_json({"id": token.id, "token": token.secret, "actor": token.actor, "scopes": token.scopes})
    else:
        people.print(
            f"{token.secret}\n(id {token.id}; it will not be shown again)", soft_wrap=True, markup=False
        )


@app.command()
def link(actor: str = Who, name: str | None = Name, scopes: list[str] = Scopes) -> None:
    """Make a link that signs somebody in, once."""
    with _database() as connection:
        who = _somebody(connection, _actor(actor), name, scopes)
        print_link = first_login_link(connection, public_url(), who, _scopes(scopes))
    people.print(print_link, soft_wrap=True)


@app.command("list")
def list_all(as_json: bool = AsJson) -> None:
    """List the tokens, revoked ones too; never their secrets."""
    names = ("id", "actor", "scopes", "created_at", "expires_at", "revoked_at", "last_used_at")
    with _database() as connection:
        rows = [{name: getattr(token, name) for name in names} for token in list_tokens(connection)]
    if as_json:
        print_json(rows)
    else:
        print_rows(
            "Tokens", [Field(name.removesuffix("_at").replace("_", " "), name) for name in names], rows
        )


@app.command()
def revoke(token: str = typer.Argument(help="Id of the token.")) -> None:
    """End a token; when this has answered, nothing accepts it any more."""
    try:
        wanted = UUID(token)
    except ValueError:
        fail(f"{token!r} is not the id of a token; `milepost token list` shows them", BAD_INPUT)
    with _database() as connection:
        if revoke_token(connection, wanted) is None:
            fail(f"there is no token {token}", BAD_INPUT)
    sleep(LEASE_SECONDS)  # what servers remembered of it has run out then
    people.print(f"{token} is revoked")


@contextmanager
def _database() -> Iterator[psycopg.Connection[Any]]:
    try:
        with psycopg.connect(application_url(), autocommit=True, connect_timeout=5) as connection:
            yield connection
    except Rejected as refusal:
        fail(refusal.detail, REFUSED)
    except psycopg.OperationalError as error:
        fail(f"the database does not answer: {error}", UNREACHABLE)


def _actor(text: str) -> Actor:
    kind, _, name = text.partition(":")
    if kind not in KINDS or not name:
        fail(f"{text!r} names nobody: it takes {', '.join(f'{kind}:name' for kind in KINDS)}", BAD_INPUT)
    return Actor(text)


def _somebody(
    connection: psycopg.Connection[Any], actor: Actor, name: str | None, scopes: list[str]
) -> Actor:
    """Whoever is named, if they are somebody here; with a name they are added where nobody has the key.

    Who is to have the scope ``admin`` is made administrator: whoever reads the database may let anybody in.
    """
    person = None
    try:
        with Log(application_url()) as log:
            if actor.startswith("person:"):
                person = bring_in(log, actor, name)
            if "admin" in scopes and (person is not None or actor.startswith("service:")):
                appoint(log, actor, "administrator", "Said so on the machine that Milepost runs on")
    except Rejected as refusal:
        fail(refusal.detail, BAD_INPUT)
    if person is None and actor.startswith("person:"):
        told = why_not_here(actor, _directory(connection)) or f"nobody here is called {actor}"
        fail(f'{told} (--name "First Last" adds them)', BAD_INPUT)
    return actor


def _directory(connection: psycopg.Connection[Any]) -> Directory:
    """Who is here, for those who may have been meant; nobody while no read model is there yet."""
    try:
        return directory(connection)
    except psycopg.Error:
        return EMPTY


def _scopes(given: list[str]) -> tuple[Scope, ...]:
    unknown = [scope for scope in given if scope not in SCOPES]
    if unknown:
        fail(f"no scope is called {', '.join(unknown)}: there are {', '.join(SCOPES)}", BAD_INPUT)
    return cast("tuple[Scope, ...]", tuple(given)) or PERSON
