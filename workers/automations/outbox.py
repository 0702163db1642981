"""The local outbox: a folder that mails land in, one file each, where no mail server is set or a run is a test."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import NamedTemporaryFile

SUFFIX = ".eml"


class Outbox:
    """A folder of messages. Keeping one twice keeps it once, also after a crash in between."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, name: str, content: bytes) -> bool:
        """Write the message as ``name``.eml, whole or not at all; False when it is there already. Raises OSError."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        place = self.place(name)
        if place.exists():
            return False
        with NamedTemporaryFile(dir=self._folder, prefix=".", suffix=SUFFIX, delete=False) as written:
            try:
                written.write(content)
                written.flush()
                os.fsync(written.fileno())
                os.link(written.name, place)
            except FileExistsError:
                return False
            finally:
                Path(written.name).unlink()
        return True

    def place(self, name: str) -> Path:
        """Where the message of this name is."""
        return self._folder / f"{name}{SUFFIX}"
