"""A nats-server that runs but cannot be trusted any more is recognised."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal

import psutil
import pytest

from milepost.embedded import NatsServer
from milepost.embedded import jetstream as probing
from milepost.embedded.jetstream import JetStreamProbe, jetstream_answers
from tests.support.waiting import wait_until
from tests.workers.stream import declared
from workers.broker_users import WORKER

pytestmark = pytest.mark.fault


def test_a_good_server_has_no_trouble(nats_server: NatsServer):
    """With its streams made and its files in place, nothing is wrong, however often it is asked."""
    asyncio.run(declared(nats_server.owner_url))
    assert [nats_server.trouble() for _ in range(3)] == [None] * 3
    assert jetstream_answers(nats_server.port, WORKER, nats_server._passwords[WORKER])


@pytest.mark.parametrize("part", ["", "jetstream", "jetstream/$G/streams/MILEPOST"])
def test_deleted_files_are_noticed(nats_server: NatsServer, part: str):
    """Whatever part of the store is deleted, the server is in trouble, also when something new has its name."""
    asyncio.run(declared(nats_server.owner_url))
    assert nats_server.trouble() is None
    lost = nats_server.store / part
    shutil.rmtree(lost)
    lost.mkdir(parents=True)
    assert "deleted" in (nats_server.trouble() or "")
    nats_server.stop()
    nats_server.start()
    assert nats_server.trouble() is None


def test_a_jetstream_that_does_not_answer_is_noticed(
    nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch
):
    """One missing answer is nothing; the second is trouble. A wrong password is no answer either."""
    monkeypatch.setattr(probing, "ASK_EVERY_SECONDS", 0.0)
    monkeypatch.setattr(probing, "ANSWER_SECONDS", 0.3)
    assert not jetstream_answers(nats_server.port, WORKER, "wrong")
    probe = JetStreamProbe(nats_server.store)
    secret = (nats_server.port, WORKER, nats_server._passwords[WORKER])
    assert probe.trouble(*secret) is None
    assert nats_server.pid is not None
    os.kill(nats_server.pid, signal.SIGSTOP)
    server = psutil.Process(nats_server.pid)
    wait_until(lambda: server.status() == psutil.STATUS_STOPPED, "the server to stand still")
    try:
        assert [probe.trouble(*secret) for _ in range(2)] == [None, "JetStream does not answer"]
    finally:
        os.kill(nats_server.pid, signal.SIGCONT)
    assert probe.trouble(*secret) is None
