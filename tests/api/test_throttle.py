"""Every caller has a share of a process: who asks for more is told when to come again, and nobody else notices."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from api.access.throttle import Callers, Left, Who, told
from api.wire.problems import Problem
from tests.api.conftest import Api
from tests.support.clients import client_of


class Clock:
    """A clock that a test moves."""

    now = 1_000.0

    def __call__(self) -> float:
        """The time."""
        return self.now


def asks(callers: Callers, who: str, times: int) -> list[str | None]:
    """What each of so many requests is told: nothing, or how many seconds to wait."""
    told: list[str | None] = []
    for _ in range(times):
        try:
            with callers.turn(Who("token", who)):
                told.append(None)
        except Problem as problem:
            told.append(problem.headers.get("Retry-After", problem.code))
    return told


def test_a_minute_s_share_is_there_at_once_and_grows_again():
    """Sixty a minute: sixty now, then one a second; who waits as told is served."""
    clock = Clock()
    callers = Callers(per_minute=60, clock=clock)
    assert asks(callers, "a", 62) == [None] * 60 + ["1", "1"]
    assert asks(callers, "b", 1) == [None], "others have a share of their own"
    clock.now += 1
    assert asks(callers, "a", 2) == [None, "1"]
    clock.now += 3_600
    assert asks(callers, "a", 61) == [None] * 60 + ["1"], "no more is saved up than a minute's"


def test_so_many_at_once_and_no_more():
    """A request that ends makes room for the next."""
    callers = Callers(at_once=2)
    with ExitStack() as under_way:
        under_way.enter_context(callers.turn(Who("token", "a")))
        with callers.turn(Who("token", "a")):
            assert asks(callers, "a", 1) == ["1"]
            assert asks(callers, "b", 1) == [None]
        assert asks(callers, "a", 1) == [None]
    assert asks(callers, "a", 1) == [None]


def test_without_limits_nobody_waits():
    """As tests and benchmarks have it."""
    assert asks(Callers(), "a", 1_000) == [None] * 1_000


def test_a_caller_above_its_share_is_told_when_to_come_again(api: Api):
    """429 with Retry-After; another token goes on."""
    api.services.callers._per_minute = 60
    api.services.callers._clock = lambda: 0.0
    other = api.as_("person:bo", "read")
    answers = [api.client.get("/v1/me") for _ in range(61)]
    assert (answers[0].status_code, answers[-1].status_code) == (200, 429)
    assert (answers[-1].json()["code"], answers[-1].headers["retry-after"]) == ("too_many_requests", "1")
    with other:
        assert other.get("/v1/me").status_code == 200


def test_a_person_s_tokens_share_what_is_theirs_and_leave_room_for_a_session():
    """A token has sixty a minute and its person twice that: a third token of theirs finds nothing left."""
    callers = Callers(per_minute=60, clock=Clock())
    person = Who("person", "person:dana")

    def spend(token: str, times: int) -> None:
        for _ in range(times):
            with callers.turn(Who("token", token), person):
                pass

    spend("first", 60)
    with pytest.raises(Problem, match="a token may make 60"):
        spend("first", 1)
    spend("second", 60)
    with pytest.raises(Problem, match="a person may make 120"):
        spend("third", 1)
    left = callers.left([Who("token", "third"), person])
    assert left == [Left("token", 60, 60, 0), Left("person", 120, 0, 60)], (
        "what is refused takes from no share"
    )


def test_what_is_left_is_told_as_the_draft_has_it():
    """Structured fields: a policy by name with its quota and window, and what is left of it until when."""
    shares = [Left("token", 60, 59, 1), Left("person", 120, 100, 10)]
    assert told(shares) == {
        "RateLimit-Policy": '"token";q=60;w=60, "person";q=120;w=60',
        "RateLimit": '"token";r=59;t=1, "person";r=100;t=10',
    }
    assert told([]) == {}


def test_every_answer_says_what_is_left(api: Api):
    """Of a token and its person, also where the answer is a refusal; of an address where nobody is known."""
    api.services.callers._per_minute = 60
    api.services.callers._clock = lambda: 0.0
    first = api.client.get("/v1/me")
    assert first.headers["ratelimit-policy"] == '"token";q=60;w=60, "person";q=120;w=60'
    assert first.headers["ratelimit"] == '"token";r=59;t=1, "person";r=119;t=1'
    assert api.client.get("/v1/runs/x").headers["ratelimit"].startswith('"token";r=58')
    with client_of(api.url) as nobody:
        assert nobody.get("/health/live").headers["ratelimit"] == '"address";r=59;t=1'
        assert (nobody.get("/v1/me").status_code, nobody.get("/v1/me").headers["ratelimit"]) == (
            401,
            '"address";r=57;t=3',
        )


def test_an_address_that_tries_tokens_is_slowed_down(api: Api):
    """Wrong tokens take from the share of their address; right ones from the same address go on."""
    api.services.callers._per_minute = 60
    api.services.callers._clock = lambda: 0.0
    wrong = {"Authorization": "Bearer mpt_wrong"}
    with client_of(api.url, headers=wrong) as guessing:
        answers = [guessing.get("/v1/me") for _ in range(61)]
    assert [answers[0].status_code, answers[-1].status_code] == [401, 429]
    assert answers[-1].headers["retry-after"] == "1"
    assert api.client.get("/v1/me").status_code == 200
