"""kill -9 of the worker that migrates, at every point: each run moves once, and everybody hears of all of it once."""

from __future__ import annotations

import json
import signal

import pytest

from store.log import Log
from tests.support.databases import Database
from tests.support.forked import Forked
from tests.support.waiting import PATIENCE_SECONDS
from tests.workers import migrating_process
from tests.workers.deeds import World
from tests.workers.moving import announced, job, runs

pytestmark = pytest.mark.fault


def work(world: World, dies: str = "") -> int | None:
    """How a process ends that migrates until it dies, or until nothing is left."""
    process = Forked(migrating_process.main, {"url": world.url, "dies": dies})
    ended = process.wait(PATIENCE_SECONDS)
    process.kill()
    return ended


@pytest.mark.parametrize("point", ["after_append", "after_mark", "after_mail", "before_finish"])
def test_a_migration_tells_all_of_it_once(log: Log, database: Database, point: str):
    """Wherever it dies: the figures are whole, and one mail is queued that tells of every run."""
    world = World(log, database.app_url)
    moved = runs(world, 3)
    asked = job(world, moved, answer="reopen")
    assert work(world, dies=point) == -signal.SIGKILL
    assert work(world) == 0
    assert announced(world, asked) == {"person:dana": 3}
    assert [world.events(run).count("run_migrated") for run in moved] == [1, 1, 1]
    told = [json.loads(one.data) for one in log.read(0, 10_000, ["action_queued"])]
    [mail] = [one for one in told if one["action"].startswith("migration:")]
    assert (mail["facts"]["total"], len(mail["facts"]["runs"])) == (3, 3)
    world.close()
