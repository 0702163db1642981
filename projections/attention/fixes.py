"""The one action that fixes what needs attention, as a request that the HTTP interface carries out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from projections.answers import Fix
from projections.answers.forecasts import ForecastFace
from projections.attention.open_cards import OpenCard
from projections.cards.judging import Judge
from projections.people.names import called

EXTEND_DAYS, TARGET_DAYS = 2, 5
"""Working days by which a due, or the target of a run, is proposed to be moved from now."""


class Fixes:
    """The actions on one card, with bodies that are ready to be sent."""

    def __init__(
        self,
        card: OpenCard,
        judge: Judge,
        owner: str | None,
        names: Mapping[str, str],
        forecast: ForecastFace | None,
        aim: str | None,
    ) -> None:
        """``aim``: what the card's target is for, a stage by its title; None for the whole run."""
        self._card, self._judge, self._owner, self._names = card, judge, owner, names
        self._forecast, self._aim = forecast, aim
        self._base = f"/v1/{'runs' if card.kind == 'run' else 'tasks'}/{card.card}"

    def extend(self, step: str) -> Fix:
        """Another due for a step."""
        at = self._in_days(EXTEND_DAYS)
        return self._fix(
            "extend", f"Due {self._judge.day(at)}", f"steps/{step}/due", {"due_at": _text(at)}, "due_at"
        )

    def extend_run(self) -> Fix:
        """A target that can be met: never earlier than the one it has, nor than the forecast of what it is for."""
        forecast = None if self._forecast is None else self._forecast.target_p85_at
        wanted = [each for each in (forecast, self._card.target_at) if each is not None]
        at = max([self._in_days(TARGET_DAYS), *map(self._closing, wanted)])
        label = f"{self._aim or 'Finish'} by {self._judge.day(at)}"
        return self._fix("extend", label, "target", {"target_at": _text(at)}, "target_at")

    def extend_task(self) -> Fix:
        """Another day for a task."""
        at = self._in_days(EXTEND_DAYS)
        day = self._judge.calendar.local_day(at)
        return self._fix("extend", f"Due {self._judge.day(at)}", "due", {"due_on": day.isoformat()}, "due_on")

    def assign(self, step: str | None = None, reason: str | None = None) -> Fix:
        """Somebody else's work: the owner of the project is proposed; ``reason``: why it is not theirs any more."""
        return self.give_away(step, self._owner, reason)

    def give_away(self, step: str | None, to: str | None, reason: str | None = None) -> Fix:
        """Work for somebody who may do it; ``to``: who is proposed."""
        label = f"Assign to {called(to, self._names)}" if to else "Assign"
        body = {"assignee": to, **({"reason": reason} if reason else {})}
        return self._fix("assign", label, self._of(step, "assign"), body, "assignee")

    def add_member(self, group: str, who: str | None) -> Fix:
        """One more in a group, who may do its work."""
        label = f"Add {called(who, self._names)} to the group" if who else "Add somebody to the group"
        path = f"/v1/groups/{group.removeprefix('group:')}/add-member"
        return Fix("add-member", label, "POST", path, {"member": who}, ("member",))

    def tell(self, step: str | None, person: str | None, role: str | None) -> Fix | None:
        """An address for whoever has none, somebody for a role that nobody plays, or somebody else for the step."""
        if person is not None:
            path, name = f"/v1/people/{person.removeprefix('person:')}/change", called(person, self._names)
            return Fix("address", f"Enter an address for {name}", "POST", path, {"email": None}, ("email",))
        if role is not None:
            label = f"Give the role to {called(self._owner, self._names)}" if self._owner else "Fill the role"
            return self._fix(
                "assign-role", label, "assign-role", {"role": role, "assignee": self._owner}, "assignee"
            )
        return None if step is None else self.assign(step, "Nobody could be told of it")

    def nudge(self, step: str, who: str | None) -> Fix:
        """A reminder to whose work it is."""
        return self._fix(
            "nudge", f"Nudge {called(who, self._names)}" if who else "Nudge", f"steps/{step}/remind", {}
        )

    def approve(self, step: str) -> Fix:
        """The yes that it waits for."""
        return self._fix("approve", "Approve", f"steps/{step}/approve", {})

    def by_hand(self, step: str, label: str, reason: str) -> Fix:
        """What the machine waits for has happened, or was done, for a reason that is proposed."""
        return self._fix(
            "complete-by-hand", label, f"steps/{step}/complete-by-hand", {"reason": reason}, "reason"
        )

    def clear_help(self, step: str | None = None) -> Fix:
        """The help came."""
        return self._fix("clear-help", "Help is there", self._of(step, "clear-help"), {})

    def reopen(self, step: str, label: str, reason: str) -> Fix:
        """The step is done once more, for a reason that is proposed."""
        return self._fix("reopen", label, f"steps/{step}/reopen", {"reason": reason}, "reason")

    def cancel(self, reason: str) -> Fix:
        """The run is over, for a reason that is proposed."""
        return self._fix("cancel", "Cancel the run", "cancel", {"reason": reason}, "reason")

    def unblock(self) -> Fix:
        """Somebody can go on."""
        return self._fix("unblock", "It can go on", "unblock", {})

    def resume(self) -> Fix:
        """Work and due clocks go on."""
        return self._fix("resume", "Let it go on", "resume", {})

    def sooner(self) -> Fix:
        """A higher priority, which reaches the inboxes; of an urgent run the target."""
        if self._card.priority in ("urgent", "high"):
            return self.extend_run()
        return self._fix("priority", "Raise the priority", "priority", {"priority": "high"})

    def _of(self, step: str | None, verb: str) -> str:
        return verb if step is None else f"steps/{step}/{verb}"

    def _fix(self, verb: str, label: str, path: str, body: dict[str, Any], *asks: str) -> Fix:
        return Fix(verb, label, "POST", f"{self._base}/{path}", body, asks)

    def _in_days(self, days: int) -> datetime:
        """The end of the business day so many working days from now."""
        return self._after(self._judge.now, days)

    def _closing(self, at: datetime) -> datetime:
        """The end of the business day that an instant falls into, or of the next one."""
        calendar, day = self._judge.calendar, self._judge.calendar.local_day(at)
        today = calendar.works_on(day) and calendar.closing(day) >= at
        return self._after(at, 0 if today else 1)

    def _after(self, at: datetime, days: int) -> datetime:
        calendar = self._judge.calendar
        day = calendar.working_day(calendar.local_day(at), days)
        return at if day is None else calendar.closing(day)


def mend(run: UUID, incident: str, problem: str | None, *, bound: bool = False) -> Fix:
    """What can be decided of an incident: the machine tries again, a mail without a reader with another address.

    ``bound``: the mail brings the link of a guest, who gets it at the address that the run has of them.
    """
    base = f"/v1/runs/{run}/incidents/{incident}"
    if problem == "guest_address":
        confirm = f"/v1/runs/{run}/confirm-guest-address"
        return Fix("confirm-guest-address", "Confirm the address", "POST", confirm, {}, ("role", "address"))
    if problem == "no_address" and not bound:
        return Fix("edit", "Give an address", "POST", f"{base}/edit", {"changes": {"to": []}}, ("changes",))
    return Fix("retry", "Try again", "POST", f"{base}/retry")


def _text(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
