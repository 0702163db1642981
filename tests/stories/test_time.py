"""Time in a running Milepost: what is due, what a wait waits for, and who hears of it, told by its own worker."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from interchange.documents.reading import parse_document
from tests.stories.house import House
from tests.stories.walking import publish
from tests.support.waiting import wait_until

DOCUMENT = b"""
key: short_story
title: A short story
roles:
  - {key: lead, title: Lead}
  - {key: writer, title: Writer, initiator: true, lead: lead}
  - {key: engine, title: Engine, system: true}
inputs: [{key: printed_on, title: Printed on, kind: date}]
reminders: [{offset: 0, unit: hours}]
escalate_after: {offset: 0, unit: hours}
stages:
  - key: written
    title: Written
    steps:
      - {key: write, title: Write, role: writer, after: [], overdue: {notify: [lead]}}
      - {key: rest, title: Let it rest, role: engine, kind: wait, after: [],
         wait: {until: {anchor: run_start, offset: 0, unit: hours}}}
      - {key: print, title: Print, role: lead, after: [write],
         due: {anchor: {field: inputs.printed_on}, offset: -1}}
"""


def steps(house: House, run: str) -> dict[str, Any]:
    """The steps of the run as its view shows them."""
    view = house.ask(f"/v1/runs/{run}")
    return {step["key"]: step for stage in view["stages"] for step in stage["steps"]}


def happened(house: House, run: str) -> list[tuple[str, str | None]]:
    """What happened to the run: types and steps."""
    entries = house.ask(f"/v1/runs/{run}/history")["entries"]
    return [(entry["type"], entry["step"]) for entry in entries]


def test_what_is_due_is_told_by_itself(house: House) -> None:
    """A due that passes is recorded, reminded of and escalated within seconds, and the wait ends, without anybody."""
    document, problems = parse_document(DOCUMENT)
    assert document is not None, problems
    publish(house, document)
    house.add("person:bo", "person:dana")
    given = {"process": document.key, "roles": {"lead": "person:bo", "writer": "person:dana"}}
    run = house.tell("/v1/runs", given)["id"]
    locked = steps(house, run)["print"]
    assert locked["due_waits_for"] == {"anchor": "inputs.printed_on", "title": "Printed on"}
    assert locked["waits_for"][0]["who"] == "person:dana"

    due = datetime.now(UTC) + timedelta(seconds=0.5)
    house.tell(f"/v1/runs/{run}/steps/write/due", {"due_at": due.isoformat()})
    assert datetime.fromisoformat(steps(house, run)["write"]["due_at"]) == due
    expected = {("step_became_overdue", "write"), ("step_reminder_raised", "write"), ("step_escalated", "write"),
                ("step_completed", "rest")}  # fmt: skip
    wait_until(lambda: expected <= set(happened(house, run)), "the alarms")
    told = happened(house, run)
    assert all(told.count(each) == 1 for each in expected)
    assert told.index(("step_became_overdue", "write")) < told.index(("step_escalated", "write"))
    queued = [entry["data"] for entry in house.ask(f"/v1/runs/{run}/history")["entries"]
              if entry["type"] == "action_queued"]  # fmt: skip
    told_whom = {each["action"]: (each["facts"]["roles"], each["facts"]["assignees"]) for each in queued}
    assert told_whom == {
        "notice:overdue": (["lead"], []),
        "reminder:1": ([], ["person:dana"]),
        "escalation": (["lead"], []),
    }
    after = steps(house, run)
    assert (after["write"]["overdue"], after["write"]["state"]) == (True, "ready")
    assert (after["rest"]["state"], after["rest"]["outcome"]) == ("done", "waited")
