"""Makes one attempt to send the mails of an action: written from the run as it stands, each address once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

from domain.addresses import Unreached, tags_in
from domain.mails import Desk, Post, compose, superseded
from domain.run.mail_action import MailAction
from domain.run.state import ActionState
from workers.automations.contract import Answer, Done, Due, Failed, Unsent
from workers.automations.mailer import Mailer, Posted

_SHOWN = 10


class Emailing:
    """The executor of mails. ``desk`` gives the addresses and links as they are at the attempt; it may block."""

    def __init__(self, mailer: Mailer, desk: Callable[[], Desk]) -> None:
        self._mailer = mailer
        self._desk = desk

    async def __call__(self, due: Due) -> Answer:
        """Write and send. Whom it cannot reach it says: ``Post.missing`` are those whom somebody is asked about."""
        act = MailAction.of(due.action)
        if superseded(due.run, act):
            return Done("superseded")
        desk = replace(await asyncio.to_thread(self._desk), earlier=due.earlier)
        post = compose(due.run_id, due.run, due.definition, act, desk)
        if not post.mails:
            return _to_nobody(post)
        posted = await self._mailer.post(
            post.mails, key=due.key, at=due.at, test=due.run.test, delivered=delivered_before(due.action)
        )
        return _answer(posted, post)


def delivered_before(action: ActionState) -> frozenset[str]:
    """The tags of the addresses that an earlier attempt reached: they are not written to again."""
    return tags_in(action.receipt)


def _to_nobody(post: Post) -> Answer:
    if post.missing:
        return Failed(f"it has nobody to go to: {_told(post.missing)}", permanent=True, problem="no_address")
    return Unsent(_told(post.unreached), tuple(one.who for one in post.unreached))


def _answer(posted: Posted, post: Post) -> Answer:
    receipt = f"{posted.receipt} delivered {' '.join(posted.delivered)}".strip() if posted.delivered else None
    wanted = len(post.mails)
    if posted.uncertain is not None:
        return Failed(posted.uncertain, uncertain=True, receipt=receipt)
    if posted.failure is not None:
        reached = f" ({len(posted.delivered)} of {wanted} were delivered)" if posted.delivered else ""
        return Failed(f"{posted.failure}{reached}", permanent=posted.failure.permanent, receipt=receipt)
    if post.missing:
        told = f"{wanted} {'has' if wanted == 1 else 'have'} it, but: {_told(post.missing)}"
        return Failed(told, permanent=True, problem="no_address", receipt=receipt)
    lost = [one for one in post.unreached if one.named]
    return Done("sent", receipt, reason=_told(lost) or None, whom=tuple(one.who for one in lost))


def _told(unreached: Sequence[Unreached]) -> str:
    more = f" and {len(unreached) - _SHOWN} more" if len(unreached) > _SHOWN else ""
    return "; ".join(one.reason for one in unreached[:_SHOWN]) + more
