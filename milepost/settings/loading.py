"""Reads the settings of a process, and says in words what is wrong with them."""

import os
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError
from pydantic_settings import SettingsError as UnreadableSource

from milepost.settings.settings import PREFIX, Settings, SettingsError, accepted, is_secret

# read by the command line's HTTP client and by the tests, not by the servers
OTHER_VARIABLES = frozenset({"MILEPOST_URL", "MILEPOST_TOKEN", "MILEPOST_DATA"})


def load(**overrides: Any) -> Settings:
    """The settings of this process, `overrides` coming from the command line; SettingsError says what is wrong."""
    unknown = unknown_variables(os.environ)
    if unknown:
        raise SettingsError("\n".join(unknown))
    try:
        return Settings(**{name: value for name, value in overrides.items() if value is not None})
    except UnreadableSource as error:
        raise SettingsError(str(error.__cause__)) from None
    except ValidationError as error:
        raise SettingsError("\n".join(_explain(problem) for problem in error.errors())) from None


def _explain(problem: Any) -> str:
    name = str(problem["loc"][0]) if problem["loc"] else ""
    if not name:
        return str(problem["ctx"]["error"])
    field = Settings.model_fields[name]
    given = "the given value" if is_secret(field) else repr(problem["input"])
    return f"{PREFIX}{name.upper()} does not accept {given}: it takes {accepted(field)}"


def variables() -> set[str]:
    """Every environment variable that a Milepost server reads."""
    names = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    return names | {
        f"{PREFIX}{name.upper()}_FILE" for name, field in Settings.model_fields.items() if is_secret(field)
    }


def unknown_variables(environment: Mapping[str, str]) -> list[str]:
    """One sentence for each variable with our prefix that no setting reads: mostly a slip of the pen."""
    known = variables() | OTHER_VARIABLES
    unknown = sorted(name for name in environment if name.startswith(PREFIX) and name not in known)
    return [f"{name} is no setting{_suggestion(name, known)}" for name in unknown]


def _suggestion(name: str, known: set[str] | frozenset[str]) -> str:
    near = get_close_matches(name, known, n=1)
    return f": did you mean {near[0]}?" if near else ""
