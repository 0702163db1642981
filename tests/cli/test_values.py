"""What the command line reads of what is typed: values keep every sign, and what cannot be sent is said, not raised."""

from __future__ import annotations

import httpx
import pytest
import typer

from milepost.cli.console import client
from milepost.cli.console.output import BAD_INPUT
from milepost.cli.console.values import pairs
from milepost.cli.people.people import _hours


def test_an_id_of_many_digits_stays_what_it_is():
    """As a number it would lose its last digits; numbers that are exact are numbers."""
    typed = [
        "id=18446744073709551616",
        "small=12",
        "price=9.99",
        "name=007",
        "list=[1]",
        "odd=NaN",
        "huge=1e999",
    ]
    assert pairs(typed, "--value") == {
        "id": "18446744073709551616", "small": 12, "price": 9.99, "name": "007", "list": [1], "odd": "NaN",
        "huge": "1e999",
    }  # fmt: skip


@pytest.mark.parametrize("typed", ["nan", "inf", "-inf", "1e999", "many"])
def test_hours_are_a_number(typed: str):
    """What is no number takes no hours away."""
    with pytest.raises(typer.BadParameter):
        _hours(typed)


def test_what_cannot_be_sent_is_told(capsys: pytest.CaptureFixture[str]):
    """A text that is not UTF-8, and a number that no JSON of ours holds, end with a sentence and exit code 2."""
    for body in ({"name": "\udcff"}, {"number": 1 << 70}):
        with pytest.raises(typer.Exit) as ended:
            client._json(body)
        assert ended.value.exit_code == BAD_INPUT
    assert "cannot be sent" in capsys.readouterr().err


def test_an_answer_that_only_claims_to_be_json_is_no_traceback():
    """What stands between here and the server may answer anything."""
    odd = httpx.Response(502, headers={"content-type": "application/json"}, content=b"<html>")
    assert client._problem(odd) is None
