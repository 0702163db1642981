"""Generated files are what their generators write, and the generators refuse what must not be."""

from pathlib import Path

import pytest

from tools import generate
from tools.generators import licences


def test_every_generated_file_is_up_to_date():
    """Nobody edits a generated file by hand, or forgets to write it again."""
    assert generate.drift() == []


def test_drift_is_shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path):
    """`make verify` fails and shows the difference; `make generate` then repairs it."""
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    monkeypatch.setattr(generate, "generators", lambda: [lambda: {"docs/page.md": "new\n"}])
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "page.md").write_text("old\n")
    assert generate.main(["--verify"]) == 1
    assert "-old\n+new" in capsys.readouterr().out
    assert generate.main([]) == 0
    assert generate.main(["--verify"]) == 0


@pytest.mark.parametrize("licence", ["GPL-3.0-or-later", "AGPL-3.0", "GNU General Public License v2 (GPLv2)"])
def test_a_dependency_under_the_gpl_is_refused(licence: str, monkeypatch: pytest.MonkeyPatch):
    """A copyleft that reaches over to this program cannot slip in."""
    monkeypatch.setattr(licences, "_stated", lambda _metadata: licence)
    with pytest.raises(licences.RefusedLicenceError, match="pytest is under"):
        licences._licence("pytest")


def test_the_lesser_gpl_is_not_mistaken_for_it(monkeypatch: pytest.MonkeyPatch):
    """A library that programs may import is no obstacle."""
    monkeypatch.setattr(licences, "_stated", lambda _metadata: "LGPL-3.0-only")
    assert licences._licence("pytest") == "LGPL-3.0-only"


def test_the_locks_name_hashes_and_nothing_of_a_machine():
    """Each requirement is one version with hashes; no index, link or path stands in a lock."""
    for lock in licences.LOCKS.values():
        text = lock.read_text("utf-8")
        assert not any(
            word in text for word in ("http:", "https:", "file:", "--find-links", "--index", "/opt", "@ ")
        ), lock
        assert all("==" in line for line in text.splitlines() if line[0] not in " #"), lock
        assert "--hash=sha256:" in text


def test_the_development_lock_has_the_runtime_lock_in_it():
    """What is tested is what runs: same packages, same versions."""
    runtime, development = (licences._locked(lock) for lock in licences.LOCKS.values())
    assert runtime.items() <= development.items()
