"""Promises about saved views."""

from __future__ import annotations

import pytest

from domain.events import ViewChanged, ViewRemoved, ViewSaved
from domain.view import VIEW, change_view, remove_view, save_view
from tests.support.given import BO, DANA, NINE, Story

PAGE = "/projects/01938c2e-7a31-7c11-b1b9-0d6c2f6a9e55/list"
nothing = Story(VIEW)
saved = nothing.given(ViewSaved(name="Late", page=PAGE, query="state=late", by=DANA, at=NINE))


def test_a_page_is_saved_with_its_filters():
    """Name, page and query string are kept; a leading question mark is not."""
    nothing.when(save_view, "Late", PAGE, "?state=late").then(
        ViewSaved(name="Late", page=PAGE, query="state=late", by=DANA, at=NINE)
    )


@pytest.mark.parametrize(
    "page", ["//evil.example", "https://evil.example/", "/sign-out", "javascript:x", "", "/runs"]
)
def test_only_pages_with_filters_are_saved(page: str):
    """A saved view leads nowhere else."""
    nothing.when(save_view, "Late", page).rejected("bad_page")


@pytest.mark.parametrize("query", ["a=<b>", "a=1#frag", "a=1\nb", "x" * 2_001])
def test_filters_are_a_query_string(query: str):
    """Anything else is refused."""
    nothing.when(save_view, "Late", PAGE, query).rejected("bad_query")


def test_its_owner_changes_and_removes_it():
    """All of name, filters and readers are set; removing twice changes nothing."""
    story = saved.when(change_view, "Later", "state=late&sort=due", True).then(
        ViewChanged(name="Later", query="state=late&sort=due", shared=True, by=DANA, at=NINE)
    )
    gone = story.when(remove_view).then(ViewRemoved(by=DANA, at=NINE))
    gone.when(change_view, "Again").rejected("view_removed")


def test_others_do_not():
    """A shared view is everybody's to look at and its owner's to change."""
    saved.when(change_view, "Mine", by=BO).rejected("not_yours", owner=DANA)
    saved.when(remove_view, by=BO).rejected("not_yours")
