"""One Milepost for all stories, with a mail server and services around it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.stories.house import House
from tests.stories.house import house as start_house
from tests.stories.outside import FILE, Outside, outside


@pytest.fixture(scope="package")
def world() -> Iterator[Outside]:
    """What is around the house."""
    with outside() as made:
        yield made


@pytest.fixture(scope="package")
def house(world: Outside, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A running Milepost that mails and calls into this world."""
    home = tmp_path_factory.mktemp("stories") / "home"
    settings = {"MILEPOST_SMTP_URL": world.mail.url, "MILEPOST_ALLOWED_TARGETS": "127.0.0.1"}
    with start_house(home, **settings) as running:
        assert running.keep(FILE) == FILE
        yield running


@pytest.fixture(autouse=True)
def whole_world(world: Outside) -> Iterator[None]:
    """Every story begins with services that work and answer as usual."""
    yield
    world.broken.clear()
    world.answers.clear()
    world.answers.update(type(world)(world.services, world.mail).answers)
