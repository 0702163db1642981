"""The feed of a calendar link: whole days and lengths, and the same bytes as long as nothing changed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest
from icalendar import Calendar as Feed

from tests.api.conftest import DANA, Api, project
from tests.support.clients import get, head

COLUMNS = [{"key": "start", "title": "Start"}, {"key": "live", "title": "Live"}]
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
TARGET = NOON + timedelta(days=30)


@pytest.fixture
def address(api: Api) -> str:
    """The address of the feed of a project: a task due on a day, a run with a target."""
    api.services.clock = lambda: NOON
    api.publish()
    place = api.client.post("/v1/projects", json={"name": "Spring", "stages": COLUMNS, "owner": DANA}).json()[
        "id"
    ]
    task = {"project": place, "title": "Paint", "stage": "start", "due_on": "2026-03-06", "assignee": DANA}
    assert api.client.post("/v1/tasks", json=task).status_code == 201
    api.start(project=place, target_at=TARGET.isoformat())
    project(api.database, api.services.log)
    url: str = api.client.post("/v1/calendar-links", json={"project": place}).json()["url"]
    return url


def entries(answer: httpx.Response) -> dict[str, Any]:
    """The entries of a feed by what they are called."""
    return {str(event["summary"]): event for event in Feed.from_ical(answer.content).walk("VEVENT")}


def painted(api: Api) -> tuple[str, datetime]:
    """The task's id, and when it was last changed (a feed tells that to the second only)."""
    (entry,) = api.client.get("/v1/calendar").json()["entries"]
    return entry["id"].removesuffix("-due"), datetime.fromisoformat(entry["changed_at"])


def test_a_due_on_a_day_is_a_whole_day_in_calendar_programs(address: str):
    """DTSTART is a date, and DTEND the day after; it does not depend on the zone of who looks."""
    event = entries(get(address))["Paint"]
    assert b"DTSTART;VALUE=DATE:20260306" in event.to_ical()
    assert (event.decoded("dtstart"), event.decoded("dtend")) == (date(2026, 3, 6), date(2026, 3, 7))


def test_a_due_with_a_time_has_a_length(address: str):
    """It begins at its instant and ends later, so that every calendar program draws it."""
    event = entries(get(address))["Target: Acme"]
    assert event.decoded("dtstart") == TARGET
    assert event.decoded("dtend") > TARGET


def test_one_s_own_dues_are_whole_days_too(api: Api, address: str):
    """A personal feed tells a task that is due on a day as the feed of its project does."""
    own = api.client.post("/v1/calendar-links", json={}).json()["url"]
    assert entries(get(own))["Paint"].decoded("dtstart") == date(2026, 3, 6)


def test_a_feed_stays_the_same_until_something_changes(api: Api, address: str):
    """Same bytes, same ETag, and 304 for whoever has them; a changed due changes them and its LAST-MODIFIED."""
    first = get(address)
    tag = first.headers["etag"]
    again = get(address, headers={"If-None-Match": f'W/"other", {tag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert get(address).content == first.content
    task, before = painted(api)
    moved = api.client.post(f"/v1/tasks/{task}/due", json={"due_on": "2026-03-09"})
    assert moved.status_code == 200, moved.text
    project(api.database, api.services.log)
    changed = get(address, headers={"If-None-Match": tag})
    event = entries(changed)["Paint"]
    assert (changed.status_code, event.decoded("dtstart")) == (200, date(2026, 3, 9))
    assert painted(api)[1] > before
    assert event.decoded("dtstamp") == event.decoded("last-modified")
    assert entries(changed)["Target: Acme"].to_ical() == entries(first)["Target: Acme"].to_ical()


def test_a_feed_answers_head(address: str):
    """Calendar programs ask with HEAD whether there is something new."""
    asked, told = head(address), get(address)
    assert (asked.status_code, asked.content, asked.headers["etag"]) == (200, b"", told.headers["etag"])
    assert asked.headers["content-type"] == told.headers["content-type"]


def shown_by(url: str) -> set[str]:
    """What the entries of a feed are called."""
    return set(entries(get(url)))


def test_a_calendar_link_opens_the_project_that_it_was_made_for_and_no_other(api: Api, address: str):
    """What it shows is kept with the link; nothing in the address leads it elsewhere."""
    other = api.client.post("/v1/projects", json={"name": "Autumn", "stages": COLUMNS}).json()["id"]
    task = {"project": other, "title": "Prune", "stage": "start", "due_on": "2026-03-06"}
    assert api.client.post("/v1/tasks", json=task).status_code == 201
    project(api.database, api.services.log)
    assert shown_by(address) == {"Paint", "Target: Acme"}
    assert "project" not in address
    for more in (f"?project={other}", "?person=person:bo", "?project="):
        assert get(address + more).status_code == 404
    own = api.client.post("/v1/calendar-links", json={}).json()["url"]
    assert get(f"{own}?project={other}").status_code == 404


def test_a_calendar_link_ends_by_itself(api: Api, address: str):
    """After a year unless its maker said another time, of two years at most; there is none without an end."""
    (link,) = api.client.get("/v1/calendar-links").json()["links"]
    lasts = datetime.fromisoformat(link["expires_at"]) - datetime.fromisoformat(link["created_at"])
    assert timedelta(days=365) < lasts < timedelta(days=367)
    for days in (0, 732, None):
        refused = api.client.post("/v1/calendar-links", json={"lifetime_days": days})
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid")
    with psycopg.connect(api.database.app_url) as connection:
        connection.execute(
            "update log.access_token set expires_at = clock_timestamp() where id = %s", [link["id"]]
        )
    api.services.leases.forget_all()
    assert get(address).status_code == 404
    assert api.client.get("/v1/calendar-links").json()["links"] == []


def test_the_maker_of_a_calendar_link_lists_and_ends_it(api: Api, address: str):
    """With what it shows and until when; nobody else ends it, and once it has ended its address opens nothing."""
    (link,) = api.client.get("/v1/calendar-links").json()["links"]
    (told,) = [row for row in api.client.get("/v1/access").json()["rows"] if row["kind"] == "calendar_link"]
    assert (told["id"], told["project"], told["expires_at"]) == (
        link["id"],
        link["project"],
        link["expires_at"],
    )
    with api.as_("person:bo", "read", "work") as bo:
        assert bo.get("/v1/calendar-links").json()["links"] == []
        assert bo.delete(f"/v1/calendar-links/{link['id']}").status_code == 404
    with api.as_(DANA, "read") as dana:
        assert dana.delete(f"/v1/calendar-links/{link['id']}").status_code == 204
        assert dana.delete(f"/v1/calendar-links/{link['id']}").status_code == 404
        assert dana.get("/v1/calendar-links").json()["links"] == []
    assert get(address).status_code == 404


@pytest.mark.parametrize("member", ["person:viv", "group:painters"])
def test_a_calendar_link_ends_with_the_right_to_see_its_project(api: Api, address: str, member: str):
    """Who is taken out of the project, or of the group that is in it, has a link to nothing from the next look on."""
    (link,) = api.client.get("/v1/calendar-links").json()["links"]
    place = f"/v1/projects/{link['project']}"
    api.add("viv")
    assert api.client.post("/v1/groups", json={"group": "painters", "title": "Painters"}).is_success
    assert api.client.post("/v1/groups/painters/add-member", json={"member": "person:viv"}).is_success
    with api.as_("person:viv", "read") as viv:
        refused = viv.post("/v1/calendar-links", json={"project": link["project"]})
        assert (refused.status_code, refused.json()["code"]) == (403, "not_in_project")
        assert api.client.post(f"{place}/members", json={"member": member, "access": "viewer"}).is_success
        theirs = viv.post("/v1/calendar-links", json={"project": link["project"]}).json()["url"]
    assert shown_by(theirs) == {"Paint", "Target: Acme"}
    left = (
        api.client.post(f"{place}/remove-member", json={"member": member})
        if member.startswith("person:")
        else api.client.post("/v1/groups/painters/remove-member", json={"member": "person:viv"})
    )
    assert left.is_success, left.text
    assert get(theirs).status_code == 404
