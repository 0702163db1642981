"""A case that was imported before and has gone on since: what is new of it follows what is stored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import orjson

from domain.events import (
    Event,
    RunCancelled,
    RunCompleted,
    RunEndedEarly,
    RunInputsChanged,
    RunMigrated,
    RunReopened,
    RunStarted,
    RunTargetSet,
    StepEvent,
)
from domain.words import StepKey
from interchange.logs.facts import STEP_EVENTS, Historian, History, Rounds, last_of
from interchange.logs.spool import SpooledCase, SpooledEvent
from store.mapper import to_event
from store.model import Recorded

WENT_ON = "the imported log went on"


@dataclass(frozen=True)
class Stored:
    """A run that an import stored; people may have worked on it since. ``end`` is what the import said of its end.

    ``named`` is what the log calls the work in a round; ``last_round`` of each step may be a person's.
    """

    version: int
    process_version: int
    started: RunStarted
    inputs: dict[str, Any]
    target_at: datetime | None
    steps: tuple[Event, ...]
    end: Event | None
    is_over: bool
    named: Mapping[tuple[StepKey, int], str] = field(default_factory=dict)
    last_round: Mapping[StepKey, int] = field(default_factory=dict)

    @property
    def last_at(self) -> datetime:
        """When the last thing happened that is stored of its steps."""
        return max((event.at for event in self.steps), default=self.started.at)


def stored_run(recorded: Sequence[Recorded]) -> Stored | None:
    """What the log holds of an imported run; None of a stream that no import began."""
    if not recorded or recorded[0].type != RunStarted.type:
        return None
    every = [(to_event(each), orjson.loads(each.meta)) for each in recorded]
    started, meta = every[0]
    if not isinstance(started, RunStarted) or "import" not in meta:
        return None
    known = Stored(recorded[-1].version, started.process_version, started, dict(started.inputs), started.target_at,
                   (), None, is_over=False, named=_named(every), last_round=_last_round(every))  # fmt: skip
    for event, meta in every[1:]:
        known = _after(known, event, is_imported="import" in meta)
    return known


def _named(every: Sequence[tuple[Event, dict[str, Any]]]) -> dict[tuple[StepKey, int], str]:
    return {
        (event.step, event.round): meta["instance"]
        for event, meta in every
        if isinstance(event, STEP_EVENTS) and "instance" in meta
    }


def _last_round(every: Sequence[tuple[Event, dict[str, Any]]]) -> dict[StepKey, int]:
    found: dict[StepKey, int] = {}
    for event, _meta in every:
        if isinstance(event, StepEvent):
            found[event.step] = max(event.round, found.get(event.step, 0))
    return found


def _after(known: Stored, event: Event, *, is_imported: bool) -> Stored:
    match event:
        case RunMigrated():
            known = replace(known, process_version=event.to_version)
        case RunReopened():
            known = replace(known, is_over=False, end=None if is_imported else known.end)
        case RunCompleted() | RunEndedEarly() | RunCancelled():
            known = replace(known, is_over=True, end=event if is_imported else known.end)
        case RunInputsChanged() if is_imported:
            known = replace(known, inputs={**known.inputs, **event.inputs})
        case RunTargetSet() if is_imported:
            known = replace(known, target_at=event.target_at)
        case _ if is_imported and isinstance(event, STEP_EVENTS):
            known = replace(known, steps=(*known.steps, event))
    return known


def news(historian: Historian, case: SpooledCase, known: Stored) -> History | None:
    """What the file says that is not stored, in its order; None when some of it comes before what is stored."""
    case = _with_what_is_known(historian, case, known)
    new = _new(historian, case.events, known.steps)
    if any(event.at < known.last_at for event in historian.steps(new, Rounds())):
        return None
    rounds = _rounds_so_far(known)
    steps = list(historian.steps(new, rounds))
    end = historian.ended(case, [*known.steps, *steps])
    at = steps[0].at if steps else last_of(case, known.steps)
    found = _facts(historian, case, known, at)
    if steps or end != known.end:
        found += [RunReopened(at=at, reason=WENT_ON)] if known.is_over else []
        found += [*steps, *([] if end is None else [end])]
    return History([*_moved(historian, known, at), *found] if found else [], rounds.named)


def _with_what_is_known(historian: Historian, case: SpooledCase, known: Stored) -> SpooledCase:
    """A file may hold the new events only: what it does not say of the case is as it was."""
    names = {key: name for name, key in historian.layout.input_of.items()}
    before = {names[key]: value for key, value in known.inputs.items() if key in names}
    return replace(case, attributes={**before, **case.attributes})


def _new(historian: Historian, events: Sequence[SpooledEvent], stored: Sequence[Event]) -> list[SpooledEvent]:
    """The events of the file that are not stored; the same event may be there more than once."""
    left = Counter(map(_identity, stored))
    new: list[SpooledEvent] = []
    for event in events:
        told = [_identity(each) for each in historian.steps([event], Rounds())]
        if all(left[each] > 0 for each in told):
            left.subtract(told)
        else:
            new.append(event)
    return new


def _identity(event: Event) -> bytes:
    """What an event says, its round aside: rounds are counted, not told by the log."""
    said = event.model_dump(mode="json", exclude={"round"})
    return orjson.dumps([event.type, said], option=orjson.OPT_SORT_KEYS)


def _rounds_so_far(known: Stored) -> Rounds:
    """The rounds after what is stored: what goes on keeps its own, and no new one is anybody's already."""
    rounds = Rounds(dict(known.last_round), dict(known.named))
    for event in known.steps:
        rounds.told(event)
    return rounds


def _facts(historian: Historian, case: SpooledCase, known: Stored, at: datetime) -> list[Event]:
    """What the log says otherwise of the case itself."""
    inputs, target_at = historian.inputs(case), historian.target_at(case)
    changed = {key: value for key, value in inputs.items() if known.inputs.get(key) != value}
    found: list[Event] = []
    if changed:
        found.append(RunInputsChanged(at=at, inputs=changed, cause="import"))
    if target_at != known.target_at:
        found.append(RunTargetSet(at=at, target_at=target_at, reason=WENT_ON))
    return found


def _moved(historian: Historian, known: Stored, at: datetime) -> list[Event]:
    """The run follows the version that knows the new activities too."""
    if known.process_version == historian.version:
        return []
    return [
        RunMigrated(
            at=at,
            process=historian.process,
            from_version=known.process_version,
            to_version=historian.version,
            reason=WENT_ON,
        )
    ]
