"""Lists of the command line say how many rows come after these and how to see them; a file is whole or not there."""

from __future__ import annotations

import csv
import re
import socket
from pathlib import Path
from threading import Thread

import pytest

from tests.cli.conftest import Milepost

BROKEN = b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nContent-Length: 1000\r\n\r\nid,name\r\n1,Acme\r\n"


def test_a_list_leads_to_its_end(milepost: Milepost, visit: str, tmp_path: Path):
    """Two rows at a time until nothing is said to come after them; as a file all of them at once."""
    project = milepost.json("project", "open", "Visits", "--process", visit)["id"]
    for number in range(5):
        milepost("task", "add", project, f"Task {number}", "--stage", "planned")
    seen: list[str] = []
    more: list[str] = []
    while not seen or more[-1:] != ["end"]:
        told = milepost("project", "cards", project, "--limit", "2", *more).stdout
        seen += re.findall(r"Task \d", told)
        found = re.search(r"(\d+) more: go on with --after (\d+)", told)
        assert found is None or int(found[1]) == 5 - len(seen)
        more = ["end"] if found is None else ["--after", found[2]]
    assert seen == [f"Task {number}" for number in range(5)]
    file = tmp_path / "cards.csv"
    assert "bytes" in milepost("project", "cards", project, "--limit", "2", "--csv", str(file)).stdout
    rows = list(csv.DictReader(file.read_text("utf-8-sig").splitlines()))
    assert [row["name"] for row in rows] == seen


def test_a_transfer_that_breaks_leaves_no_file(
    milepost: Milepost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A server that goes away in the middle: the command fails, says so, and nothing looks like the whole."""
    file = tmp_path / "runs.csv"
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = Thread(target=answer, args=[listening], daemon=True)
        thread.start()
        milepost.environment["MILEPOST_URL"] = f"http://127.0.0.1:{listening.getsockname()[1]}"
        told = milepost("run", "list", "--csv", str(file), code=3)
        thread.join(10)
    assert "did not send all of it" in told.stderr
    assert not file.exists()


def answer(listening: socket.socket) -> None:
    """Promise a thousand bytes to one caller, send fewer, and go."""
    caller, _ = listening.accept()
    with caller:
        caller.recv(65_536)
        caller.sendall(BROKEN)
