"""Who may do what at the broker: one user a task, each with exactly the subjects that the task needs.

Only the migration step may change or delete a stream or a consumer. Only the relay may publish events. A service that
subscribes reads through the consumer that bears its name, and can do nothing else: it makes none, because who makes a
consumer says where its messages are delivered, and that could be anybody's subject.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

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
"""The one user of earlier releases, who could do everything: what was told its password reads on, and no more."""

NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
"""What a subscriber may be called."""

_API = "$JS.API"


@dataclass(frozen=True, slots=True)
class Rights:
    """The subjects that a user may publish to and subscribe to."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]

    def permissions(self) -> dict[str, Any]:
        """As nats-server's configuration has them."""
        return {"publish": {"allow": list(self.publish)}, "subscribe": {"allow": list(self.subscribe)}}


def inbox_of(user: str) -> str:
    """Where answers to a user go: each has a place of its own, so nobody listens to another's."""
    return f"_INBOX.{user}" if _is_subscriber(user) else f"_MILEPOST.{user}"


def rights_of(user: str) -> Rights:
    """What a user may do; of a name that is none of ours, what a subscriber of that name may."""
    return _RIGHTS.get(user) or _subscriber(user)


def _is_subscriber(user: str) -> bool:
    return user not in (OWNER, RELAY, WORKER)


def _infos() -> tuple[str, ...]:
    """Questions about our streams and our consumer."""
    streams = (f"{_API}.STREAM.INFO.{name}" for name in (STREAM, GROWN_STREAM))
    return (*streams, f"{_API}.CONSUMER.INFO.{GROWN_STREAM}.{PROJECTOR}", f"{_API}.INFO")


def _subscriber(name: str) -> Rights:
    """Reads through the consumer of the same name."""
    publish = (
        f"{_API}.CONSUMER.INFO.{STREAM}.{name}",
        f"{_API}.CONSUMER.MSG.NEXT.{STREAM}.{name}",
        f"$JS.ACK.{STREAM}.{name}.>",
    )
    return Rights(publish, (f"{inbox_of(name)}.>",))


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
    FORMER: Rights(
        (
            f"{_API}.STREAM.INFO.{STREAM}",
            f"{_API}.STREAM.NAMES",
            f"{_API}.CONSUMER.INFO.{STREAM}.*",
            f"{_API}.CONSUMER.MSG.NEXT.{STREAM}.*",
            f"$JS.ACK.{STREAM}.>",
        ),
        ("_INBOX.>",),
    ),
}
