"""What was in the file and what was odd about it, for the person who imports it."""

from __future__ import annotations

from dataclasses import dataclass, field

from interchange.logs.source import Notes
from interchange.logs.spool import Spool
from interchange.logs.times import Clock, instant

_OUT_OF_ORDER = """
select count(*) from (
  select at_us < lag(at_us) over (partition by case_ordinal order by sequence) as back from event) where back
"""
_EQUAL_TIMES = """
select count(*) from (
  select at_us = lag(at_us) over (partition by case_ordinal order by at_us, sequence) as same from event) where same
"""
_DUPLICATES = """
select coalesce(sum(n - 1), 0) from (
  select count(*) as n from event
  group by case_ordinal, at_us, activity, transition, actor, json_remove(cast(extras as text), '$."@@index"')
  having count(*) > 1)
"""
"""Events that say the same. ``@@index`` is the number that a common exporter of XES gives each event."""


@dataclass
class Report:
    """Counts over the file, and what was odd about it.

    ``values_left_out`` are numbers that are none (NaN) or have no end (INF). Of cases that were imported before, those
    that ``gone_on`` got their new events; ``not_taken`` hold something before what is stored, and stay as they are.
    """

    cases: int
    events: int
    activities: dict[str, int]
    transitions: dict[str, int]
    first: str | None
    last: str | None
    without_actor: int
    out_of_order: int
    equal_times: int
    duplicates: int
    cases_without_events: int
    ambiguous_times: int
    skipped_times: int
    encoding: str | None = None
    delimiter: str | None = None
    values_left_out: int = 0
    ignored_events: int = 0
    completed_without_start: int = 0
    started_without_completion: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    open_runs: int = 0
    already_imported: int = 0
    gone_on: int = 0
    not_taken: int = 0
    not_taken_cases: list[str] = field(default_factory=list)


def examine(spool: Spool, clock: Clock, notes: Notes) -> Report:
    """Count what the file holds, before anything is imported."""
    first, last = spool.rows("select min(at_us), max(at_us) from event")[0]
    return Report(
        cases=spool.one('select count(*) from "case"'),
        events=spool.one("select count(*) from event"),
        activities=dict(spool.rows("select activity, count(*) from event group by 1 order by 2 desc, 1")),
        transitions=dict(spool.rows("select transition, count(*) from event group by 1 order by 2 desc, 1")),
        first=None if first is None else instant(first).isoformat(),
        last=None if last is None else instant(last).isoformat(),
        without_actor=spool.one("select count(*) from event where actor is null"),
        out_of_order=spool.one(_OUT_OF_ORDER),
        equal_times=spool.one(_EQUAL_TIMES),
        duplicates=spool.one(_DUPLICATES),
        cases_without_events=spool.one(
            'select count(*) from "case" where ordinal not in (select case_ordinal from event)'
        ),
        ambiguous_times=clock.ambiguous,
        skipped_times=clock.skipped,
        encoding=notes.encoding,
        delimiter=notes.delimiter,
        values_left_out=notes.not_finite,
    )
