"""Where the value of a secret setting comes from: its variable, or the file that NAME_FILE names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings.sources import EnvSettingsSource

PREFIX = "MILEPOST_"


class SettingsError(Exception):
    """A setting has a value that it does not accept; the text names setting, value and what is accepted."""


class SecretFiles(EnvSettingsSource):
    """The environment, where `MILEPOST_NAME_FILE` stands for the content of that file if NAME is a secret."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The value of a setting from its variable, or from the file named by its _FILE variable."""
        value, key, is_complex = super().get_field_value(field, field_name)
        variable = f"{PREFIX}{field_name.upper()}"
        file = os.environ.get(f"{variable}_FILE") if is_secret(field) else None
        if not file:
            return value, key, is_complex
        if value is not None:
            raise SettingsError(f"{variable} and {variable}_FILE are both set: keep one")
        return _read_secret(f"{variable}_FILE", Path(file)), key, is_complex


def is_secret(field: FieldInfo) -> bool:
    """Whether the value of a setting is not for showing, and may come from a file."""
    extra = field.json_schema_extra
    return isinstance(extra, dict) and bool(extra["secret"])


def _read_secret(variable: str, path: Path) -> str:
    try:
        return path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{variable}: cannot read {path}: {error}") from error
