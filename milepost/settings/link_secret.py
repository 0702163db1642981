"""The secret that signs the links of guests: the setting, else one that is made once and kept in the home."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from tempfile import NamedTemporaryFile

from milepost.settings.settings import Settings, SettingsError

_BYTES = 32


def link_secret(settings: Settings) -> bytes:
    """The same in every process of an instance; SettingsError when the home cannot keep it."""
    if settings.link_secret is not None:
        return settings.link_secret.encode()
    return kept_in_home(settings, "link-secret", lambda: secrets.token_bytes(_BYTES), "MILEPOST_LINK_SECRET")


def kept_in_home(settings: Settings, name: str, new: Callable[[], bytes], instead: str) -> bytes:
    """A secret of the instance, made when it is first asked for; SettingsError names the setting to use instead."""
    place = place_in_home(settings, name)
    try:
        if not place.exists():
            _make(place, new())
        return place.read_bytes()
    except OSError as error:
        reason = f"{place}: {error.strerror}; set {instead} instead"
        raise SettingsError(f"a secret cannot be kept in {reason}") from error


def place_in_home(settings: Settings, name: str) -> Path:
    """Where a secret of the instance is kept, once it is."""
    return settings.home / "run" / name


def _make(place: Path, secret: bytes) -> None:
    """Whole or not at all; of two processes that make one at once, one wins and both read it."""
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=place.parent, prefix=".", delete=False) as written:
        try:
            written.write(secret)
            written.flush()
            os.fsync(written.fileno())
            os.link(written.name, place)
        except FileExistsError:
            pass
        finally:
            Path(written.name).unlink()
