"""Saved views as they are offered; a view that was removed has no row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never
from uuid import UUID

from domain import events as e
from projections.asking import Conn, fresh
from projections.engine.fold import Fold, over
from projections.engine.projection import Projection, Row, Source, Subject, Table, blocks
from projections.paging import ALL, Page, counted

SAVED_VIEW = Table("saved_view", ("view", "name", "page", "query", "shared", "owner", "changed_at"))


class ViewFacts:
    """One saved view."""

    def __init__(self) -> None:
        self.name = ""
        self.page = ""
        self.query = ""
        self.shared = False
        self.owner: str | None = None
        self.changed_at: datetime | None = None
        self.removed = False


def _take(view: ViewFacts, event: e.AnyViewEvent) -> None:
    match event:
        case e.ViewSaved():
            view.page, view.owner = event.page, event.by
            _describe(view, event)
        case e.ViewChanged():
            _describe(view, event)
        case e.ViewRemoved():
            view.removed = True
        case _:
            assert_never(event)


def _describe(view: ViewFacts, event: e.ViewSaved | e.ViewChanged) -> None:
    view.name, view.query, view.shared, view.changed_at = event.name, event.query, event.shared, event.at


VIEW_FACTS = Fold("view_facts", ViewFacts, over(e.AnyViewEvent, _take))


def _rows(subject: Subject) -> Iterator[tuple[int, Row]]:
    view: ViewFacts = subject.states[0]
    if not view.removed and view.owner is not None:
        yield 0, (subject.stream, view.name, view.page, view.query, view.shared, view.owner, view.changed_at)


VIEWS = Projection("views", 2, (SAVED_VIEW,), {"view": Source((VIEW_FACTS,), _rows)}, sql="lists/saved_views")


@dataclass(frozen=True, slots=True)
class SavedView:
    """One view; ``address`` leads to it."""

    id: UUID
    name: str
    page: str
    query: str
    shared: bool
    owner: str
    changed_at: datetime
    address: str


@dataclass(frozen=True, slots=True)
class SavedViews:
    """A person's own views, then those that others share."""

    rows: tuple[SavedView, ...]
    position: int
    as_of: datetime
    behind: int = 0
    more: int = 0
    next_after: int | None = None


_LIST = blocks("lists/saved_views")["list"].encode()


def saved_views(connection: Conn, owner: str, page: str | None = None, wanted: Page = ALL) -> SavedViews:
    """The views that somebody is offered, of all pages or of one; as many of them as are ``wanted``."""
    current = fresh(connection, "views")
    asked = {"owner": owner, "page": page, **wanted._asdict()}
    found, after_these = counted(connection.execute(_LIST, asked).fetchall(), wanted)
    rows = tuple(SavedView(*(*row, f"{row[2]}?{row[3]}" if row[3] else row[2])) for row in found)
    return SavedViews(rows, *current, *after_these)
