"""Commands on one stream: decided on its newest state, stored once."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest

from application.blocking import finish
from application.definitions import UnknownVersion
from application.milepost import Milepost
from domain.aggregate import Aggregate
from domain.events import TaskCommented
from domain.words import Actor, Rejected
from store.log import Command, CommandMismatch, Conflict, Log, Repeated
from tests.store.support import NINE, assert_dense
from tests.support.databases import Database

DANA = Actor("person:dana")


def add(comments: tuple[str, ...] | None, event: TaskCommented) -> tuple[str, ...]:
    """The texts so far."""
    return (*(comments or ()), event.text)


COMMENTS: Aggregate[tuple[str, ...]] = Aggregate("comments", add)


def say(text: str, most: int = 1_000):
    """A decision: say it once; more than ``most`` comments are refused."""

    def decide(comments: tuple[str, ...] | None) -> list[TaskCommented]:
        if text in (comments or ()):
            return []
        if len(comments or ()) >= most:
            raise Rejected("enough", "nobody reads that much")
        return [TaskCommented(comment=UUID(int=1), text=text, by=DANA, at=NINE)]

    return decide


def test_an_event_is_stored_as_the_contract_says(log: Log):
    """The fields by and at are the actor in meta and occurred_at; meta carries the command; all else is data."""
    stream = uuid4()
    outcome = Milepost(log).execute(
        COMMENTS, stream, say("Zoë"), command=Command("c", "f"), meta={"process": "hire"}
    )
    assert (outcome.version, outcome.position, len(outcome.events)) == (1, 1, 1)
    (found,) = log.read_stream(stream)
    assert found.meta == '{"actor":"person:dana","process":"hire","command":"c"}'
    assert found.data == '{"comment":"00000000-0000-0000-0000-000000000001","text":"Zoë","mentions":[]}'
    assert (found.occurred_at, found.type) == (NINE, "task_commented")
    assert Milepost(log).load(COMMENTS, stream) == ("Zoë",)


def test_what_a_decision_fills_in_is_stored(log: Log):
    """Also when nothing was there before: meta that only the state tells is read after the decision."""
    stream, meta = uuid4(), dict[str, Any]()

    def decide(comments: tuple[str, ...] | None) -> list[TaskCommented]:
        meta.update(process="hire")
        return [TaskCommented(comment=UUID(int=1), text="a", by=DANA, at=NINE)] if not comments else []

    Milepost(log).execute(COMMENTS, stream, decide, meta=meta)
    meta.clear()
    asyncio.run(Milepost(log).execute_async(COMMENTS, other := uuid4(), decide, meta=meta))
    for found in (*log.read_stream(stream), *log.read_stream(other)):
        assert found.meta == '{"actor":"person:dana","process":"hire"}'


def test_doing_it_again_appends_nothing(log: Log):
    """No events: nothing is stored, and the outcome is where the stream is."""
    app, stream = Milepost(log), uuid4()
    app.execute(COMMENTS, stream, say("a"))
    outcome = app.execute(COMMENTS, stream, say("a"))
    assert (outcome.version, outcome.position, list(outcome.events)) == (1, 1, [])
    assert log.head() == 1


def test_a_refusal_is_never_decided_on_an_old_state(log: Log):
    """Another process changed the stream: neither a no nor an 'already done' comes from what is in memory."""
    here, there, stream = Milepost(log), Milepost(log), uuid4()
    here.execute(COMMENTS, stream, say("a"))
    there.execute(COMMENTS, stream, say("b"))
    assert list(here.execute(COMMENTS, stream, say("b")).events) == []
    with pytest.raises(Rejected):
        here.execute(COMMENTS, stream, say("c", most=2))
    assert here.execute(COMMENTS, stream, say("c")).version == 3


def test_a_conflict_is_decided_again(log: Log):
    """A stale state loses the append, is loaded again and decided again."""
    here, there, stream = Milepost(log), Milepost(log), uuid4()
    here.execute(COMMENTS, stream, say("a"))
    there.execute(COMMENTS, stream, say("b"))
    assert here.execute(COMMENTS, stream, say("c")).version == 3
    assert here.load(COMMENTS, stream) == ("a", "b", "c")


def test_an_expected_version_goes_to_the_caller(log: Log):
    """If-Match: another version is a conflict at once; the right one is accepted also when memory is behind."""
    here, there, stream = Milepost(log), Milepost(log), uuid4()
    here.execute(COMMENTS, stream, say("a"), expected_version=0)
    there.execute(COMMENTS, stream, say("b"))
    with pytest.raises(Conflict) as conflict:
        here.execute(COMMENTS, stream, say("c"), expected_version=1)
    assert conflict.value.actual == 2
    assert here.execute(COMMENTS, stream, say("c"), expected_version=2).version == 3


@pytest.mark.parametrize("again", [say("a"), say("other"), say("never", most=0)])
def test_a_repeated_command_gets_the_first_answer(log: Log, again: Callable[[Any], list[TaskCommented]]):
    """Whatever would be decided now, the same command id is answered from the first time; another body is refused."""
    stream, command = uuid4(), Command("dana:1", "body", "the answer")
    Milepost(log).execute(COMMENTS, stream, say("a"), command=command, expected_version=0)
    for app in (Milepost(log), Milepost(log)):
        with pytest.raises(Repeated, match="accepted before") as repeated:
            app.execute(COMMENTS, stream, again, command=command, expected_version=0)
        assert repeated.value.result == "the answer"
    with pytest.raises(CommandMismatch):
        Milepost(log).execute(COMMENTS, stream, again, command=Command("dana:1", "other body"))
    assert log.head() == 1


def test_a_command_that_changed_nothing_is_remembered(log: Log):
    """Its id is taken, although no event was stored."""
    app, stream = Milepost(log), uuid4()
    app.execute(COMMENTS, stream, say("a"))
    app.execute(COMMENTS, stream, say("a"), command=Command("dana:2", "body"))
    with pytest.raises(Repeated):
        app.execute(COMMENTS, stream, say("b"), command=Command("dana:2", "body"))


def test_two_people_never_overwrite_each_other(database: Database, log: Log):
    """Threads of two processes' repositories on one stream: every accepted comment is there once, in order."""
    here, stream = Milepost(log), uuid4()

    with Log(database.app_url, durable=False) as other:
        there = Milepost(other)

        def work(number: int) -> int:
            try:
                return len((here, there)[number % 2].execute(COMMENTS, stream, say(f"{number}")).events)
            except Conflict:
                return 0

        with ThreadPoolExecutor(8) as pool:
            accepted = sum(pool.map(work, range(200)))
    comments = Milepost(log).load(COMMENTS, stream) or ()
    assert len(comments) == len(set(comments)) == accepted == assert_dense(log)


def test_coroutines_take_the_same_path(log: Log):
    """execute_async decides, stores, retries and refuses as execute does."""
    app, stream = Milepost(log), uuid4()

    async def many() -> None:
        outcomes = await asyncio.gather(
            *(app.execute_async(COMMENTS, stream if n < 3 else uuid4(), say(f"{n}")) for n in range(50))
        )
        assert sorted(outcome.position for outcome in outcomes) == list(range(1, 51))
        with pytest.raises(Conflict):
            await app.execute_async(COMMENTS, stream, say("x"), expected_version=9)
        with pytest.raises(Rejected):
            await app.execute_async(COMMENTS, stream, say("x", most=1))

    asyncio.run(many())
    assert assert_dense(log) == 50


def test_the_cache_forgets_the_oldest(log: Log):
    """A full cache drops what was used longest ago, and nothing is lost by it."""
    app, streams = Milepost(log, cache_size=2), [uuid4() for _ in range(5)]
    for text in ("a", "b"):
        for stream in streams:
            app.execute(COMMENTS, stream, say(text))
    assert len(app._cache.cache) == 2
    assert {app.load(COMMENTS, stream) for stream in streams} == {("a", "b")}


def test_an_unknown_process_version_is_said_so(log: Log):
    """A definition that was never published is not found."""
    with pytest.raises(UnknownVersion, match="hire"):
        Milepost(log).definition("hire", 1)


class Neighbour:
    """Another stream that a decision looks at; ``meanwhile`` happens after it was read, as often as it is there."""

    def __init__(self, app: Milepost, stream: UUID, *meanwhile: Callable[[], Any]) -> None:
        self.seen: tuple[str, ...] = ()
        self.looks = 0
        self._app, self._stream, self._meanwhile = app, stream, list(meanwhile)

    def read(self) -> dict[UUID, int]:
        """Read it anew."""
        self.looks += 1
        loaded = self._app.load_version(COMMENTS, self._stream)
        version, self.seen = loaded[0], loaded[1] or ()
        if self._meanwhile:
            self._meanwhile.pop()()
        return {self._stream: version}


def unless_said(neighbour: Neighbour):
    """A decision: say something while the other stream is silent."""

    def decide(_comments: tuple[str, ...] | None) -> list[TaskCommented]:
        if neighbour.seen:
            raise Rejected("said_there", "it was said elsewhere")
        return [TaskCommented(comment=UUID(int=2), text="here", by=DANA, at=NINE)]

    return decide


def test_what_is_decided_beside_another_stream_holds_when_it_is_stored(log: Log):
    """The other one moved after it was looked at: it is looked at again, and the decision is another."""
    app, own, other = Milepost(log), uuid4(), uuid4()
    neighbour = Neighbour(app, other, lambda: Milepost(log).execute(COMMENTS, other, say("there")))
    with pytest.raises(Rejected, match="said_there"):
        app.execute(COMMENTS, own, unless_said(neighbour), beside=neighbour)
    assert neighbour.looks == 2
    assert log.read_stream(own) == []


def test_another_stream_that_stays_costs_no_event(log: Log):
    """It is only asserted: also one without events, and beside an expected version of its own."""
    app, own, other = Milepost(log), uuid4(), uuid4()
    outcome = app.execute(
        COMMENTS, own, unless_said(quiet := Neighbour(app, other)), beside=quiet, expected_version=0
    )
    assert (outcome.version, log.head(), quiet.looks) == (1, 1, 1)
    assert_dense(log)


async def looked_at_for_ever(log: Log) -> None:
    """The other stream moves whenever it is looked at."""
    app, own, other = Milepost(log), uuid4(), uuid4()
    texts = [f"{number}" for number in range(20)]
    moves = [lambda text=text: Milepost(log).execute(COMMENTS, other, say(text)) for text in texts]
    neighbour = Neighbour(app, other, *moves)
    with pytest.raises(Conflict) as caught:
        await app.execute_async(COMMENTS, own, say("here"), beside=neighbour, expected_version=0)
    assert (caught.value.stream, neighbour.looks) == (other, 12)


def test_another_stream_that_never_rests_is_given_up(log: Log):
    """After twelve tries, naming the stream that moved: not as if one's own were at another version."""
    asyncio.run(looked_at_for_ever(log))


def test_what_only_a_loop_can_bring_is_not_waited_for_in_a_thread(log: Log):
    """A thread runs through what is written for coroutines; where that cannot be, it is said, and nothing hangs."""
    assert finish(Milepost(log).execute_async(COMMENTS, uuid4(), say("a"))).version == 1
    with pytest.raises(RuntimeError, match="event loop"):
        finish(asyncio.sleep(60))
