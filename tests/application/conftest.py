"""A started log on a database of the test's own."""

from collections.abc import Iterator

import pytest

from store.log import Log
from tests.support.databases import Database


@pytest.fixture
def log(database: Database) -> Iterator[Log]:
    """A running log."""
    with Log(database.app_url, durable=False, patience_seconds=20) as log:
        yield log
