"""Which passwords are taken, and how long somebody waits who guesses them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.passwords import LEAST, MOST, must_be_strong, same_form
from domain.throttling import ACCOUNT, ADDRESS, FORGOTTEN_AFTER, PAIR, SECOND, Failures, Limit, wait
from domain.words import Rejected

COMMON = frozenset({"password", "dragon", "1q2w3e4r5t6y", "letmein", "elephant"})
NAMES = ("dana", "Dana Roth", "dana.roth@acme.example", "Milepost")
NOW = datetime(2026, 6, 1, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    "password",
    ["correct horse battery staple", "Tr0ub4dor&3 again", "ÄpfelUndBirnen", "x" * 6 + "Vq7!kp2LmZ",
     "密码是一个很长的句子没有人猜得到"],
)  # fmt: skip
def test_a_long_password_is_taken(password: str):
    """Any characters do, and no mixture of kinds is asked for."""
    assert must_be_strong(password, COMMON, NAMES) == password


@pytest.mark.parametrize(
    ("password", "says"),
    [
        ("elevenchars", "12 characters at least"), ("", "12 characters at least"),
        ("x" * 257, "256 characters at most"),
        ("Password1234", "tried first"), ("2026 Dragon!!!!!", "tried first"), ("1q2w3e4r5t6y", "tried first"),
        ("passwordpassword", "tried first"), ("letmein!letmein!", "tried first"), ("abc1abc1abc1", "tried first"),
        ("123456789012", "row of keys"), ("qwertyuiopas", "row of keys"), ("poiuytrewq lk", None),
        ("mlkjihgfedcba", "row of keys"), ("aabbaabbabab", "same few"), ("!!!!!!!!!!!!", "tried first"),
        ("dana.roth@acme.example", "name or address"), ("DanaRoth2026!!", "name or address"),
        ("milepost-2026-06", "name or address"), ("Dana Roth's own cat", None),
    ],
)  # fmt: skip
def test_a_password_that_is_guessed_first_is_refused(password: str, says: str | None):
    """Short, common, a row of keys, or about whose it is: the refusal says which, and what would be taken."""
    if says is None:
        must_be_strong(password, COMMON, NAMES)
        return
    with pytest.raises(Rejected, match=says) as refused:
        must_be_strong(password, COMMON, NAMES)
    assert (refused.value.code, refused.value.facts["field"]) == ("weak_password", "password")


@given(st.text(max_size=300))
def test_a_refusal_never_repeats_the_password(password: str):
    """Whatever is typed, what is taken has the right size, and what is refused is not told again."""
    refused: Rejected | None = None
    taken = ""
    try:
        taken = must_be_strong(password, COMMON)
    except Rejected as said:
        refused = said
    if refused is None:
        assert LEAST <= len(taken) <= MOST
        assert taken == same_form(password)
    else:
        assert len(password) < LEAST - 1 or password not in f"{refused.detail}{refused.facts}"


def test_a_password_is_the_same_on_every_keyboard():
    """Letters that were composed in another way are the same letters."""
    assert same_form("e\u0301".join("ab")) == "a\u00e9b"


def test_waiting_grows_and_ends():
    """The first failures cost nothing, then each doubles the wait, up to the longest; an hour forgets all."""
    waits = [wait(Failures(count, NOW), PAIR, at=NOW).total_seconds() for count in (0, 4, 5, 6, 7, 10, 30)]
    assert waits == [0, 0, 1, 2, 4, 32, 900]
    assert wait(Failures(5, NOW), PAIR, at=NOW + timedelta(seconds=1)) == timedelta(0)
    assert wait(Failures(30, NOW), PAIR, at=NOW + FORGOTTEN_AFTER) == timedelta(0)


@given(st.sampled_from([PAIR, ADDRESS, ACCOUNT, SECOND]), st.integers(0, 10**9), st.integers(0, 10**5))
def test_nobody_is_locked_out(limit: Limit, count: int, seconds: int):
    """However often it failed, whoever waits long enough may try again, and that is never longer than the longest."""
    waits = wait(Failures(count, NOW), limit, at=NOW + timedelta(seconds=seconds))
    assert timedelta(0) <= waits <= limit.longest
    assert wait(Failures(count, NOW), limit, at=NOW + limit.longest) == timedelta(0)
