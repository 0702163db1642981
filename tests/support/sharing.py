"""Which tests one process of a parallel run takes together: those of a file, those that share a running Milepost."""

from __future__ import annotations

from xdist.scheduler.loadfile import LoadFileScheduling  # type: ignore[import-untyped]  # it carries no types

HOUSES = {
    "tests/cli/": (),
    "tests/stories/": ("tests/stories/test_demonstration.py", "tests/stories/test_demonstration_days.py"),
}
"""Packages whose files share one Milepost, each with the files that need none or have one of their own."""


class ByHouse(LoadFileScheduling):  # type: ignore[misc]  # its base carries no types
    """As ``--dist loadfile``, and a package that shares a Milepost stays together, so that one is started for it."""

    def _split_scope(self, nodeid: str) -> str:
        file = str(super()._split_scope(nodeid))
        shared = (
            package for package, others in HOUSES.items() if file.startswith(package) and file not in others
        )
        return next(shared, file)
