"""Which tests one process of a parallel run takes together (those of a file, those that share a Milepost), and when."""

from __future__ import annotations

from typing import Any

from xdist.scheduler.loadfile import LoadFileScheduling  # type: ignore[import-untyped]  # it carries no types

HOUSES = {
    "tests/cli/": (),
    "tests/stories/": ("tests/stories/test_demonstration.py", "tests/stories/test_demonstration_days.py"),
}
"""Packages whose files share one Milepost, each with the files that need none or have one of their own."""
DEAR = (
    "tests/interchange/test_real_logs.py",
    "tests/stories/",
    "tests/stories/test_demonstration.py",
    "tests/cli/",
    "tests/bench/test_smoke.py",
    "tests/faults/test_house.py",
    "tests/test_up.py",
    "tests/domain/forecast/test_learnt.py",
    "tests/embedded/test_postgres.py",
    "tests/projections/test_laws.py",
    "tests/domain/test_run_model.py",
    "tests/interchange/test_bpmn_any.py",
)
"""Few tests that take long. They begin first: begun last, one processor would work at them while the others rest."""


class ByHouse(LoadFileScheduling):  # type: ignore[misc]  # its base carries no types
    """As ``--dist loadfile``, and a package that shares a Milepost stays together, so that one is started for it."""

    def _split_scope(self, nodeid: str) -> str:
        file = str(super()._split_scope(nodeid))
        shared = (
            package for package, others in HOUSES.items() if file.startswith(package) and file not in others
        )
        return next(shared, file)

    def _assign_work_unit(self, node: Any) -> None:
        dear = next((scope for scope in DEAR if scope in self.workqueue), None)
        if dear is not None:
            self.workqueue.move_to_end(dear, last=False)
        super()._assign_work_unit(node)
