"""A code by mail: who has the link alone, and not the mailbox, neither signs nor decides."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest

from domain.run import RUN
from domain.run.guest_codes import LIFETIME, MOST_TRIES, code_of, newest_code
from domain.run.state import action_key
from domain.words import StepKey
from tests.api.conftest import Api
from tests.api.test_guests import SIGNING, link
from tests.support.clients import client_of

SIGNED = {"values": {"signature": "Ada"}}


@pytest.fixture
def run(api: Api) -> str:
    """A run whose guest signs with a code."""
    api.publish({**SIGNING, "roles": [SIGNING["roles"][0], {**SIGNING["roles"][1], "guest_code": True}]})
    return api.start(process="signing", roles={})


def code(api: Api, run: str) -> str:
    """The newest code, as its mail brings it."""
    state = api.services.app.load(RUN, UUID(run))
    assert state is not None
    sent = newest_code(state, StepKey("sign"))
    assert sent is not None
    key = action_key(sent.step, sent.round, sent.action)
    return code_of(UUID(run), key, sent.queued_at, api.services.link_secret)


def refused(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a refusal."""
    return answer.status_code, answer.json()["code"]


def other(right: str) -> str:
    """Some other six digits."""
    return f"{(int(right) + 1) % 10**6:06}"


def test_a_guest_signs_with_a_code_from_a_second_mail_only(api: Api, run: str):
    """Not without one, not with another; saving needs none; the log holds none; where none is wanted none is sent."""
    with client_of(api.url) as nobody:
        ours = link(api, run)
        assert nobody.get(ours).json()["needs_code"]
        assert refused(nobody.post(f"{ours}/complete", json=SIGNED)) == (409, "code_needed")
        assert refused(nobody.post(f"{ours}/decline", json={"reason": "No"})) == (409, "code_needed")
        assert nobody.post(f"{ours}/save", json=SIGNED).status_code == 200
        assert nobody.post(f"{ours}/code", json={}).status_code == 200
        right = code(api, run)
        assert nobody.post(f"{ours}/code", json={}).status_code == 200
        assert code(api, run) == right  # a minute has to pass before another is sent
        assert refused(nobody.post(f"{ours}/complete", json={**SIGNED, "code": other(right)})) == (
            409,
            "wrong_code",
        )
        assert (
            nobody.post(f"{ours}/complete", json={**SIGNED, "code": f"{right[:3]} {right[3:]}"}).status_code
            == 200
        )
    stored = api.services.log.read_stream(UUID(run))
    assert not any(right in one.data or right in one.meta for one in stored if one.type == "action_queued")
    assert "guest_code" not in SIGNING["roles"][1]
    plain: dict[str, Any] = {**SIGNING, "key": "plain"}
    api.publish(plain)
    with client_of(api.url) as nobody:
        theirs = link(api, api.start(process="plain", roles={}))
        assert nobody.get(theirs).json()["needs_code"] is False
        assert refused(nobody.post(f"{theirs}/code", json={})) == (409, "no_code_needed")


def test_a_code_is_not_guessed(api: Api, run: str):
    """After a few wrong ones the right one is worth nothing either; nor is one that is old."""
    with client_of(api.url) as nobody:
        ours = link(api, run)
        nobody.post(f"{ours}/code", json={})
        right = code(api, run)
        for _ in range(MOST_TRIES):
            wrong = nobody.post(f"{ours}/complete", json={**SIGNED, "code": other(right)})
            assert refused(wrong) == (409, "wrong_code")
        assert refused(nobody.post(f"{ours}/complete", json={**SIGNED, "code": right})) == (409, "code_over")
        now = api.services.clock
        api.services.clock = lambda: now() + LIFETIME + timedelta(seconds=1)
        assert nobody.post(f"{ours}/code", json={}).status_code == 200
        newer = code(api, run)
        api.services.clock = lambda: now() + 2 * LIFETIME + timedelta(minutes=1)
        assert refused(nobody.post(f"{ours}/complete", json={**SIGNED, "code": newer})) == (409, "code_over")
    types = [one.type for one in api.services.log.read_stream(UUID(run))]
    assert "step_completed" not in types
    assert orjson.loads(api.services.log.read_stream(UUID(run))[-1].meta)["authenticated_by"] == "guest_link"
