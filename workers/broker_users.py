"""Who may do what at the broker: one user a task, each with exactly the subjects that the task needs.

Only the migration step may change or delete a stream or a consumer. Only the relay may publish events. A service that
subscribes reads through the consumer that bears its name, and can do nothing else: it makes none, because who makes a
consumer says where its messages are delivered, and that could be anybody's subject.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from workers.subjects import (
    GROWN_STREAM,
    GROWN_SUBJECT,
    PROJECTOR,
    PROJECTOR_DELIVERY,
    STREAM,
    SUBJECTS,
)

OWNER = "milepost_owner"
RELAY = "milepost_relay"
WORKER = "milepost_worker"
FORMER = "milepost"
"""The one user of earlier releases, who could do everything. What was told its password reads on, through the consumers
that it made itself; those of subscribers are closed to it."""

NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
"""What a subscriber may be called."""

_API = "$JS.API"


@dataclass(frozen=True, slots=True)
class Rights:
    """The subjects that a user may publish to and subscribe to."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]
    never_publish: tuple[str, ...] = ()

    def permissions(self) -> dict[str, Any]:
        """As nats-server's configuration has them."""
        publish = {"allow": list(self.publish)}
        if self.never_publish:
            publish["deny"] = list(self.never_publish)
        return {"publish": publish, "subscribe": {"allow": list(self.subscribe)}}


def user_of(url: str) -> str | None:
    """Whom an address names; nobody where it holds a token, which has no password beside it and is a secret itself."""
    parts = urlsplit(url)
    return None if parts.username is None or parts.password is None else unquote(parts.username)


def inbox_of(user: str) -> str:
    """Where answers to a user go: each has a place of its own, so nobody listens to another's.

    None of today's is under ``_INBOX``: all of that is the former user's, and the server cannot close parts of it, as
    it judges a message by the subject that it was published to and not by the inbox that it comes to.
    """
    return f"_INBOX.{user}" if user == FORMER else f"_MILEPOST.{user}"


def rights_of(user: str, others: Iterable[str] = ()) -> Rights:
    """What a user may do; of a name that is none of ours, what a subscriber of that name may.

    ``others``: all who are let in; what is a subscriber's among them is closed to the former user.
    """
    if user == FORMER:
        return _former([name for name in others if is_subscriber(name)])
    return _RIGHTS.get(user) or _subscriber(user)


def is_subscriber(user: str) -> bool:
    """Whether it is the name of a service that was let in, and of nobody else."""
    return user not in (OWNER, RELAY, WORKER, FORMER)


def _infos() -> tuple[str, ...]:
    """Questions about our streams and our consumer."""
    streams = (f"{_API}.STREAM.INFO.{name}" for name in (STREAM, GROWN_STREAM))
    return (*streams, f"{_API}.CONSUMER.INFO.{GROWN_STREAM}.{PROJECTOR}", f"{_API}.INFO")


def _reading(consumer: str) -> tuple[str, ...]:
    """What a consumer is read through."""
    return (
        f"{_API}.CONSUMER.INFO.{STREAM}.{consumer}",
        f"{_API}.CONSUMER.MSG.NEXT.{STREAM}.{consumer}",
        f"$JS.ACK.{STREAM}.{consumer}.>",
    )


def _subscriber(name: str) -> Rights:
    """Reads through the consumer of the same name."""
    return Rights(_reading(name), (f"{inbox_of(name)}.>",))


def _former(subscribers: Sequence[str]) -> Rights:
    """Reads through any consumer but theirs: those that it made itself are called as they like."""
    return Rights(
        (f"{_API}.STREAM.INFO.{STREAM}", f"{_API}.STREAM.NAMES", *_reading("*")),
        ("_INBOX.>",),
        tuple(subject for name in subscribers for subject in _reading(name)),
    )


_RIGHTS = {
    OWNER: Rights((f"{_API}.>",), (f"{inbox_of(OWNER)}.>",)),
    # what a lost directory of JetStream took along, the relay makes anew; to create is not to change what is there
    RELAY: Rights(
        (
            SUBJECTS,
            GROWN_SUBJECT,
            *_infos(),
            f"{_API}.STREAM.MSG.GET.{STREAM}",
            f"{_API}.STREAM.CREATE.{STREAM}",
            f"{_API}.STREAM.CREATE.{GROWN_STREAM}",
            f"{_API}.CONSUMER.INFO.{STREAM}.*",
            f"{_API}.CONSUMER.DURABLE.CREATE.{STREAM}.*",
            f"{_API}.CONSUMER.DURABLE.CREATE.{GROWN_STREAM}.{PROJECTOR}",
        ),
        (f"{inbox_of(RELAY)}.>",),
    ),
    WORKER: Rights(
        (*_infos(), f"$JS.ACK.{GROWN_STREAM}.{PROJECTOR}.>"),
        (f"{PROJECTOR_DELIVERY} {PROJECTOR}", f"{inbox_of(WORKER)}.>"),
    ),
}
