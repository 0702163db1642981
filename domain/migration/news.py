"""What a migration changes for people: steps theirs to do now, that lack something, that wait or are theirs no more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from domain.definition import Definition
from domain.document import AUTOMATIC
from domain.run.state import Run
from domain.words import StepKey

What = Literal["ready", "asked", "waiting", "withdrawn"]


class News(NamedTuple):
    """One step of a run that means another thing for somebody (``who`` None: nobody's yet) than before."""

    who: str | None
    what: What
    title: str


def news_of(before: Run, after: Run, old: Definition, new: Definition) -> tuple[News, ...]:
    """What the run says of people's work now and did not before it moved; nothing of what the machine does."""
    steps = [
        (key, step.title)
        for key, step in {**old.steps, **new.steps}.items()
        if (new if key in new.steps else old).steps[key].kind not in AUTOMATIC
    ]
    return tuple(news for key, title in steps for news in _of_step(key, title, before, after, old, new))


def _of_step(
    key: StepKey, title: str, before: Run, after: Run, old: Definition, new: Definition
) -> Iterator[News]:
    was, now = before.step(key), after.step(key)
    same = was.is_open and now.is_open and was.assignee == now.assignee
    if now.is_open and not (same and old.steps[key].kind == new.steps[key].kind):
        yield News(now.assignee, "ready", title)
    asked = now.help_wanted
    if asked is not None and asked.cause == "migration" and was.help_wanted is None:
        yield News(asked.waiting_on, "asked", title)
    if was.is_open and was.assignee is not None and not same:
        yield News(was.assignee, "waiting" if now.state == "locked" else "withdrawn", title)
