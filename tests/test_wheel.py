"""The wheel holds all of the product; that it runs is seen where the demonstration is (tests/stories)."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZipFile

from tests.support.programs import ROOT
from tests.support.wheel import shipped


def test_the_wheel_holds_every_file_of_the_product(wheel: Path):
    """Code, statements, templates, styles, and the processes that ship; nothing of what only makers need."""
    with ZipFile(wheel) as archive:
        packed = set(archive.namelist())
    assert shipped() - packed == set()
    assert {name for name in packed if name.startswith("processes/")} == {
        f"processes/{path.name}" for path in (ROOT / "processes").glob("*.yaml")
    }
    assert not [name for name in packed if name.split("/")[0] in ("tests", "bench", "tools", "docs")]
