"""Whom a server runs as: PostgreSQL refuses root, so root hands it to a system user without rights."""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from milepost.embedded.errors import EmbeddedError

CANDIDATES = ("milepost", "postgres", "nobody")


@dataclass(frozen=True)
class Account:
    """A user of the system, with its primary group."""

    uid: int
    gid: int
    name: str

    def own(self, path: Path) -> None:
        """Give `path` itself (not what is in it) to this account."""
        os.chown(path, self.uid, self.gid)


def dropped_account(existing: Path) -> Account | None:
    """Whom PostgreSQL runs as: None when we are not root, else the owner of `existing` or a system user."""
    if os.geteuid() != 0:
        return None
    if existing.exists() and (owner := existing.stat().st_uid) != 0:
        return _of(pwd.getpwuid(owner))
    for name in CANDIDATES:
        try:
            return _of(pwd.getpwnam(name))
        except KeyError:
            continue
    raise EmbeddedError(
        "PostgreSQL refuses to run as root, and this system has none of the users "
        f"{', '.join(CANDIDATES)}: create one of them, or start Milepost as an ordinary user"
    )


def _of(entry: pwd.struct_passwd) -> Account:
    return Account(uid=entry.pw_uid, gid=entry.pw_gid, name=entry.pw_name)


def can_traverse(account: Account, path: Path) -> bool:
    """Whether the account may enter every directory on the way to `path`, by their mode bits."""
    return all(_may_enter(account, directory) for directory in (path, *path.parents))


def _may_enter(account: Account, directory: Path) -> bool:
    status = directory.stat()
    if status.st_uid == account.uid:
        return bool(status.st_mode & 0o100)
    if status.st_gid == account.gid:
        return bool(status.st_mode & 0o010)
    return bool(status.st_mode & 0o001)
