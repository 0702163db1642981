"""Runs benchmarks and writes bench/results/NAME.json: `python -m bench [--scale 0.01] [NAME …]`."""

from __future__ import annotations

import argparse
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from time import monotonic

from bench.support import write_result

_HERE = Path(__file__).parent
_NOT_BENCHMARKS = {"__main__", "load", "made", "odd_requests", "served", "support"}


def names() -> list[str]:
    """Every module here that has something to measure."""
    return sorted(module.name for module in iter_modules([str(_HERE)]) if module.name not in _NOT_BENCHMARKS)


def main() -> None:
    """Run the named benchmarks (all without a name), one after the other."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of: {', '.join(names())}")
    parser.add_argument(
        "--scale", type=float, default=1.0, help="how much of the full size (smoke runs: 0.01)"
    )
    parser.add_argument("--into", type=Path, default=_HERE / "results", help="where results go")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(names())
    if unknown:
        parser.error(f"no benchmark named {', '.join(sorted(unknown))}")
    for name in arguments.names or names():
        began = monotonic()
        figures = import_module(f"bench.{name}").run(arguments.scale)
        path = write_result(arguments.into, name, figures, arguments.scale)
        print(f"{name} ({monotonic() - began:.0f} s) -> {path}")
        for figure, value in figures.items():
            print(f"  {figure:32} {value:>14,.3f}")


if __name__ == "__main__":
    main()
