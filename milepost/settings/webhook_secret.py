"""The secret that signs calls to other services: the setting, else one that is made once and kept in the home."""

from __future__ import annotations

import base64
import secrets

from milepost.settings.link_secret import kept_in_home, place_in_home
from milepost.settings.settings import Settings, SettingsError

_NAME = "webhook-secret"
_BYTES = 32


def webhook_secret(settings: Settings) -> str:
    """The same in every process of an instance, as Standard Webhooks writes it; SettingsError when it is lost."""
    if settings.webhook_secret is not None:
        return settings.webhook_secret
    return kept_in_home(settings, _NAME, _new, "MILEPOST_WEBHOOK_SECRET").decode()


def webhook_secret_in_use(settings: Settings) -> str:
    """The secret that this instance signs with; SettingsError where there is none yet, as one made now is nobody's."""
    if settings.webhook_secret is None and not place_in_home(settings, _NAME).exists():
        raise SettingsError(
            f"MILEPOST_WEBHOOK_SECRET is not set, and {place_in_home(settings, _NAME)} is not there: ask where the "
            "workers run, with their settings, after their first start"
        )
    return webhook_secret(settings)


def _new() -> bytes:
    return b"whsec_" + base64.b64encode(secrets.token_bytes(_BYTES))
