"""What every request has in common, whoever makes it: a person by HTTP or a page, a guest, a schedule, the machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from domain.guests import Pass
from domain.mail_decisions import MailDecision
from domain.words import Actor
from store.model import Command


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks, when, and under which conditions.

    ``by`` acts, at the instant ``at`` (aware); ``scopes`` are the rights that they came with. ``command`` makes a
    repeated request the same request. ``expected_version``: the version that the stream has to have (If-Match).
    ``meta`` is kept beside the events, such as who authenticated for ``by``. ``held`` is the pass of a guest, who may
    do no more than it opens; ``by_mail`` is what the link of a mail lets a person decide, and nothing else.
    ``cleared``: it is a part of something that whoever asks was let do as a whole.
    """

    by: Actor
    at: datetime
    scopes: frozenset[str] = frozenset()
    command: Command | None = None
    expected_version: int | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)
    held: Pass | None = None
    cleared: bool = False
    by_mail: MailDecision | None = None
