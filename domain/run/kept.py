"""Events that came before any step waits for them: the first step that does takes them as it becomes ready."""

from __future__ import annotations

from domain.document import Step
from domain.events import ExternalEventReceived
from domain.run.finishing import lacking, mark_done
from domain.run.state import KeptEvent, Run
from domain.run.work import Work
from domain.words import StepKey, Values


def take_kept(work: Work, key: StepKey) -> list[StepKey]:
    """Complete a wait that has just begun when what it waits for has come before; the steps to be settled then.

    It is done by whoever told of the event, not by who made the step ready.
    """
    known = work.definition.steps[key]
    kept = next((one for one in work.run.kept if is_for(work.run, one, known)), None)
    if kept is None or lacking(work, key, own_values(known, kept.values), work.house._replace(at=None)):
        return []
    deciding, work.by = work.by, kept.by
    work.record(received(work, kept.event, kept.source_id, key, (), kept.values))
    touched = mark_done(work, key, own_values(known, kept.values), None)
    work.by = deciding
    return touched


def is_for(run: Run, kept: KeptEvent, known: Step) -> bool:
    """Whether the step can still take what was kept: it is of the asking for which that came."""
    key = StepKey(known.key)
    return (
        known.wait is not None and known.wait.event == kept.event and kept.is_for(key, run.step(key).asking)
    )


def own_values(known: Step, values: Values) -> Values:
    """Those values that the step has a field for; what else a service tells is kept with its event only."""
    fields = {field.key for field in known.fields}
    return {key: value for key, value in values.items() if key in fields and value is not None}


def received(
    work: Work,
    event: str,
    source_id: str | None,
    step: StepKey | None,
    steps: tuple[StepKey, ...],
    values: Values,
) -> ExternalEventReceived:
    """The event as it is recorded: taken by ``step``, or kept for ``steps``."""
    return ExternalEventReceived(
        event=event,
        source_id=source_id,
        step=step,
        steps=steps,
        values=values,
        by=work.by,
        at=work.at,
    )
