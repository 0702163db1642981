"""The demonstration workspace in a Milepost installed from its wheel: what is past in it is past, and stays so."""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from projections.machine.alarm_queries import events_behind
from tests.stories.house import House, installed_house
from tests.stories.outside import Outside, outside
from tests.support.waiting import wait_until
from tests.support.wheel import install

ACTED = """
select started.data from log.event started
join log.event begun on begun.stream = started.stream and begun.type = 'run_started'
where started.type = 'action_started' and started.recorded_at > begun.recorded_at
"""
"""Attempts that were not appended together with the start of their run: those of the worker."""


NOT_FORECAST = """
select count(*) from read.card c left join forecast.run f on f.run = c.card and f.version = c.version
where c.kind = 'run' and c.ended_at is null and f.run is null
"""
"""Runs under way of which the newest event is not in their forecast."""
SIGNATURE = "Customer signs the agreement"


@pytest.fixture(scope="module")
def around() -> Iterator[Outside]:
    """What is around this house, and around no other."""
    with outside() as made:
        yield made


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `milepost` of the wheel."""
    return install(wheel, tmp_path_factory.mktemp("installed"))


@pytest.fixture(scope="module")
def shown(around: Outside, installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A Milepost of which the demonstration is there, and known to its read models."""
    home: Path = tmp_path_factory.mktemp("demonstration") / "home"
    settings = {
        "MILEPOST_DEMO": "true",
        "MILEPOST_SMTP_URL": around.mail.url,
        "MILEPOST_ALLOWED_TARGETS": "127.0.0.1",
    }
    with installed_house(installed, home, **settings) as running:
        wait_until(lambda: _runs(running) == 62)
        wait_until(lambda: _caught_up(running))
        wait_until(lambda: rows(running, NOT_FORECAST) == [(0,)], "the forecasts")
        wait_until(lambda: _caught_up(running))
        yield running


def rows(house: House, statement: str, *given: Any) -> list[tuple[Any, ...]]:
    """What the database of the house says."""
    with psycopg.connect(house.database_url) as connection:
        return connection.execute(statement.encode(), given or None).fetchall()


def test_an_installed_milepost_runs_from_an_empty_directory(shown: House, installed: Path) -> None:
    """Nothing beside the wheel is needed: the demonstration is there, its pages and what they are drawn with answer."""
    with psycopg.connect(shown.database_url) as connection:
        (processes,) = connection.execute("select count(*) from read.process").fetchone() or (0,)
    assert processes == 2
    headers = {"Authorization": f"Bearer {shown.token}"}
    home = shown.http.get("/", headers=headers)
    assert (home.status_code, "Customer onboarding" in home.text) == (200, True)
    styles = [part.partition('"')[0] for part in home.text.split('<link rel="stylesheet" href="')[1:]]
    assert styles
    assert {shown.http.get(style).status_code for style in styles} == {200}
    code = subprocess.run(
        [installed.parent / "python", "-c", "import api; print(api.__file__)"],
        cwd=installed.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(code.stdout.strip()).is_relative_to(installed.parents[1])


def test_nothing_of_the_past_is_sent_or_called(shown: House, around: Outside) -> None:
    """The worker finds nothing to do in the played runs: no mail, no call, no alarm; one failure that is shown."""
    now = datetime.now(UTC)
    assert (
        rows(shown, "select run, step, action from read.action where state = 'queued' and next_at <= %s", now)
        == []
    )
    assert (
        rows(shown, "select run, step, action from read.action where state = 'queued' and next_at is null")
        == []
    )
    assert rows(shown, "select run, step, alarm from read.alarm where at <= %s", now) == []
    assert rows(shown, "select step from read.action where state in ('failed', 'uncertain')") == [
        ("crm_upsert",)
    ]
    assert rows(shown, ACTED) == []
    assert around.mail.messages == []
    assert around.services.heard == []


def onboardings(house: House) -> dict[str, Any]:
    """The cards of the onboardings on the board of their project, by id."""
    projects = house.ask("/v1/projects")["rows"]
    (project,) = [row["id"] for row in projects if row["name"] == "Customer onboarding"]
    columns = house.ask(f"/v1/projects/{project}/board")["columns"]
    return {card["id"]: card for column in columns for card in column["cards"] if card["kind"] == "run"}


def test_forty_onboardings_are_over_in_two_versions(shown: House) -> None:
    """Over nine months, first with 45 steps, then with 47; 3 were declined, 2 sent back at the last gate."""
    versions = rows(
        shown,
        "select r.process_version, count(distinct r.card)::int, count(distinct s.step)::int, min(r.ended_at), "
        "max(r.ended_at) from read.card r join read.run_step s on s.run = r.card "
        "where r.process = 'customer_onboarding' and r.ended_at is not null group by 1 order by 1",
    )
    assert [(version, runs, steps) for version, runs, steps, *_ in versions] == [(1, 18, 45), (2, 22, 47)]
    assert timedelta(days=250) < versions[-1][4] - versions[0][3] < timedelta(days=275)
    ends = rows(
        shown,
        "select life, outcome, count(*)::int from read.card where process = 'customer_onboarding' and ended_at is "
        "not null group by 1, 2 order by 3",
    )
    assert ends == [("ended_early", "Not signed", 3), ("completed", "yes", 37)]
    sent_back = "select data->>'step' from log.event where type = 'approval_refused'"
    assert rows(shown, sent_back) == [("go_no_go",)] * 2


def test_twelve_onboardings_are_under_way_as_their_board_shows(shown: House) -> None:
    """Over all six stages, 2 late, 2 at risk, 1 stalled on the signature, 1 incident, 1 that needs help; 5 go well."""
    active = [card for card in onboardings(shown).values() if card["ended_at"] is None]
    assert len(active) == 12
    assert len({card["stage"] for card in active}) == 6
    states = Counter(card["state"] for card in active)
    assert states == {"in_progress": 5, "late": 2, "at_risk": 2, "needs_help": 2, "blocked": 1}
    (signature,) = [card for card in active if card["state"] == "blocked"]
    assert signature["next_action"] == SIGNATURE


def test_the_attention_list_names_seven_onboardings_and_why(shown: House) -> None:
    """Each once, and no other: late, at risk, waiting for the signature, the CRM, help."""
    active = {key for key, card in onboardings(shown).items() if card["ended_at"] is None}
    needs = [row for row in shown.ask("/v1/attention")["rows"] if row["id"] in active]
    assert sorted((row["kind"], row["step_title"] or "") for row in needs if row["kind"] != "at_risk") == [
        ("incident", "Add the customer to the CRM"),
        ("late", ""),
        ("late", "Hold the kickoff"),
        ("needs_help", "Draft the success plan and the go-live date"),
        ("waiting_outside", SIGNATURE),
    ]
    assert [row["kind"] for row in needs].count("at_risk") == 2
    assert len({row["id"] for row in needs}) == len(needs) == 7


def test_what_is_shown_is_what_is_told(shown: House) -> None:
    """40 onboardings are over, 3 of them declined; of the live ones one has an incident."""
    ends = dict(
        rows(shown, "select type, count(*)::int from log.event where type like 'run_%' group by type")
    )
    assert ends["run_started"] == 62
    assert (ends["run_completed"], ends["run_ended_early"]) == (42, 4)
    assert rows(shown, "select count(*)::int from log.event where type = 'incident_opened'") == [(1,)]
    assert rows(shown, "select count(*)::int from log.event where type = 'approval_refused'") == [(2,)]


def test_most_finished_onboardings_met_their_targets(shown: House) -> None:
    """Its insights are those of a process that mostly works: neither all nor hardly any are on time."""
    ((ended, on_time),) = rows(
        shown,
        "select count(*)::int, count(*) filter (where ended_at <= target_at)::int from read.card "
        "where process = 'customer_onboarding' and ended_at is not null and target_at is not null",
    )
    assert ended == 40
    assert ended / 2 < on_time < ended


def _runs(house: House) -> int:
    return int(rows(house, "select count(*) from log.event where type = 'run_started'")[0][0])


def _caught_up(house: House) -> bool:
    with psycopg.connect(house.database_url) as connection:
        return events_behind(connection) == 0
