"""One running Milepost for all stories; each story has processes, projects and runs of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.stories.house import House
from tests.stories.house import house as start_house


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A running Milepost."""
    with start_house(tmp_path_factory.mktemp("house") / "home") as running:
        yield running
