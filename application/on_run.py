"""The one way to a run: loaded with the version that it follows, decided, stored with the process it belongs to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from application.asked import Asked
from application.found import RUNS, known_run
from application.guests import must_act_at
from application.mail_decisions import must_decide_at
from application.milepost import Beside, Milepost, Outcome
from application.refused import Refused
from application.rights.gate import Check
from application.rights.subjects import OfRun
from domain.definition import Definition
from domain.events import Event
from domain.run import Run
from domain.words import Rejected, StepKey

Decide = Callable[[Run, Definition], Sequence[Event]]
BY_MACHINE = "machine.goes_on"
"""The row of the matrix for what nobody asks for: the machine goes on."""


async def on_run(
    app: Milepost,
    run: UUID,
    asked: Asked,
    function: str,
    decide: Decide,
    *,
    step: StepKey | None = None,
    beside: Beside | None = None,
) -> Outcome[Event]:
    """Decide on a run as it is now; ``function`` is the row of the matrix that says who may ask for it.

    Refused where there is no such run or ``step``, or it is not for whoever asks; raises what ``decide`` raises.
    """
    house = None if asked.by_mail is None else await app.directories.now()

    def on_newest(state: Run | None) -> Sequence[Event]:
        now = known_run(state, run)
        definition = app.definition(now.process, now.process_version)
        if step is not None and step not in definition.steps:
            raise Refused("unknown_step", f"this process has no step {step}")
        if asked.by_mail is not None and house is not None:
            must_decide_at(now, app.versions(now), asked.by_mail, house)
        if asked.held is None:
            return decide(now, definition)
        is_open = must_act_at(now, definition, asked.held)
        events = decide(now, definition)
        if events and not is_open:
            raise Rejected("step_not_open", "this step is not open (any more); the link acts while it is")
        return events

    return await app.act(
        RUNS,
        run,
        on_newest,
        asked,
        check=may_ask(app, run, asked, function, step),
        meta=lambda now: of_run(asked, now),
        beside=beside,
    )


def may_ask(app: Milepost, run: UUID, asked: Asked, function: str, step: StepKey | None = None) -> Check:
    """Whether whoever asks may, of this run or this step of it, by a row of the matrix."""

    async def check(state: Any, fresh: bool) -> Mapping[UUID, int]:
        if not isinstance(state, Run):
            return {}
        versions = app.versions(state)
        where = step if step in versions[0].steps else None
        return await app.gate.must(function, asked, OfRun(run, state, versions, where), fresh=fresh)

    return check


def of_run(asked: Asked, run: Run | None) -> Mapping[str, Any]:
    """What is kept beside the events of a run: the version of the process that they were decided under."""
    if run is None:
        return asked.meta
    return {**asked.meta, "process": run.process, "process_version": run.process_version}
