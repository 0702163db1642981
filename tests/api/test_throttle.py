"""Every caller has a share of a process: who asks for more is told when to come again, and nobody else notices."""

from __future__ import annotations

from contextlib import ExitStack

from api.access.throttle import Callers
from api.wire.problems import Problem
from tests.api.conftest import Api


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
            with callers.turn(who):
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
        under_way.enter_context(callers.turn("a"))
        with callers.turn("a"):
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
