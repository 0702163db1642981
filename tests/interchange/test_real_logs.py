"""The real logs, imported whole: every number that a view can show equals the independently computed one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import psycopg
import pytest

from interchange.logs.importer import Imported, LogFormat, Request, import_log
from milepost.cli.console import output
from milepost.embedded import PostgresServer
from projections import queries
from projections.board.queries import Depth
from projections.engine.live import Projector
from projections.engine.reading import LogDefinitions
from projections.paging import ALL
from projections.registry import PROJECTIONS
from store.log import Log
from tests.api.conftest import Api, serving
from tests.cli.conftest import Milepost
from tests.interchange.support import MAPS, expected, real
from tests.support.databases import Database, Template, new_database


@dataclass
class Shown:
    """An imported log and a connection to its read models."""

    database: Database
    connection: psycopg.Connection[Any]
    imported: Imported
    expected: dict[str, Any]
    request: Request

    @cached_property
    def stats(self) -> Any:
        """The statistics of the process; asked for once, as nothing is added to the log."""
        return queries.process_stats(self.connection, self.imported.process)


@contextmanager
def shown(
    server: PostgresServer,
    template: Template,
    folder: str,
    file: str,
    log_format: LogFormat,
    process: str,
    stages: str,
) -> Iterator[Shown]:
    """Import a real log into a database of its own and bring every read model up to it."""
    request = Request(real(folder, file), log_format, process, MAPS / stages, None, process)
    with new_database(server, template) as database, Log(database.app_url, durable=False) as log:
        imported = import_log(request, log)
        with Projector(database.app_url, log, projections=PROJECTIONS) as projector:
            projector.catch_up()
        with psycopg.connect(database.app_url, autocommit=True) as connection:
            yield Shown(database, connection, imported, expected(folder), request)


@pytest.fixture(scope="module")
def loans(postgres_server: PostgresServer, database_template: Template) -> Iterator[Shown]:
    """BPI Challenge 2012."""
    with shown(
        postgres_server,
        database_template,
        "bpic2012_loans",
        "bpic2012.xes.gz",
        "xes",
        "loans",
        "bpic2012.yaml",
    ) as log:
        yield log


@pytest.fixture(scope="module")
def permits(postgres_server: PostgresServer, database_template: Template) -> Iterator[Shown]:
    """The receipt phase of building permits."""
    with shown(
        postgres_server, database_template, "receipt_permits", "receipt.csv", "csv", "permits", "receipt.yaml"
    ) as log:
        yield log


@pytest.fixture(scope="module")
def hiring(postgres_server: PostgresServer, database_template: Template) -> Iterator[Shown]:
    """The simulated hiring log."""
    with shown(
        postgres_server,
        database_template,
        "hiring_simulated",
        "hiring_log_high.xes.gz",
        "xes",
        "hiring",
        "hiring.yaml",
    ) as log:
        yield log


def titled(stats: Any, counts: dict[str, int]) -> dict[str, int]:
    """Counts by the activity's name in the log instead of the step's key."""
    return {stats.titles[key]: count for key, count in counts.items()}


def test_loans_have_the_stage_funnel_of_the_bank(loans: Shown) -> None:
    """13,087 applications, of which 2,246 are approved, 7,635 declined, 2,807 cancelled, 399 open."""
    assert loans.imported.project is not None
    funnel = queries.funnel(loans.connection, loans.imported.project)
    domain = loans.expected["domain"]
    assert [stage.reached for stage in funnel.stages] == [13_087, 7_367, 5_113, 5_015, 2_246]
    assert funnel.outcomes == {
        "Declined": domain["cases_reaching_A_DECLINED"],
        "Cancelled": domain["cases_reaching_A_CANCELLED"],
        "Approved": domain["cases_reaching_A_APPROVED"],
    }
    assert (funnel.runs, funnel.open) == (13_087, domain["cases_without_terminal_A_state"])


def test_loans_report_what_was_odd(loans: Shown) -> None:
    """Equal times, missing actors, completions without a start are counted, not hidden."""
    report, wanted = loans.imported.report, loans.expected
    assert (report.cases, report.events) == (wanted["cases"], wanted["events"])
    assert report.without_actor == wanted["events_without_resource"]
    assert report.equal_times == wanted["events_same_timestamp_as_previous"]
    assert report.out_of_order == wanted["events_out_of_order_in_file"]
    assert report.duplicates == wanted["exact_duplicate_events"]
    assert {name.upper(): count for name, count in report.transitions.items()} == wanted["lifecycle"]
    assert report.started_without_completion == wanted["domain"]["start_without_complete"]


@pytest.mark.parametrize("name", ["loans", "permits", "hiring"])
def test_statistics_equal_the_independent_ones(name: str, request: pytest.FixtureRequest) -> None:
    """Runs, events, variants, starts, ends, counts, durations, the directly-follows graph: to the digit."""
    log: Shown = request.getfixturevalue(name)
    stats, wanted = log.stats, log.expected
    assert (stats.runs, stats.events) == (wanted["cases"], wanted["events"])
    assert stats.variants == wanted["variants_by_activity"]
    assert round(stats.top_variant_share, 4) == pytest.approx(wanted["top_variant_share"], abs=5e-4)
    assert titled(stats, stats.starts) == wanted["start_activities"]
    ends = titled(stats, stats.ends)
    assert {title: ends[title] for title in wanted["end_activities"]} == wanted["end_activities"]
    counts = titled(stats, stats.activity_counts)
    assert {title: counts[title] for title in wanted["activity_counts_top12"]} == wanted[
        "activity_counts_top12"
    ]
    assert len(counts) == stats.activities == wanted["activities"]
    assert stats.rework_runs == wanted["cases_with_rework"]
    assert stats.same_time_as_previous == wanted["events_same_timestamp_as_previous"]


@pytest.mark.parametrize("name", ["loans", "permits", "hiring"])
def test_times_equal_the_independent_ones(name: str, request: pytest.FixtureRequest) -> None:
    """First and last event, hours and events per case, the busiest day and minute, weekends, cases at once."""
    log: Shown = request.getfixturevalue(name)
    stats, wanted = log.stats, log.expected
    assert (str(stats.first), str(stats.last)) == (wanted["first"], wanted["last"])
    assert round((stats.last - stats.first) / timedelta(days=1), 1) == wanted["span_days"]
    report = log.imported.report
    assert (report.out_of_order, report.duplicates) == (
        wanted["events_out_of_order_in_file"],
        wanted["exact_duplicate_events"],
    )
    hours, per_case = wanted["case_hours"], wanted["events_per_case"]
    shown = {"p10": stats.case_hours.p10, "p50": stats.case_hours.p50, "p90": stats.case_hours.p90,
             "max": stats.case_hours.maximum, "mean": stats.case_hours.mean}  # fmt: skip
    assert shown == hours
    events = stats.events_per_case
    assert {"min": events.minimum, "p50": events.p50, "p90": events.p90, "max": events.maximum} == per_case
    busiest = wanted["busiest_day"]
    assert (str(stats.busiest_day), stats.busiest_day_events) == (busiest["day"], busiest["events"])
    assert stats.busiest_minute_events == wanted["busiest_minute_events"]
    assert stats.peak_concurrent == wanted["peak_concurrent_cases"]
    assert round(stats.weekend_share, 4) == wanted["weekend_event_share"]


@pytest.mark.parametrize("name", ["loans", "permits", "hiring"])
def test_the_directly_follows_graph_equals_the_independent_one(
    name: str, request: pytest.FixtureRequest
) -> None:
    """The number of edges and the eight most frequent ones."""
    log: Shown = request.getfixturevalue(name)
    stats, wanted = log.stats, log.expected["pm4py_check"]
    assert (stats.dfg_edges, stats.variants, stats.runs) == (
        wanted["dfg_edges"],
        wanted["variants"],
        wanted["cases"],
    )
    edges = {(stats.titles[edge.source], stats.titles[edge.target]): edge.count for edge in stats.dfg}
    for source, target, count in wanted["dfg_top8"]:
        assert edges[source, target] == count


def test_actors_and_handovers_equal_the_independent_ones(loans: Shown, permits: Shown) -> None:
    """Who took part, how many events have nobody, how often work went from one to another; which kinds of events."""
    for log in (loans, permits):
        kinds = {name.lower(): count for name, count in log.imported.report.transitions.items()}
        assert kinds == {name.lower(): count for name, count in log.expected["lifecycle"].items()}
        assert log.stats.actors == log.expected["resources"]
        assert log.stats.events_without_actor == log.expected["events_without_resource"]
        assert log.stats.handovers == log.expected["handovers"]


def test_permits_that_ended_late_are_known(permits: Shown) -> None:
    """389 permits ended after their planned end; 1,329 have ended at all."""
    runs = permits.connection.execute(
        "select count(*) filter (where ended_at is not null), count(*) filter (where ended_at > target_at) "
        "from read.card where kind = 'run' and process = 'permits'"
    ).fetchone()
    domain = permits.expected["domain"]
    assert runs == (domain["cases_with_end"], domain["finished_late_vs_planned"])


def test_insights_into_the_loans_equal_the_independent_ones(loans: Shown) -> None:
    """Rounds with a start and an end, how long they took and waited, and what was never begun, to the digit."""
    told, domain = queries.insights(loans.connection, "loans"), loans.expected["domain"]
    assert (told.whole.runs, told.whole.open) == (13_087, domain["cases_without_terminal_A_state"])
    assert told.whole.cancelled + told.whole.ended_early + told.whole.completed == 13_087 - 399
    by_title = {step.title: step for step in told.steps}
    for title, counts in domain["work_items"].items():
        assert by_title[title].rounds == counts["COMPLETE"]
    assert sum(step.working_hours.count for step in told.steps) == domain["start_complete_pairs"]
    assert told.first_pass is None
    assert (told.whole.with_target, told.oddities, told.conforming) == (0, (), 13_087)
    assert all(sum(step.ends.values()) == 13_087 for step in told.steps)
    spans = loans.connection.execute(
        "select percentile_cont(array[0.5, 0.9]) within group (order by work) from read.run_insight, "
        "unnest(visit_works) as u (work)"
    ).fetchone()
    assert spans is not None
    assert [round(span, 3) for span in spans[0]] == [
        domain["service_seconds_p50"],
        round(domain["service_seconds_p90"], 3),
    ]


def test_insights_into_the_permits_know_what_was_late(permits: Shown) -> None:
    """1,329 permits ended, 389 of them after their planned end; what is done twice is as often as it was counted."""
    told, domain = queries.insights(permits.connection, "permits"), permits.expected["domain"]
    assert told.whole.with_target == domain["cases_with_end"]
    assert told.whole.with_target - told.whole.on_time == domain["finished_late_vs_planned"]
    assert told.whole.again == permits.expected["cases_with_rework"]
    assert sum(step.rounds for step in told.steps) == permits.expected["events"]


def test_insights_into_the_hiring_count_what_is_repeated(hiring: Shown) -> None:
    """1,722 applications had something done again; every event is one round of one step."""
    told = queries.insights(hiring.connection, "hiring")
    assert (told.whole.runs, told.whole.again) == (10_000, hiring.expected["cases_with_rework"])
    counts = {step.title: step.rounds for step in told.steps}
    wanted = hiring.expected["activity_counts_top12"]
    assert {title: counts[title] for title in wanted} == wanted


TRANSITIONS = {"SCHEDULE": "scheduled", "START": "started", "COMPLETE": "completed"}


def test_work_items_of_the_loans_equal_the_independent_ones(loans: Shown) -> None:
    """Scheduled, started and completed of each item; what never was begun or never ended; how long items waited."""
    stats, domain = loans.stats, loans.expected["domain"]
    steps = {step.title: step for step in stats.steps}
    for title, counts in domain["work_items"].items():
        found = steps[title].lifecycle
        assert {name: found.get(TRANSITIONS[name], 0) for name in counts} == counts
    items = [steps[title] for title in domain["work_items"]]
    assert sum(step.without_start for step in items) == domain["complete_without_start"]
    assert sum(step.unfinished for step in items) == domain["start_without_complete"]
    assert sum(step.not_started for step in items) == domain["schedule_without_start"]
    assert round(stats.wait_hours.p50, 2) == domain["wait_after_schedule_hours_p50"]
    assert steps["A_ACTIVATED"].runs == domain["cases_reaching_A_ACTIVATED"]


WENT_ON = """
select count(*)::int from (select max(s.ended_at) as newest, c.target_at from read.run_step s
  join read.card c on c.card = s.run where c.process = 'permits' group by c.card, c.target_at) t
where newest > target_at
"""
INPUTS = "select inputs from read.run where process = 'permits'"
LONG_WORK = """
select count(*)::int from read.run_insight i, unnest(i.visit_works) as u (seconds) where seconds > 8 * 3600
"""
DECIDED_BOTH_WAYS = """
select count(*)::int from read.run_step a join read.run_step b using (run)
where (a.step, b.step) = (%s, %s) and a.state = 'done' and b.state = 'done'
"""


def test_odd_figures_of_the_loans_equal_the_independent_ones(loans: Shown) -> None:
    """295 items were worked on for more than eight hours; no application was both declined and approved."""
    domain, keys = loans.expected["domain"], {title: key for key, title in loans.stats.titles.items()}
    assert loans.connection.execute(LONG_WORK).fetchall() == [(domain["off_hours_service_over_8h"],)]
    both = keys["A_DECLINED"], keys["A_APPROVED"]
    assert loans.connection.execute(DECIDED_BOTH_WAYS, both).fetchall() == [
        (domain["cases_declined_and_approved"],)
    ]


def test_cases_of_the_permits_equal_the_independent_ones(permits: Shown) -> None:
    """All have a planned end, half of them within 56 days; what a case says of itself is kept and can be counted."""
    domain = permits.expected["domain"]
    planned = permits.connection.execute(
        "select count(target_at)::int, percentile_cont(0.5) within group (order by "
        "extract(epoch from target_at - started_at)) / 86400 from read.card where process = 'permits'"
    ).fetchone()
    assert planned is not None
    assert (planned[0], round(float(planned[1]), 1)) == (
        domain["cases_with_planned_end"],
        domain["planned_days_p50"],
    )
    inputs = [row[0] for row in permits.connection.execute(INPUTS).fetchall()]
    for name, wanted in (
        ("case_channel", "channels"),
        ("case_department", "departments"),
        ("case_group", "groups"),
    ):
        assert Counter(each.get(name, "") for each in inputs) == domain[wanted]
    assert len({each["case_responsible"] for each in inputs}) == domain["responsible_distinct"]
    assert sum("case_deadline" in each for each in inputs) == domain["cases_with_deadline"]
    same = sum(each["case_deadline"] == each["case_enddate_planned"] for each in inputs)
    assert same == domain["deadline_equals_planned"]
    assert permits.connection.execute(WENT_ON).fetchall() == [(domain["last_event_after_planned_end"],)]


def test_permits_are_as_they_were_on_a_day(permits: Shown) -> None:
    """As 30 June 2011 began: 231 open, 49 of them overdue, 10 due within a week; asked of the log of today."""
    wanted = permits.expected["domain"]["snapshot_2011-06-30"]
    assert permits.imported.project is not None
    begun = datetime(2011, 6, 30, tzinfo=UTC)
    moment = queries.at_instant(permits.connection, begun)
    known = LogDefinitions(permits.connection)
    board = queries.board_then(permits.connection, permits.imported.project, moment, known, depth=Depth(ALL))
    cards = [card for column in board.columns for card in column.cards if card.ended_at is None]
    targets = [card.target_at for card in cards if card.target_at is not None]
    assert (board.funnel.open, sum(column.count + column.hidden for column in board.columns)) == (231, 231)
    assert len(cards) == wanted["open_by_enddate"]
    assert sum(at < begun for at in targets) == wanted["overdue"]
    assert sum(begun <= at < begun + timedelta(days=7) for at in targets) == wanted["due_within_7d"]
    assert sum(card.state == "late" for card in cards) == wanted["overdue"]
    needs = queries.attention_then(permits.connection, permits.imported.project, moment, known)
    assert needs.counts["late"] == wanted["overdue"]


def as_a_user(log: Shown, api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Milepost:
    """The command line of somebody who talks to a server of the imported log."""
    monkeypatch.setattr(output.people, "_width", 200)
    return Milepost({"MILEPOST_HOME": str(tmp_path), "MILEPOST_URL": api.url, "MILEPOST_TOKEN": api.token()})


def test_users_see_the_permits_of_a_day_and_what_was_late(
    permits: Shown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """231 open, 49 overdue, 10 due within a week, and 389 late in the end: over HTTP and on the command line alike."""
    wanted = permits.expected["domain"]["snapshot_2011-06-30"]
    counts = (wanted["open_by_enddate"], wanted["overdue"], wanted["due_within_7d"])
    late = permits.expected["domain"]["finished_late_vs_planned"]
    project, day = str(permits.imported.project), "2011-06-30T00:00:00Z"
    with serving(permits.database) as api:
        board = api.client.get(f"/v1/projects/{project}/board", params={"as_of": day}).json()
        assert (board["funnel"]["open"], board["overdue"], board["due_soon"]) == counts
        assert (board["name"], sum(column["count"] + column["hidden"] for column in board["columns"])) == (
            "permits",
            counts[0],
        )
        needs = api.client.get(f"/v1/projects/{project}/attention", params={"as_of": day}).json()
        assert (needs["counts"]["late"], {row["action"] for row in needs["rows"]}) == (counts[1], {None})
        whole = api.client.get("/v1/processes/permits/insights").json()["whole"]
        assert whole["with_target"] - whole["on_time"] == late
        milepost = as_a_user(permits, api, tmp_path, monkeypatch)
        said = milepost("project", "board", project, "--as-of", day).stdout
        assert said.startswith("{} open: {} overdue, {} due within 7 days".format(*counts))
        assert "49 late" in milepost("project", "attention", project, "--as-of", day).stdout
        assert f" {late} " in milepost("process", "insights", "permits").stdout


def test_users_see_the_funnel_of_the_loans(
    loans: Shown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """13,087, 7,367, 5,113, 5,015 and 2,246: over HTTP and on the command line alike."""
    with serving(loans.database) as api:
        told = api.client.get(f"/v1/projects/{loans.imported.project}/funnel").json()
        reached = [stage["reached"] for stage in told["stages"]]
        assert reached == [13_087, 7_367, 5_113, 5_015, 2_246]
        milepost = as_a_user(loans, api, tmp_path, monkeypatch)
        said = milepost("project", "funnel", str(loans.imported.project)).stdout
        assert all(str(count) in said for count in reached)


def test_importing_again_changes_nothing(permits: Shown) -> None:
    """A file that was imported already adds no event."""
    with Log(permits.database.app_url, durable=False) as log:
        before = log.head()
        again = import_log(permits.request, log)
        assert (again.runs, again.report.already_imported, log.head()) == (
            0,
            permits.expected["cases"],
            before,
        )
