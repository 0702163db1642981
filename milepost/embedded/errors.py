"""What can go wrong with an embedded server, said so that a person can act on it."""


class EmbeddedError(Exception):
    """An embedded server could not be prepared, started or stopped; the text says what to do."""


class DirectoryInUse(EmbeddedError):
    """Another running Milepost holds the lock of this directory."""
