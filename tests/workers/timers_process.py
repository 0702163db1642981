"""Timers in a process of their own, to be killed: `python -m tests.workers.timers_process URL INSTANT`."""

import sys
from datetime import datetime

from store.log import Log
from tests.workers.timed import OFFICE
from workers.timers import Timers


def main(url: str, instant: str) -> None:
    """Round after round, at this instant."""
    present = datetime.fromisoformat(instant)
    with Log(url, durable=False) as log:
        timers = Timers(url, log, OFFICE, lambda: present)
        while True:
            timers.round()


if __name__ == "__main__":
    main(*sys.argv[1:])
