"""Fills the demonstration workspace: `python -m milepost.demo`, as `milepost up` does at its first start."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from application.milepost import Milepost
from milepost.demo.workspace import Workspace
from milepost.settings.loading import load
from store.log import Log


def main() -> int:
    """Fill the database that the settings name; what is there already stays."""
    settings = load()
    url = settings.application_dsn
    if url is None:
        sys.stderr.write("MILEPOST_DATABASE_URL is not set: `milepost up` sets it for the demonstration\n")
        return 2
    with Log(url) as log:
        Workspace(Milepost(log), settings.calendar, datetime.now(UTC)).fill()
    return 0


if __name__ == "__main__":
    sys.exit(main())
