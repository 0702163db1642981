"""kill -9 of the worker that migrates, at every point: each run moves once, and everybody hears of all of it once."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from store.log import Log
from tests.support.databases import Database
from tests.workers.deeds import World
from tests.workers.moving import announced, job, runs

pytestmark = pytest.mark.fault
ROOT = Path(__file__).parents[2]
SECONDS = 60.0


def work(world: World, dies: str = "") -> int:
    """How a process ends that migrates until it dies, or until nothing is left."""
    told = json.dumps({"url": world.url, "dies": dies})
    return subprocess.run(
        [sys.executable, "-m", "tests.workers.migrating_process", told],
        cwd=ROOT,
        timeout=SECONDS,
        check=False,
    ).returncode


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
