"""Rules of runs with a mistake put in: what the tests of random runs are worth is how many of these they notice."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from operator import attrgetter
from types import CodeType
from typing import Any, NamedTuple


class Patch(NamedTuple):
    """In this function, this text (which is there once) becomes that one."""

    function: str
    text: str
    wrong: str


Mutant = tuple[Patch, ...]
_READINESS, _REOPENING = "domain.run.readiness:", "domain.run.reopening:"
_APPROVALS, _IMPARTIAL = "domain.run.approvals:", "domain.run.impartial:"
_DOING, _STEP = "domain.run.doing:", "domain.run.evolve_step:"
_VOIDING, _CONTENT = "domain.run.voiding:", "domain.run.content:"
_ROLLUP, _FACTS = "domain.rollup_stage:", "projections.facts.run:"

MUTANTS: dict[str, Mutant] = {
    # --- readiness ---
    "an untouched dependency counts as done": (
        Patch(f"{_READINESS}standing", "found is None or found.state", "found is not None and found.state"),
    ),
    "a failed dependency lets go on": (
        Patch(f"{_READINESS}standing", "or found.state not in SATISFIED",
              "or found.state not in SATISFIED | {'failed'}"),
    ),
    "gates that name steps block nothing": (
        Patch("domain.definition:Definition._blocked_by", "for key in step.gate.blocks", "for key in ()"),
    ),
    "a gate lets the next stage pass": (
        Patch("domain.definition:Definition._blocked_by", "+ 1 :", "+ 2 :"),
    ),
    "a pause is ignored": (
        Patch(f"{_READINESS}_announce", 'work.run.state == "paused"', "False"),
    ),
    "conditions are the wrong way round": (
        Patch(f"{_READINESS}standing", "if holds(", "if not holds("),
    ),
    "a condition is not asked again": (
        Patch("domain.run.work:Work.changed", "return [key for", "return [] and [key for"),
    ),
    "a step in progress is not locked again": (
        Patch(f"{_READINESS}_settle_one", '("ready" | "in_progress", "locked")', '("ready", "locked")'),
    ),
    "going on after a pause announces nothing": (
        Patch("domain.run.life:resume_run", "settle(work, definition.steps", "settle(work, ()"),
    ),
    "who reopens is not the cause of what becomes ready": (
        Patch(f"{_REOPENING}reopen_step", '*revived], "user")', "*revived])"),
    ),
    # --- conditions and evidence ---
    "a flip of a condition discards what was done": (
        Patch(f"{_STEP}_applicable", '"done" if step.evidence', '"done" if False'),
    ),
    "evidence set aside is locked again": (
        Patch(f"{_READINESS}_settle_one", "if not work.run.step(key).evidence", "if True"),
    ),
    "a draft does not count": (
        Patch("domain.run.evolve:completed_values", "{**run.step(event.step).draft, **event.values}", "event.values"),
    ),
    "reopening forgets the draft": (
        Patch(f"{_STEP}_step_reopened", "evidence=False,", "evidence=False, draft={},"),
    ),
    "a step that repeats takes the values of the last attempt": (
        Patch("domain.run.finishing:present", "if known.repeat_until is not None", "if False"),
    ),
    # --- reopening ---
    "what waits for a reopened step stays open": (
        Patch(f"{_REOPENING}question_or_reopen", "return list(follow(work, step))", "return []"),
    ),
    "what was done on the basis of a reopened step is not marked": (
        Patch(f"{_REOPENING}_question", "if reopened not in now.questioned", "if False"),
    ),
    "only what waits for a reopened step directly is marked": (
        Patch(f"{_REOPENING}question_or_reopen", "definition.behind(step)", "definition.dependents[step]"),
    ),
    "rounds are not counted": (
        Patch(f"{_REOPENING}reopen_one", ".round + 1", ".round"),
    ),
    "a reopened run keeps its steps cancelled": (
        Patch(f"{_REOPENING}_revive", "for key in cancelled", "for key in ()"),
    ),
    "a reopened run announces nothing that was locked": (
        Patch(f"{_REOPENING}_revive", 'state == "locked"]', 'state == "gone"]'),
    ),
    "no run waits for an optional step that was reopened": (
        Patch(f"{_READINESS}_all_ended_well", "step.wanted and", "False and"),
    ),
    # --- approvals ---
    "people approve their own work": (
        Patch(f"{_IMPARTIAL}impartial", 'if known.kind == "approval"', "if False"),
    ),
    "work of an earlier round is approved by who did it": (
        Patch(f"{_IMPARTIAL}workers", "(*now.doers, *now.contributors)", "now.doers"),
    ),
    "who approved a step does it afterwards": (
        Patch(f"{_IMPARTIAL}not_judged_by", "if given:", "if False:"),
    ),
    "two actors differ in one order only": (
        Patch(f"{_IMPARTIAL}distinct_actor", "for other in definition.differs_from(known.key)", "for other in ()"),
    ),
    "an approval that covers nothing is anybody's": (
        Patch(f"{_IMPARTIAL}judged", " or work_before(run, definition, StepKey(known.key))", ""),
    ),
    "n of counts the same person twice": (
        Patch(f"{_APPROVALS}give_approval", "if now.is_open and not new and by in now.approvals", "if False"),
        Patch(f"{_APPROVALS}give_approval", "if by not in work.run.step(step).approvals:", "if True:"),
        Patch(f"{_APPROVALS}_agreed", "{who for who in now.approvals if is_impartial(run, definition, known, who)}",
              "[who for who in now.approvals if is_impartial(run, definition, known, who)]"),
        Patch(f"{_STEP}_approved", "with_one(step.approvals, event.by)", "(*step.approvals, event.by)"),
    ),
    "n of is content with one too few": (
        Patch(f"{_APPROVALS}_agreed", "len(agreed) >= needs", "len(agreed) >= max(needs - 1, 1)"),
    ),
    "n of counts whoever has worked on it since": (
        Patch(f"{_APPROVALS}_agreed", "{who for who in now.approvals if is_impartial(run, definition, known, who)}",
              "set(now.approvals)"),
    ),
    "who agreed to what is done again still counts": (
        Patch(f"{_READINESS}_round_after", "if work.run.step(key).approvals and", "if False and"),
    ),
    "a refusal reopens one too few": (
        Patch(f"{_APPROVALS}_reopen", "for key in steps:", "for key in tuple(steps)[1:]:"),
    ),
    "a refusal leaves what was skipped": (
        Patch(f"{_APPROVALS}_reopen", '("done", "skipped")', '("done",)'),
    ),
    "a refusal makes optional steps wanted": (
        Patch(f"{_APPROVALS}_reopen", 'reopen_one(work, key, reason, "rule")', 'reopen_one(work, key, reason, "user")'),
    ),
    "a refusal begins no round of the approval": (
        Patch(f"{_APPROVALS}_next_round", ".round + 1", ".round"),
    ),
    "a refusal drops the values that came with it": (
        Patch(f"{_APPROVALS}_consequence", "[*_take(work, demanded), *_next_round", "[*_next_round"),
    ),
    # --- decisions and what they are about ---
    "a decision stands whatever becomes of its content": (
        Patch(f"{_VOIDING}void_changed", "for key in decisions if", "for key in () if"),
    ),
    "how a step ended is no part of a content": (
        Patch(f"{_VOIDING}_stale", "_ended(work.first, one) != _ended(work.run, one)", "False"),
    ),
    "agreement of some stands whatever they agreed to": (
        Patch(f"{_VOIDING}_is_partial", "return bool(step.approvals)", "return False"),
    ),
    "a decision that its condition sets aside stands for ever": (
        Patch(f"{_VOIDING}is_decided", "or step.evidence", ""),
    ),
    "a refusal that ended a run stands for ever": (
        Patch(f"{_VOIDING}is_decided", '("done", "failed")', '("done",)'),
    ),
    "what is done behind a void decision is not marked": (
        Patch(f"{_VOIDING}_question", "if key not in but:", "if False:"),
    ),
    "what is done behind a void decision lets go on": (
        Patch(f"{_READINESS}standing", "definition.is_behind(key, decision)", "False"),
    ),
    "a decision made anew lets nothing go on": (
        Patch(f"{_READINESS}_lifted", "return [behind for key in over", "return [] and [behind for key in over"),
    ),
    "an approved approval says nothing of what it is about": (
        Patch(f"{_CONTENT}_behind", "if other.kind in DECISIONS:", "if False:"),
    ),
    "inputs that a covered step shows are not approved": (
        Patch(f"{_CONTENT}_behind", "if other.shows_inputs:", "if False:"),
    ),
    "a signature is of nothing that is not named": (
        Patch(f"{_CONTENT}_judged", "return judged_over(run, definition, StepKey(known.key))", "return ()"),
    ),
    # --- ends ---
    "a run ends with a required step open": (
        Patch(f"{_READINESS}_all_ended_well", "in definition.needed:", "in definition.needed[1:]:"),
    ),
    "a run is over when all it needs has ended, however": (
        Patch(f"{_READINESS}_all_ended_well", "found.state not in SATISFIED", "found.state in ('locked', 'ready')"),
    ),
    "a paused run is completed": (
        Patch(f"{_READINESS}_finish", 'work.run.state != "running"', "work.run.ended"),
    ),
    "optional work stays open when the run ends": (
        Patch(f"{_READINESS}_finish", 'cancel_open(work, "rule")', "pass"),
    ),
    "a step that was set aside is done": (
        Patch(f"{_DOING}set_aside", "work.on(StepSkipped, step, reason=said, cause=cause)",
              "mark_done(work, step, {}, None)"),
    ),
    "a declined signature does not end the run": (
        Patch(f"{_DOING}decline_signature", "ends_run=bool(ends)", "ends_run=False"),
    ),
    "any declined signature ends the run": (
        Patch(f"{_DOING}decline_signature", "ends_run=bool(ends)", "ends_run=True"),
    ),
    "a refusal that ends the run leaves steps open": (
        Patch(f"{_DOING}fail", 'cancel_open(work, "rule")', "pass"),
    ),
    # --- migration, help, and what cards say ---
    "a migration stops what was being worked on": (
        Patch("domain.migration.migrate:_go_on", 'step.before == "in_progress"', "False"),
    ),
    "a migration sets aside what was done": (
        Patch("domain.migration.plan:_stays_done", "return not holds(", "return False and holds("),
    ),
    "help outlives its step": (
        Patch(f"{_STEP}_over", "replace(step.help, over=True)", "step.help"),
    ),
    "a done step is given other values than it lacks": (
        Patch("domain.run.evidence:_only_unset", "if given:", "if False:"),
    ),
    "what was skipped counts as done": (
        Patch(f"{_ROLLUP}_sort", '"done": seen.done,', '"done": seen.done, "skipped": seen.done,'),
    ),
    "only required steps count": (
        Patch(f"{_ROLLUP}stage_fact", "for step in left]),", "for step in left if step.required]),"),
    ),
    "progress falls without a word when a step is reopened": (
        Patch(f"{_ROLLUP}_lowered_in", "elif fact.round > 1", "elif False"),
    ),
    "progress falls without a word when a step takes part again": (
        Patch(f"{_FACTS}step_applicable", 'step.joined = step.state == "locked"', "step.joined = False"),
    ),
}  # fmt: skip


@contextmanager
def made(mutant: Mutant) -> Iterator[None]:
    """While this lasts, the functions do the wrong thing, whoever imported them."""
    originals = {name: find(name).__code__ for name in dict.fromkeys(one.function for one in mutant)}
    sources = {name: textwrap.dedent(inspect.getsource(code)) for name, code in originals.items()}
    for function, text, wrong in mutant:
        assert sources[function].count(text) == 1, f"{function} has changed: {text!r} is not there once"
        sources[function] = sources[function].replace(text, wrong)
    try:
        for name, source in sources.items():
            find(name).__code__ = _compiled(name, source)
        yield
    finally:
        for name, code in originals.items():
            find(name).__code__ = code


def find(name: str) -> Any:
    """The function that is called so: ``module:place``."""
    module, _, place = name.partition(":")
    return attrgetter(place)(import_module(module))


def _compiled(name: str, source: str) -> CodeType:
    """The function's code in the place where it was; names are looked up as before."""
    found: dict[str, Any] = {}
    code = compile(f"from __future__ import annotations\n{source}", name, "exec")
    exec(code, dict(find(name).__globals__), found)  # noqa: S102 - our own source, one text exchanged
    return found[name.rpartition(":")[2].rpartition(".")[2]].__code__  # type: ignore[no-any-return]
