"""docs/reference/licences.md: every locked dependency with its licence; a licence that we may not ship is an error."""

import re
from email.message import Message
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent.parent
LOCKS = {"runtime": ROOT / "requirements.lock", "development": ROOT / "requirements-dev.lock"}

# no copyleft that would reach over to this program: the GNU GPL and AGPL, in any version
REFUSED = re.compile(r"\b(A?GPL|GNU (Affero )?General Public)", re.IGNORECASE)
LESSER = re.compile(r"\b(LGPL|Lesser General Public)", re.IGNORECASE)

# what is locked for other systems only, and so not here to be read
ELSEWHERE = {
    "colorama": "BSD-3-Clause",
    "pywin32": "PSF-2.0",
    "tzdata": "Apache-2.0",
    "win32-setctime": "MIT",
}

HEAD = """\
# Licences of the dependencies

Every package of the two locks, with the licence that its own metadata states. None is under the GNU GPL or AGPL; the
generator refuses them. The lesser GPL of psycopg lets a program import it, unchanged, under any licence.

This page is generated from `requirements.lock` and `requirements-dev.lock`.
"""


class RefusedLicenceError(Exception):
    """A dependency is under a licence that this product may not ship."""


def licences() -> dict[str, str]:
    """Two tables: what runs in production, and what only developers install."""
    runtime = _locked(LOCKS["runtime"])
    development = {
        name: version for name, version in _locked(LOCKS["development"]).items() if name not in runtime
    }
    text = f"{HEAD}\n## Runtime\n\n{_table(runtime)}\n## Development only\n\n{_table(development)}"
    return {"docs/reference/licences.md": text}


def _locked(lock: Path) -> dict[str, str]:
    lines = [line.rstrip(" \\") for line in lock.read_text("utf-8").splitlines() if "==" in line]
    requirements = [Requirement(line) for line in lines]
    return {requirement.name: str(requirement.specifier).removeprefix("==") for requirement in requirements}


def _table(packages: dict[str, str]) -> str:
    rows = [f"| {name} | {version} | {_licence(name)} |" for name, version in sorted(packages.items())]
    return "\n".join(["| package | version | licence |", "|---|---|---|", *rows, ""])


def _licence(name: str) -> str:
    try:
        licence = _stated(distribution(name).metadata)  # type: ignore[arg-type]  # a Message in all but name
    except PackageNotFoundError:
        licence = ELSEWHERE.get(name, "")
    if not licence:
        raise RefusedLicenceError(f"{name} states no licence")
    if REFUSED.search(LESSER.sub("", licence)):
        raise RefusedLicenceError(f"{name} is under {licence}")
    return licence


def _stated(metadata: Message) -> str:
    """The SPDX expression, else the classifiers, else the first line of the licence field."""
    if expression := metadata.get("License-Expression"):
        return str(expression)
    classifiers = [
        str(entry) for entry in metadata.get_all("Classifier", []) if str(entry).startswith("License ::")
    ]
    if classifiers:
        return ", ".join(sorted(entry.rpartition(":: ")[2] for entry in classifiers))
    return str(metadata.get("License") or "").strip().split("\n")[0]
