"""Who may not do a step although it could be done: nobody judges their own work, and some steps want somebody else.

It holds in whatever order things come: who did the work does not judge it, and who has judged it does not change it.
Who skipped a step decided about it, as who did it would have, and does not judge that either.
"""

from __future__ import annotations

from collections.abc import Iterable

from domain.definition import Definition
from domain.document import AUTOMATIC, Step
from domain.run.state import Run
from domain.words import Actor, Assignee, Rejected, StepKey

INPUTS = StepKey("inputs")
"""Stands among the steps that are judged for what the run was started with."""


def impartial(run: Run, definition: Definition, known: Step, who: Actor | Assignee) -> None:
    """Rejected("own_work") or ("same_actor") when this step is not for somebody, whichever way it came to them."""
    if known.kind == "approval":
        not_own_work(run, definition, known, who)
    not_judged_by(run, definition, known, who)
    distinct_actor(run, definition, known, who)


def is_impartial(run: Run, definition: Definition, known: Step, who: Actor | Assignee) -> bool:
    """Whether the step may be this person's to do."""
    try:
        impartial(run, definition, known, who)
    except Rejected:
        return False
    return True


def not_own_work(run: Run, definition: Definition, known: Step, by: Actor | Assignee) -> None:
    """Rejected("own_work") when somebody would judge what they did."""
    about = judged(run, definition, known)
    own = sorted(other for other in about if by in answerable(run, definition, other))
    if own:
        named = ["what the run was started with" if key == INPUTS else key for key in own]
        skipped = all(by not in workers(run, definition, key) for key in own)
        what = f"was skipped by {by}" if skipped else f"is the work of {by}"
        detail = f"{', '.join(named)} {what}; somebody else has to judge it"
        raise Rejected("own_work", detail, steps=own)


def not_judged_by(run: Run, definition: Definition, known: Step, by: Actor | Assignee) -> None:
    """Rejected("own_work") when somebody would change what they have approved: it would be their own work then."""
    given = sorted(
        key
        for key, step in definition.approvals.items()
        if run.step(key).state == "done"
        and by in run.step(key).approvals
        and known.key in (*_named(definition, step), *judged(run, definition, step))
    )
    if given:
        detail = f"{by} has approved {known.key} in {', '.join(given)}; reopen that too, or let somebody else do it"
        raise Rejected("own_work", detail, steps=given)


def distinct_actor(run: Run, definition: Definition, known: Step, by: Actor | Assignee) -> None:
    """Rejected("same_actor") when this step and another want different actors, and would have the same one."""
    clashes = [other for other in known.actor_differs_from if by in workers(run, definition, other)]
    clashes += [other for other in definition.differs_from(known.key) if by in run.step(other).doers]
    if clashes:
        raise Rejected(
            "same_actor", f"{by} did {', '.join(clashes)}; somebody else has to do this", steps=clashes
        )


def judged(run: Run, definition: Definition, known: Step) -> list[StepKey]:
    """What an approval is about: the steps that it covers, else the last work of people before it."""
    covers = known.approval.covers if known.approval else ()
    return list(covers) or work_before(run, definition, StepKey(known.key))


def work_before(run: Run, definition: Definition, step: StepKey) -> list[StepKey]:
    """The steps that people did last before this one; else ``INPUTS``: what the run was started with.

    What the machine did and what was judged is looked through, and, where nothing else is found, what nobody did;
    a step that somebody skipped is among them, and looked through too.
    """
    passed = judged_over(run, definition, step)
    return [key for key in passed if key == INPUTS or people(answerable(run, definition, key))]


def judged_over(run: Run, definition: Definition, step: StepKey) -> list[StepKey]:
    """As ``work_before``, with all that is looked through on the way to it."""
    waits = definition.dependencies[step]
    found = _walk(run, definition, waits, passing=False)
    if not _work(run, definition, found):
        found = _walk(run, definition, waits, passing=True)
    return found if _work(run, definition, found) else [*found, INPUTS]


def workers(run: Run, definition: Definition, step: StepKey) -> tuple[Actor, ...]:
    """Who has a part in what a step brings, also from earlier rounds. Who approved in an earlier round has none."""
    if step == INPUTS:
        return run.givers
    now, known = run.step(step), definition.steps.get(step)
    return now.doers if known is not None and known.kind == "approval" else (*now.doers, *now.contributors)


def answerable(run: Run, definition: Definition, step: StepKey) -> tuple[Actor, ...]:
    """Who has a part in what a step brings, and who decided that it brings nothing."""
    skipped = run.step(step).skipped_by
    return (*workers(run, definition, step), *((skipped,) if skipped else ()))


def people(actors: Iterable[Actor]) -> tuple[Actor, ...]:
    """Each of them once, without the machine."""
    return tuple(dict.fromkeys(who for who in actors if not who.startswith("system:")))


def _named(definition: Definition, known: Step) -> Iterable[StepKey]:
    covers = known.approval.covers if known.approval else ()
    return covers or definition.dependencies[StepKey(known.key)]


def _work(run: Run, definition: Definition, found: list[StepKey]) -> bool:
    done = (key for key in found if definition.steps[key].kind != "approval")
    return any(people(workers(run, definition, key)) for key in done)


def _walk(run: Run, definition: Definition, start: Iterable[StepKey], *, passing: bool) -> list[StepKey]:
    """Backwards from these steps to where people worked; ``passing``: also through steps that nobody did."""
    queue = sorted(start)
    seen = set(queue)
    for key in queue:  # grows while it is walked through
        did = bool(people(workers(run, definition, key)))
        kind = definition.steps[key].kind
        if kind in AUTOMATIC or kind == "approval" or (passing and not did):
            later = sorted(definition.dependencies[key] - seen)
            queue += later
            seen.update(later)
    return queue
