"""The embedded nats-server: closed, durable, and found again where it was."""

import json
import os
import signal
import socket
from pathlib import Path
from urllib.parse import urlsplit

import nats
import psutil
import pytest

from milepost.embedded import DirectoryInUse, EmbeddedError, NatsServer
from tests.support.programs import alive, line, program
from tests.support.waiting import wait_until
from tests.workers.stream import client_of, declared

START = """
import signal, sys
from pathlib import Path
from milepost.embedded import NatsServer
server = NatsServer(Path(sys.argv[1]))
server.start()
print(server.pid, flush=True)
signal.pause()
"""


@pytest.mark.anyio
async def test_nobody_comes_in_without_the_credential(nats_server: NatsServer):
    """A client without the password is refused; with it, it is let in."""
    with (
        socket.create_connection(("127.0.0.1", nats_server.port)) as stranger,
        stranger.makefile("rb") as answers,
    ):
        assert answers.readline().startswith(b"INFO ")
        stranger.sendall(b"CONNECT {}\r\nPING\r\n")
        assert answers.readline() == b"-ERR 'Authorization Violation'\r\n"
    client = await nats.connect(nats_server.url)
    assert client.max_payload == 1024 * 1024
    await client.close()


def test_it_listens_on_the_loopback_only(nats_server: NatsServer):
    """No other machine reaches it."""
    assert nats_server.pid is not None
    listening = psutil.Process(nats_server.pid).net_connections("inet")
    assert {(entry.laddr.ip, entry.laddr.port) for entry in listening} == {("127.0.0.1", nats_server.port)}


def test_its_secrets_are_for_its_user_only(nats_server: NatsServer):
    """Configuration, credential, log and store cannot be read by others."""
    for name in ("nats.json", "server.json", "nats.log", "store"):
        assert (nats_server.directory / name).stat().st_mode & 0o077 == 0, name


def test_every_message_is_synced(tmp_path: Path):
    """Outside of tests nothing is acknowledged before it is on disk, and the store has a limit."""
    with NatsServer(tmp_path / "nats") as server:
        jetstream = json.loads(server.configuration.read_text())["jetstream"]
    assert jetstream["sync_interval"] == "always"
    assert jetstream["max_file_store"] > 0


@pytest.mark.anyio
async def test_a_crash_loses_nothing_that_was_acknowledged(tmp_path: Path):
    """After kill -9 of the server, the next start has the messages, at the same address."""
    server = NatsServer(tmp_path / "nats")
    server.start()
    await declared(server.owner_url)
    client = await client_of(server.relay_url)
    await client.jetstream().publish("milepost.v1.kept", b"word")
    await client.close()
    url = server.url
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    wait_until(lambda: not server.running, "the end of the server")
    server.start()
    assert server.url == url
    client = await client_of(server.relay_url)
    assert (await client.jetstream().get_msg("MILEPOST", 1)).data == b"word"
    await client.close()
    server.stop()


def test_the_address_survives_a_restart_of_everything(tmp_path: Path):
    """Port and passwords are those of the last run, so that other programs find the server again."""
    with NatsServer(tmp_path / "nats") as first:
        urls = (first.url, first.relay_url, first.owner_url)
    with NatsServer(tmp_path / "nats") as second:
        assert (second.url, second.relay_url, second.owner_url) == urls
    assert len({urlsplit(url).password for url in urls}) == 3


def test_a_port_taken_meanwhile_is_left_alone(tmp_path: Path):
    """Somebody else's port is not waited for: the server takes another."""
    with NatsServer(tmp_path / "nats") as first:
        port = first.port
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        other.listen()
        with NatsServer(tmp_path / "nats") as second:
            assert second.port != port


def test_a_second_server_is_refused_the_directory(tmp_path: Path):
    """Two servers on one store would destroy it."""
    with NatsServer(tmp_path / "nats") as server:
        with pytest.raises(DirectoryInUse, match=f"process {os.getpid()}"):
            NatsServer(tmp_path / "nats").start()
        assert server.running


def test_a_killed_parent_leaves_nothing_in_the_way(tmp_path: Path):
    """After kill -9 of whoever started it, the next start has the store to itself."""
    with program(START, tmp_path / "nats") as parent:
        left_over = int(line(parent))
        parent.kill()
        parent.wait()
        with NatsServer(tmp_path / "nats") as server:
            assert not alive(left_over)
            assert server.running


def test_a_server_that_cannot_start_says_why(tmp_path: Path):
    """The error carries nats-server's own last words."""
    (tmp_path / "nats").mkdir()
    (tmp_path / "nats" / "store").write_text("not a directory")
    with pytest.raises(EmbeddedError, match="store"):
        NatsServer(tmp_path / "nats").start()


def test_a_temporary_server_leaves_nothing_behind():
    """What tests use is gone after the test, directory and process."""
    with NatsServer.temporary() as server:
        directory, pid = server.directory, server.pid
    assert not directory.exists()
    assert pid is not None
    assert not alive(pid)
