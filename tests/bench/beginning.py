"""Processes of a benchmark's own that begin with the program already read: to read it takes longer than they live."""

from __future__ import annotations

import os
import runpy
import signal
import sys
from typing import Any

from tests.support.forked import FORKS, PRELOADED, Forked

PROGRAMS = ["bench.http", "bench.lag", "bench.pages"]


class Begun(Forked):
    """What `bench.support.begin` gives, for a benchmark that runs small: ``python -m module arguments``, forked."""

    def __init__(self, module: str, *arguments: str, **variables: str) -> None:
        FORKS.set_forkserver_preload([*PRELOADED, *PROGRAMS, __name__])
        super().__init__(_run, {"command": [module, *arguments], "variables": variables})

    def terminate(self) -> None:
        """Ask it to end."""
        self.send(signal.SIGTERM)


def _run(told: dict[str, Any]) -> None:
    os.environ.update(told["variables"])
    sys.argv = told["command"]
    runpy.run_module(sys.argv[0], run_name="__main__")
