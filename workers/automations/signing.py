"""Signs calls by Standard Webhooks, so that their receiver can tell them from others and know a repeated one again."""

from __future__ import annotations

from datetime import datetime

from standardwebhooks.webhooks import Webhook


class Signer:
    """Signs with one secret."""

    def __init__(self, secret: str) -> None:
        self._webhook = Webhook(secret)

    def headers(self, key: str, at: datetime, body: str) -> dict[str, str]:
        """The three headers; ``key`` is the id by which the receiver knows the call again."""
        return {
            "webhook-id": key,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": self._webhook.sign(key, at, body),
        }
