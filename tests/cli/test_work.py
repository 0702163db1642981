"""Processes, projects, runs and tasks from the command line: each look shows what was done before it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from interchange.documents.schema import schema_text
from tests.cli.conftest import Milepost


@pytest.fixture
def project(milepost: Milepost, visit: str) -> str:
    """A project whose columns are the stages of the process."""
    return str(milepost.json("project", "open", "Site visits", "--process", visit)["id"])


@pytest.fixture
def run(milepost: Milepost, visit: str, project: str) -> str:
    """A run of the process on the board of the project."""
    given = ("--input", "site=Harbour 4", "--role", "engineer=person:bo", "--project", project)
    return str(milepost.json("run", "start", visit, *given)["id"])


def states(milepost: Milepost, run: str) -> dict[str, str]:
    """The state of every step of a run."""
    stages = milepost.json("run", "show", run)["stages"]
    return {step["key"]: step["state"] for stage in stages for step in stage["steps"]}


def test_a_document_is_published_shown_and_retired(milepost: Milepost, visit: str, tmp_path: Path):
    """The same document makes one version; another makes the next, and the difference can be seen."""
    file = tmp_path / "visit.yaml"
    again = milepost.json("process", "publish", str(file), "--note", "Again")
    assert again["events"] == []
    file.write_text(file.read_text().replace("Inspect the site", "Inspect it"))
    milepost("process", "publish", str(file), "--note", "Shorter")
    assert milepost.json("process", "show", visit)["version"] == 2
    assert milepost.json("process", "show", visit, "--version", "1")["note"] == "First version"
    assert "Inspect it" in milepost("process", "show", visit).stdout
    changes = milepost.json("process", "diff", visit, "1", "2")["changes"]
    assert [(each["where"], each["after"]) for each in changes] == [("inspection.title", "Inspect it")]
    assert "inspection.title" in milepost("process", "diff", visit, "1", "2").stdout
    assert milepost.json("process", "restore", visit, "1")["events"] == ["process_draft_saved"]
    assert [each["version"] for each in milepost.json("process", "versions", visit)] == [2, 1]
    milepost("process", "restore", visit, "1", "--note", "Longer again")
    assert "Inspect the site" in milepost("process", "show", visit, "--version", "3").stdout
    assert visit in {row["key"] for row in milepost.json("process", "list")["rows"]}
    milepost("process", "retire", visit, "--reason", "Replaced")
    assert "process_retired" in milepost("run", "start", visit, "--input", "site=x", code=1).stderr


def test_the_schema_for_editors_is_printed(milepost: Milepost):
    """The very one that the product's documents are checked with."""
    assert milepost("process", "schema").stdout == schema_text()


def test_a_wrong_document_is_told_line_by_line(milepost: Milepost, tmp_path: Path):
    """Everything that is wrong comes at once, with its place; for programs too."""
    file = tmp_path / "wrong.yaml"
    file.write_text("key: wrong\ntitle: Wrong\nrolls: []\nstages: []\n")
    told = milepost("process", "check", str(file), code=2).stderr
    assert f"{file.name}:3" in told.replace("\n", "")
    assert milepost.json("process", "check", str(file), code=2)
    milepost("process", "publish", str(file), "--note", "x", code=2)


def test_a_run_from_its_start_to_its_end(milepost: Milepost, run: str, visit: str):
    """Steps are begun, saved, assigned, completed; the run ends with its last step, and its history has it all."""
    assert states(milepost, run) == {"appointment": "ready", "inspection": "locked"}
    milepost("run", "complete", run, "appointment", "--value", "visit_on=2026-12-01")
    milepost("run", "begin", run, "inspection")
    assert states(milepost, run) == {"appointment": "done", "inspection": "in_progress"}
    milepost("run", "assign", run, "inspection", "person:al", "--reason", "Bo is away")
    milepost("run", "due", run, "inspection", "2026-12-24T10:00:00Z")
    milepost("run", "due", run, "inspection", "none")
    milepost("run", "complete", run, "inspection")
    assert milepost.json("run", "show", run)["state"] == "completed"
    rows = milepost.json("run", "list", "--process", visit, "--state", "completed")["rows"]
    assert [row["id"] for row in rows] == [run]
    types = [entry["type"] for entry in milepost.json("run", "history", run)]
    assert types[0] == "run_started"
    assert [each for each in types if not each.startswith("action_")][-1] == "run_completed"
    assert "run_completed" in milepost("run", "history", run, "--after", "5").stdout
    assert "Visit of Harbour 4" in milepost("run", "show", run).stdout


def test_a_step_is_skipped_reopened_and_a_run_cancelled(milepost: Milepost, run: str):
    """A skipped step ends, a reopened one is to be done again, a cancelled run takes no more work."""
    milepost("run", "skip", run, "appointment", "--reason", "Known already")
    assert states(milepost, run)["appointment"] == "skipped"
    milepost("run", "reopen", run, "appointment", "--reason", "It was not", "--dependents")
    assert states(milepost, run) == {"appointment": "ready", "inspection": "locked"}
    milepost("run", "save", run, "appointment", "--value", "visit_on=2026-12-02")
    milepost("run", "cancel", run, "--reason", "No longer wanted")
    assert milepost.json("run", "show", run)["state"] == "cancelled"
    assert "run_ended" in milepost("run", "pause", run, "--reason", "late", code=1).stderr


def test_a_run_is_steered(milepost: Milepost, run: str, project: str):
    """Pause and resume, priority, target, inputs, roles, comments, the board it is on."""
    milepost("run", "pause", run, "--reason", "Rain")
    assert milepost.json("run", "show", run)["state"] == "paused"
    milepost("run", "resume", run)
    milepost("run", "priority", run, "high")
    milepost("run", "target", run, "2026-12-18T16:00:00Z", "--reason", "Promised")
    milepost("run", "inputs", run, "--input", "site=Harbour 5")
    milepost("run", "role", run, "engineer", "person:al", "--reason", "Bo is away")
    milepost("run", "comment", run, "The gate is [locked]", "--step", "appointment")
    milepost("run", "link", run, "none")
    seen = milepost.json("run", "show", run)
    assert (seen["state"], seen["priority"], seen["project"]) == ("running", "high", None)
    assert seen["inputs"]["site"] == "Harbour 5"
    assert seen["roles"]["engineer"] == "person:al"
    assert "engineer: person:al" in milepost("run", "show", run).stdout
    milepost("run", "link", run, project)
    milepost("run", "target", run, "none")
    assert milepost.json("run", "show", run)["target_at"] is None


def test_help_stands_on_the_board_until_it_is_cleared(milepost: Milepost, run: str, project: str):
    """Who asks for help is seen by the manager, with what clears it."""
    milepost("run", "ask-help", run, "appointment", "--reason", "No key", "--waiting-on", "the owner")
    assert "No key" in milepost("project", "board", project).stdout
    rows = milepost.json("project", "attention", project)["rows"]
    assert [(row["kind"], row["action"]["verb"]) for row in rows if row["step"]] == [
        ("needs_help", "clear-help")
    ]
    assert "No key" in milepost("project", "attention").stdout
    milepost("run", "clear-help", run, "appointment", "--note", "Got it")
    assert not [
        row for row in milepost.json("project", "attention", project)["rows"] if row["kind"] == "needs_help"
    ]


def test_a_project_is_looked_back_on(milepost: Milepost, run: str, project: str):
    """Board and attention as of a position, what changed since, why a card is so; and somebody is reminded."""
    before = str(milepost.json("project", "board", project)["position"])
    milepost("run", "assign", run, "appointment", "person:al", "--reason", "Al has the car")
    milepost("run", "remind", run, "appointment")
    milepost("run", "ask-help", run, "appointment", "--reason", "No key")
    then = ("--as-of-position", before)
    assert [card["state"] for card in cards(milepost.json("project", "board", project, *then))] == [
        "in_progress"
    ]
    assert [card["state"] for card in cards(milepost.json("project", "board", project))] == ["needs_help"]
    kinds = [row["kind"] for row in milepost.json("project", "attention", project, *then)["rows"]]
    assert "needs_help" not in kinds
    milepost("project", "attention", *then, code=2)
    milepost("project", "board", project, "--as-of", "2001-01-01T00:00:00Z", code=2)
    changed = milepost.json("project", "since", project)
    assert "started" in {change["what"] for change in changed["changes"]}
    assert changed["lines"][0] in milepost("project", "since", project).stdout
    told = milepost("project", "why", project, run).stdout
    assert "help_requested" in told or "step_help_requested" in told
    assert "No key" not in told


def cards(board: dict[str, Any]) -> list[dict[str, Any]]:
    """The cards of all columns."""
    return [card for column in board["columns"] for card in column["cards"]]


def test_a_project_is_managed(milepost: Milepost, project: str):
    """Rename, columns, members, close, reopen; the list and the funnel show it."""
    milepost("project", "rename", project, "All visits")
    milepost("project", "stages", project, "--stage", "planned=Planned", "--stage", "done=Done")
    milepost("project", "add-member", project, "person:bo", "--access", "manager")
    seen = milepost.json("project", "board", project)
    assert (seen["name"], [column["key"] for column in seen["columns"]]) == (
        "All visits",
        ["planned", "done"],
    )
    assert {"member": "person:bo", "access": "manager"} in seen["members"]
    milepost("project", "remove-member", project, "person:bo")
    milepost("project", "close", project, "--reason", "All done")
    assert "project_closed" in milepost("project", "rename", project, "x", code=1).stderr
    milepost("project", "reopen", project, "--reason", "One more")
    assert project in milepost("project", "list").stdout
    assert milepost.json("project", "funnel", project)["runs"] == 0
    assert "Planned" in milepost("project", "funnel", project).stdout


def test_a_task_goes_where_it_is_put(milepost: Milepost, project: str):
    """New tasks stand last; one that is moved stands above or below the card that was named."""
    first, second, third = (
        str(milepost.json("task", "add", project, title)["id"]) for title in ("One", "Two", "Three")
    )

    def cards(stage: int) -> list[str]:
        return [card["id"] for card in milepost.json("project", "board", project)["columns"][stage]["cards"]]

    assert cards(0) == [first, second, third]
    milepost("task", "move", third, "planned", "--above", first)
    assert cards(0) == [third, first, second]
    milepost("task", "move", third, "planned", "--below", first)
    assert cards(0) == [first, third, second]
    milepost("task", "move", second, "visited")
    assert (cards(0), cards(1)) == ([first, third], [second])
    assert "Planned" in milepost("project", "cards", project).stdout, "a list calls stages by their titles"
    assert "there are planned, visited" in milepost("task", "move", first, "nowhere", code=2).stderr
    milepost("task", "move", first, "visited", "--above", second, "--below", second, code=2)
    milepost("task", "move", first, "visited", "--above", third, code=2)


def test_a_task_from_its_start_to_its_end(milepost: Milepost, project: str, run: str):
    """Every verb of a task leads to its event, and the second time to none."""
    given = ("--assignee", "person:bo", "--due", "2026-12-01", "--label", "tools", "--priority", "high")
    task = str(milepost.json("task", "add", project, "Order a ladder", *given)["id"])
    verbs: dict[str, tuple[str, ...]] = {
        "task_edited": ("edit", task, "--title", "Order two ladders"),
        "task_assigned": ("assign", task, "none"),
        "task_priority_set": ("priority", task, "urgent"),
        "task_due_set": ("due", task, "none"),
        "task_labelled": ("label", task, "hardware", "soon"),
        "task_dependency_added": ("depend", task, run, "--kind", "run"),
        "task_dependency_removed": ("undepend", task, run, "--kind", "run"),
        "task_blocked": ("block", task, "--reason", "No budget"),
        "task_unblocked": ("unblock", task),
        "task_help_requested": ("ask-help", task, "--reason", "Which one?", "--waiting-on", "IT"),
        "task_help_cleared": ("clear-help", task),
        "task_completed": ("complete", task),
        "task_reopened": ("reopen", task, "--reason", "It was the wrong one"),
        "task_cancelled": ("cancel", task, "--reason", "No longer needed"),
    }
    for event, words in verbs.items():
        assert milepost.json("task", *words)["events"] == [event]
        assert milepost.json("task", *words)["events"] == []
    assert "task_commented" in milepost("task", "comment", task, "Arrives on Monday").stdout
    assert "nothing new" in milepost("task", "cancel", task, "--reason", "Again").stdout


def test_approvals_signatures_and_automatic_steps_have_verbs_of_their_own(milepost: Milepost, run: str):
    """A verb that does not fit the kind of the step is refused with the word of the rule."""
    expected = {
        ("approve",): "not_an_approval", ("refuse", "--reason", "x"): "not_an_approval",
        ("decline", "--reason", "x"): "not_a_signature", ("by-hand", "--reason", "x"): "not_automatic",
    }  # fmt: skip
    for (verb, *more), code in expected.items():
        assert code in milepost("run", verb, run, "appointment", *more, code=1).stderr


def test_a_decision_is_on_the_content_that_it_names(milepost: Milepost, tmp_path: Path):
    """`run content` shows it with its hash; the hash of what was before is refused with what has changed."""
    file = tmp_path / "deal.yaml"
    file.write_text(
        "key: deal\ntitle: Deal\nroles: [{key: seller, title: Seller, initiator: true}, {key: boss, title: Boss}]\n"
        "stages: [{key: all, title: All, steps: [\n"
        "  {key: offer, title: Offer, kind: form, role: seller, fields: [{key: price, title: Price, kind: number}]},\n"
        "  {key: sign, title: Sign, kind: sign, role: boss,\n"
        "   shows: [offer], texts: {Terms: 'We pay {offer.price}.'}}]}]\n"
    )
    milepost("process", "publish", str(file), "--note", "First")
    run = str(milepost.json("run", "start", "deal", "--name", "Deal")["id"])
    milepost("run", "complete", run, "offer", "-v", "price=100")
    before = milepost.json("run", "content", run, "sign")["content_sha256"]
    shown = milepost("run", "content", run, "sign").stdout
    assert "Terms\n\nWe pay 100." in shown
    assert before in shown
    milepost("run", "reopen", run, "offer", "--reason", "A typo")
    milepost("run", "complete", run, "offer", "-v", "price=9999")
    told = milepost("run", "complete", run, "sign", "--content", before, code=1).stderr
    assert "(content_changed)" in told
    assert "Price (Offer): 100 → 9999" in told
    now = milepost.json("run", "content", run, "sign")["content_sha256"]
    assert "step_completed" in milepost("run", "complete", run, "sign", "--content", now).stdout


def test_what_is_wrong_is_said_in_sentences(milepost: Milepost, run: str):
    """Each wrong field has a line with what is accepted; nobody has to read JSON."""
    told = milepost("run", "complete", run, "appointment", "-v", "visit_on=soon", "-v", "x=1", code=1).stderr
    assert "visit_on: is not accepted; accepted: a date such as" in told
    assert "{" not in told
    told = milepost("run", "priority", run, "wild", code=2).stderr
    assert "priority: Input should be 'urgent'" in told


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("run", "show", "01938c2e-7a31-7c11-b1b9-0d6c2f6a9e55"), 2),
        (("run", "show", "nonsense"), 2),
        (("run", "start", "no_such_process"), 2),
        (("run", "start", "x", "--input", "no sign"), 2),
        (("project", "open", "No stages"), 2),
        (("project", "open", "Wrong", "--stage", "nokey"), 2),
        (("run", "bogus"), 2),
        (("bogus",), 2),
    ],
)
def test_wrong_use_ends_with_2(milepost: Milepost, words: tuple[str, ...], code: int):
    """What was typed is wrong: nothing else than typing something else helps."""
    assert milepost(*words, code=code).stderr


def test_without_a_scope_or_a_valid_token_it_is_a_refusal(milepost: Milepost):
    """An unknown token is refused, and the code says so."""
    milepost.environment["MILEPOST_TOKEN"] = "mpt_unknown"
    assert "bad_token" in milepost("run", "list", code=1).stderr


def test_a_server_that_is_not_there_ends_with_3(milepost: Milepost, tmp_path: Path):
    """Neither a dead address nor a home where nothing runs is the fault of what was typed."""
    milepost.environment["MILEPOST_URL"] = "http://127.0.0.1:1"
    assert "does not answer" in milepost("run", "list", code=3).stderr
    milepost.environment |= {
        "MILEPOST_URL": "",
        "MILEPOST_TOKEN": "",
        "MILEPOST_HOME": str(tmp_path / "other"),
    }
    assert "no running Milepost found" in milepost("run", "list", code=3).stderr


def test_a_position_of_another_log_is_forgotten(milepost: Milepost, run: str, tmp_path: Path):
    """A workspace that was made anew at the same address is read from where it is."""
    file = tmp_path / "home" / "run" / "last-position"
    assert file.stat().st_mode & 0o777 == 0o600
    kept = json.loads(file.read_text())
    file.write_text(json.dumps({**kept, "position": kept["position"] + 1_000_000}))
    milepost("run", "show", run)
    assert not file.exists()


def test_it_runs_as_a_program_and_completes_words_in_a_shell(milepost: Milepost, run: str):
    """Installed, it answers programs with JSON alone, and a shell with the verbs that fit."""
    shown = milepost.process("run", "show", run, "--json")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert json.loads(shown.stdout)["id"] == run
    milepost.environment |= {
        "_MILEPOST_COMPLETE": "complete_bash", "COMP_WORDS": "milepost run co", "COMP_CWORD": "2",
    }  # fmt: skip
    assert milepost.process().stdout.split() == ["complete", "content", "comment"]
