"""What a receiver checks our signatures by is shown to who runs the house."""

from __future__ import annotations

import json

from typer.testing import CliRunner

from milepost.cli import build
from workers.automations.signing import receiver_secrets

NEW, OLD = ("whsec_" + letter * 32 for letter in "NO")


def test_the_secret_of_a_receiver_is_shown_with_the_one_before():
    """While the house changes its secret a receiver is shown both, the newer first; an address is no host."""
    house = {"MILEPOST_WEBHOOK_SECRET": f"{NEW} {OLD}"}
    shown = CliRunner().invoke(build("receiver"), ["receiver", "secret", "CRM.example.com"], env=house)
    assert shown.stdout.split() == list(receiver_secrets(f"{NEW} {OLD}", "crm.example.com"))
    told = CliRunner().invoke(
        build("receiver"), ["receiver", "secret", "crm.example.com", "--json"], env=house
    )
    assert json.loads(told.stdout)["secrets"] == shown.stdout.split()
    wrong = CliRunner().invoke(
        build("receiver"), ["receiver", "secret", "https://crm.example.com/"], env=house
    )
    assert wrong.exit_code == 2
