"""docs/reference/settings.md, from milepost/settings/settings.py."""

from pydantic.fields import FieldInfo

from milepost.settings.settings import PREFIX, Settings, accepted, is_secret

HEAD = """\
# Settings

Every setting is an environment variable. An empty one counts as unset. A wrong value stops the start with a sentence
that names the setting, the value and what is accepted; so does a variable that begins with `MILEPOST_` and is no
setting.
A setting marked *secret* can come from a file instead: name the file in the variable with `_FILE` at its end.

This page is generated from `milepost/settings/settings.py`.
"""


def settings_reference() -> dict[str, str]:
    """One heading per setting: what it means, what it accepts, what it is when unset."""
    entries = (_entry(name, field) for name, field in Settings.model_fields.items())
    return {"docs/reference/settings.md": "\n".join([HEAD, *entries])}


def _entry(name: str, field: FieldInfo) -> str:
    secret = " *Secret.*" if is_secret(field) else ""
    return (
        f"## {PREFIX}{name.upper()}\n\n{field.description}{secret}\n\n"
        f"- accepts: {accepted(field)}\n- unset: {_default(name, field)}\n"
    )


def _default(name: str, field: FieldInfo) -> str:
    if name == "home":
        return "`milepost` in the user's data home, such as `~/.local/share/milepost`"
    if field.default in (None, ()):
        return "nothing"
    text = str(field.default)
    return f"`{text.lower() if isinstance(field.default, bool) else text}`"
