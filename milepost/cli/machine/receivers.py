"""`milepost receiver`: what the services that are called check our signatures by."""

from __future__ import annotations

import typer

from milepost.cli.console.output import BAD_INPUT, AsJson, fail, people, print_json
from milepost.settings.loading import load
from milepost.settings.settings import SettingsError
from milepost.settings.webhook_secret import webhook_secret_in_use
from workers.automations.signing import receiver_secrets

app = typer.Typer(help="Services that are called: what they check our signatures by.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keeps the verb a word of its own."""


@app.command()
def secret(
    host: str = typer.Argument(help="Whom: crm.example.com, with its port where that is unusual."),
    as_json: bool = AsJson,
) -> None:
    """Show the secret of one receiver; several, the newest first, while MILEPOST_WEBHOOK_SECRET holds several."""
    if not host or set(host) & set("/?#@ ") or not host.isascii():
        fail(f"{host} is no host; say crm.example.com, or crm.example.com:8443", BAD_INPUT)
    try:
        found = receiver_secrets(webhook_secret_in_use(load()), host)
    except SettingsError as error:
        fail(str(error), BAD_INPUT)
    if as_json:
        print_json({"receiver": host.lower(), "secrets": found})
        return
    for one in found:
        people.print(one, soft_wrap=True, markup=False)
