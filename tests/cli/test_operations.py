"""The verbs that work on the database: log, projections, imports, tokens, health."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from milepost.cli.console import database as cli_database
from milepost.cli.console import output
from projections.registry import BY_NAME
from store.log import Log
from tests.cli.conftest import Milepost
from tests.interchange.support import csv_log
from tests.store.support import one
from tests.support.databases import Database

NOON = "2026-01-05T12:00:00+00:00"
ROWS = (f"1,a,complete,ann,{NOON}", "1,b,complete,,2026-01-05T13:00:00+00:00", f"2,a,complete,bo,{NOON}")

UnsyncedLog = partial(Log, durable=False)
"""A log on the test's own PostgreSQL, which does not sync."""


@pytest.fixture
def alone(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Milepost:
    """The command line on a database of this test's own, with no broker and no server."""
    monkeypatch.setattr(output.people, "_width", 200)
    monkeypatch.setattr(cli_database, "Log", UnsyncedLog)
    return Milepost({
        "MILEPOST_HOME": str(tmp_path / "home"), "MILEPOST_DATABASE_URL": database.app_url,
        "MILEPOST_NATS_URL": "nats://127.0.0.1:1",
    })  # fmt: skip


def test_the_log_is_shown_and_verified(milepost: Milepost, visit: str):
    """The newest events, one event with its hash, and that no hash is wrong."""
    position = milepost.json("process", "publish", "processes/hire-and-onboard.yaml", "--note", "x")[
        "position"
    ]
    assert "process_version_published" in milepost("events", "tail").stdout
    assert milepost("events", "tail", "--after", "0", "--type", "run_ranked").stdout == ""
    assert len(milepost.json("events", "show", str(position))["hash"]) == 64
    assert "recorded_at" in milepost("events", "show", str(position)).stdout
    assert "no event at position" in milepost("events", "show", "99999999", code=1).stderr
    assert "every hash is right" in milepost("events", "verify").stdout


def test_a_changed_event_is_found(alone: Milepost, database: Database):
    """Whoever gets past grants and triggers is named by position, and the exit code tells a program."""
    with UnsyncedLog(database.app_url) as log:
        for _ in range(3):
            log.append(one(uuid4()))
    with psycopg.connect(database.owner_url, autocommit=True) as connection:
        connection.execute("alter table log.event disable trigger event_is_append_only")
        connection.execute("update log.event set data = '{\"x\":1}' where position = 2")
    assert "the log was changed at position 2" in alone("events", "verify", code=1).stderr
    assert alone.json("events", "verify", code=1)["broken"]["position"] == 2


def test_a_dry_run_stores_nothing_and_an_import_stores_it_all(
    alone: Milepost, database: Database, tmp_path: Path
):
    """The same file, first looked at, then imported; a second time there is nothing left to do."""
    file = str(csv_log(tmp_path / "log.csv", *ROWS))
    Path(file).write_text(Path(file).read_text().replace(",", "\t"))
    told = alone.json("import", "csv", file, "--process", "loans", "--dry-run")
    assert [step["key"] for stage in told["document"]["stages"] for step in stage["steps"]] == ["a", "b"]
    looked = alone("import", "csv", file, "--process", "loans", "--dry-run").stdout
    assert "a tab" in looked
    assert "nothing was stored" in looked
    with UnsyncedLog(database.app_url) as log:
        assert log.head() == 0
    assert "2 new runs" in alone("import", "csv", file, "--process", "loans").stdout
    with UnsyncedLog(database.app_url) as log:
        head = log.head()
        assert head > len(ROWS)
    alone("import", "csv", file, "--process", "loans")
    with UnsyncedLog(database.app_url) as log:
        assert log.head() == head


def test_a_bad_file_is_refused_with_its_line(alone: Milepost, tmp_path: Path):
    """Nothing of it is imported, and the exit code says whose fault it is."""
    file = str(csv_log(tmp_path / "log.csv", *ROWS, "3,a,complete,,yesterday"))
    told = alone("import", "csv", file, "--process", "loans", code=2).stderr
    assert "nothing was imported" in told
    assert "5" in told
    alone("import", "xes", file, "--process", "loans", code=2)
    alone("import", "csv", str(tmp_path / "none.csv"), "--process", "loans", code=2)


def test_a_projection_is_rebuilt_compared_flipped_and_dropped(milepost: Milepost, visit: str):
    """Beside the live one, which serves all the while; dropping what is live is refused."""
    assert {row["projection"] for row in milepost.json("projection", "list")} >= {
        "board",
        "inbox",
        "run_steps",
    }
    made = milepost.json("projection", "rebuild", "inbox")
    compared = milepost.json("projection", "compare", "inbox")
    assert compared["new"] == made[0]["schema"]
    assert "is live" in milepost("projection", "flip", "inbox").stdout
    assert compared["live"] in milepost("projection", "flip", "inbox", "--back").stdout
    assert "is gone" in milepost("projection", "drop", "inbox").stdout
    assert "only its live generation" in milepost("projection", "drop", "inbox", code=1).stderr
    refused = milepost("projection", "flip", "nothing", code=2).stderr
    assert f"there are {', '.join(sorted(BY_NAME))}" in refused
    milepost("projection", "retry", "nothing", str(uuid4()), code=2)


def test_a_token_works_until_it_is_revoked(milepost: Milepost):
    """It is shown once, says who somebody is, and ends when told to."""
    made = milepost.json("token", "create", "person:cli", "--name", "Cli", "--scope", "read", "--days", "1")
    milepost.environment["MILEPOST_TOKEN"] = made["token"]
    milepost("run", "list")
    assert "not_allowed" in milepost("project", "open", "x", "--stage", "a=A", code=1).stderr
    milepost("token", "revoke", made["id"])
    assert "bad_token" in milepost("run", "list", code=1).stderr
    listed = {row["id"]: row for row in milepost.json("token", "list")}
    assert listed[made["id"]]["revoked_at"]
    assert made["token"] not in milepost("token", "list").stdout
    assert "/sign-in?link=" in milepost("token", "link", "person:cli").stdout
    for wrong in (("create", "nobody"), ("create", "person:x", "--scope", "all"), ("revoke", "x"),
                  ("revoke", str(uuid4()))):  # fmt: skip
        milepost("token", *wrong, code=2)


def test_an_administrator_ends_what_somebody_comes_in_with(milepost: Milepost):
    """Tokens, sessions and unused links of anybody are listed, and end one by one or all at once."""
    made = milepost.json("token", "create", "person:cli2", "--name", "Cli Two", "--scope", "read")
    milepost("token", "link", "person:cli2")
    admin = milepost.json("token", "create", "person:boss", "--name", "Boss", "--scope", "admin")
    milepost.environment["MILEPOST_TOKEN"] = admin["token"]
    rows = milepost.json("access", "list", "person:cli2")["rows"]
    assert [row["kind"] for row in rows] == ["sign_in_link", "token"]
    assert "has ended" in milepost("access", "end", made["id"]).stdout
    assert "sign_in_link" in milepost("access", "list", "person:cli2").stdout
    assert "1 ended" in milepost("access", "end-all", "person:cli2").stdout
    assert milepost.json("access", "list", "person:cli2")["rows"] == []
    milepost("access", "end", "x", code=2)
    assert "unknown_access" in milepost("access", "end", str(uuid4()), code=2).stderr


def test_the_doctor_tells_a_healthy_house(milepost: Milepost, house_broker: str):
    """Versions, settings that matter, and how far each consumer is."""
    milepost.environment["MILEPOST_NATS_URL"] = house_broker
    told = milepost.json("doctor")
    assert told["state"] in {"healthy", "degraded"}
    assert told["facts"]["settings"]["fsync"] == "on"
    assert {"relay"} <= {consumer["name"] for consumer in told["facts"]["consumers"]}
    assert "Who follows the log" in milepost("doctor").stdout


def test_the_doctor_ends_with_4_when_something_is_wrong(alone: Milepost):
    """A broker that nobody reaches makes it unhealthy, for people and for programs."""
    assert alone.json("doctor", code=4)["state"] == "unhealthy"
    assert "Milepost is unhealthy" in alone("doctor", code=4).stdout


def test_a_database_that_is_not_there_ends_with_3(alone: Milepost):
    """Each verb on the database says that it does not answer."""
    alone.environment["MILEPOST_DATABASE_URL"] = "postgresql://nobody@127.0.0.1:1/none"
    for words in (("events", "tail"), ("projection", "list"), ("token", "list"), ("events", "verify")):
        assert "does not answer" in alone(*words, code=3).stderr
    del alone.environment["MILEPOST_DATABASE_URL"]
    assert "no database" in alone("events", "tail", code=3).stderr


def test_a_wrong_setting_ends_with_2(alone: Milepost):
    """The sentence names the setting."""
    alone.environment["MILEPOST_PORT"] = "many"
    assert "MILEPOST_PORT" in alone("run", "list", code=2).stderr
