"""Completing a step over HTTP, 32 connections, one API process; beside an empty POST with the same auth.

Every step is a form with a due, as in a customer onboarding. The empty request has an empty body.
"""

from __future__ import annotations

import json
import subprocess
import sys

import psycopg
from fastapi import APIRouter, Request
from starlette.responses import Response

from api.access import grants as access
from api.access.matrix import Rule
from api.wire.reading import read_body
from bench.served import serve_here, served
from bench.support import durable_server
from domain.words import Actor
from milepost.up.first_person import appoint, bring_in
from projections.engine.live import Projector
from projections.registry import PROJECTIONS
from store.log import Log
from store.migrations import migrate

DANA = Actor("person:dana")


def run(scale: float) -> dict[str, float]:
    """All figures; ``scale`` 1 completes 24,064 steps, and sends as many empty requests in between."""
    with durable_server() as server:
        migrate(server.owner_url)
        with psycopg.connect(server.app_url, autocommit=True) as connection:
            token = access.create_token(connection, DANA, ("read", "work", "manage", "admin")).secret
        with Log(server.app_url) as log, Projector(server.app_url, log, projections=PROJECTIONS) as projector:
            projector.catch_up()
            bring_in(log, DANA, "Dana Roth")
            appoint(log, DANA, "administrator", "Measures")
            projector.catch_up()
        with served(server.app_url, "bench.http") as port:
            command = [sys.executable, "-m", "bench.load", str(port), token, str(scale)]
            told = subprocess.run(command, check=True, capture_output=True, text=True)
    figures: dict[str, float] = json.loads(told.stdout)
    return figures


def _serve(port: int) -> int:
    extra = APIRouter()
    extra.add_api_route("/empty", _empty, methods=["POST"], response_model=None)
    return serve_here(port, [extra], {"POST /empty": Rule(frozenset({"work"}))})


async def _empty(request: Request) -> Response:
    await read_body(request)
    return Response(b'{"ok":true}', media_type="application/json")


if __name__ == "__main__":
    sys.exit(_serve(int(sys.argv[2])))
