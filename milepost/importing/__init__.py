"""Real logs in: XES and CSV files become runs, as facts that happened, not as decisions."""

from __future__ import annotations

from milepost.importing.bad_log import BadLog

__all__ = ["BadLog"]
