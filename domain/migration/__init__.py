"""Migration of running runs: what another version means for a run, and the events that bring it there."""

from domain.migration.choices import check_choices
from domain.migration.findings import CHOICES, Finding
from domain.migration.migrate import migrate_run
from domain.migration.plan import Plan, Verdict, plan

__all__ = ["CHOICES", "Finding", "Plan", "Verdict", "check_choices", "migrate_run", "plan"]
