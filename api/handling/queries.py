"""What views may be asked: one model of parameters a view, unknown parameters refused."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.handling.bodies import Instant
from domain.document_part import Key
from domain.words import Priority
from projections.board.queries import CardFilter, Depth, LaneKind
from projections.paging import Page

BIGGEST_POSITION = 2**63 - 1
Position = Annotated[int, Field(ge=0, le=BIGGEST_POSITION)]
Who = Annotated[
    str, StringConstraints(pattern=r"^(person|guest|group|service):[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}$")
]
Version = Annotated[int, Field(ge=1, le=2_000_000_000)]
Limit = Annotated[int, Field(ge=1, le=500, description="how many rows a page has at most")]
After = Annotated[int, Field(ge=0, le=10_000_000, description="the `next_after` of the page before")]
Format = Annotated[
    Literal["json", "csv"], Field(description="`csv` is a file with every row, whatever `limit` says")
]
CardState = Literal[
    "failed",
    "needs_help",
    "blocked",
    "late",
    "at_risk",
    "in_progress",
    "not_started",
    "done",
    "skipped",
    "cancelled",
]


class ViewQuery(BaseModel):
    """What every view takes."""

    model_config = ConfigDict(extra="forbid")
    min_position: Position | None = Field(
        None,
        description="wait (a few seconds at most) until the view reflects this position: read your own writes",
    )


class PageQuery(ViewQuery):
    """Which page of a list."""

    limit: Limit = 200
    after: After = 0

    @property
    def page(self) -> Page:
        """The page that is asked for."""
        return Page(self.limit, self.after)


class HomeQuery(ViewQuery):
    """Whose home."""

    person: Who | None = Field(None, description="whose; the caller's own without it")


class InboxQuery(PageQuery):
    """Whose inbox, and which page of it; as CSV it is whole."""

    person: Who | None = Field(None, description="whose inbox; the caller's own without it")
    format: Format = "json"


class ThenQuery(ViewQuery):
    """As of which moment; now, when nothing is said."""

    as_of: Instant | None = Field(
        None, description="as things stood at this instant, by when they are said to have occurred"
    )
    as_of_position: Annotated[int, Field(ge=1)] | None = Field(
        None, description="as things stood when the log ended at this position"
    )


class AttentionQuery(PageQuery):
    """Of which project, and which page; as CSV it is whole."""

    project: UUID | None = None
    format: Format = "json"


class ProjectAttentionQuery(PageQuery, ThenQuery):
    """Which page, and as of which moment."""


class BoardQuery(PageQuery):
    """Which cards, and in which lanes; what is not said lets every card through. A page is one of every column."""

    person: Who | None = Field(None, description="cards whose next action is this person's")
    process: Key | None = None
    priority: Priority | None = None
    kind: Literal["run", "task"] | None = None
    label: Annotated[str, StringConstraints(max_length=200)] | None = None
    state: CardState | None = None
    text: Annotated[str, StringConstraints(max_length=200)] | None = Field(
        None, description="cards whose name has this in it"
    )
    stage: Key | None = Field(None, description="cards in the column with this key")
    lanes: LaneKind | None = Field(
        None, description="swimlanes by the person to act, the process or the priority"
    )

    @property
    def depth(self) -> Depth:
        """How far into its columns the board is shown; what has ended stands on the first page."""
        return Depth(self.page, 0) if self.after else Depth(self.page)

    @property
    def only(self) -> CardFilter:
        """The filter that the query asks for."""
        return CardFilter(
            self.person, self.process, self.priority, self.kind, self.label, self.state, self.text, self.stage
        )


class PastBoardQuery(BoardQuery, ThenQuery):
    """Which cards, in which lanes, and as of which moment."""


class RunsQuery(ViewQuery):
    """Which runs, newest first; as CSV all of them."""

    process: Key | None = None
    project: UUID | None = None
    state: Literal["running", "paused", "completed", "ended_early", "cancelled"] | None = None
    limit: Limit = 50
    after: UUID | None = Field(None, description="the `next_after` of the page before")
    format: Format = "json"


class HistoryQuery(ViewQuery):
    """Which page of a history; as CSV it is whole."""

    after: Position = Field(0, description="entries above this version of the run")
    limit: Limit = 200
    format: Format = "json"


class StatsQuery(ViewQuery):
    """Of which version."""

    version: Version | None = Field(None, description="all versions together without it")


class DiffQuery(ViewQuery):
    """Between which versions; `draft` is the draft as it stands."""

    before: Version | Literal["draft"]
    after: Version | Literal["draft"]
