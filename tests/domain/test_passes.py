"""Links of guests: signed, bound to one step and round, and over after their time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from domain.guests import Pass
from domain.passes import seal, unseal
from domain.words import RoleKey, StepKey

RUN = UUID("01938c2e-7a31-7c11-b1b9-0d6c2f6a9e55")
HELD = Pass(StepKey("customer_signs"), 2, RoleKey("customer_champion"), bytes(range(8)))
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SECRET = b"0123456789abcdef0123456789abcdef"
LINK = seal(RUN, HELD, NOW + timedelta(days=30), SECRET)


def test_a_link_opens_what_it_was_made_for():
    """Run, step, round and role come back; the text fits into an address and names nobody."""
    assert unseal(LINK, SECRET, NOW) == (RUN, HELD)
    assert LINK.replace("-", "").replace("_", "").isalnum()
    assert len(LINK) < 150


def test_a_link_is_over_after_its_time():
    """On the last day it opens, afterwards it does not."""
    assert unseal(LINK, SECRET, NOW + timedelta(days=29)) is not None
    assert unseal(LINK, SECRET, NOW + timedelta(days=31)) is None


def test_another_secret_opens_nothing():
    """A link is worth nothing elsewhere, and a new secret ends all links."""
    assert unseal(LINK, b"another secret of this length!!!", NOW) is None


@given(st.integers(0, len(LINK) - 1), st.sampled_from("ABCxyz019-_"))
def test_a_changed_link_opens_nothing(place: int, sign: str):
    """Whatever sign of it is another, it is not ours."""
    changed = LINK[:place] + sign + LINK[place + 1 :]
    assert changed == LINK or unseal(changed, SECRET, NOW) is None


@given(st.text(max_size=300) | st.binary(max_size=200).map(lambda raw: raw.hex()))
def test_any_text_is_refused_quietly(text: str):
    """Nothing that somebody types is an error."""
    assert unseal(text, SECRET, NOW) is None
