"""Histories speak in sentences, of every event."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from domain.events import EVENT_TYPES
from web.words.events import EVENTS, sentence

TOLD = sorted(name for name, event in EVENT_TYPES.items() if event.aggregate in ("run", "task"))


@pytest.mark.parametrize("name", TOLD)
def test_every_event_of_a_history_has_words(name: str):
    """No page falls back on the name that an event has for programs; without a step the sentence ends all the same."""
    assert name in EVENTS
    entry = SimpleNamespace(type=name, step=None, data={}, by=None, round=None)
    said = sentence(entry, {})
    assert "_" not in said
    assert said.split()[-1] not in ("of", "at", "about", "for", "by")


def test_a_sentence_leads_to_the_step():
    """What happened at a step names it."""
    entry = SimpleNamespace(type="action_failed", step="call", data={}, by=None, round=1)
    assert sentence(entry, {"call": "Call the bank"}) == (
        "<strong>Milepost</strong> could not do the automatic work of <em>Call the bank</em>"
    )


def test_a_sentence_names_whose_hand_it_was():
    """Who acted in another's name stands beside them; a guest's link is nobody."""
    entry = SimpleNamespace(
        type="step_started", step=None, data={}, by="person:dana", round=1, authenticated_by="person:bo"
    )
    assert sentence(entry, {}) == "<strong>Bo for Dana</strong> began "
    entry.authenticated_by = "guest_link"
    assert sentence(entry, {}) == "<strong>Dana</strong> began "
