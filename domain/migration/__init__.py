"""Migration of running runs: what another version means for a run, and the events that bring it there."""

from domain.migration.choices import check_choices
from domain.migration.findings import CHOICES, Finding
from domain.migration.letters import Letter, Moved, letters, migrate_and_tell, queue_letter
from domain.migration.migrate import migrate_run
from domain.migration.news import News, news_of
from domain.migration.plan import Plan, Verdict, plan

__all__ = [
    "CHOICES", "Finding", "Letter", "Moved", "News", "Plan", "Verdict", "check_choices", "letters", "migrate_and_tell",
    "migrate_run", "news_of", "plan", "queue_letter",
]  # fmt: skip
