"""What a receiver checks our signatures by is shown to who runs the house."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from milepost.cli import build
from milepost.settings.loading import load
from milepost.settings.webhook_secret import webhook_secret
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


def test_no_secret_is_shown_that_nothing_signs_with(tmp_path: Path):
    """Where no secret is set or kept none is made up: the error says where to ask; what the worker made is shown."""
    here = {"MILEPOST_HOME": str(tmp_path), "MILEPOST_WEBHOOK_SECRET": ""}
    asked = CliRunner().invoke(build("receiver"), ["receiver", "secret", "crm.example.com"], env=here)
    assert (asked.exit_code, asked.stdout) == (2, "")
    assert "MILEPOST_WEBHOOK_SECRET is not set" in asked.stderr
    assert not list(tmp_path.iterdir())
    made = webhook_secret(load(home=tmp_path, webhook_secret=None))
    shown = CliRunner().invoke(build("receiver"), ["receiver", "secret", "crm.example.com"], env=here)
    assert shown.stdout.split() == list(receiver_secrets(made, "crm.example.com"))
