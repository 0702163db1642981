"""What is taken as a password: long, and neither common nor about whose it is."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection

from domain.words import Rejected

LEAST, MOST = 12, 256
"""Characters of a password."""
ACCEPTED = f"{LEAST} to {MOST} characters that are no common password: four words that do not belong together are good"
_LONG_ENOUGH_TO_COUNT = 4
_ROWS = (
    "01234567890123456789",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
)
_FEWEST_CHARACTERS = 5


def same_form(password: str) -> str:
    """The one form in which a password is kept and compared, however a keyboard composes its letters (NFC)."""
    return unicodedata.normalize("NFC", password)


def must_be_strong(password: str, common: Collection[str], names: Collection[str] = ()) -> str:
    """The password as it is kept. Rejected("weak_password") says what is wrong with it, never what it is.

    ``common`` are words in small letters; ``names`` what the account is called: key, name, mail address, house.
    """
    password = same_form(password)
    wrong = _size(password) or _guessed(password.casefold(), common, names)
    if wrong is not None:
        raise Rejected("weak_password", wrong, field="password", least=LEAST, most=MOST, accepted=ACCEPTED)
    return password


def _size(password: str) -> str | None:
    if len(password) < LEAST:
        return f"a password has {LEAST} characters at least; a few words with blanks between are easy to remember"
    if len(password) > MOST:
        return f"a password has {MOST} characters at most"
    return None


def _guessed(password: str, common: Collection[str], names: Collection[str]) -> str | None:
    core = _without_trimmings(password)
    if password in common or core in common or _repeated(password, common):
        return "this is one of the passwords that are tried first, with or without signs around it"
    if len(set(password)) < _FEWEST_CHARACTERS or any(_is_part_of(password, row) for row in _ROWS):
        return "this is a row of keys, or the same few characters again and again"
    if any(_is_mostly(core, word) for word in _words_of(names)):
        return "this is the name or address of whose password it is, with little around it"
    return None


def _without_trimmings(password: str) -> str:
    """What is left without the digits and signs before the first letter and after the last."""
    letters = [place for place, character in enumerate(password) if character.isalpha()]
    return password[letters[0] : letters[-1] + 1] if letters else ""


def _repeated(password: str, common: Collection[str]) -> bool:
    """Whether it is one short piece again and again, or common words and nothing else but digits and signs."""
    pieces = range(1, len(password) // 2 + 1)
    if any(
        len(password) % size == 0 and password == password[:size] * (len(password) // size) for size in pieces
    ):
        return True
    core = "".join(character for character in password if character.isalpha())
    halves = core[: len(core) // 2], core[len(core) // 2 :]
    return len(core) % 2 == 0 and halves[0] == halves[1] and halves[0] in common


def _is_part_of(password: str, row: str) -> bool:
    """Whether it goes along a row of keys, in either direction."""
    return any(password in line * 2 for line in (row, row[::-1]))


def _words_of(names: Collection[str]) -> set[str]:
    folded = (name.casefold() for name in names)
    parts = {part for name in folded for part in (name, *name.replace("@", " ").replace(".", " ").split())}
    joined = {part.replace(" ", "") for part in parts}
    return {part for part in parts | joined if len(part) >= _LONG_ENOUGH_TO_COUNT}


def _is_mostly(core: str, word: str) -> bool:
    """Whether little is left of it without the word."""
    return word in core and len(core.replace(word, "")) < _LONG_ENOUGH_TO_COUNT
