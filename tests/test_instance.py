"""The home of an instance: one at a time, private, and never pointing at the dead."""

import os
from pathlib import Path

import pytest

from milepost.embedded import DirectoryInUse
from milepost.embedded.files import read_json, write_private
from milepost.up.home import Home, Running

RUNNING = Running(
    pid=os.getpid(), url="http://here", database_url="a", migration_database_url="b", nats_url="c",
    migration_nats_url="e", token="d", processes={"api": 1},
)  # fmt: skip


def test_a_second_milepost_is_refused_the_home(tmp_path: Path):
    """The error names the process that has the home, and the setting to choose another."""
    home = Home(tmp_path / "home").acquire()
    with pytest.raises(DirectoryInUse, match=rf"process {os.getpid()}.*MILEPOST_HOME"):
        Home(tmp_path / "home").acquire()
    home.release()
    Home(tmp_path / "home").acquire().release()


def test_what_runs_is_found_by_its_owner_only(tmp_path: Path):
    """The file with the addresses and the token is private, and gone when the instance is."""
    home = Home(tmp_path / "home").acquire()
    home.announce(RUNNING)
    assert Home(tmp_path / "home").running() == RUNNING
    assert home.instance_file.stat().st_mode & 0o077 == 0
    assert home.directory.stat().st_mode & 0o077 == 0
    home.release()
    assert home.running() is None


def test_what_a_killed_instance_left_is_not_believed(tmp_path: Path):
    """A file of a process that is no more points at nothing."""
    home = Home(tmp_path / "home").acquire()
    home.announce(Running(**{**RUNNING.__dict__, "pid": 2**22 + 1}))
    assert home.running() is None


def test_a_refused_one_leaves_the_running_one_alone(tmp_path: Path):
    """Somebody who could not get the home does not take back what the other announced."""
    home = Home(tmp_path / "home").acquire()
    home.announce(RUNNING)
    other = Home(tmp_path / "home")
    with pytest.raises(DirectoryInUse):
        other.acquire()
    other.release()
    assert home.running() == RUNNING
    home.release()


def test_a_file_is_replaced_in_one_step(tmp_path: Path):
    """Whoever reads meanwhile sees the old content or the new; nothing else is left in the directory."""
    path = tmp_path / "file.json"
    write_private(path, '{"version": 1}')
    write_private(path, '{"version": 2}')
    assert read_json(path) == {"version": 2}
    assert list(tmp_path.iterdir()) == [path]
