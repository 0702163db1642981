"""What leaves Milepost by the broker: CloudEvents without a personal value, described by the AsyncAPI document."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from jsonschema import Draft202012Validator

from domain.events import EVENT_TYPES, Event
from domain.upcast import UnknownEvent
from store.log import Log
from store.model import Append, NewEvent, Row
from tests.support.databases import Database
from workers import asyncapi, cloudevents
from workers.lease import Lease

LOG = UUID("0198a8b2-0000-7000-8000-000000000001")
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CANARY = "canary-7391"


def stored(event_type: str, data: dict[str, Any], version: int = 1) -> Row:
    """A row of the log with a canary as its actor."""
    meta = {"actor": f"person:{CANARY}", "process": "hire", "process_version": 3, "command": CANARY}
    texts = (orjson.dumps(data).decode(), orjson.dumps(meta).decode())
    return Row(7, uuid4(), 1, event_type, version, *texts, NOW, NOW)


@pytest.mark.parametrize("event", EVENT_TYPES.values(), ids=lambda event: event.type)
def test_no_private_value_travels(event: type[Event]):
    """With a canary in every field that is not public, actor and command included, no message holds it."""
    private = [name for name in event.model_fields if name not in {*event.public, "at", "by"}]
    data = dict.fromkeys(event.public, 1) | dict.fromkeys(private, CANARY)
    message = cloudevents.message(LOG, stored(event.type, data))
    assert CANARY not in message.subject + message.id + message.payload.decode()
    assert set(orjson.loads(message.payload)["data"]) == set(event.public)


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The description of all messages."""
    return asyncapi.document()


@pytest.mark.parametrize("event", EVENT_TYPES.values(), ids=lambda event: event.type)
def test_every_event_type_has_a_message(event: type[Event], document: dict[str, Any]):
    """The document names the subject of each event type, and its message fits what is sent."""
    message = cloudevents.message(LOG, stored(event.type, {}))
    assert document["channels"][event.type]["address"].replace("{process}", "hire") == message.subject
    envelope = orjson.loads(message.payload)
    Draft202012Validator(document["components"]["schemas"]["envelope"]).validate(envelope)
    sent_type = document["components"]["messages"][event.type]["payload"]["allOf"][1]["properties"]["type"]
    assert sent_type == {"const": envelope["type"]}


def test_what_is_not_known_is_not_published():
    """An event of a newer release stops the relay instead of being skipped or leaked."""
    with pytest.raises(UnknownEvent):
        cloudevents.message(LOG, stored("step_teleported", {}))


def test_a_message_names_its_position():
    """The stream's last message says where the relay goes on; names of other logs say nothing."""
    assert cloudevents.position_of(LOG, cloudevents.message_id(LOG, 41)) == 41
    assert cloudevents.position_of(uuid4(), cloudevents.message_id(LOG, 41)) is None
    assert cloudevents.position_of(LOG, None) is None


def test_an_event_that_was_stored_without_its_process_travels_as_one_of_it(log: Log, database: Database):
    """Its subject and its envelope name the process that the run followed then; the log keeps what it holds."""
    run, bare = uuid4(), '{"actor":"person:dana"}'
    begun = '{"process":"hire","process_version":3,"name":"Ada"}'
    events = [
        NewEvent("run_started", 1, begun, bare, NOW),
        NewEvent("step_started", 1, '{"step":"a"}', bare, NOW),
    ]
    log.append([Append(run, 0, events)])
    lease = Lease(database.app_url, "relay")
    assert lease.acquire()
    for row in lease.read(0, 10):
        message = cloudevents.message(log.id, row)
        assert message.subject == f"milepost.v1.run.hire.{row.type}"
        envelope = orjson.loads(message.payload)
        assert (envelope["processkey"], envelope["processversion"]) == ("hire", 3)
    lease.release()
    assert {row.meta for row in log.read_stream(run)} == {bare}
