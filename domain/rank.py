"""Ranks of cards within a column: texts in bytewise order with always room for one more between two.

A rank is a whole number, written so that longer numbers sort right, and a fraction that never ends in zero;
so a card put last or first makes the text no longer than the count of cards asks for, and only many cards put
into one and the same gap make it grow (one character for about six of them).
"""

from __future__ import annotations

import re
from uuid import UUID

from domain.words import Rejected

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_VALUE = {digit: value for value, digit in enumerate(_DIGITS)}
_BASE = len(_DIGITS)
_LETTERS = 26
_LONGEST = 4_096
_SHAPE = re.compile(r"[A-Za-z][0-9A-Za-z]+")
_FIRST = "a0"
_MOMENT = 11
"""Digits for the 64 bits with which an id of version 7 begins."""


def between(a: str | None, b: str | None, *, card: UUID | None = None) -> str:
    """A rank after ``a`` and before ``b`` (None: no card on that side).

    With the id of the ``card`` three more characters make it differ from the rank of another card that
    somebody else puts into the same gap at the same moment.

    Raises Rejected ``bad_rank``, ``rank_order`` or ``no_room``.
    """
    for rank in (a, b):
        if rank is not None:
            check(rank)
    if a is not None and b is not None and a >= b:
        raise Rejected(
            "rank_order",
            "the two cards do not stand in this order (any more): somebody has moved one of them; "
            "look at the column again, then put the card where it belongs",
            after=a,
            before=b,
        )
    made = _between(a, b) + ("" if card is None else _mark(card))
    if len(made) > _LONGEST:
        raise Rejected(
            "no_room",
            "no place is left between these two cards; put the card first or last in the column",
            after=a,
            before=b,
        )
    return made


def place(current: str | None, after: str | None, before: str | None, *, card: UUID) -> str:
    """As ``between``, for a card that has a rank: where it stands between the two already, it stays."""
    made = between(after, before, card=card)
    if (
        current is None
        or (after is not None and current < after)
        or (before is not None and before < current)
    ):
        return made
    return current


def last(after: str | None, *, card: UUID) -> str:
    """A rank behind ``after`` for a new ``card``, whose id begins with its time (UUID version 7).

    Cards that are put last one after the other stay in that order, also while nobody sees the one before yet.
    """
    if after is not None:
        check(after)
    return _between(after, None) + _written(card.int >> 64, _MOMENT) + _mark(card)


def spread(count: int) -> list[str]:
    """Ranks for ``count`` cards of an empty column, in order."""
    ranks: list[str] = []
    last: str | None = None
    for _ in range(count):
        last = _between(last, None)
        ranks.append(last)
    return ranks


def check(rank: str) -> str:
    """The rank itself when it is one; otherwise Rejected ``bad_rank``."""
    if not is_rank(rank):
        raise Rejected(
            "bad_rank",
            f"a place is told by the ranks of its neighbours as the board shows them, such as {_FIRST}",
            accepted=[_FIRST],
        )
    return rank


def is_rank(text: str) -> bool:
    """Whether the text is a rank: a whole number of the length its first letter says, then a fraction."""
    if len(text) > _LONGEST or not _SHAPE.fullmatch(text):
        return False
    length = _length(text[0])
    if len(text) < length or text == "A" + "0" * _LETTERS:
        return False
    return len(text) == length or text[-1] != "0"


def _between(a: str | None, b: str | None) -> str:
    """Never a prefix of ``b``: whatever is written behind it still sorts before ``b``."""
    if a is None:
        return _FIRST if b is None else _before(b)
    whole, fraction = _split(a)
    following = _step(whole, 1)
    limit = None if b is None else _split(b)[0]
    if following is not None and (limit is None or following < limit):
        return following
    if b is None or limit != whole:
        return whole + _middle(fraction, None)
    return whole + _middle(fraction, _split(b)[1])


def _before(b: str) -> str:
    whole, fraction = _split(b)
    preceding = _step(whole, -1)
    if preceding is not None and preceding != "A" + "0" * _LETTERS:
        return preceding
    return whole + _middle("", fraction)


def _middle(a: str, b: str | None) -> str:
    """A fraction strictly between two fractions (None: one); a < b, neither ends in zero."""
    made: list[str] = []
    for place in range(_LONGEST):
        low = _VALUE[a[place]] if place < len(a) else 0
        high = _VALUE[b[place]] if b is not None else _BASE
        if high - low > 1:
            made.append(_DIGITS[(low + high) // 2])
            break
        made.append(_DIGITS[low])
        b = b if high == low else None
    return "".join(made)


def _split(rank: str) -> tuple[str, str]:
    length = _length(rank[0])
    return rank[:length], rank[length:]


def _length(head: str) -> int:
    """How long the whole number is: a0 … zz, then longer ones up from ``b``, and down from ``Z``."""
    return ord(head) - ord("a") + 2 if head >= "a" else ord("Z") - ord(head) + 2


def _step(whole: str, by: int) -> str | None:
    """The next (1) or the preceding (-1) whole number; None where there is no more."""
    turned, start = ("z", "0") if by > 0 else ("0", "z")
    digits = list(whole[1:])
    for place in reversed(range(len(digits))):
        if digits[place] != turned:
            digits[place] = _DIGITS[_VALUE[digits[place]] + by]
            return whole[0] + "".join(digits)
        digits[place] = start
    return _longer(whole[0], by, start)


def _longer(head: str, by: int, start: str) -> str | None:
    if (head, by) in (("z", 1), ("A", -1)):
        return None
    turn = {("Z", 1): "a", ("a", -1): "Z"}
    following = turn.get((head, by)) or chr(ord(head) + by)
    return following + start * (_length(following) - 1)


def _written(number: int, length: int) -> str:
    digits: list[str] = []
    for _ in range(length):
        number, digit = divmod(number, _BASE)
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))


def _mark(card: UUID) -> str:
    number = card.int & 0xFFFF_FFFF
    last = _DIGITS[1 + number % (_BASE - 1)]
    number //= _BASE - 1
    return _DIGITS[number % _BASE] + _DIGITS[number // _BASE % _BASE] + last
