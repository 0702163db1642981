"""Events to put into a log when only their flow matters."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

from store.log import Append, Log, NewEvent

META = '{"actor":"person:dana","process":"hire","process_version":1}'
PROJECT = UUID("0198a8b2-0000-7000-8000-000000000002")
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def step_started(step: str = "laptop") -> NewEvent:
    """A small real event."""
    return NewEvent("step_started", 1, f'{{"step":"{step}","round":1}}', META, AT)


def write(log: Log, count: int = 1, stream: UUID | None = None) -> int:
    """Store this many events, each in a stream of its own unless one is named; return the last position."""
    if stream is not None:
        version = len(log.read_stream(stream))
        return log.append([Append(stream, version, [step_started()] * count)]).last_position
    answers = [log.submit([Append(uuid4(), 0, [step_started()])]) for _ in range(count)]
    return max(answer.result(10).last_position for answer in answers)


def add_task(log: Log, task: UUID) -> int:
    """Store a task that every read model can show; return the position."""
    data = f'{{"project":"{PROJECT}","title":"Pack","stage":"packing","rank":"a0"}}'
    return log.append([Append(task, 0, [NewEvent("task_added", 1, data, META, AT)])]).last_position


def comment(log: Log, task: UUID, text: str) -> int:
    """Store a comment on a task; return the position."""
    data = f'{{"comment":"{uuid4()}","text":"{text}"}}'
    version = len(log.read_stream(task))
    return log.append([Append(task, version, [NewEvent("task_commented", 1, data, META, AT)])]).last_position
