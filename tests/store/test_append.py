"""What an append promises, one log and one process."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store.log import (
    CAP_BYTES,
    Append,
    Command,
    CommandMismatch,
    Conflict,
    InvalidEvent,
    Log,
    LogError,
    NewEvent,
    OutcomeUnknown,
    Overloaded,
    Repeated,
    Stopped,
    TooLarge,
    Unavailable,
)
from store.unit import ThreadTicket, Unit
from tests.store.support import NINE, assert_dense, event, one
from tests.support.databases import Database


def send_group(log: Log, *units: tuple[list[Append], Command | None]) -> list[object]:
    """Append these as one group; the outcomes in order."""
    tickets = [ThreadTicket() for _ in units]
    group = [
        Unit(appends, command, ticket) for (appends, command), ticket in zip(units, tickets, strict=True)
    ]
    log._writer.put_bulk(group)
    return [_outcome(ticket) for ticket in tickets]


def _outcome(ticket: ThreadTicket) -> object:
    try:
        return list(ticket.wait().positions)
    except LogError as error:
        return error


def test_consecutive_appends_to_one_stream_in_one_group_are_all_accepted(log: Log):
    """A group may carry a stream's version 1, 2 and 3 at once."""
    stream = uuid4()
    outcomes = send_group(log, *((one(stream, version), None) for version in range(3)))
    assert outcomes == [[1], [2], [3]]
    assert assert_dense(log) == 3


def test_a_loser_never_spoils_its_neighbours(log: Log):
    """A conflict in the middle of a group leaves no hole and changes nobody's verdict."""
    stream = uuid4()
    first, lost, second = send_group(log, (one(stream), None), (one(stream), None), (one(stream, 1), None))
    assert (first, second) == ([1], [2])
    assert isinstance(lost, Conflict)
    assert (lost.stream, lost.expected, lost.actual) == (stream, 0, 1)
    assert assert_dense(log) == 2


def test_an_append_to_several_streams_is_all_or_nothing(log: Log):
    """One stale stream refuses the whole unit, and what comes after it in the group does not see its versions."""
    fresh, stale = uuid4(), uuid4()
    log.append(one(stale))
    lost, stored = send_group(log, ([*one(fresh), *one(stale)], None), ([*one(fresh), *one(stale, 1)], None))
    assert isinstance(lost, Conflict)
    assert lost.stream == stale
    assert stored == [2, 3]
    assert assert_dense(log) == 3


def test_an_event_the_database_refuses_spoils_only_itself(log: Log):
    """When the server cannot take one event of a group, the others are stored."""
    units = [Unit(one(), None, ThreadTicket()) for _ in range(3)]
    units[1].occurred = (8).to_bytes(4, "big") + (2**63 - 2).to_bytes(8, "big")  # no instant Postgres knows
    log._writer.put_bulk(units)
    good, bad, also_good = (_outcome(unit.ticket) for unit in units)  # type: ignore[arg-type]
    assert (good, also_good) == ([1], [2])
    assert isinstance(bad, InvalidEvent)


def test_a_command_repeated_is_answered_and_not_run_twice(log: Log):
    """The same command id gives the stored result and positions, whatever the stream did meanwhile."""
    stream, command = uuid4(), Command("dana:1", b"body", '{"version":1}')
    assert list(log.append(one(stream), command).positions) == [1]
    log.append(one(stream, 1))
    with pytest.raises(Repeated) as repeated:
        log.append(one(stream, 7), Command("dana:1", b"body"))
    assert (repeated.value.result, repeated.value.first_position, repeated.value.last_position) == (
        '{"version":1}',
        1,
        1,
    )
    with pytest.raises(CommandMismatch):
        log.append(one(), Command("dana:1", b"another body"))
    assert log.head() == 2


def test_a_refused_command_may_be_sent_again(log: Log):
    """A conflict stores no command id."""
    stream, command = uuid4(), Command("dana:2", "body")
    log.append(one(stream))
    with pytest.raises(Conflict):
        log.append(one(stream), command)
    assert list(log.append(one(stream, 1), command).positions) == [2]


def test_one_hundred_repeats_at_once_have_one_effect(log: Log):
    """The same command a hundred times at once: one is accepted, ninety-nine get its answer."""
    futures = [log.submit(one(), Command("dana:3", "body", "answer")) for _ in range(100)]
    errors = [future.exception(20) for future in futures]
    assert [error for error in errors if error is None] == [None]
    assert {error.result for error in errors if isinstance(error, Repeated)} == {"answer"}
    assert sum(isinstance(error, Repeated) for error in errors) == 99
    assert log.head() == 1


def test_a_command_without_events_is_remembered(log: Log):
    """A command that changed nothing is still the same command next time."""
    assert list(log.append([], Command("dana:4", "body", "nothing")).positions) == []
    with pytest.raises(Repeated) as repeated:
        log.append(one(), Command("dana:4", "body"))
    assert repeated.value.result == "nothing"
    assert log.head() == 0


TEXTS = [
    '{"b": 1, "a": 2, "b": 3}',
    '{ "spaces" :\t[ 1 , 2 ]\n}',
    '{"number": 12345678901234567890123456789.10, "exponent": 1E300}',
    '{"unicode": "Zoë 🚀 \\u00e9 \\ud83d\\ude80", "escaped nul": "\\\\u0000"}',
    '"text"',
    "null",
]


@pytest.mark.parametrize("text", TEXTS)
def test_data_and_meta_are_kept_byte_for_byte(log: Log, text: str):
    """Key order, duplicate keys, spaces, big numbers and escapes come back as they were sent."""
    stream = uuid4()
    log.append(one(stream, 0, event(text, text)))
    assert [(found.data, found.meta) for found in log.read_stream(stream)] == [(text, text)]


YEARS = datetime(1900, 1, 1), datetime(2200, 1, 1)  # noqa: DTZ001 - bounds for hypothesis
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=JSON, ascii_only=st.booleans(), at=st.datetimes(*YEARS))
def test_any_json_is_kept_or_refused_with_a_reason(log: Log, value: object, ascii_only: bool, at: datetime):
    """No JSON text is stored changed; NUL is what gets refused, and microseconds stay exact."""
    import json

    text, stream = json.dumps(value, ensure_ascii=ascii_only), uuid4()
    new = NewEvent("step_completed", 1, text, "{}", at.replace(tzinfo=NINE.tzinfo))
    try:
        log.append([Append(stream, 0, [new])])
    except InvalidEvent:
        assert "\\u0000" in text or "\\ud" in text
        return
    (found,) = log.read_stream(stream)
    assert (found.data, found.occurred_at) == (text, new.occurred_at)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ('"\x00"', "NUL"),
        ('"\\u0000"', "NUL"),
        ('"\\\\\\u0000"', "NUL"),
        ('"\ud800"', "surrogate"),
        ('"\\ud800"', "not JSON"),
        ("{", "not JSON"),
        ("", "not JSON"),
        ("NaN", "not JSON"),
        ("1E400", "not JSON"),
    ],
)
def test_text_that_cannot_be_stored_is_refused_clearly(log: Log, text: str, word: str):
    """NUL, lone surrogates and what is not JSON never reach the database."""
    with pytest.raises(InvalidEvent, match=word):
        log.append(one(uuid4(), 0, event(text)))
    assert log.head() == 0


def test_an_event_above_the_cap_is_refused_by_name(log: Log):
    """256 KB of data and meta fit; one byte more does not, and the error says which event."""
    fits = '"' + "x" * (CAP_BYTES - 4) + '"'
    log.append(one(uuid4(), 0, event(fits)))
    with pytest.raises(TooLarge, match="run_started") as refused:
        log.append(one(uuid4(), 0, event(), event(fits, "[1]", kind="run_started")))
    assert refused.value.size_bytes == CAP_BYTES + 1
    assert log.head() == 1


def test_occurred_at_needs_a_time_zone(log: Log):
    """A naive instant is refused before it is guessed at."""
    with pytest.raises(InvalidEvent, match="time zone"):
        log.append([Append(uuid4(), 0, [NewEvent("x", 1, "{}", "{}", datetime(2026, 1, 1))])])  # noqa: DTZ001


def test_coroutines_are_answered(log: Log):
    """Many coroutines on one loop get their own outcomes."""
    stream = uuid4()

    async def many() -> list[object]:
        appends = [log.append_async(one(stream)) for _ in range(5)] + [
            log.append_async(one()) for _ in range(20)
        ]
        return list(await asyncio.gather(*appends, return_exceptions=True))

    outcomes = asyncio.run(many())
    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 4
    assert assert_dense(log) == 21


def test_bulk_appends_are_stored_in_order_and_report_conflicts(log: Log):
    """An import of many streams is dense; an append with thousands of events is stored in pieces; losers are named."""
    taken, large = uuid4(), uuid4()
    log.append(one(taken))
    appends = [Append(uuid4(), 0, (event(),) * 7) for _ in range(50)]
    bulk = log.append_bulk([*appends, *one(taken), Append(large, 0, (event(),) * 2_500)])
    assert (bulk.events, bulk.last_position) == (2_850, 2_851)
    assert [conflict.stream for conflict in bulk.conflicts] == [taken]
    assert assert_dense(log) == 2_851


def test_people_come_before_bulk_work(log: Log):
    """While an import runs, a person's command is stored between its groups, not after them."""
    with_bulk: list[int] = []

    def appends():
        for number in range(400):
            if number == 200:
                with_bulk.append(log.append(one()).last_position)
            yield Append(uuid4(), 0, (event(),) * 10)

    bulk = log.append_bulk(appends())
    assert with_bulk[0] < bulk.last_position
    assert assert_dense(log) == 4_001


def test_too_many_waiting_appends_are_refused(log: Log):
    """Beyond its limit the log says so at once instead of growing."""
    log._writer._max_waiting = 0
    with pytest.raises(Overloaded):
        log.append(one())


def test_start_and_stop_work_twice(log: Log):
    """A log may be started and stopped twice in a row, and started again; stopped, it refuses clearly."""
    log.start().start()
    future = log.submit(one())
    log.stop()
    log.stop()
    assert list(future.result(5).positions) == [1]
    with pytest.raises(Stopped):
        log.append(one())
    with log:
        assert list(log.append(one()).positions) == [2]


def test_recorded_at_never_goes_back(log: Log):
    """recorded_at grows with the position."""
    for _ in range(20):
        log.append(one())
    recorded = [found.recorded_at for found in log.read(0, 100)]
    assert recorded == sorted(recorded)


def test_a_thread_that_was_interrupted_holds_up_nobody(log: Log):
    """The main thread never comes to wait for its outcome; the threads of the same group are woken all the same."""
    abandoned = [ThreadTicket() for _ in range(4)]  # made by this thread, which a signal can interrupt
    with ThreadPoolExecutor() as pool:
        tickets = [pool.submit(ThreadTicket).result() for _ in range(8)]
        mixed = [*abandoned[:2], *tickets[:4], *abandoned[2:], *tickets[4:]]
        log._writer.put_bulk([Unit(one(), None, ticket) for ticket in mixed])
        waiting = [pool.submit(ticket.wait) for ticket in tickets]
        positions = [future.result(20).last_position for future in waiting]
    assert positions == [3, 4, 5, 6, 9, 10, 11, 12]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_nobody_waits_for_a_writer_that_failed(log: Log):
    """A bug in the writer ends it: callers under way and later ones are told at once."""

    def fail(_group: object, _verdicts: object) -> None:
        raise ZeroDivisionError

    log._writer._tell = fail  # type: ignore[method-assign, assignment]
    with pytest.raises(OutcomeUnknown, match="ZeroDivisionError"):
        log.append(one())
    with pytest.raises(Stopped):
        log.append(one())


def test_a_database_that_is_away_is_said_so(database: Database):
    """Without a server an append ends with Unavailable when patience is over, and nothing was stored."""
    with Log(database.app_url, durable=False, patience_seconds=0.2) as log:
        log._writer._url = "host=/nonexistent dbname=none"
        with pytest.raises(Unavailable, match="away"):
            log.append(one())
        log._writer._url = database.app_url
        assert list(log.append(one()).positions) == [1]
