"""Promises about projects."""

from __future__ import annotations

import pytest

from domain.events import (
    ProjectClosed,
    ProjectMemberAdded,
    ProjectMemberRemoved,
    ProjectOpened,
    ProjectRenamed,
    ProjectReopened,
    ProjectStage,
    ProjectStagesChanged,
)
from domain.project import (
    PROJECT,
    add_member,
    change_stages,
    close,
    column,
    open_project,
    remove_member,
    rename,
    reopen,
)
from domain.words import Actor, Assignee, Rejected, StageKey
from tests.support.given import NINE, Story

BY = Actor("person:dana")
TODO, DONE = (ProjectStage(key=StageKey(key), title=key.title()) for key in ("todo", "done"))
OPENED = ProjectOpened(name="Hiring", stages=(TODO, DONE), by=BY, at=NINE)
project = Story(PROJECT)
BO = Assignee("person:bo")


def test_a_project_is_opened_with_its_columns():
    """Opening records name and columns; opening it again in the same way changes nothing."""
    project.when(open_project, " Hiring ", (TODO, DONE)).then(OPENED)


def test_a_project_is_opened_once():
    """The same project cannot be opened as another."""
    project.given(OPENED).when(open_project, "Other", (TODO,)).rejected("already_open", name="Hiring")


@pytest.mark.parametrize(
    ("stages", "code"),
    [
        ((), "bad_stages"),
        ((TODO, TODO), "duplicate_stage"),
        ((ProjectStage(key=StageKey("a"), title="A", wip_limit=0),), "bad_limit"),
        ((ProjectStage(key=StageKey("a"), title=" "),), "bad_text"),
    ],
)
def test_columns_have_unique_keys_titles_and_sensible_limits(stages: tuple[ProjectStage, ...], code: str):
    """A board that makes no sense is refused, at the start and later."""
    project.when(open_project, "Hiring", stages).rejected(code)
    project.given(OPENED).when(change_stages, stages).rejected(code)


def test_columns_can_be_changed():
    """The new list replaces the old one."""
    limited = ProjectStage(key=StageKey("todo"), title="To do", wip_limit=3)
    project.given(OPENED).when(change_stages, (limited, DONE)).then(
        ProjectStagesChanged(stages=(limited, DONE), by=BY, at=NINE)
    )


def test_a_project_gets_another_name():
    """Renaming is recorded once."""
    project.given(OPENED).when(rename, "Hires").then(ProjectRenamed(name="Hires", by=BY, at=NINE))


def test_members_come_change_and_go():
    """Access is given, changed and taken away."""
    viewer = ProjectMemberAdded(member=BO, access="viewer", by=BY, at=NINE)
    manager = ProjectMemberAdded(member=BO, access="manager", by=BY, at=NINE)
    there = project.given(OPENED).when(add_member, BO, "viewer").then(viewer)
    there = there.given(viewer).when(add_member, BO, "manager").then(manager)
    there.when(remove_member, BO).then(ProjectMemberRemoved(member=BO, by=BY, at=NINE))
    project.given(OPENED).when(add_member, BO, "king").rejected("unknown_access")


def test_a_closed_project_takes_no_changes_until_it_is_reopened():
    """Closing and reopening need a reason; access can be taken away at any time."""
    closed = project.given(OPENED).when(close, "over").then(ProjectClosed(reason="over", by=BY, at=NINE))
    for decision, given in ((rename, ("X",)), (change_stages, ((TODO,),)), (add_member, (BO, "viewer"))):
        closed.when(decision, *given).rejected("project_closed")
    closed.when(reopen, "not over").then(ProjectReopened(reason="not over", by=BY, at=NINE))
    project.given(OPENED).when(close, " ").rejected("bad_text")


def test_a_card_stands_in_a_column_that_is_there():
    """Asking for a column names those that are there."""
    state = project.given(OPENED).state
    assert column(state, "todo") == TODO
    with pytest.raises(Rejected) as refusal:
        column(state, "doing")
    assert refusal.value.facts["accepted"] == ["todo", "done"]
