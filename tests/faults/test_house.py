"""`milepost up` killed part by part under load: nothing acknowledged is lost, and it answers again within 10 s."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.faults.living import Living, living
from tests.support.waiting import wait_until
from tests.workers import stream

pytestmark = pytest.mark.fault
PARTS = ("api", "worker", "nats", "postgres")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Living]:
    """A Milepost with durable servers."""
    with living(tmp_path_factory.mktemp("faults")) as running:
        yield running


def test_killed_parts_lose_nothing(house: Living):
    """API, worker, NATS and Postgres in turn, then all at once: every acknowledged command is there once, in order."""
    house.work()
    for names in (*((part,) for part in PARTS), PARTS):
        house.kill(*names)
        house.goes_on()
    house.goes_on_to(51)
    assert house.holds() > 50


def test_a_killed_parent_takes_up_its_home_again(house: Living):
    """With the supervisor everything goes; started again at once, it answers, and nothing is missing."""
    house.work()
    house.kill("supervisor", *PARTS)
    house.start()
    house.goes_on()
    house.kill("supervisor")
    house.start()
    house.goes_on()
    house.goes_on_to(51)
    assert house.holds() > 50


def destroy(place: Path) -> None:
    """Delete a directory in which a server makes and removes files meanwhile: until nothing of it is left."""
    while place.exists():
        shutil.rmtree(place, ignore_errors=True)


@pytest.mark.parametrize("restarted", [False, True], ids=["noticed", "restarted"])
def test_a_deleted_jetstream_loses_nothing(house: Living, restarted: bool):
    """Deleted under load, it is noticed; views and an outside consumer from the start lack nothing."""
    house.work()
    before = house.process("nats").pid
    destroy(house.home / "nats" / "store")
    if restarted:
        with suppress(ProcessLookupError):  # the supervisor may have been faster
            os.kill(before, signal.SIGKILL)
    wait_until(lambda: house.instance["processes"].get("nats", before) != before, "a new nats-server")
    house.goes_on()
    house.goes_on_to(51)
    assert house.holds() > 50
    whole = list(range(1, house.head + 1))
    wait_until(
        lambda: asyncio.run(stream.positions(house.instance["migration_nats_url"])) == whole,
        "a stream without a hole",
    )
