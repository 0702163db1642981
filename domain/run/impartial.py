"""Who may not do a step although it could be done: nobody judges their own work, and some steps want somebody else."""

from __future__ import annotations

from domain.definition import Definition
from domain.document import Step
from domain.run.state import Run
from domain.words import Actor, Assignee, Rejected, StepKey


def impartial(run: Run, definition: Definition, known: Step, who: Actor | Assignee) -> None:
    """Rejected("own_work") or ("same_actor") when this step is not for somebody, whichever way it came to them."""
    if known.kind == "approval":
        not_own_work(run, definition, known, who)
    distinct_actor(run, known, who)


def is_impartial(run: Run, definition: Definition, known: Step, who: Actor | Assignee) -> bool:
    """Whether the step may be this person's to do."""
    try:
        impartial(run, definition, known, who)
    except Rejected:
        return False
    return True


def not_own_work(run: Run, definition: Definition, known: Step, by: Actor | Assignee) -> None:
    """Rejected("own_work") when somebody would judge what they did; with nothing covered, the steps before count."""
    covers = known.approval.covers if known.approval else ()
    judged = covers or definition.dependencies[StepKey(known.key)]
    own = sorted(other for other in judged if by in run.step(other).doers)
    if own:
        raise Rejected("own_work", f"{by} did {', '.join(own)}; somebody else has to judge it", steps=own)


def distinct_actor(run: Run, known: Step, by: Actor | Assignee) -> None:
    """Rejected("same_actor") when this step's actor must differ from another step's, and does not."""
    clashes = [other for other in known.actor_differs_from if by in run.step(other).doers]
    if clashes:
        raise Rejected(
            "same_actor", f"{by} did {', '.join(clashes)}; somebody else has to do this", steps=clashes
        )
