"""The settings of a verb, or the end of the program with a sentence that says which one is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from milepost.cli.console.output import BAD_INPUT, fail

if TYPE_CHECKING:
    from milepost.settings.settings import Settings


def settings(**given: Any) -> Settings:
    """The settings; ``given`` are those that were typed. They are read in when asked for: `--help` asks for none."""
    from milepost.settings.loading import load
    from milepost.settings.settings import SettingsError

    try:
        return load(**given)
    except SettingsError as error:
        fail(str(error), BAD_INPUT)
