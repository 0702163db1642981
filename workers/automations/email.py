"""Makes one attempt to send the mails of an action: written from the run as it stands, each address once."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

from domain.mails import Desk, MailAction, compose, superseded
from domain.run.state import ActionState
from workers.automations.contract import Answer, Done, Due, Failed
from workers.automations.mailer import Mailer, Posted

_TAG = re.compile(r"\b[0-9a-f]{16}\b")


class Emailing:
    """The executor of mails. ``desk`` gives the addresses and links as they are at the attempt; it may block."""

    def __init__(self, mailer: Mailer, desk: Callable[[], Desk]) -> None:
        self._mailer = mailer
        self._desk = desk

    async def __call__(self, due: Due) -> Answer:
        """Write and send. Without anybody to send to it succeeds, visibly, so that the run goes on."""
        act = MailAction.of(due.action)
        if superseded(due.run, act):
            return Done("superseded")
        desk = await asyncio.to_thread(self._desk)
        mails = compose(due.run_id, due.run, due.definition, act, desk)
        if not mails:
            return Done("no_address")
        posted = await self._mailer.post(
            mails, key=due.key, at=due.at, test=due.run.test, delivered=delivered_before(due.action)
        )
        return _answer(posted, len(mails))


def delivered_before(action: ActionState) -> frozenset[str]:
    """The tags of the addresses that an earlier attempt reached: they are not written to again."""
    return frozenset(_TAG.findall(action.receipt or ""))


def _answer(posted: Posted, wanted: int) -> Answer:
    receipt = f"{posted.receipt} delivered {' '.join(posted.delivered)}".strip() if posted.delivered else None
    if posted.uncertain is not None:
        return Failed(posted.uncertain, uncertain=True, receipt=receipt)
    if posted.failure is not None:
        reached = f" ({len(posted.delivered)} of {wanted} were delivered)" if posted.delivered else ""
        return Failed(f"{posted.failure}{reached}", permanent=posted.failure.permanent, receipt=receipt)
    return Done("sent", receipt)
