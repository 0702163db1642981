"""Something of every kind, and the addresses that lead to it."""

from __future__ import annotations

from tests.api.conftest import DANA, Api

QUERIES: dict[str, dict[str, str]] = {
    "/v1/search": {"q": "acme"},
    "/v1/processes/{key}/diff": {"before": "draft", "after": "draft"},
}


def furnish(api: Api) -> dict[str, str]:
    """Make one of each; what stands in the places of addresses. All of it is in the log, and no read model knows it."""
    api.publish()
    place = api.client.post("/v1/projects", json={"name": "Spring", "stages": [{"key": "a", "title": "A"}]})
    run = api.start(project=place.json()["id"])
    task = {"project": place.json()["id"], "title": "Paint", "stage": "a", "assignee": DANA}
    made = api.client.post("/v1/tasks", json=task)
    assert api.client.post("/v1/people", json={"person": "bo", "name": "Bo"}).status_code == 201
    group = {"group": "sales", "title": "Sales"}
    assert api.client.post("/v1/groups", json=group).status_code == 201
    recurring = {
        "name": "Close", "cron": "0 8 1 * *", "time_zone": "UTC", "makes": "run", "process": "onboarding",
        "template": {"name": "Close {month}"},
    }  # fmt: skip
    recurrence = api.client.post("/v1/recurrences", json=recurring)
    assert recurrence.status_code == 201, recurrence.text
    return {
        "runs": run, "projects": place.json()["id"], "tasks": made.json()["id"], "recurrences": recurrence.json()["id"],
        "run": run, "card": run, "processes": "onboarding", "people": "bo", "groups": "sales", "version": "1",
        "step": "contract", "round": "1", "action": "mail",
    }  # fmt: skip


def filled(path: str, places: dict[str, str]) -> str:
    """The address with what is there in its places."""
    parts = path.split("/")
    for at, part in enumerate(parts):
        if part in ("{id}", "{key}"):
            parts[at] = places[parts[at - 1]]
        elif part.startswith("{"):
            parts[at] = places[part.strip("{}")]
    return "/".join(parts)
