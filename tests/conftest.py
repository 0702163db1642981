"""Real servers for the tests: one PostgreSQL per session, a fresh database and nats-server per test."""

import gc
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from milepost.embedded import NatsServer, PostgresServer
from tests.support.databases import Database, Template, new_database
from tests.support.wheel import build


def pytest_configure(config: pytest.Config) -> None:
    """The programs that tests start find ours compiled, also where nothing may be written beside the sources.

    To compile it anew in each of them takes a third of the time in which they start.
    """
    if sys.dont_write_bytecode and "PYTHONPYCACHEPREFIX" not in os.environ and config.cache is not None:
        os.environ["PYTHONPYCACHEPREFIX"] = str(config.cache.mkdir("compiled"))
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With ``--dist loadfile``, files that share a running Milepost go to one process: to start one is dear."""
    if config.getvalue("dist") != "loadfile":
        return None
    from tests.support.sharing import ByHouse

    return ByHouse(config, log)


def pytest_collection_finish() -> None:
    """What was imported and collected stays to the end: the garbage collector does not walk it again and again.

    It comes less often too: one second in fourteen of a whole run went into it.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Asynchronous tests (`@pytest.mark.anyio`) run on asyncio."""
    return "asyncio"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A real PostgreSQL in a temporary directory, without fsync, for the whole session."""
    with PostgresServer.temporary() as server:
        yield server


@pytest.fixture(scope="session")
def database_template(postgres_server: PostgresServer) -> Iterator[Template]:
    """A migrated database that others are copied from."""
    template = Template(postgres_server)
    yield template
    template.close()


@pytest.fixture
def database(postgres_server: PostgresServer, database_template: Template) -> Iterator[Database]:
    """A migrated database of this test's own."""
    with new_database(postgres_server, database_template) as database:
        yield database


@pytest.fixture
def empty_database(postgres_server: PostgresServer) -> Iterator[Database]:
    """A database of this test's own without any migration."""
    with new_database(postgres_server) as database:
        yield database


@pytest.fixture
def nats_server() -> Iterator[NatsServer]:
    """A real nats-server with JetStream of this test's own."""
    with NatsServer.temporary() as server:
        yield server


@pytest.fixture
def nats_url(nats_server: NatsServer) -> str:
    """Where this test's nats-server is, as the user who may change streams, and publish nothing."""
    return nats_server.owner_url


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Milepost as a wheel."""
    return build(tmp_path_factory.mktemp("built"))
