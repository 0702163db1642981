"""What the log's tests share."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

from store.log import Append, Log, NewEvent

NINE = datetime(2026, 11, 12, 9, tzinfo=UTC)


def event(data: str = "{}", meta: str = "{}", kind: str = "step_completed") -> NewEvent:
    """An event with this text."""
    return NewEvent(kind, 1, data, meta, NINE)


def one(stream: UUID | None = None, expected: int = 0, *events: NewEvent) -> list[Append]:
    """One append, of one event when none is given."""
    return [Append(stream or uuid4(), expected, events or (event(),))]


def assert_dense(log: Log) -> int:
    """Positions are 1, 2, 3 … up to the head, versions of each stream too; returns the head."""
    head = log.head()
    recorded = [row for batch in log.scan(0, head) for row in batch]
    assert [row.position for row in recorded] == list(range(1, head + 1))
    versions: dict[UUID, int] = {}
    for row in recorded:
        assert row.version == versions.get(row.stream, 0) + 1
        versions[row.stream] = row.version
    return head
