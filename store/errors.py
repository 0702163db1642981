"""What the log answers when it does not simply accept."""

from __future__ import annotations

from uuid import UUID

from eventsourcing.persistence import DataError, IntegrityError, OperationalError


class LogError(Exception):
    """Anything the log says other than yes; each is also the error that the eventsourcing library has for it."""


class Conflict(LogError, IntegrityError):
    """The stream moved on: it is not at the version the append expected."""

    def __init__(self, stream: UUID, expected: int, actual: int) -> None:
        """``actual`` is the stream's last version (0 for a stream without events)."""
        super().__init__(f"stream {stream} is at version {actual}, not at {expected}")
        self.stream = stream
        self.expected = expected
        self.actual = actual


class Repeated(LogError):
    """This command was accepted before; ``result`` and the positions are those of the first time."""

    def __init__(self, command: str, result: str, first_position: int, last_position: int) -> None:
        """``last_position`` is below ``first_position`` when the command stored no event."""
        super().__init__(f"command {command} was accepted before")
        self.command = command
        self.result = result
        self.first_position = first_position
        self.last_position = last_position


class CommandMismatch(LogError):
    """The command id was used before, for another request."""

    def __init__(self, command: str) -> None:
        """``command`` is the id that is taken."""
        super().__init__(f"command id {command} was used for another request")
        self.command = command


class InvalidEvent(LogError, DataError):
    """An event or command cannot be stored as it is: not JSON, or text that Postgres cannot hold."""


class TooLarge(InvalidEvent):
    """An event is above the cap."""

    def __init__(self, event_type: str, size_bytes: int, cap_bytes: int) -> None:
        """Sizes are those of data and meta together, in UTF-8."""
        super().__init__(
            f"event {event_type} has {size_bytes} bytes of data and meta; {cap_bytes} are allowed"
        )
        self.event_type = event_type
        self.size_bytes = size_bytes


class Overloaded(LogError, OperationalError):
    """More appends wait than the log takes on; nothing of this one was stored."""


class Unavailable(LogError, OperationalError):
    """The database cannot be reached or did not take the append; nothing of it was stored."""


class OutcomeUnknown(LogError, OperationalError):
    """The database went away under the append and did not come back in time: repeat it with its command id."""


class Stopped(LogError, OperationalError):
    """The log was stopped; nothing of this append was stored."""


class UnsafeServer(LogError):
    """The server is set up in a way that may lose accepted events."""
