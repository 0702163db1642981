"""Log files are read whole or refused with their line; what they hold is kept as it is."""

from __future__ import annotations

import gzip
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from interchange.bad_log import BadLog
from interchange.logs.facts import run_stream
from interchange.logs.importer import Importer, Request, examine_log
from tests.interchange.support import csv_log, xes_event, xes_log

NOON = "2026-03-02T12:00:00+01:00"


def history(request: Request, directory: Path, case: str) -> list[tuple[str, str, int]]:
    """(type, step, round) of the step events of a case."""
    directory.mkdir()
    importer = Importer(request, directory)
    events = dict(importer.histories(1, None))[run_stream(request.process, case)].events
    return [(event.type, event.step, event.round) for event in events if hasattr(event, "round")]  # type: ignore[attr-defined]


def refused(
    path: Path, log_format: str = "csv", zone: str | None = None, stages: Path | None = None
) -> BadLog:
    """The refusal of this file."""
    with pytest.raises(BadLog) as caught:
        examine_log(Request(path, log_format, "p", stages, zone))  # type: ignore[arg-type]
    return caught.value


def test_a_case_called_na_is_a_case(tmp_path: Path) -> None:
    """Text that looks like a missing value is text."""
    report, _document = examine_log(
        Request(csv_log(tmp_path / "log.csv", f"NA,a,complete,,{NOON}"), "csv", "p")
    )
    assert (report.cases, report.without_actor) == (1, 1)


def test_rows_of_a_case_may_be_scattered_and_out_of_order(tmp_path: Path) -> None:
    """Events are ordered by time, and at equal times as the file has them."""
    rows = (
        f"1,c,complete,,{NOON}",
        f"2,x,complete,,{NOON}",
        f"1,b,complete,,{NOON}",
        "1,a,complete,,2026-03-01T00:00:00Z",
    )
    request = Request(csv_log(tmp_path / "log.csv", *rows), "csv", "p")
    assert [step for _type, step, _round in history(request, tmp_path / "w", "1")] == ["a", "c", "b"]
    report, _document = examine_log(request)
    assert (report.out_of_order, report.equal_times, report.cases) == (1, 1, 2)


def test_repeated_work_is_a_new_round(tmp_path: Path) -> None:
    """Scheduled, started, completed belong together; doing it again, or completing it from nowhere, is a new round."""
    steps = ["schedule", "start", "complete", "start", "complete", "complete", "start", "start"]
    events = [xes_event("Check it", f"2026-03-02T1{n}:00:00Z", step) for n, step in enumerate(steps)]
    request = Request(xes_log(tmp_path / "log.xes", {"1": events}), "xes", "p")
    assert history(request, tmp_path / "w", "1") == [
        ("step_became_ready", "check_it", 1),
        ("step_started", "check_it", 1),
        ("step_completed", "check_it", 1),
        ("step_started", "check_it", 2),
        ("step_completed", "check_it", 2),
        ("step_completed", "check_it", 3),
        ("step_started", "check_it", 4),
        ("step_started", "check_it", 5),
    ]
    report, _document = examine_log(request)
    assert (report.completed_without_start, report.started_without_completion) == (1, 2)


def test_an_outcome_is_the_last_decisive_step(tmp_path: Path) -> None:
    """A case with an offer after a rejection ended with the offer; a case without a decision is open."""
    stages = tmp_path / "map.yaml"
    stages.write_text(
        "outcomes:\n- {activity: reject, outcome: Rejected, ends: ended_early}\n"
        "- {activity: offer, outcome: Offer made, ends: completed}\n"
    )
    rows = ("1,reject,complete,,2026-03-01T00:00:00Z", "1,offer,complete,,2026-03-02T00:00:00Z",
            "1,file,complete,,2026-03-03T00:00:00Z", "2,file,complete,,2026-03-03T00:00:00Z")  # fmt: skip
    report, _document = examine_log(Request(csv_log(tmp_path / "log.csv", *rows), "csv", "p", stages))
    assert (report.outcomes, report.open_runs) == ({"Offer made": 1}, 1)


@pytest.mark.parametrize("written", ["16.01.2017 13:29", "2017-01-16 13:29", "2017-01-16T13:29:00"])
def test_times_without_an_offset_are_in_the_zone_that_is_given(tmp_path: Path, written: str) -> None:
    """The zone is asked for, never guessed."""
    path = csv_log(tmp_path / "log.csv", f"1,a,complete,,{written}")
    report, _document = examine_log(Request(path, "csv", "p", zone="Europe/Amsterdam"))
    assert report.first == datetime(2017, 1, 16, 12, 29, tzinfo=UTC).isoformat()
    error = refused(path)
    assert error.line == 2
    assert "--zone" in str(error)


def test_times_that_a_clock_change_blurs_are_reported(tmp_path: Path) -> None:
    """An hour that exists twice and an hour that does not exist are counted."""
    rows = (
        "1,a,complete,,2026-10-25 02:30",
        "1,b,complete,,2026-03-29 02:30",
        "1,c,complete,,2026-07-01 02:30",
    )
    report, _document = examine_log(
        Request(csv_log(tmp_path / "l.csv", *rows), "csv", "p", zone="Europe/Amsterdam")
    )
    assert (report.ambiguous_times, report.skipped_times) == (1, 1)


def test_mixed_zones_are_refused(tmp_path: Path) -> None:
    """A file with and without offsets would be half wrong."""
    rows = (f"1,a,complete,,{NOON}", "1,b,complete,,2026-03-02 12:00")
    error = refused(csv_log(tmp_path / "log.csv", *rows), zone="UTC")
    assert error.line == 3
    assert "mixed" in error.reason


def test_bad_csv_is_refused_with_its_line(tmp_path: Path) -> None:
    """Missing columns, missing values, ragged rows, other encodings, unknown transitions, bad times, nothing at all."""
    path = tmp_path / "log.csv"
    assert (
        "missing column time:timestamp"
        in refused(csv_log(path, "1,a", header="case:concept:name,concept:name")).reason
    )
    assert refused(csv_log(path, f"1,a,complete,,{NOON}", "1,a")).line == 3
    assert refused(csv_log(path, f",a,complete,,{NOON}")).line == 2
    assert "unknown transition 'explode'" in refused(csv_log(path, f"1,a,explode,,{NOON}")).reason
    assert "not a time" in refused(csv_log(path, "1,a,complete,,yesterday")).reason
    assert "no event" in refused(csv_log(path)).reason
    path.write_bytes(b"case:concept:name,concept:name,time:timestamp\n1,\x81\xfe,x\n")
    assert "--encoding" in str(refused(path))
    path.write_bytes(b"")
    assert refused(path).line == 1


def test_bad_xes_is_refused_with_its_line(tmp_path: Path) -> None:
    """Not XML, cut off, another root, an event without a name, a document type with entities."""
    path = tmp_path / "log.xes"
    path.write_text("this is not XML")
    assert refused(path, "xes").line == 1
    path.write_text("<html></html>")
    assert "root element is <html>" in refused(path, "xes").reason
    whole = xes_log(path, {"1": [xes_event("a", NOON)]}).read_text()
    path.write_text(whole[:-20])
    assert "ends in the middle" in refused(path, "xes").reason
    path.write_text(whole.replace('value="a"', 'value=""'))
    assert "no concept:name" in refused(path, "xes").reason
    bomb = '<!DOCTYPE log [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">]>\n'
    assert "DOCTYPE" in refused(xes_log(path, {"&b;": [xes_event("a", NOON)]}, before=bomb), "xes").reason


def test_a_torn_archive_is_refused(tmp_path: Path) -> None:
    """A gzip file that ends too early, or is damaged, is not read as a shorter log."""
    noise = os.urandom(40_000).hex()
    whole = xes_log(tmp_path / "log.xes", {"1": [xes_event(noise, NOON)]}).read_bytes()
    packed = gzip.compress(whole)
    path = tmp_path / "log.xes.gz"
    path.write_bytes(packed[: len(packed) // 2])
    assert "gzip" in refused(path, "xes").reason
    path.write_bytes(packed[:100] + bytes(50) + packed[150:])
    assert "gzip" in refused(path, "xes").reason


def test_a_stages_file_has_to_fit_the_log(tmp_path: Path) -> None:
    """Activities that are missing, listed twice or in no stage are named, as are unknown keys."""
    log = csv_log(tmp_path / "log.csv", f"1,a,complete,,{NOON}", f"1,b,complete,,{NOON}")
    stages = tmp_path / "map.yaml"
    stages.write_text("stages: [{key: s, title: S, marker: a}]")
    assert "in no stage: b" in refused(log, stages=stages).reason
    stages.write_text("stages: [{key: s, title: S, marker: a, activities: [a, b]}]")
    assert "twice" in refused(log, stages=stages).reason
    stages.write_text("stages: [{key: s, title: S, marker: z, activities: [a, b]}]")
    assert "does not have: z" in refused(log, stages=stages).reason
    stages.write_text("stagez: []")
    assert "stagez" in refused(log, stages=stages).reason
    stages.write_text("stages: [")
    assert "not YAML" in refused(log, stages=stages).reason


def test_keys_are_ascii_and_never_collide(tmp_path: Path) -> None:
    """Steps get keys from the names of activities, whatever these are written in."""
    names = ["Prüfen", "Prufen", "2nd look", "確認", "a" * 100]
    rows = [f"1,{name},complete,,{NOON}" for name in names]
    _report, document = examine_log(Request(csv_log(tmp_path / "log.csv", *rows), "csv", "p"))
    keys = [step.key for step in document.steps]
    assert len(set(keys)) == len(names)
    assert {"prufen", "prufen_2", "a_2nd_look"} <= set(keys)


def test_a_case_is_the_same_run_whenever_it_is_imported() -> None:
    """A case is the same run whenever it is imported, and another run in another process."""
    assert run_stream("p", "1") == run_stream("p", "1") != run_stream("q", "1")
