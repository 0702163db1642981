"""The branches of a process: every way that its document lets a run take, and which of them a history took."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import wraps

from domain import events as e
from domain.document import AUTOMATIC, Document, EndsRun, Step, Wait
from domain.events import Event
from domain.run.firing import WAITED
from domain.words import Priority
from tests.stories.house import House
from tests.stories.outside import Outside

MACHINE = "system:milepost"
BAD_ENDS = {"approval": "refused", "sign": "declined", "http": "failed"}
Story = Callable[[House, Outside], None]
TOLD: dict[str, dict[str, set[str]]] = {}
"""What the stories in a running Milepost say that they take: by process, then by story."""


def branches(document: Document) -> set[str]:
    """Every branch as ``step: way``, those of the run as a whole as ``run: way``."""
    found = {f"{step.key}: {way}" for step in document.steps for way in _of_step(document, step)}
    return found | {f"run: {way}" for way in _of_run(document)}


def taken(document: Document, history: Iterable[Event]) -> set[str]:
    """The branches that a run of this document took."""
    events = list(history)
    steps = {step.key: step for step in document.steps}
    found: set[str] = set()
    for event in events:
        step = steps.get(str(getattr(event, "step", None)))
        if step is not None:
            found |= {f"{step.key}: {way}" for way in _at_step(step, event)}
        found |= {f"run: {way}" for way in _at_run(document, event)}
    found |= {f"{step}: {way}" for step, way in _rules(document, events)}
    if _warned(document, events):
        found.add("run: the forecast is late")
    return found


def takes(process: str, text: str) -> Callable[[Story], Story]:
    """A story that has to take these branches of the process; it fails when it did not."""
    wanted = listed(text)

    def held_to_it(story: Story) -> Story:
        TOLD.setdefault(process, {})[story.__name__] = wanted

        @wraps(story)
        def told(house: House, world: Outside) -> None:
            before = len(house.walks)
            story(house, world)
            walks = [walk for walk in house.walks[before:] if walk.document.key == process]
            found = {branch for walk in walks for branch in taken(walk.document, house.events(walk.run))}
            assert not wanted - found, f"not taken: {sorted(wanted - found)}"

        return told

    return held_to_it


def listed(text: str) -> set[str]:
    """Branches written one step a line, with commas between its ways: ``terms_review: refused, done``."""
    lines = (line.partition(":") for line in text.splitlines() if line.strip())
    return {f"{step.strip()}: {way.strip()}" for step, _, ways in lines for way in ways.split(",")}


# --- what the document lets happen ---


def _of_step(document: Document, step: Step) -> Iterator[str]:
    yield "done"
    if step.kind in BAD_ENDS:
        yield BAD_ENDS[step.kind]
    if step.when is not None:
        yield from ("applies", "does not apply")
    if step.repeat_until is not None:
        yield "repeated"
    if step.wait is not None:
        yield from _of_wait(step, step.wait)
    yield from _of_time(step)
    yield from _of_mails(step)
    for number, rule in enumerate(step.rules):
        yield from (f"rule {number} holds", *([f"rule {number} does not hold"] if rule.when else []))
    if step.gate is not None and document.webhooks:
        yield "webhook of passing"
        if step.kind in ("approval", "sign"):
            yield "webhook of not passing"


def _of_wait(step: Step, wait: Wait) -> Iterator[str]:
    if wait.event is not None:
        yield "the event came"
    if wait.until is not None:
        yield "its time was over"
    elif step.due is not None:
        yield "timed out"


def _of_time(step: Step) -> Iterator[str]:
    for number, _ in enumerate(step.reminders, 1):
        yield f"reminder {number}"
    told = (step.overdue.notify if step.overdue else ()) + (step.wait.on_timeout if step.wait else ())
    if told:
        yield "told of being overdue"
    if step.overdue is not None and step.overdue.skip_after is not None:
        yield "set aside"


def _of_mails(step: Step) -> Iterator[str]:
    if step.email is not None and step.kind not in AUTOMATIC:
        yield "invited"
    if step.email is not None and step.kind in AUTOMATIC - {"email"}:
        yield "announced"
    if any(ends.email is not None for ends in _ends(step)):
        yield "farewell"


def _of_run(document: Document) -> Iterator[str]:
    yield "completed"
    for step in document.steps:
        yield from (f"ended as {ends.ends_run}" for ends in _ends(step))
    yield from (f"ladder {number}" for number, _ in enumerate(document.reminders, 1))
    if document.escalate_after is not None:
        yield "escalated"
    if document.digest is not None:
        yield "digest"
    if document.on_forecast_late is not None:
        yield "the forecast is late"


def _ends(step: Step) -> Iterator[EndsRun]:
    refusal = step.approval.on_refusal if step.approval else None
    decline = step.signature.on_decline if step.signature else None
    yield from (each for each in (refusal, decline) if isinstance(each, EndsRun))


# --- what happened ---


def _at_step(step: Step, event: Event) -> Iterator[str]:
    match event:
        case e.StepBecameReady() if step.when is not None:
            yield "applies"
        case e.StepCompleted(outcome="repeat"):
            yield "repeated"
        case e.StepCompleted():
            yield "done"
            if step.kind == "wait":
                by_time = event.by == MACHINE and event.outcome == WAITED
                yield "its time was over" if by_time else "the event came"
        case e.StepReminderRaised(alarm=alarm) if step.reminders:
            yield f"reminder {alarm.removeprefix('reminder:')}"
        case e.ActionQueued():
            yield from _queued(event)
        case _:
            yield from _bad(step, event)


def _bad(step: Step, event: Event) -> Iterator[str]:
    """What is not as it should be."""
    match event:
        case e.StepBecameNotApplicable():
            yield "does not apply"
        case e.ApprovalRefused():
            yield "refused"
        case e.StepFailed() if step.kind == "sign":
            yield "declined"
        case e.IncidentOpened(action="http"):
            yield "failed"
        case e.StepWaitTimedOut():
            yield "timed out"
        case e.StepSkipped(cause="timer"):
            yield "set aside"
        case _:
            pass


def _queued(event: e.ActionQueued) -> Iterator[str]:
    named = {"notice:overdue": "told of being overdue", "invitation": "invited", "announcement": "announced"}
    for action, way in (named | {"farewell": "farewell"}).items():
        if event.action.startswith(action):
            yield way
    if event.action.startswith("webhook:"):
        yield "webhook of passing" if event.facts["passed"] else "webhook of not passing"


def _at_run(document: Document, event: Event) -> Iterator[str]:
    own = {step.key for step in document.steps if step.reminders}
    match event:
        case e.RunCompleted():
            yield "completed"
        case e.RunEndedEarly(outcome=outcome):
            yield f"ended as {outcome}"
        case e.StepReminderRaised(step=step, alarm=alarm) if step not in own:
            yield f"ladder {alarm.removeprefix('reminder:')}"
        case e.StepEscalated():
            yield "escalated"
        case e.ActionQueued(step=None, action=action) if action.startswith("digest:"):
            yield "digest"
        case _:
            pass


def _rules(document: Document, events: list[Event]) -> Iterator[tuple[str, str]]:
    """Of each rule whether what it does followed its moment, at the same instant."""
    for step in document.steps:
        for number, rule in enumerate(step.rules):
            moment = e.StepCompleted if rule.on == "done" else e.StepBecameReady
            for event in events:
                if isinstance(event, moment) and event.step == step.key:
                    follows = _follows(events, step, number, rule.on, event.at)
                    yield step.key, f"rule {number} {'holds' if follows else 'does not hold'}"


def _follows(events: list[Event], step: Step, number: int, on: str, at: datetime) -> bool:
    names = f"notice:{on}:{number}"
    return any(
        each.at == at
        and (
            (isinstance(each, e.HelpRequested) and each.cause == "rule" and each.step == step.key)
            or (isinstance(each, e.ActionQueued) and each.step == step.key and each.action == names)
        )
        for each in events
    )


def _warned(document: Document, events: list[Event]) -> bool:
    """Whether the priority was set by a rule when no step was done that sets it."""
    effects = document.on_forecast_late
    setters = {
        step.key: step for step in document.steps if any(rule.then.set_priority for rule in step.rules)
    }
    done_at = {each.at for each in events if isinstance(each, e.StepCompleted) and each.step in setters}
    wanted: Priority | None = None if effects is None else effects.set_priority
    return any(
        isinstance(each, e.RunPrioritySet)
        and (each.cause, each.priority) == ("rule", wanted)
        and each.at not in done_at
        for each in events
    )
