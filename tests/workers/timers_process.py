"""Timers to be killed; to be run in a process of its own."""

from datetime import datetime
from typing import Any

from store.log import Log
from tests.workers.timed import OFFICE
from workers.timers import Timers


def main(told: dict[str, Any]) -> None:
    """Round after round on the log at ``url``, at the instant ``now``."""
    present: datetime = told["now"]
    with Log(told["url"], durable=False) as log:
        timers = Timers(log, OFFICE, lambda: present)
        while True:
            timers.round()
