"""Bad models are refused with their line; the command writes, saves and reports drafts."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from domain.lint import MOST_STEPS
from interchange.bad_log import BadLog
from interchange.bpmn.reading import read_bpmn
from interchange.bpmn.xml import BPMN, LARGEST_FILE
from interchange.documents.reading import read_document
from milepost.cli.process.imports import app
from tests.interchange.bpmn_support import flows, node, of, written


def refusal(path: Path) -> BadLog:
    """Why this file is refused."""
    with pytest.raises(BadLog) as refused:
        read_bpmn(path)
    return refused.value


def test_a_file_that_is_cut_off_is_refused(tmp_path: Path):
    """The line where it ends is named."""
    path = written(tmp_path / "m.bpmn", node("task", "a"))
    path.write_bytes(path.read_bytes()[:-20])
    assert (refusal(path).line, refusal(path).accepted) == (4, "a whole BPMN 2.0 file")


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("", 1, "ends in the middle"),
        ("hello", 1, "ends in the middle"),
        (f'<definitions xmlns="{BPMN}">\n<a></b>', 2, "not well-formed"),
        ("<html/>", 1, "not BPMN 2.0"),
        ('<definitions xmlns="http://www.omg.org/spec/DMN/20180521/MODEL/"/>', 1, "not BPMN 2.0"),
        (f'<!DOCTYPE x [<!ENTITY a "b">]>\n<definitions xmlns="{BPMN}"/>', 1, "DOCTYPE"),
        (f'<definitions xmlns="{BPMN}"/>', None, "no process"),
        (f'<definitions xmlns="{BPMN}"><process id="p"/></definitions>', None, "no process"),
        (f'<definitions xmlns="{BPMN}">' + "<a>" * 70, 1, "nested deeper"),
        (f'<definitions xmlns="{BPMN}"><process id="p">\n<task id="a"/>\n<task id="a"/></process></definitions>', 3,
         "used twice"),
        (f'<definitions xmlns="{BPMN}"><process id="p">\n<task id="a"/>\n{flows("a b")}</process></definitions>',
         3, "not in its process"),
        (f'<definitions xmlns="{BPMN}"><process id="p">\n<task id="a"/><sequenceFlow id="f"/></process></definitions>',
         2, "from where to where"),
        (f'<definitions xmlns="{BPMN}"><process id="p">\n<task/></process></definitions>', 2, "without id"),
    ],
)  # fmt: skip
def test_a_bad_file_is_refused_with_its_line(tmp_path: Path, text: str, line: int | None, word: str):
    """Nothing is guessed: what is wrong, where, and what would be accepted."""
    path = tmp_path / "m.bpmn"
    path.write_text(text, "utf-8")
    refused = refusal(path)
    assert refused.line == line
    assert word in refused.reason
    assert refused.accepted


def test_a_model_that_is_too_large_is_refused(tmp_path: Path):
    """Ten megabytes at most, also of what a small archive holds, and never more elements than a person could read."""
    path = tmp_path / "m.bpmn.gz"
    path.write_bytes(gzip.compress(f'<definitions xmlns="{BPMN}">'.encode() + b" " * LARGEST_FILE))
    assert refusal(path).accepted == "at most 10 MB"
    many = written(tmp_path / "many.bpmn", "<task/>" * 100_001)
    assert "too many elements" in refusal(many).reason


def test_a_model_with_too_many_steps_or_no_work_is_refused(tmp_path: Path):
    """A document holds so many steps at most and one at least; so do sub-processes and boundary events."""
    for parts, word in (([node("task", f"t{number}") for number in range(MOST_STEPS + 1)], "too many steps"),
                        ([node("subProcess", f"t{number}") for number in range(MOST_STEPS + 1)], "too many elements"),
                        ([node("startEvent", "s")], "holds no work")):  # fmt: skip
        with pytest.raises(BadLog) as refused:
            of(tmp_path, *parts)
        assert word in refused.value.reason


def test_a_long_chain_in_a_circle_is_no_trouble(tmp_path: Path):
    """More gateways on a way back than calls can be within calls are walked through without recursion."""
    size = 3_000
    ways = (f"g{place} g{(place + 1) % size}" for place in range(size))
    found = of(tmp_path, node("task", "a"), *(node("exclusiveGateway", f"g{place}") for place in range(size)),
               flows("a g0", *ways))  # fmt: skip
    assert [each.key for each in found.document.steps] == ["a"]


# --- the command ---


def told(*words: str) -> Result:
    """What the command line says."""
    return CliRunner().invoke(app, ["bpmn", *words])


def test_the_command_writes_a_document_that_can_be_checked(tmp_path: Path):
    """The file says at its top what is not as it was in the model, and holds no problem."""
    path, out = written(tmp_path / "m.bpmn", node("serviceTask", "a")), tmp_path / "m.yaml"
    said = told(str(path), "--process", "sale", "--out", str(out))
    assert said.exit_code == 0
    assert "by hand" in said.stdout
    document, problems = read_document(out)
    assert (document and document.key, problems) == ("sale", [])
    assert "# - by hand: serviceTask “a” (a)" in out.read_text("utf-8")


def two_pools(path: Path) -> str:
    """A model with two pools of one name."""
    pool = '<process id="{0}" name="Shop">' + node("task", "a") + "</process>"
    path.write_text(
        f'<definitions xmlns="{BPMN}">{pool.format("p")}{pool.format("q")}</definitions>', "utf-8"
    )
    return str(path)


def test_several_pools_become_several_files(tmp_path: Path):
    """Each gets a key of its own, also when they are called the same; one of them can be chosen."""
    path = two_pools(tmp_path / "m.bpmn")
    assert told(path, "--out", str(tmp_path / "out.yaml")).exit_code == 0
    assert sorted(each.name for each in tmp_path.glob("*.yaml")) == ["out-shop.yaml", "out-shop_2.yaml"]
    assert told(path, "--pool", "q", "--process", "till", "--out", str(tmp_path / "till.yaml")).exit_code == 0
    assert (tmp_path / "till.yaml").exists()


def test_drafts_are_saved_on_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """--save puts each draft where drafts are kept, in the name that is given."""
    saved: list[tuple[str, Any]] = []

    def tell(path: str, body: dict[str, Any], **more: Any) -> None:
        saved.append((path, (body["title"], more["method"], more["actor"])))

    monkeypatch.setattr("milepost.cli.process.bpmn.tell", tell)
    assert told(two_pools(tmp_path / "m.bpmn"), "--save", "--as", "person:dana").exit_code == 0
    assert saved == [
        (f"/v1/processes/{key}/draft", ("Shop", "PUT", "person:dana")) for key in ("shop", "shop_2")
    ]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--process", "till"], "one key cannot name several pools"),
        (["--pool", "Bank"], "no pool is called 'Bank' (accepted: Shop, Shop)"),
        (["--pool", "p", "--process", "Not a key"], "is not the key of a process"),
        (["--out", "/nowhere/at/all.yaml"], "No such file or directory"),
    ],
)
def test_wrong_use_is_refused(tmp_path: Path, words: list[str], complaint: str):
    """Said on standard error, with the exit code of bad input."""
    said = told(two_pools(tmp_path / "m.bpmn"), *words)
    assert said.exit_code == 2
    assert complaint in said.stderr


def test_programs_get_json(tmp_path: Path):
    """The documents and the remarks as data."""
    said = told(str(written(tmp_path / "m.bpmn", node("task", "a"))), "--json")
    found = json.loads(said.stdout)
    assert [each["document"]["key"] for each in found["drafts"]] == ["work"]
    assert {each["became"] for each in found["drafts"][0]["remarks"]} == {"assumed"}
