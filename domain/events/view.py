"""Events of saved views: a list, board or search with its filters, under a name and an address."""

from __future__ import annotations

from domain.events.base import Event


class ViewEvent(Event):
    """A fact about one saved view."""

    aggregate = "view"


class ViewSaved(ViewEvent):
    """A page with its filters got a name; ``query`` is the query string of its address."""

    type = "view_saved"
    name: str
    page: str
    query: str
    shared: bool = False


class ViewChanged(ViewEvent):
    """Name, filters and who sees it are now these, all of them."""

    type = "view_changed"
    name: str
    query: str
    shared: bool = False


class ViewRemoved(ViewEvent):
    """The view is no longer offered."""

    type = "view_removed"


AnyViewEvent = ViewSaved | ViewChanged | ViewRemoved
