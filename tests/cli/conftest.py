"""The command line against one running Milepost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer
from psycopg.conninfo import conninfo_to_dict
from typer.main import get_command
from typer.testing import CliRunner, Result

from milepost.cli import build
from milepost.cli.console import output
from tests.stories.house import House
from tests.stories.house import house as start_house

ROOT = Path(__file__).parents[2]
VISIT = """\
key: {key}
title: Site visit
inputs:
  - {{key: site, title: Site, kind: text, required: true}}
run_name: "Visit of {{site}}"
roles:
  - {{key: planner, title: Planner, initiator: true}}
  - {{key: engineer, title: Engineer}}
stages:
  - key: planned
    title: Planned
    steps:
      - key: appointment
        title: Make the appointment
        kind: form
        role: planner
        fields:
          - {{key: visit_on, title: Day of the visit, kind: date, required: true}}
  - key: visited
    title: Visited
    steps:
      - {{key: inspection, title: Inspect the site, role: engineer}}
"""


@dataclass
class Milepost:
    """`milepost` as it is typed, in this process: a new process for every verb would take most of the time."""

    environment: dict[str, str]

    def __call__(self, *words: str, code: int = 0) -> Result:
        """Run a verb that has to end with this exit code."""
        result = CliRunner().invoke(built(words[0] if words else None), list(words), env=self.environment)
        assert result.exit_code == code, f"{words}: {result.exit_code}\n{result.output}\n{result.exception!r}"
        assert result.exception is None or isinstance(result.exception, SystemExit | typer.Exit)
        return result

    def json(self, *words: str, code: int = 0) -> Any:
        """What a verb prints for programs."""
        return json.loads(self(*words, "--json", code=code).stdout)

    def process(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a verb as a process of its own."""
        return run_milepost(self.environment, *words)


built, _converted = cache(build), cache(get_command)
"""The verbs, and what the library makes of them: each made once, as in a process of its own."""


def run_milepost(environment: Mapping[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    """`milepost` with nothing of ours in its environment but this."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MILEPOST_")}
    command = [str(Path(sys.executable).with_name("milepost")), *words]
    return subprocess.run(
        command, env={**inherited, **environment}, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture(scope="package")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One running Milepost for all verbs, as long as their tests run; each has processes and projects of its own."""
    with start_house(tmp_path_factory.mktemp("house") / "home") as running:
        yield running


@pytest.fixture
def milepost(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Milepost:
    """The command line of somebody who has the address and a token of the running Milepost, and its database."""
    for name in [name for name in os.environ if name.startswith("MILEPOST_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(output.people, "_width", 200)
    monkeypatch.setattr("typer.testing._get_command", _converted)
    house.add("person:al", "person:ann", "person:bo")
    return Milepost({
        "MILEPOST_HOME": str(tmp_path / "home"), "MILEPOST_URL": house.url, "MILEPOST_TOKEN": house.token,
        "MILEPOST_DATABASE_URL": house.database_url,
    })  # fmt: skip


@pytest.fixture
def visit(milepost: Milepost, tmp_path: Path) -> str:
    """The key of a small process of this test's own, published by the command line."""
    key = f"visit_{os.urandom(4).hex()}"
    file = tmp_path / "visit.yaml"
    file.write_text(VISIT.format(key=key))
    milepost("process", "publish", str(file), "--note", "First version")
    return key


@pytest.fixture
def house_broker(house: House) -> str:
    """Where the broker of the running Milepost is: its home is in the address of its database."""
    socket = str(conninfo_to_dict(house.database_url)["host"])
    home = Path(socket).parent.parent
    return str(json.loads((home / "run" / "instance.json").read_text())["nats_url"])
