"""People and groups from the command line."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Milepost


def staff(milepost: Milepost, boss: str, worker: str, group: str) -> Milepost:
    """Two people, one of whom manages the other, and a group."""
    milepost("people", "add", boss, f"{boss.title()} Berg", "--weekly-hours", "40")
    address = ("--manager", f"person:{boss}", "--email", f"{worker}@x.org")
    milepost("people", "add", worker, f"{worker.title()} Low", *address)
    members = ("--member", f"person:{worker}", "--member", f"person:{boss}")
    milepost("groups", "create", group, group.title(), *members)
    return milepost


def test_people_and_groups_are_kept_and_shown(milepost: Milepost):
    """What is told is shown; `none` takes something away; a refusal says why."""
    house = staff(milepost, "ada", "max", "inspectors")
    house("people", "change", "max", "--email", "none", "--weekly-hours", "32")
    max_ = house.json("people", "show", "max")["person"]
    assert (max_["email"], max_["weekly_hours"], max_["manager_name"]) == (None, 32.0, "Ada Berg")
    assert "Max Low" in house("people", "list").stdout
    assert "Max Low" in house("groups", "show", "inspectors").stdout
    assert "Inspectors" in house("groups", "list").stdout
    assert "manager_cycle" in house("people", "change", "ada", "--manager", "person:max", code=1).stderr
    house("groups", "remove-member", "inspectors", "person:max")
    house("groups", "add-member", "inspectors", "person:max")
    house("groups", "rename", "inspectors", "The inspectors")
    house("groups", "close", "inspectors", "--reason", "Merged")
    assert house.json("groups", "show", "inspectors")["group"]["state"] == "closed"


def test_work_is_claimed_given_back_and_handed_over(milepost: Milepost, visit: str):
    """From the inbox of a group to somebody, back, to somebody else; and the load shows it."""
    house = staff(milepost, "fay", "gus", "surveyors")
    run = str(
        house.json("run", "start", visit, "--input", "site=x", "--role", "planner=group:surveyors")["id"]
    )
    (first,) = house.json("inbox", "person:gus")["rows"]
    assert (first["claimable"], house.json("inbox", "person:gus")["next"]["id"]) == (True, run)
    house("run", "claim", run, first["step"], "--as", "person:gus")
    assert "already_claimed" in house("run", "claim", run, first["step"], "--as", "person:fay", code=1).stderr
    house("run", "release", run, first["step"], "--reason", "Away", "--as", "person:gus")
    house("run", "claim", run, first["step"], "--as", "person:gus")
    house("people", "deactivate", "gus", "--reason", "Left")
    assert (
        "1 moved, 0 stayed"
        in house("people", "hand-over", "gus", "person:fay", "--reason", "Gus left").stdout
    )
    assert (
        "0 moved, 0 stayed"
        in house("people", "hand-over", "gus", "person:fay", "--reason", "Gus left").stdout
    )
    assert [row["assignee"] for row in house.json("inbox", "person:fay")["rows"]] == ["person:fay"]
    assert {row["who"] for row in house.json("workload", "--weeks", "2")["rows"]} >= {"person:fay"}
    assert "Fay Berg" in house("workload").stdout
    assert "to do" in house("inbox", "person:fay").stdout
    house("people", "reactivate", "gus")


def test_people_come_from_a_sheet(milepost: Milepost, tmp_path: Path):
    """Tried out, refused with line and column, done, and the second time nothing is left to do."""
    sheet = tmp_path / "people.csv"
    sheet.write_text("key,name,manager,groups\nira,Ira Moss,uma,readers\numa,Uma Moss,,\n", "utf-8")
    assert "2 would be added" in milepost("people", "import", str(sheet), "--dry-run").stdout
    assert "2 added" in milepost("people", "import", str(sheet)).stdout
    again = milepost.json("people", "import", str(sheet))
    assert (again["added"], again["unchanged"]) == ([], 2)
    sheet.write_text("key,name\nira,\n", "utf-8")
    assert "line 2, name" in milepost("people", "import", str(sheet), code=2).stderr


def test_roles_and_deputies_are_given_and_taken(milepost: Milepost):
    """By administrators; who has a right, since when and why, is shown to them."""
    house = staff(milepost, "ida", "kim", "auditors")
    until = ("--until", "2099-03-31T18:00Z")
    house("rights", "grant", "person:kim", "auditor", *until, "--reason", "The yearly audit")
    house("rights", "grant", "service:backup", "auditor", "--reason", "Reads all at night")
    holders = {(each["holder"], each["role"]) for each in house.json("rights", "list")["rows"]}
    assert holders >= {("person:kim", "auditor"), ("service:backup", "auditor")}
    house("rights", "deputy", "person:ida", "person:kim", *until, "--reason", "Away")
    told = house.json("rights", "of", "person:kim")
    assert [each["reason"] for each in (*told["roles"], *told["acts_for"])] == ["The yearly audit", "Away"]
    assert "The yearly audit" in house("rights", "of", "person:kim").stdout
    assert "service:backup" in house("rights", "list").stdout
    house("rights", "dismiss", "person:ida", "person:kim", "--reason", "Back")
    house("rights", "withdraw", "person:kim", "auditor", "--reason", "Done")
    told = house.json("rights", "of", "person:kim")
    assert (told["roles"], told["acts_for"]) == ([], [])
    assert "names nobody" in house("rights", "of", "kim", code=2).stderr
    assert "role" in house("rights", "grant", "person:kim", "king", "--reason", "x", code=2).stderr
