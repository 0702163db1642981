"""The demonstration answers its own calls: whoever starts a process there gets past every automatic step."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest

from domain.definition import Definition
from domain.run.actions import wrong_values
from domain.run.state import ActionState
from domain.run.work import Work
from domain.samples import sample_run
from domain.schedule import Calendar
from domain.words import StepKey
from milepost.demo.endpoint import Endpoint
from milepost.demo.services import HOST, pointed
from store import files
from store.log import Log
from tests.stories.walking import shipped
from tests.support.clients import get, post
from tests.support.databases import Database
from tests.workers.deeds import SECRET, World
from workers.automations.contract import Done, Due
from workers.automations.http import HttpCaller
from workers.automations.signing import Signer
from workers.automations.targets import Targets

PROCESSES = ("customer-onboarding.yaml", "hire-and-onboard.yaml")


@pytest.fixture
def world(database: Database, log: Log) -> Iterator[World]:
    """A log and the machine."""
    found = World(log, database.app_url)
    yield found
    found.close()


@pytest.fixture
def endpoint(world: World) -> Iterator[Endpoint]:
    """The services of a demonstration."""
    found = Endpoint(world.app, world.clock, Signer(SECRET))
    yield found
    found.close()


def caller(endpoint: Endpoint) -> HttpCaller:
    """Who calls, with no address allowed but the demonstration's."""
    return HttpCaller(Signer(SECRET), Targets((), {HOST: endpoint.address}), "http://milepost.test")


def calls(file: str) -> list[tuple[Definition, StepKey]]:
    """The steps of a shipped process that call somebody, as the demonstration has it."""
    document = pointed(shipped(file))
    definition = Definition(document.key, 1, document)
    return [(definition, key) for key, step in definition.steps.items() if step.http is not None]


@pytest.mark.parametrize(
    ("definition", "step"),
    [
        pytest.param(*found, id=f"{found[0].process}:{found[1]}")
        for file in PROCESSES
        for found in calls(file)
    ],
)
def test_every_call_of_a_shipped_process_is_answered_there(
    world: World, endpoint: Endpoint, database: Database, definition: Definition, step: StepKey
):
    """With values that fill the step's fields, the same when it is called again, and files that are kept."""
    at = world.clock()
    run = sample_run(
        definition, step, {"provision.tenant_id": "T-1", "hris_record.employee_id": "E-1"}, {}, at
    )
    due = Due(uuid4(), run, definition, ActionState(step, 1, "http", state="started"), "key", at)
    known = definition.steps[step].http
    assert known is not None
    assert urlsplit(known.url).hostname == HOST
    first, again = (asyncio.run(caller(endpoint)(due)) for _ in range(2))
    assert isinstance(first, Done), first
    assert first == again
    assert set(first.values) == set(known.outputs)
    assert wrong_values(Work(run, definition, None, at, Calendar()), step, first.values) is None
    with psycopg.connect(database.app_url) as connection:
        for file in (one for value in first.values.values() if isinstance(value, list) for one in value):
            assert files.size_bytes(connection, bytes.fromhex(file["sha256"])) == file["size"]


def test_what_happens_elsewhere_is_told_there_too(world: World, endpoint: Endpoint):
    """The wait behind a call ends: the service tells what happened, once, and the run goes to its end."""
    http = {"url": f"http://{HOST}/checks/v1/reports", "headers": {"Idempotency-Key": "{run.id}-check"},
            "repeatable": True, "outputs": {"ref": "report.reference"}}  # fmt: skip
    run = world.start(world.publish(
        {"key": "order", "kind": "http", "http": http, "fields": [{"key": "ref", "title": "Ref", "kind": "text"}]},
        {"key": "report", "kind": "wait", "after": ["order"], "wait": {"event": "report.received"}},
    ))  # fmt: skip
    world.act(world.acting({"http": caller(endpoint)}))
    assert world.run(run).state == "completed"
    assert str(world.run(run).values["order.ref"]).startswith("CHK-")
    assert world.events(run).count("external_event_received") == 2  # kept, then taken by the step


def test_without_the_demonstration_its_services_are_nowhere(world: World, endpoint: Endpoint):
    """The name is no name of the internet: elsewhere the call fails visibly; and nobody else's call is answered."""
    definition, step = calls(PROCESSES[0])[0]
    run = sample_run(definition, step, {}, {}, world.clock())
    due = Due(uuid4(), run, definition, ActionState(step, 1, "http", state="started"), "key", world.clock())
    nowhere = HttpCaller(Signer(SECRET), Targets(["127.0.0.1"]), "http://milepost.test")
    assert not isinstance(asyncio.run(nowhere(due)), Done)
    host, port = endpoint.address()
    url, body = f"http://{host}:{port}/crm/v1/accounts", b'{"name": "x"}'
    signed = Signer(SECRET).headers(HOST, "k", world.clock(), '{"name": "y"}')
    told = [post(url, content=body), post(url, content=body, headers=signed), get(url)]
    assert [answer.status_code for answer in told] == [403, 403, 403]
