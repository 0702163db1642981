"""The demonstration workspace in a running Milepost: what is past in it is past, and stays so."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from projections.alarm_queries import events_behind
from tests.stories.house import House
from tests.stories.house import house as start_house
from tests.stories.outside import Outside, outside
from tests.support.waiting import wait_until

ACTED = """
select started.data from log.event started
join log.event begun on begun.stream = started.stream and begun.type = 'run_started'
where started.type = 'action_started' and started.recorded_at > begun.recorded_at
"""
"""Attempts that were not appended together with the start of their run: those of the worker."""


@pytest.fixture(scope="module")
def around() -> Iterator[Outside]:
    """What is around this house, and around no other."""
    with outside() as made:
        yield made


@pytest.fixture(scope="module")
def shown(around: Outside, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A Milepost of which the demonstration is there, and known to its read models."""
    home: Path = tmp_path_factory.mktemp("demonstration") / "home"
    settings = {
        "MILEPOST_DEMO": "true",
        "MILEPOST_SMTP_URL": around.mail.url,
        "MILEPOST_ALLOWED_TARGETS": "127.0.0.1",
    }
    with start_house(home, **settings) as running:
        wait_until(lambda: _runs(running) == 62, deadline=60)
        wait_until(lambda: _caught_up(running), deadline=60)
        yield running


def rows(house: House, statement: str, *given: Any) -> list[tuple[Any, ...]]:
    """What the database of the house says."""
    with psycopg.connect(house.database_url) as connection:
        return connection.execute(statement.encode(), given or None).fetchall()


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
