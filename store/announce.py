"""Tells other processes that the log has grown: one coalesced notification, never inside an append's transaction."""

from __future__ import annotations

from threading import Event, Thread

import psycopg
from psycopg import Connection

from store.connect import connect

CHANNEL = "milepost_log"
_NOTIFY = "select pg_notify('milepost_log', %s)"
_PAUSE_SECONDS = 0.005


class Announcer:
    """A thread with a connection of its own; a notification that is lost costs a follower at most its poll interval."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._head = 0
        self._grown = Event()
        self._stopping = Event()
        self._connection: Connection | None = None
        self._thread: Thread | None = None

    def start(self) -> None:
        """Begin to announce; a second call does nothing."""
        if self._thread is None:
            self._stopping.clear()
            self._thread = Thread(target=self._run, name="log announcer", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Announce what is left, then end; a second call does nothing."""
        if self._thread is not None:
            self._stopping.set()
            self._grown.set()
            self._thread.join()
            self._thread = None

    def announce(self, head: int) -> None:
        """The log has grown to ``head``; returns at once."""
        self._head = head
        self._grown.set()

    def _run(self) -> None:
        told = 0
        while not self._stopping.is_set():
            self._grown.wait()
            self._grown.clear()
            if told != self._head:
                told = self._tell(self._head)
                self._stopping.wait(_PAUSE_SECONDS)
        if told != self._head:
            self._tell(self._head)
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _tell(self, head: int) -> int:
        try:
            if self._connection is None or self._connection.closed:
                self._connection = connect(self._url, "announcer")
            self._connection.execute(_NOTIFY, [str(head)], prepare=True)
        except psycopg.OperationalError:
            return head  # whoever follows polls too: only time is lost, and the next growth tries again
        return head
