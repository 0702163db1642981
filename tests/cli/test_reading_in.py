"""How much of the program a verb reads in before it does anything: who typed it waits for that."""

from __future__ import annotations

import subprocess
import sys

ASKS = """
import sys
from milepost.cli import build
from milepost.cli.console import settings
build("run")
settings.settings()
print(*sorted({"fastapi", "nats", "psycopg", "domain.events", "store", "projections"} & sys.modules.keys()))
"""


def test_a_verb_that_asks_over_http_reads_in_no_server():
    """Neither database nor broker nor the rules of runs: it sends what was typed and shows the answer."""
    asked = subprocess.run([sys.executable, "-c", ASKS], capture_output=True, text=True, check=True)
    assert asked.stdout.strip() == ""
