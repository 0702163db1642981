"""Milepost as others get it: a wheel, in an environment of its own, without the sources beside it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from sysconfig import get_path
from venv import EnvBuilder

from tests.support.programs import ROOT

_LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.egg-info")


def shipped() -> set[str]:
    """Every file of the rooms that pyproject.toml names, as the repository has them, but for what is read there."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]["find"]
    return {
        str(path.relative_to(ROOT))
        for pattern in declared["include"]
        for path in (ROOT / pattern.rstrip("*")).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".md"
    }


def build(directory: Path) -> Path:
    """A wheel, built in this directory from a copy of the sources, without a network."""
    copy, made = directory / "sources", directory / "wheel"
    for name in sorted({path.split("/")[0] for path in shipped()}):
        shutil.copytree(ROOT / name, copy / name, ignore=_LEFT_OUT)
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, copy / name)
    _pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(made), str(copy))
    (found,) = made.glob("*.whl")
    return found


def install(wheel: Path, directory: Path) -> Path:
    """A fresh environment that has the wheel, and of other people's what this one has; its `milepost`."""
    EnvBuilder(with_pip=False).create(directory)
    python = directory / "bin" / "python"
    _pip(f"--python={python}", "install", "--no-deps", "--no-compile", str(wheel))
    (packages,) = directory.glob("lib/python*/site-packages")
    (packages / "others.pth").write_text(get_path("purelib") + "\n")
    return directory / "bin" / "milepost"


def _pip(*arguments: str) -> None:
    """Run pip, which may not ask any registry."""
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input"]
    environment = os.environ | {"PIP_NO_INDEX": "1"}
    ran = subprocess.run([*command, *arguments], env=environment, capture_output=True, check=False)
    assert ran.returncode == 0, ran.stderr.decode()
