"""Signs calls by Standard Webhooks, so that their receiver can tell them from others and know a repeated one again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hmac import compare_digest

from standardwebhooks.webhooks import Webhook

_TOLERANCE = timedelta(minutes=5)
_LONGEST_INSTANT = 11
"""Digits of an instant in seconds, for some thousand years."""


class Signer:
    """Signs with one secret."""

    def __init__(self, secret: str) -> None:
        self._webhook = Webhook(secret)

    def signed(self, headers: Mapping[str, str], body: bytes, now: datetime) -> bool:
        """Whether a call was signed with this secret within five minutes of ``now``."""
        key, told = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
        if not (told.isascii() and told.isdecimal() and len(told) <= _LONGEST_INSTANT):
            return False
        at = datetime.fromtimestamp(int(told), UTC)
        try:
            expected = self.headers(key, at, body.decode())["webhook-signature"]
        except UnicodeError:
            return False
        signatures = headers.get("webhook-signature", "").split(" ")
        known = any(compare_digest(expected.encode(), one.encode()) for one in signatures)
        return known and abs(now - at) <= _TOLERANCE

    def headers(self, key: str, at: datetime, body: str) -> dict[str, str]:
        """The three headers; ``key`` is the id by which the receiver knows the call again."""
        return {
            "webhook-id": key,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": self._webhook.sign(key, at, body),
        }
