"""Runs the application on uvicorn; stops in time although streams are open."""

from __future__ import annotations

import gc
import signal
import socket
from collections.abc import Sequence
from types import FrameType

import uvicorn
from fastapi import FastAPI

from api.handling.services import Services
from api.wire.protocol import BoundedProtocol
from api.wire.shielding import Shielding

GRACE_SECONDS = 2
BACKLOG = 2_048


class Server(uvicorn.Server):
    """A uvicorn server that tells open streams of a stop before it waits for them."""

    def __init__(self, config: uvicorn.Config, services: Services) -> None:
        super().__init__(config)
        self._services = services

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let streams end, then everything else that is under way, then stop."""
        self._services.stopping.set()
        await super().shutdown(sockets)


def make_server(
    app: FastAPI, *, host: str = "127.0.0.1", port: int = 0, proxies: Sequence[str] = ()
) -> Server:
    """A server for this application; the caller runs it. ``proxies``: whose X-Forwarded headers are believed."""
    services: Services = app.state.services
    config = uvicorn.Config(
        Shielding(app, secure=services.site.secure),  # around everything: pages of errors and defects too
        host=host,
        port=port,
        loop="uvloop",
        http=BoundedProtocol,
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        backlog=BACKLOG,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=GRACE_SECONDS,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=list(proxies),
    )
    return Server(config, services)


def _collect_seldom() -> None:
    """Keep the garbage collector off what lives as long as the process: else it stops every request for that, often.

    Folded states are many small objects without cycles; going over all of them frees nothing.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def serve(
    app: FastAPI, *, host: str, port: int, share_port: bool = False, proxies: Sequence[str] = ()
) -> int:
    """Serve until SIGTERM or SIGINT; the exit code. With ``share_port`` several processes listen side by side."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _asked)  # uvicorn raises the signal again once it has stopped
    server = make_server(app, host=host, port=port, proxies=proxies)
    _collect_seldom()
    with listen(host, port, share_port=share_port) as listening:
        server.run([listening])
    return 0 if server.started else 1


def listen(host: str, port: int, *, share_port: bool = False) -> socket.socket:
    """A listening socket; with ``share_port`` the system spreads connections over all processes that listen there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if share_port:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listening.bind((host, port))
    listening.listen(BACKLOG)
    return listening


def _asked(_: int, __: FrameType | None) -> None:
    """The server has stopped by now; there is nothing left to do."""
