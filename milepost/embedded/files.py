"""Private files and directories: a crash leaves the old content or the new, and nobody else reads them."""

import fcntl
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from milepost.embedded.errors import DirectoryInUse, EmbeddedError

PRIVATE_DIRECTORY = 0o700
PRIVATE_FILE = 0o600


def private_directory(path: Path) -> Path:
    """Create `path` for its owner only; the parents that are missing are made as the umask says."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(mode=PRIVATE_DIRECTORY, exist_ok=True)
    except OSError as error:
        raise EmbeddedError(f"cannot create the directory {path}: {error.strerror}") from error
    return path


def write_private(path: Path, text: str) -> None:
    """Replace `path` by `text` in one step, readable by its owner only, and make it durable."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def read_json(path: Path) -> dict[str, Any] | None:
    """The object stored at `path`, or None when there is no such file."""
    try:
        content = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise EmbeddedError(f"cannot read {path}: {error}") from error
    if not isinstance(content, dict):
        raise EmbeddedError(f"cannot read {path}: it holds no JSON object")
    return content


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Store an object at `path`, readable by its owner only."""
    write_private(path, json.dumps(content, indent=2) + "\n")


class DirectoryLock:
    """A lock on a directory, which the system lets go of when its holder dies, however that happens."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "lock"
        self._handle: int | None = None

    @property
    def held(self) -> bool:
        """Whether this object has the lock."""
        return self._handle is not None

    def acquire(self) -> None:
        """Take the lock now, or raise DirectoryInUse naming the process that has it."""
        if self._handle is not None:
            return
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(handle, 32, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(handle)
            raise DirectoryInUse(
                f"{self.path.parent} is in use by another Milepost (process {holder}): "
                "stop that one first, or choose another directory with MILEPOST_HOME"
            ) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        self._handle = handle

    def release(self) -> None:
        """Let go of the lock; doing it twice is fine."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
