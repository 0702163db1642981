"""What was masked under a version that a run followed before stays masked, wherever its values are told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from typing import Any
from uuid import UUID

import pytest

from api.run.contents import as_guest, as_staff
from domain.addresses import AddressBook
from domain.content_text import in_lines
from domain.definition import Definition
from domain.directory import EMPTY, Directory, PersonFacts
from domain.mails import Desk, compose
from domain.run.content import content_of
from domain.run.mail_action import MailAction
from domain.run.state import Run, StepState
from domain.words import Actor, Assignee, RoleKey, StepKey
from tests.domain.documents import definition, step
from tests.support.sights import seen_by

SIGN, BO = StepKey("signed"), Assignee("person:bo")
HIDDEN = [
    {"fields": [{"key": "pay", "title": "Pay", "kind": "text", "sensitive": True}]},
    {"visibility": "role", "role": "seller"},
]
"""What made the value one for some only under the version before."""


def version(**talk: Any) -> Definition:
    """A talk, and a signature of somebody else that shows what was said in it."""
    fields = {"fields": [{"key": "pay", "title": "Pay", "kind": "text"}]}
    texts = {"texts": {"Terms": "We pay {talk.pay}."}}
    return definition(
        step("talk", **{**fields, **talk}),
        step("signed", ["talk"], kind="sign", role="customer", **texts),
        step("judged", ["signed"], kind="approval", role="boss"),
        step(
            "tell", kind="email", email={"to": ["x@elsewhere.example"], "subject": "x", "body": "{talk.pay}"}
        ),
    )


NOW = version()
RUN = Run(
    roles={RoleKey("customer"): Assignee("guest:customer"), RoleKey("boss"): BO},
    values={"talk.pay": "9000"},
    steps={
        StepKey("talk"): StepState("done", evidence=True, last_end="done", doers=(Actor("person:ann"),)),
        SIGN: StepState("ready", assignee=Assignee("guest:customer")),
        StepKey("judged"): StepState("ready", assignee=BO),
    },
)


@pytest.mark.parametrize("talk", HIDDEN, ids=["sensitive", "for a role"])
def test_what_was_masked_stays_masked_beside_a_decision(talk: dict[str, Any]) -> None:
    """Neither a guest nor whoever approves sees what an earlier version kept from them, also not in a text."""
    earlier = version(**talk)
    run = replace(RUN, followed=(0,))
    sight = seen_by("person:bo", run, NOW, sees_values=False, sees_sensitive=False, earlier=(earlier,))
    for reader, key in (
        (as_guest(sight.versions, SIGN, EMPTY), SIGN),
        (as_staff(sight, StepKey("judged"), EMPTY), StepKey("judged")),
    ):
        told = in_lines(content_of(RUN, NOW, key), NOW, "Sale", UTC, str, reader.sees)
        assert "9000" not in told
        assert "•••" in told
    open_to_all = as_guest((NOW,), SIGN, EMPTY)
    assert "9000" in in_lines(content_of(RUN, NOW, SIGN), NOW, "Sale", UTC, str, open_to_all.sees)


@pytest.mark.parametrize("talk", HIDDEN, ids=["sensitive", "for a role"])
def test_what_was_masked_stays_masked_in_mails(talk: dict[str, Any]) -> None:
    """A mail that asks for a decision, and one of others that somebody looks at, go by all versions of the run."""
    house = Directory(people={BO: PersonFacts("Bo Lind", "bo@acme.example")})
    link = "https://mile.example/guest/x"
    desk = Desk(
        AddressBook.of(house), "https://mile.example", UTC, lambda *_: link, earlier=(version(**talk),)
    )
    asks = MailAction("reminder:1", StepKey("judged"), facts={"assignees": [BO]})
    looks = MailAction("email", StepKey("tell"))
    for act, hides in ((asks, False), (looks, True)):
        (mail,) = compose(UUID(int=1), RUN, NOW, act, replace(desk, hide_sensitive=hides)).mails
        assert "•••" in mail.body
        assert "9000" not in mail.body
    assert "9000" in compose(UUID(int=1), RUN, NOW, looks, replace(desk, earlier=())).mails[0].body
