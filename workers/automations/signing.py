"""Signs calls by Standard Webhooks: each receiver by a secret of its own, made from the house's."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from standardwebhooks.webhooks import Webhook

_PREFIX = "whsec_"
_PURPOSE = b"milepost webhook 1 "
_TOLERANCE = timedelta(minutes=5)
_LONGEST_INSTANT = 11
"""Digits of an instant in seconds, for some thousand years."""


def receiver_secrets(house: str, receiver: str) -> tuple[str, ...]:
    """What this receiver (``crm.example.com``, with its port where that is unusual) checks our calls by, newest first.

    ``house`` is the secret of the house, or several with blanks between while receivers change over.
    """
    name = receiver.lower().rstrip(".")
    return tuple(_made(base64.b64decode(one.removeprefix(_PREFIX)), name) for one in house.split())


def _made(house: bytes, receiver: str) -> str:
    made = hmac.digest(house, _PURPOSE + receiver.encode(), hashlib.sha256)
    return _PREFIX + base64.b64encode(made).decode()


class Signer:
    """Signs with the secrets of who is called: one signature by each, while the house has several."""

    def __init__(self, house: str) -> None:
        """``house``: as in ``receiver_secrets``."""
        self._house = house

    def signed(self, receiver: str, headers: Mapping[str, str], body: bytes, now: datetime) -> bool:
        """Whether a call to this receiver was signed by us within five minutes of ``now``."""
        key, told = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
        if not (told.isascii() and told.isdecimal() and len(told) <= _LONGEST_INSTANT):
            return False
        at = datetime.fromtimestamp(int(told), UTC)
        try:
            expected = self.headers(receiver, key, at, body.decode())["webhook-signature"].split(" ")
        except UnicodeError:
            return False
        given = headers.get("webhook-signature", "").split(" ")
        known = any(hmac.compare_digest(ours.encode(), one.encode()) for ours in expected for one in given)
        return known and abs(now - at) <= _TOLERANCE

    def headers(self, receiver: str, key: str, at: datetime, body: str) -> dict[str, str]:
        """The three headers; ``key`` is the id by which the receiver knows the call again."""
        secrets = receiver_secrets(self._house, receiver)
        return {
            "webhook-id": key,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": " ".join(Webhook(secret).sign(key, at, body) for secret in secrets),
        }
