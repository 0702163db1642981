"""The place where a server was: whoever connects is counted and hung up on, so that being away is told in attempts."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread


class Knocks:
    """How often somebody has tried to connect."""

    def __init__(self, port: int) -> None:
        self.count = 0
        self._listener = socket.create_server(("127.0.0.1", port), reuse_port=False)
        self.port: int = self._listener.getsockname()[1]
        self._thread = Thread(target=self._hang_up, daemon=True)
        self._thread.start()

    def _hang_up(self) -> None:
        while True:
            try:
                caller, _ = self._listener.accept()
            except OSError:
                return
            self.count += 1
            caller.close()

    def close(self) -> None:
        """Leave the place to the server."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()


@contextmanager
def knocks(port: int = 0) -> Iterator[Knocks]:
    """Stand where the server was (port 0: where none ever was) until it comes back."""
    standing = Knocks(port)
    try:
        yield standing
    finally:
        standing.close()
