"""Whoever waits for the log to grow is woken, and a lost notification costs only time."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import psycopg

from store.follower import Follower
from store.log import Log
from tests.store.support import one
from tests.support.databases import Database
from tests.support.waiting import wait_until


def test_another_process_is_woken_by_a_notification(database: Database, log: Log):
    """A follower without the writer in its process hears of an append, long before it would poll."""
    follower = Follower(database.app_url, poll_seconds=60)
    follower.start()
    try:
        log.append(one())
        assert follower.wait(0, 10) == 1
        with ThreadPoolExecutor() as pool:
            waiting = pool.submit(follower.wait, 1, 10)
            log.append(one())
            assert waiting.result(10) == 2
    finally:
        follower.stop()
        follower.stop()


def test_the_poll_finds_what_no_notification_told(database: Database, log: Log):
    """With the announcer silent, the poll finds the growth."""
    log._announcer.announce = lambda _head: None  # type: ignore[method-assign, assignment]
    follower = Follower(database.app_url, poll_seconds=0.02)
    follower.start()
    log.append(one())
    assert follower.wait(0, 10) == 1
    follower.stop()


def test_a_follower_survives_the_loss_of_its_connection(database: Database, log: Log):
    """Its backend is terminated: it comes back and hears of what happened meanwhile."""
    kill = "select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name = 'milepost follower'"
    log._announcer.announce = lambda _head: None  # type: ignore[method-assign, assignment]
    follower = Follower(database.app_url, poll_seconds=0.02)
    follower.start()
    log.append(one())
    assert follower.wait(0, 10) == 1
    with psycopg.connect(database.owner_url, autocommit=True) as connection:
        connection.execute(kill)
    log.append(one())
    assert follower.wait(1, 10) == 2
    follower.stop()


def test_coroutines_wait_too(log: Log):
    """A waiting coroutine is woken by an append in its process; one that waits in vain gets the old head."""

    async def scene() -> tuple[int, int]:
        waiting = asyncio.create_task(log.follower.wait_async(0, 10))
        await log.append_async(one())
        return await waiting, await log.follower.wait_async(1, 0.01)

    assert asyncio.run(scene()) == (1, 1)


def test_stop_releases_whoever_waits(log: Log):
    """Stopping the log ends every wait."""
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(log.follower.wait, 0, 60)
        wait_until(waiting.running)
        log.stop()
        assert waiting.result(10) == 0


def test_stop_waits_for_no_poll(database: Database):
    """A follower that would listen for another minute stops when it is told to."""
    follower = Follower(database.app_url, poll_seconds=60)
    follower.start()
    with psycopg.connect(database.owner_url, autocommit=True) as connection:
        listening = (
            "select from pg_stat_activity where application_name = 'milepost follower' and state = 'idle'"
        )
        wait_until(lambda: connection.execute(listening).fetchone() is not None)
    with ThreadPoolExecutor() as pool:
        pool.submit(follower.stop).result(20)
