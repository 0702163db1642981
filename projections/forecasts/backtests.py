"""Keeps what a backtest found, beside the forecasts."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from psycopg.types.json import Jsonb

from domain.forecast.backtest import Scores
from projections.forecasts.trails import SQL, Conn


def keep_backtest(connection: Conn, process: str, scores: Scores, at: datetime) -> None:
    """Keep the newest result of each way, with the position that the log had."""
    [(position,)] = connection.execute(SQL["head"]).fetchall()
    row = {
        "process": process,
        "way": scores.way,
        "position": position,
        "now": at,
        "scores": Jsonb(asdict(scores)),
    }
    connection.execute(SQL["keep_backtest"], row)
