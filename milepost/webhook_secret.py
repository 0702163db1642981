"""The secret that signs calls to other services: the setting, else one that is made once and kept in the home."""

from __future__ import annotations

import base64
import secrets

from milepost.link_secret import kept_in_home
from milepost.settings import Settings

_BYTES = 32


def webhook_secret(settings: Settings) -> str:
    """The same in every process of an instance, as Standard Webhooks writes it; SettingsError when it is lost."""
    if settings.webhook_secret is not None:
        return settings.webhook_secret
    return kept_in_home(settings, "webhook-secret", _new, "MILEPOST_WEBHOOK_SECRET").decode()


def _new() -> bytes:
    return b"whsec_" + base64.b64encode(secrets.token_bytes(_BYTES))
