"""Promises about files that others wrote: each value is read by the standard's rule, or refused with line and cause."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from domain.words import StepKey
from interchange.bad_log import BadLog
from interchange.logs.facts import Rounds, run_stream
from interchange.logs.importer import Importer, LogFormat, Request, examine_log
from interchange.logs.report import Report
from tests.interchange.support import HEADER, csv_log, xes_event, xes_log

NOON = "2026-03-02T12:00:00+01:00"


def refused(request: Request) -> BadLog:
    """The refusal of this file by a dry run."""
    with pytest.raises(BadLog) as caught:
        examine_log(request)
    return caught.value


def with_attribute(path: Path, attribute: str) -> Request:
    """A log of one event with this attribute."""
    event = xes_event("a", NOON).replace("</event>", f"{attribute}</event>")
    return Request(xes_log(path / "log.xes", {"1": [event]}), "xes", "p")


def read(request: Request, directory: Path) -> tuple[dict[str, Any], Report]:
    """The values of the one event, and the report."""
    directory.mkdir()
    importer = Importer(request, directory)
    events = dict(importer.histories(1, None))[run_stream("p", "1")].events
    return dict(events[-1].values), importer.report  # type: ignore[attr-defined]  # a completed step has values


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ('<boolean key="x" value="1"/>', True),
        ('<boolean key="x" value=" true "/>', True),
        ('<boolean key="x" value="0"/>', False),
        ('<int key="x" value="-9223372036854775808"/>', -(2**63)),
        ('<int key="x" value="+7"/>', 7),
        ('<float key="x" value="1.5E3"/>', 1500.0),
        ('<string key="x" value="1_000"/>', "1_000"),
    ],
)
def test_a_typed_value_is_read_as_its_type_says(tmp_path: Path, attribute: str, value: Any) -> None:
    """Truths are 1 and 0 too, blanks around a value are none of it, and a text stays as it is."""
    assert read(with_attribute(tmp_path, attribute), tmp_path / "w")[0] == {"x": value}


@pytest.mark.parametrize(
    ("attribute", "said"),
    [
        ('<int key="x" value="18446744073709551616"/>', "beyond 64 bits"),
        ('<int key="x" value="1_000"/>', "not a whole number"),
        ('<int key="x" value="١٢"/>', "not a whole number"),
        ('<float key="x" value="1,5"/>', "not a number"),
        ('<float key="x" value="1_000.0"/>', "not a number"),
        ('<boolean key="x" value="yes"/>', "not a truth"),
    ],
)
def test_a_value_that_is_none_of_its_type_is_refused_with_its_line(
    tmp_path: Path, attribute: str, said: str
) -> None:
    """Never read as something else, never a traceback."""
    error = refused(with_attribute(tmp_path, attribute))
    assert error.line == 3
    assert said in error.reason
    assert " of x" in error.reason
    assert error.accepted


@pytest.mark.parametrize("written", ["NaN", "nan", "INF", "-INF", "1e999"])
def test_numbers_that_are_none_are_left_out_and_counted(tmp_path: Path, written: str) -> None:
    """JSON has no word for them: the report says how many there were."""
    values, report = read(with_attribute(tmp_path, f'<float key="x" value="{written}"/>'), tmp_path / "w")
    assert (values, report.values_left_out) == ({}, 1)


@pytest.mark.parametrize("log_format", ["xes", "csv"])
@pytest.mark.parametrize(
    "written",
    [
        "9999-12-31T23:59:59Z",
        "9999-12-31T23:59:59-05:00",
        "0001-01-01T00:00:00+14:00",
        "1969-12-31T23:59:59Z",
    ],
)
def test_a_time_far_away_is_refused_with_its_line(
    tmp_path: Path, written: str, log_format: LogFormat
) -> None:
    """No calendar reaches there; what stands for "never" is left empty instead."""
    if log_format == "xes":
        path, line = xes_log(tmp_path / "log", {"1": [xes_event("a", written)]}), 3
    else:
        path, line = csv_log(tmp_path / "log", f"1,a,complete,,{written}"), 2
    error = refused(Request(path, log_format, "p"))
    assert error.line == line
    assert error.accepted == "a time between 1970 and 2199"


def test_a_time_of_a_case_is_refused_with_its_column(tmp_path: Path) -> None:
    """A target at the end of time names the column that holds it."""
    stages = tmp_path / "map.yaml"
    stages.write_text("columns: {target_at: 'case:due'}")
    path = csv_log(tmp_path / "log.csv", f"1,a,complete,,{NOON},9999-12-31", header=HEADER + ",case:due")
    error = refused(Request(path, "csv", "p", stages, "UTC"))
    assert error.line == 2
    assert error.reason.startswith("case:due: ")


@pytest.mark.parametrize(
    "written",
    [
        "2026-W10-1T12:00:00Z",
        "2026-03-02x12:00:00Z",
        "20260302T120000Z",
        "٢٠٢٦-03-02T12:00:00Z",
        "2026-03-02T12:60Z",
    ],
)
def test_what_only_python_takes_for_a_time_is_refused(tmp_path: Path, written: str) -> None:
    """Weeks, other letters in the middle, other digits: another reader would read another time."""
    error = refused(Request(csv_log(tmp_path / "log.csv", f"1,a,complete,,{written}"), "csv", "p"))
    assert "is not a time" in error.reason


def test_names_that_are_too_long_are_refused_with_their_line(tmp_path: Path) -> None:
    """A case, an activity and an actor are names; attributes have room for more, not for all there is."""
    long = "x" * 201
    for row in (f"{long},a,complete,,{NOON}", f"1,{long},complete,,{NOON}", f"1,a,complete,{long},{NOON}"):
        error = refused(Request(csv_log(tmp_path / "log.csv", row), "csv", "p"))
        assert (error.line, error.accepted) == (2, "at most 200")
    attribute = f'<string key="x" value="{"é" * 150_000}"/>'
    assert "bytes" in refused(with_attribute(tmp_path, attribute)).reason


TABLE = "case:concept:name;concept:name;time:timestamp;case:clerk\n1;Prüfen;{noon};Müller\n1;Zahlen;{noon};Müller\n"


@pytest.mark.parametrize(
    ("encoding", "shown", "delimiter"),
    [
        ("utf-8", "utf-8", ";"),
        ("utf-8-sig", "utf-8-sig", "\t"),
        ("cp1252", "cp1252", ";"),
        ("utf-16", "utf-16", "\t"),
        ("utf-16-le", "utf-16-le", ","),
        ("utf-16-be", "utf-16-be", "|"),
        ("utf-32", "utf-32", ";"),
    ],
)
def test_how_a_table_is_written_is_found_out_and_shown(
    tmp_path: Path, encoding: str, shown: str, delimiter: str
) -> None:
    """Spreadsheets write semicolons, tabs, UTF-16 and Windows' own encoding."""
    path = tmp_path / "log.csv"
    path.write_bytes(TABLE.format(noon=NOON).replace(";", delimiter).encode(encoding))
    report, document = examine_log(Request(path, "csv", "p"))
    assert (report.encoding, report.delimiter) == (shown, delimiter)
    assert set(report.activities) == {"Prüfen", "Zahlen"}
    assert [field.title for field in document.inputs] == ["case:clerk"]


def test_a_spreadsheet_says_its_delimiter_itself(tmp_path: Path) -> None:
    """The line sep=; is no header, and lines are counted with it."""
    path = tmp_path / "log.csv"
    path.write_text("sep=;\r\n" + TABLE.format(noon=NOON) + "1;x\n", "utf-8")
    error = refused(Request(path, "csv", "p"))
    assert error.line == 5
    assert "2 values for 4 columns" in error.reason


def test_what_somebody_says_of_a_table_wins(tmp_path: Path) -> None:
    """An encoding that no look at the bytes can tell, and a delimiter that nobody would try."""
    path = tmp_path / "log.csv"
    path.write_bytes(TABLE.format(noon=NOON).replace(";", "^").replace("Müller", "Łuczak").encode("cp1250"))
    request = Request(path, "csv", "p", encoding="windows-1250", delimiter="^")
    report, _document = examine_log(request)
    assert (report.encoding, report.delimiter) == ("windows-1250", "^")
    assert "missing column" in refused(Request(path, "csv", "p")).reason
    wrong = refused(Request(path, "csv", "p", encoding="utf-8", delimiter="^"))
    assert "not utf-8-sig text near the bytes fc" in wrong.reason
    assert "--encoding" in str(wrong)


@pytest.mark.parametrize("encoding", ["klingon", "base64", "rot13", "unicode_escape", "idna", ""])
def test_an_encoding_that_is_none_is_refused(tmp_path: Path, encoding: str) -> None:
    """Named, with some that there are."""
    error = refused(Request(csv_log(tmp_path / "log.csv"), "csv", "p", encoding=encoding))
    assert "there is no encoding" in error.reason
    assert "windows-1252" in str(error.accepted)


@pytest.mark.parametrize("delimiter", ["", "ab", "x", '"', "\n", "comma;"])
def test_a_delimiter_that_is_none_is_refused(tmp_path: Path, delimiter: str) -> None:
    """Letters, quotes and line ends part no values."""
    error = refused(Request(csv_log(tmp_path / "log.csv"), "csv", "p", delimiter=delimiter))
    assert "is no delimiter" in error.reason


def test_a_character_that_cannot_be_stored_is_refused_by_the_dry_run(tmp_path: Path) -> None:
    """NUL, wherever it stands; not a traceback when the import begins to store."""
    for row in (f"1,a\x00b,complete,,{NOON}", f"1\x00,a,complete,,{NOON}", f"1,a,complete,x\x00,{NOON}"):
        error = refused(Request(csv_log(tmp_path / "log.csv", row), "csv", "p"))
        assert error.line == 2
        assert "NUL" in error.reason


def test_the_name_of_the_project_is_checked_before_anything_is_read(tmp_path: Path) -> None:
    """It was refused when everything was checked and the first thing was to be stored."""
    path = csv_log(tmp_path / "log.csv", f"1,a,complete,,{NOON}")
    assert "name of the project" in refused(Request(path, "csv", "p", project="x" * 201)).reason


def test_work_that_overlaps_is_told_apart_by_its_instance(tmp_path: Path) -> None:
    """Two starts, and the second ends first: four hours and one, not three and two."""

    def at(hour: int, transition: str, instance: str) -> str:
        named = f'<string key="concept:instance" value="{instance}"/></event>'
        return xes_event("check", f"2026-03-02T{hour}:00:00Z", transition).replace("</event>", named)

    events = [
        at(10, "start", "one"),
        at(11, "start", "two"),
        at(12, "complete", "two"),
        at(14, "complete", "one"),
    ]
    directory = tmp_path / "w"
    directory.mkdir()
    importer = Importer(Request(xes_log(tmp_path / "log.xes", {"1": events}), "xes", "p"), directory)
    _started, *steps = dict(importer.histories(1, None))[run_stream("p", "1")].events
    spans: dict[int, list[int]] = {}
    for event in steps:
        spans.setdefault(event.round, []).append(event.at.hour)  # type: ignore[attr-defined]  # a step has rounds
    assert spans == {1: [10, 14], 2: [11, 12]}
    assert importer.report.started_without_completion == 0


@pytest.mark.parametrize("named", ["case", "activity", "actor", "instance"])
def test_a_name_that_is_too_long_is_refused(tmp_path: Path, named: str) -> None:
    """Whatever a log calls things by is kept with every event: it is a name, not a document."""
    row = {"case": "1", "activity": "a", "transition": "complete", "actor": "x", "instance": "i", "at": NOON}
    row[named] = "n" * 201
    head = "case:concept:name,concept:name,lifecycle:transition,org:resource,concept:instance,time:timestamp"
    path = csv_log(tmp_path / "log.csv", ",".join(row.values()), header=head)
    error = refused(Request(path, "csv", "p"))
    assert error.reason.startswith(f"the {named} 'nnnn")
    assert (error.line, error.accepted) == (2, "at most 200")


def test_work_is_assigned_and_begun_in_its_own_round() -> None:
    """Work that goes on is given in its round, and what is begun without a name was announced first."""
    step, rounds = StepKey("check"), Rounds()
    assert (rounds.schedule(step, "one"), rounds.schedule(step, "two")) == (1, 2)
    assert (rounds.start(step), rounds.assign(step, "one"), rounds.assign(step, "two")) == (1, 1, 2)
    assert (rounds.start(step, "three"), rounds.end(step, "one"), rounds.end(step, "two")) == (
        3,
        (1, True),
        (2, False),
    )
