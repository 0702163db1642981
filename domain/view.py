"""Saved views: a page with its filters under a name, for its owner alone or for everybody."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from domain.aggregate import Aggregate
from domain.checks import line
from domain.events import AnyViewEvent, ViewChanged, ViewRemoved, ViewSaved
from domain.words import Actor, Rejected

LONGEST_QUERY = 2_000
_PAGE = re.compile(r"(/|/search|/projects/[0-9a-f-]{36}(/list|/timeline)?|/processes/[a-z][a-z0-9_]{0,63})")
_QUERY = re.compile(r"[A-Za-z0-9_.~%+&=:,/@-]*")


@dataclass(frozen=True)
class View:
    """What decisions about a saved view need to know."""

    owner: Actor | None = None
    name: str = ""
    page: str = "/"
    query: str = ""
    shared: bool = False
    removed: bool = False


def evolve(view: View | None, event: AnyViewEvent) -> View:
    """The view after the event."""
    view = view or View()
    match event:
        case ViewSaved():
            return View(event.by, event.name, event.page, event.query, event.shared)
        case ViewChanged():
            return replace(view, name=event.name, query=event.query, shared=event.shared)
        case ViewRemoved():
            return replace(view, removed=True)
        case _:
            assert_never(event)


VIEW = Aggregate("view", evolve)


def save_view(
    view: View | None,
    name: str,
    page: str,
    query: str = "",
    shared: bool = False,
    *,
    by: Actor,
    at: datetime,
) -> list[AnyViewEvent]:
    """Keep a page with its filters under a name."""
    if view is not None:
        return []
    if not _PAGE.fullmatch(page):
        raise Rejected(
            "bad_page", f"{page!r} is no page that can be saved", field="page",
            accepted=["/", "/search", "/projects/ID", "/projects/ID/list", "/projects/ID/timeline", "/processes/KEY"],
        )  # fmt: skip
    return [ViewSaved(name=line("name", name), page=page, query=_checked(query), shared=shared, by=by, at=at)]


def change_view(
    view: View, name: str, query: str = "", shared: bool = False, *, by: Actor, at: datetime
) -> list[AnyViewEvent]:
    """Give the view another name, other filters, other readers; only its owner may."""
    _own(view, by)
    wanted = ViewChanged(name=line("name", name), query=_checked(query), shared=shared, by=by, at=at)
    return [] if evolve(view, wanted) == view else [wanted]


def remove_view(view: View, *, by: Actor, at: datetime) -> list[AnyViewEvent]:
    """Offer the view no longer; only its owner may."""
    if view.removed:
        return []
    _own(view, by)
    return [ViewRemoved(by=by, at=at)]


def _own(view: View, by: Actor) -> None:
    if view.owner != by:
        raise Rejected("not_yours", f"this view is {view.owner}'s; save one of your own", owner=view.owner)
    if view.removed:
        raise Rejected("view_removed", "this view was removed; save it anew")


def _checked(query: str) -> str:
    text = query.strip().removeprefix("?")
    if len(text) > LONGEST_QUERY or not _QUERY.fullmatch(text):
        raise Rejected(
            "bad_query",
            "the filters must be the query string of an address",
            field="query",
            longest=LONGEST_QUERY,
        )
    return text
