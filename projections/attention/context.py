"""What is known beside a card when it is asked whether it needs somebody."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import NamedTuple
from uuid import UUID

from domain.working_time import WorkingTime, working_time_of
from projections.answers import AttentionKind, Help
from projections.attention.not_told import Telling
from projections.attention.too_few_approvers import Wanting
from projections.cards.judging import Judge
from projections.cards.usual_times import Usual
from projections.people.names import called


class Gone(NamedTuple):
    """Why whose work it is takes no more of it, and since when; ``known``: whether they were ever here."""

    why: str
    since: datetime | None
    known: bool = True

    @property
    def kind(self) -> AttentionKind:
        """What is said about it."""
        return "owner_deactivated" if self.known else "owner_unknown"


class Stopped(NamedTuple):
    """The step that a run without any open one stopped at: its title, and whether it failed or was cancelled."""

    step: str
    title: str
    state: str


class Agreed(NamedTuple):
    """Who has agreed to what waits for nobody else any more, in which group, and since when it could be over."""

    by: tuple[str, ...]
    group: str
    since: datetime | None


@dataclass(frozen=True)
class Context:
    """What is known beside the card: the moment, how long stages usually take, who left, the projects by id.

    ``reopened``: the steps that started a run which was reopened since. ``deciders``: whom each open incident asks.
    ``bound``: the incidents of mails that bring a guest a link.
    """

    judge: Judge
    usual: Callable[[str, str], Usual | None] = lambda _process, _stage: None
    gone: Mapping[tuple[UUID, str], Gone] = field(default_factory=dict)
    projects: Mapping[UUID, tuple[str, str | None]] = field(default_factory=dict)
    texts: Mapping[tuple[UUID, str], Help] = field(default_factory=dict)
    agreed: Mapping[tuple[UUID, str], Agreed] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    reopened: frozenset[tuple[UUID, str]] = frozenset()
    wanting: Mapping[tuple[UUID, str], Wanting] = field(default_factory=dict)
    stopped: Mapping[UUID, Stopped] = field(default_factory=dict)
    deciders: Mapping[str, str | None] = field(default_factory=dict)
    telling: Telling = field(default_factory=Telling)
    bound: frozenset[str] = frozenset()

    def called(self, who: str | None) -> str:
        """Somebody by name."""
        return called(who, self.names)

    def project(self, project: UUID | None) -> tuple[str | None, str | None]:
        """What a project is called, and who owns it."""
        unknown: tuple[str | None, str | None] = (None, None)
        return unknown if project is None else self.projects.get(project, unknown)

    @cached_property
    def worked(self) -> WorkingTime:
        """The organisation's working time."""
        return working_time_of(self.judge.calendar)
