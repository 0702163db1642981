"""A decision is of a content: when that changes, by whatever way, the decision is void and asked for anew."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from domain.canonical import canonical
from domain.comparing import is_set
from domain.definition import Definition
from domain.events import DecisionVoided, StepEvidenceQuestioned, StepRelocked, StepReopened
from domain.run.content import content_of
from domain.run.state import Run, StepState
from domain.run.work import Work
from domain.words import Cause, StepKey


def decisions_of(run: Run) -> list[StepKey]:
    """The steps whose decision stands, or some of whom have to decide have."""
    return [key for key, step in run.steps.items() if stands(step)]


def decided_about(run: Run, decisions: Iterable[StepKey]) -> dict[StepKey, frozenset[str]]:
    """Of whose values, or end, each of these decisions is: steps, and ``inputs``."""
    return {key: frozenset(path.partition(".")[0] for path in run.step(key).about) for key in decisions}


def void_changed(work: Work, decisions: Iterable[StepKey]) -> list[StepKey]:
    """Void those of the decisions that stood when this command began whose content it has changed; what follows them.

    What is done behind such a step stays done and is marked; what is not waits until the decision is made anew.
    """
    values = _changed_values(work.first, work.run)
    stale = {key: found for key in decisions if (found := _stale(work, key, values))}
    for key, changed in stale.items():
        void(work, key, changed, "rule")
        _question(work, key, but=stale)
    known = work.definition.places
    return [key for one in stale if one in known for key in (one, *work.definition.behind(one))]


def void(work: Work, key: StepKey, changed: Iterable[str], cause: Cause) -> None:
    """Have the step decided anew in its next round, and record why: what it was about is not any more what it was."""
    was, named = work.run.step(key), tuple(sorted(changed))
    if _is_partial(was):
        work.on(StepRelocked, key, round=was.round + 1, cause=cause)
    else:
        reason = f"what it was about has changed: {_titled(work.definition, key, named)}"
        work.on(StepReopened, key, round=was.round + 1, reason=reason, cause=cause)
    present = _present(work, key)
    work.on(
        DecisionVoided, key, changed=named, decided_sha256=was.decided, present_sha256=present, cause=cause
    )


def asked_anew(run: Run, definition: Definition) -> list[StepKey]:
    """The steps whose decision was voided and has not been made anew: while they are open nothing behind them is."""
    return [
        key for key, step in run.steps.items() if step.asked_anew is not None and key in definition.places
    ]


def stands(step: StepState) -> bool:
    """Whether a decision that was taken counts now, or will count as soon as the condition of its step holds again."""
    return bool(step.about) and is_decided(step)


def is_decided(step: StepState) -> bool:
    """Whether somebody has decided on a content here, be it made of nothing but texts."""
    if step.decided is None:
        return False
    return step.state in ("done", "failed") or step.evidence or _is_partial(step)


def _is_partial(step: StepState) -> bool:
    """Whether some have agreed, and more have to; also while that waits, is set aside, or is gone from the process."""
    return bool(step.approvals) and not step.evidence and step.state not in ("skipped", "failed")


def _stale(work: Work, key: StepKey, values: Collection[str]) -> list[str]:
    """What of the decision's content this command has changed; nothing where it was only made, or voided, by it."""
    before, now = work.first.step(key), work.run.step(key)
    same = stands(before) and stands(now) and now.round == before.round
    if not same or _is_partial(before) != _is_partial(now):
        return []
    about = frozenset(before.about)
    found = [path for path in values if path in about or path.partition(".")[0] in about]
    found += (one for one in about if _ended(work.first, one) != _ended(work.run, one))
    return [
        *found,
        *(path for path in about - set(found) if _own(work.first, key, path) != _own(work.run, key, path)),
    ]


def _changed_values(first: Run, now: Run) -> frozenset[str]:
    """The fields, by path, that have another value than before."""
    if first.values is now.values:
        return frozenset()
    paths = (path for path, value in now.values.items() if first.values.get(path) is not value)
    return frozenset(path for path in paths if _text(first.values.get(path)) != _text(now.values[path]))


def _ended(run: Run, owner: str) -> str | None:
    step = run.steps.get(StepKey(owner))
    return None if step is None else step.last_end


def _own(run: Run, key: StepKey, path: str) -> str | None:
    """What stands in a field of the deciding step itself, while it is open: given by one of those who agree."""
    owner, _, field = path.partition(".")
    return _text(run.step(key).draft.get(field)) if owner == key else None


def _text(value: object) -> str | None:
    return canonical(value) if is_set(value) else None


def _present(work: Work, key: StepKey) -> str | None:
    known = work.definition.steps.get(key)
    return None if known is None else content_of(work.run, work.definition, key).sha256


def _question(work: Work, voided: StepKey, but: Collection[StepKey]) -> None:
    """Mark what is done behind it; a mark changes nothing that is still decided, and is not folded."""
    if voided not in work.definition.places:
        return
    for key in _done_behind(work, voided):
        if key not in but:
            now = work.run.step(key)
            mark = StepEvidenceQuestioned(step=key, round=now.round, reopened=voided, by=work.by, at=work.at)
            work.mark(mark)


def _done_behind(work: Work, voided: StepKey) -> Iterator[StepKey]:
    steps = work.run.steps
    for key in work.definition.behind(voided):
        if key in steps and steps[key].state == "done" and voided not in steps[key].questioned:
            yield key


def _titled(definition: Definition, key: StepKey, paths: Iterable[str]) -> str:
    """The paths by the titles that people know: ``Price (Offer)``."""
    return ", ".join(dict.fromkeys(_title(definition, key, path) for path in paths)) or "what it shows"


def _title(definition: Definition, key: StepKey, path: str) -> str:
    owner, _, _ = path.partition(".")
    step, field = definition.steps.get(StepKey(owner)), definition.fields.get(path)
    of = "" if step is None or owner == key else step.title
    if field is None:
        return of or path
    return f"{field.title} ({of})" if of else field.title
