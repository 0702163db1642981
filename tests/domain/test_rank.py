"""Promises about ranks: always room, always in order, never the same, short."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.rank import between, check, is_rank, last, place, spread
from domain.words import Rejected


@given(st.lists(st.integers(0, 10_000), max_size=150), st.booleans())
def test_there_is_always_room_between_two(places: list[int], marked: bool):
    """However cards are put in, every rank sorts between its neighbours and none comes twice."""
    ranks: list[str] = []
    for number, wanted in enumerate(places):
        place = wanted % (len(ranks) + 1)
        before = ranks[place - 1] if place else None
        after = ranks[place] if place < len(ranks) else None
        rank = between(before, after, card=UUID(int=number * 7919) if marked else None)
        assert is_rank(rank)
        ranks.insert(place, rank)
    assert ranks == sorted(set(ranks), key=str.encode)


def test_ranks_at_the_ends_stay_short():
    """Ten thousand cards put last, or first, need no more than four characters."""
    last = first = between(None, None)
    for _ in range(10_000):
        last, first = between(last, None), between(None, first)
    assert max(len(last), len(first)) <= 4


def test_one_gap_takes_ten_thousand_cards():
    """Putting card after card into one and the same gap goes on, however long the text becomes."""
    low, high = spread(2)
    for _ in range(2_000):
        high = between(low, high)
        assert low < high
    assert len(high) < 600


def test_two_people_at_the_same_gap_get_different_ranks():
    """Cards with different ids get different ranks, both within the gap."""
    low, high = spread(2)
    ranks = {between(low, high, card=uuid4()) for _ in range(200)}
    assert len(ranks) > 190
    assert all(low < rank < high for rank in ranks)


def test_a_marked_rank_sorts_before_a_neighbour_that_begins_alike():
    """The mark of a card never carries it past the next card."""
    low = "a0"
    for high in ("a01", "a0V", "a0Vzz1", "a1", "a11", "b00"):
        assert low < between(low, high, card=UUID(int=2**128 - 1)) < high


@pytest.mark.parametrize("text", ["", "a", "0", "a0 ", "a-", "a00", "é1", "b0", "A" + "0" * 26, "a" * 5_000])
def test_what_is_no_rank_is_refused(text: str):
    """Only texts that between makes are taken as ranks."""
    assert not is_rank(text)
    with pytest.raises(Rejected, match="bad_rank"):
        check(text)


def test_neighbours_that_were_moved_are_told_as_that():
    """Who drags a card between two that changed places meanwhile did nothing wrong, and learns what to do."""
    with pytest.raises(Rejected, match="rank_order") as told:
        between("a1", "a1")
    assert "somebody has moved one of them" in told.value.detail
    assert "look at the column again" in told.value.detail
    assert told.value.facts == {"after": "a1", "before": "a1"}


def test_a_gap_that_is_full_says_so():
    """A rank that would be longer than any is refused before it is made one, with what helps."""
    low = "a0" + "z" * 4_092 + "1"
    with pytest.raises(Rejected, match="no_room") as told:
        between(low, low + "1", card=UUID(int=1))
    assert "first or last" in told.value.detail


def test_a_card_that_stands_there_stays():
    """Put where it is, between its neighbours or on top of itself, its rank is the same; elsewhere it is another."""
    first, second, third, fourth = spread(4)
    card = UUID(int=7)
    for after, before in (
        (first, third),
        (None, third),
        (first, None),
        (None, None),
        (second, third),
        (first, second),
    ):
        assert place(second, after, before, card=card) == second
    assert third < place(second, third, fourth, card=card) < fourth
    assert place(second, None, first, card=card) < first
    assert place(None, first, second, card=card) != second


@given(st.integers(0, 2**47), st.lists(st.booleans(), min_size=2, max_size=12))
def test_cards_put_last_keep_the_order_of_their_ids(begin: int, seen: list[bool]):
    """Whether or not the one before is seen yet: later ids stand behind earlier ones, and all are ranks."""
    ranks: list[str] = []
    known: str | None = None
    for number, is_seen in enumerate(seen):
        card = UUID(int=(begin << 80) | (7 << 76) | (number << 64) | 1)
        ranks.append(last(known, card=card))
        known = ranks[-1] if is_seen else known
    assert ranks == sorted(set(ranks))
    assert all(map(is_rank, ranks))
