"""What whoever reads a page may do from it: asked of the matrix of routes, and of the decisions themselves."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from typing import Any

from api.access.guard import Caller
from api.access.matrix import RULES
from api.handling.services import Services
from api.run.sight import Sight
from application.blocking import finish
from application.rights.subjects import OfRun
from domain import run as runs
from domain.directory import Directory
from domain.document import AUTOMATIC
from domain.words import Actor, Rejected, StepKey

_BARS = frozenset(
    {
        "not_allowed",
        "own_work",
        "same_actor",
        "not_a_member",
        "person_deactivated",
        "fixed_wait",
        "step_locked",
        "run_ended",
    }
)
"""Refusals that no value somebody could type would turn into a yes."""


def may(scopes: Collection[str], route: str) -> bool:
    """Whether somebody with these scopes may call this route (``POST /v1/runs``)."""
    return bool(RULES[route].scopes & set(scopes))


def rights_of(caller: Caller | None) -> Callable[[str], bool]:
    """The same, of whoever makes a request; on a page without a caller nothing is asked."""
    return partial(may, caller.grant.scopes) if caller is not None else lambda _route: True


@dataclass(frozen=True, slots=True)
class StepRights:
    """What somebody may do with an open step. ``barred``: why they may not do the step itself (None: they may)."""

    barred: Rejected | None = None
    claim: bool = False
    release: bool = False
    skip: bool = True
    can: Callable[[str], bool] = lambda _function: True
    """Whether the reader may ask for something of the step or its run, by the row of the matrix."""


def step_rights(services: Services, sight: Sight, step: str, by: Actor, house: Directory) -> StepRights:
    """Tried on the run as it stands, by the decisions that would carry it out; nothing comes of trying."""
    key, known = StepKey(step), sight.definition.steps[StepKey(step)]
    gate = services.app.gate
    subject = OfRun(sight.id, sight.run, sight.versions, key)
    relations = finish(gate.relations(sight.asked, subject))
    can = partial(gate.allows, relations=relations, sealed=subject.sealed)
    told: dict[str, Any] = {"by": by, "at": services.clock(), "directory": house}
    dued = told | {"calendar": services.calendar}

    def tried(decision: Callable[..., Any], *args: Any, **given: Any) -> Rejected | None:
        try:
            decision(sight.run, sight.definition, key, *args, **given)
        except Rejected as refusal:
            return refusal
        return None

    if known.kind == "approval":
        function, doing = "steps.give_approval", tried(runs.give_approval, **dued)
    elif known.kind in AUTOMATIC:
        function, doing = "steps.complete_by_hand", tried(runs.complete_by_hand, "by hand", **dued)
    else:
        function, doing = "steps.complete_step", tried(runs.complete_step, **dued)
    if (doing is None or doing.code not in _BARS) and not can(function):
        doing = Rejected("not_allowed", "this step is for whoever it is given to")
    mine = {name: value for name, value in told.items() if name != "directory"}
    held = sight.run.step(key)
    return StepRights(
        barred=doing if doing is not None and doing.code in _BARS else None,
        claim=held.assignee is not None
        and held.assignee.startswith("group:")
        and can("steps.claim_step")
        and tried(runs.claim_step, **told) is None,
        release=held.claimed_from is not None
        and can("steps.release_step")
        and tried(runs.release_step, None, **mine) is None,
        skip=can("steps.skip_step") and tried(runs.skip_step, "why", **dued) is None,
        can=can,
    )
