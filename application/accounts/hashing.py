"""Hashes passwords with argon2id: in threads of its own, few at a time, because each takes memory on purpose."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.resources import files
from secrets import token_urlsafe
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

T = TypeVar("T")

AT_ONCE = 2
MOST_WAITING = 40
"""More who wait for their turn are told to come again: a queue that long is an attack, or a broken program."""


class TooManyAtOnce(Exception):
    """Others are being looked at; try again in a moment."""


@cache
def common_passwords() -> frozenset[str]:
    """The words of the most common passwords, in small letters."""
    text = files(__package__).joinpath("common_passwords.txt").read_text("utf-8")
    return frozenset(line for line in text.splitlines() if line and not line.startswith("# "))


class Passwords:
    """Makes and compares hashes of passwords without keeping the event loop waiting."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        """``hasher``: argon2id with 64 MiB in three rounds (RFC 9106, low memory), unless told otherwise."""
        self._hasher = hasher or PasswordHasher()
        self._threads = ThreadPoolExecutor(AT_ONCE, "passwords")
        self._waiting = 0
        self._nobodys: str | None = None

    async def hash(self, password: str) -> str:
        """The hash to keep, with its parameters and salt."""
        return await self._in_turn(lambda: self._hash(password))

    async def is_right(self, kept: str | None, password: str) -> bool:
        """Whether this is the password behind the hash. Without one it takes as long, and is not."""
        return await self._in_turn(lambda: self._compare(kept, password))

    def is_outdated(self, kept: str) -> bool:
        """Whether the hash was made with other parameters than are used now."""
        return self._hasher.check_needs_rehash(kept)

    def _hash(self, password: str) -> str:
        return self._hasher.hash(_bytes(password))

    def _compare(self, kept: str | None, password: str) -> bool:
        if self._nobodys is None:
            self._nobodys = self._hash(token_urlsafe())
        try:
            self._hasher.verify(kept or self._nobodys, _bytes(password))
        except (VerificationError, InvalidHashError):
            return False
        return kept is not None

    async def _in_turn(self, work: Callable[[], T]) -> T:
        if self._waiting >= MOST_WAITING:
            raise TooManyAtOnce
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1


def _bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")
