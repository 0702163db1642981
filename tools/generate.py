"""Writes every generated file, or verifies that each is what it would write: `python -m tools.generate [--verify]`."""

import argparse
import difflib
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# A generator is a function without arguments that returns {path from the root: text}; "module:function".
GENERATORS = (
    "tools.generators.settings:settings_reference",
    "tools.generators.licences:licences",
    "tools.generators.schema:schema",
    "tools.generators.events:events_reference",
    "interchange.documents.schema:process_schema",
    "tools.generators.http:openapi",
    "tools.generators.http:errors",
    "tools.generators.commands:cli_reference",
    "tools.generators.errors:errors_reference",
    "tools.generators.routes:routes_reference",
    "tools.generators.states:states_reference",
    "tools.generators.rights:rights_reference",
    "tools.generators.rooms:rooms_reference",
    "tools.generators.openapi:openapi",
    "workers.asyncapi:asyncapi",
)


def generators() -> list[Callable[[], dict[str, str]]]:
    """The registered generators, imported."""
    return [_load(name) for name in GENERATORS]


def _load(name: str) -> Callable[[], dict[str, str]]:
    module, _, function = name.partition(":")
    generator: Callable[[], dict[str, str]] = getattr(import_module(module), function)
    return generator


def generated() -> dict[str, str]:
    """What every generated file should hold, by path from the root."""
    return {path: text for generator in generators() for path, text in generator().items()}


def write() -> list[str]:
    """Write what is not up to date; the answer is the paths written."""
    written = []
    for path, text in generated().items():
        if _current(path) != text:
            (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
            (ROOT / path).write_text(text, "utf-8")
            written.append(path)
    return written


def drift() -> list[str]:
    """A difference, as a person reads it, for each file that is not what its generator says."""
    return [_difference(path, text) for path, text in generated().items() if _current(path) != text]


def _current(path: str) -> str | None:
    try:
        return (ROOT / path).read_text("utf-8")
    except FileNotFoundError:
        return None


def _difference(path: str, text: str, most_lines: int = 40) -> str:
    before = (_current(path) or "").splitlines()
    lines = list(
        difflib.unified_diff(
            before, text.splitlines(), f"{path} (committed)", f"{path} (generated)", lineterm=""
        )
    )
    return "\n".join(lines[:most_lines])


def main(arguments: list[str] | None = None) -> int:
    """The command; 1 when `--verify` found a difference."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--verify", action="store_true", help="write nothing, fail on any difference")
    if not parser.parse_args(arguments).verify:
        for path in write():
            print(f"wrote {path}")
        return 0
    differences = drift()
    print("\n".join(differences) if differences else "generated files are up to date")
    if differences:
        print("\nrun `make generate` and commit the result")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
