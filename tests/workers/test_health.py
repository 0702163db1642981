"""Health follows lag, not connections; the watchdog follows progress."""

import gc
from dataclasses import replace
from uuid import uuid4

import pytest

from milepost.embedded import NatsServer, sync_interval
from projections.engine.live import Projector
from projections.engine.rebuild import rebuild
from projections.registry import PROJECTIONS
from store.connect import connect
from store.log import Log
from store.migrations import migrate
from tests.support.databases import Database
from tests.support.knocks import knocks
from tests.workers.writing import add_task
from workers.health import Consumer, Facts, Parked, collect, database_facts, judge
from workers.transport import BrokerSettings
from workers.watchdog import Watchdog

GOOD = Facts(head=100, settings={"fsync": "on", "synchronous_commit": "on", "sync_interval": "always"})


def behind(name: str, lag_ms: float) -> Facts:
    """One consumer that is this late."""
    return Facts(head=100, consumers=(Consumer(name, 90, 10, lag_ms),))


def test_keeping_up_is_healthy():
    """A little lag is normal."""
    assert judge(GOOD).state == "healthy"
    assert judge(behind("board_v1", 500)).state == "healthy"


def test_lag_degrades_and_then_fails():
    """Seconds behind are a warning, a minute is a failure."""
    assert judge(behind("board_v1", 5_000)).state == "degraded"
    assert judge(behind("board_v1", 90_000)).state == "unhealthy"


def test_a_broker_that_is_away_degrades_only():
    """Without NATS the views keep up by the poll; the relay is late for a known reason."""
    away = Facts(head=100, consumers=behind("relay", 900_000).consumers, unreachable=("nats",))
    assert judge(away).state == "degraded"
    assert judge(Facts(unreachable=("postgres",))).state == "unhealthy"


def test_unsafe_settings_are_unhealthy():
    """A server that may lose what it acknowledged is named with the setting."""
    for name, value in (("fsync", "off"), ("synchronous_commit", "off"), ("sync_interval", "2m")):
        health = judge(Facts(head=1, settings={name: value}))
        assert (health.state, health.reasons) == ("unhealthy", (f"{name} is {value}",))


def test_parked_streams_are_visible():
    """A projection that gave up on a stream degrades."""
    assert judge(Facts(head=1, parked=(Parked("board", "x", 3),))).reasons == ("board parked 1 streams",)


def test_timers_that_fall_behind_degrade():
    """An alarm that nobody fires is told with its age; commands are taken all the same."""
    health = judge(Facts(head=1, late_alarm_seconds=40.4))
    assert (health.state, health.reasons) == (
        "degraded",
        ("the oldest alarm has not been fired for 40 s",),
    )
    assert judge(Facts(head=1, late_alarm_seconds=3)).state == "healthy"


def test_automatic_steps_without_a_result_degrade():
    """What waits for minutes is seen, whatever keeps it: one that its worker has set apart too."""
    assert judge(replace(GOOD, late_action_seconds=200.0)).state == "healthy"
    health = judge(replace(GOOD, late_action_seconds=400.0))
    assert (health.state, health.reasons) == (
        "degraded",
        ("the oldest automatic step has been due without a result for 400 s",),
    )


def test_standing_still_costs_the_subscription_and_then_the_process():
    """Behind the log with nothing applied: subscribe anew after the patience, give up after twice as long."""
    watchdog = Watchdog(patience_seconds=10)
    seen = [watchdog.judge(5, now, behind=True) for now in (0, 9, 10, 19, 20)]
    assert seen == ["fine", "fine", "resubscribe", "fine", "give_up"]


def test_progress_calms_the_watchdog():
    """Being behind is no fault while something is applied, and neither is being done."""
    watchdog = Watchdog(patience_seconds=10)
    assert [watchdog.judge(now, now, behind=True) for now in (0, 20, 40)] == ["fine"] * 3
    assert [watchdog.judge(40, now, behind=False) for now in (60, 80)] == ["fine"] * 2


def facts_of(database: Database) -> Facts:
    """What the database of this test says."""
    with connect(database.app_url, "test") as connection:
        return database_facts(connection)


def test_nothing_is_late_where_nothing_was_made(empty_database: Database):
    """Before the first worker made the read models there is nobody to wait for."""
    migrate(empty_database.owner_url)
    assert facts_of(empty_database).consumers == ()


def test_only_what_is_shown_is_late(log: Log, database: Database):
    """A generation that is being made, or was replaced, is behind for a reason: it is no fact of lag."""
    with Projector(database.app_url, log, projections=PROJECTIONS) as projector:
        projector.catch_up()
        rebuild(database.app_url, ["board"], projections=PROJECTIONS)
        add_task(log, uuid4())
        projector.catch_up()
    facts = facts_of(database)
    assert sorted(each.name for each in facts.consumers) == sorted(each.name for each in PROJECTIONS)
    assert {each.lag_events for each in facts.consumers} == {0}
    assert judge(replace(facts, settings={})).state == "healthy"


def test_a_read_model_of_other_code_has_to_be_rebuilt(log: Log, database: Database):
    """Nothing applies to it, however long: it is named with the verb that helps, and degrades."""
    with Projector(database.app_url, log, projections=PROJECTIONS) as projector:
        projector.catch_up()
    with connect(database.app_url, "test") as connection:
        connection.execute("update read.generation set version = version + 1 where projection = 'board'")
    facts = facts_of(database)
    assert facts.outdated == ("board",)
    late = tuple(Consumer(each.name, 1, 9, 90_000) for each in facts.consumers if each.name == "board")
    health = judge(Facts(head=10, consumers=late, outdated=facts.outdated))
    assert (health.state, health.reasons) == (
        "degraded",
        ("board has to be rebuilt: milepost projection rebuild board, then milepost projection flip board",),
    )


def test_the_embedded_broker_says_how_it_syncs(nats_server: NatsServer):
    """What the server was told is known of the server in that directory, and of no other."""
    assert sync_interval(nats_server.directory, [nats_server.url]) == "2m"
    assert sync_interval(nats_server.directory, ["nats://127.0.0.1:4222"]) is None
    assert sync_interval(nats_server.directory / "nowhere", [nats_server.url]) is None


@pytest.mark.anyio
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # of the client's own socket
async def test_a_broker_that_is_away_is_told_at_once(log: Log, database: Database):
    """Who asks how things are is told after one attempt, not after those that a worker makes."""
    with knocks() as tried:
        facts = await collect(database.app_url, BrokerSettings((f"nats://127.0.0.1:{tried.port}",)))
    assert (facts.unreachable, facts.log) == (("nats",), str(log.id))
    assert tried.count == 1
    gc.collect()  # the client leaves a connection that was hung up to be collected: here, not in another test
