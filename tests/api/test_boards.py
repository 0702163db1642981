"""Promises about boards over HTTP: moves lose nothing, limits hold, refusals say what is open, every fix works."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.api.conftest import Api, project
from tests.support.clients import client_of, get
from workers.cloudevents import message

CANARY = "canary-0815"
COLUMNS = [{"key": "start", "title": "Start"}, {"key": "live", "title": "Live"}]
DOCUMENT: dict[str, Any] = {
    "key": "onboarding",
    "title": "Onboarding",
    "inputs": [{"key": "note", "title": "Note", "kind": "text"}],
    "roles": [
        {"key": "seller", "title": "Seller"}, {"key": "checker", "title": "Checker"},
        {"key": "customer", "title": "Customer", "guest": True},
    ],
    "stages": [
        {"key": "start", "title": "Start", "target_days": 3, "steps": [
            {"key": "contract", "title": "Sign the contract", "role": "seller", "fields": [
                {"key": "goals", "title": "Goals", "kind": "text"}]},
            {"key": "reply", "title": "Customer replies", "role": "customer", "required": False, "after": []},
            {"key": "check", "title": "Check", "role": "checker", "kind": "approval", "after": [], "gate": {}}]},
        {"key": "live", "title": "Live", "steps": [{"key": "go", "title": "Go live", "role": "seller"}]},
    ],
}  # fmt: skip


@pytest.fixture
def place(api: Api) -> str:
    """A project whose board has the stages of the process; its id."""
    api.publish(DOCUMENT)
    return opened(api, COLUMNS)


def opened(api: Api, columns: list[dict[str, Any]]) -> str:
    """A new project with these columns."""
    told = api.client.post(
        "/v1/projects", json={"name": "Customers", "owner": "person:dana", "stages": columns}
    )
    made: str = told.json()["id"]
    return made


def seen(api: Api) -> None:
    """Bring the read models up to the log."""
    project(api.database, api.services.log)


def added(api: Api, place: str, title: str, stage: str = "start", **more: Any) -> str:
    """A new task; its id."""
    told = api.client.post("/v1/tasks", json={"project": place, "title": title, "stage": stage, **more})
    assert told.status_code == 201, told.text
    made: str = told.json()["id"]
    return made


def board(api: Api, place: str, **asked: str) -> dict[str, Any]:
    """The board as it is answered."""
    told = api.client.get(f"/v1/projects/{place}/board", params=asked)
    assert told.status_code == 200, told.text
    found: dict[str, Any] = told.json()
    return found


def test_fifty_writers_move_cards_at_once(api: Api, place: str):
    """Everybody's last word stands where they put it, and nobody moves the card of another."""
    cards = [added(api, place, f"Card {number}") for number in range(50)]

    def move(number: int) -> list[int]:
        with client_of(api.url, headers=api.client.headers, timeout=60) as client:
            found = []
            for stage in ("live", "start", "live" if number % 2 else "start"):
                body = {"stage": stage, "after": None, "before": None}
                found.append(client.post(f"/v1/tasks/{cards[number]}/move", json=body).status_code)
            return found

    with ThreadPoolExecutor(50) as writers:
        answers = list(writers.map(move, range(50)))
    assert answers == [[200, 200, 200]] * 50
    seen(api)
    columns = {column["key"]: column["cards"] for column in board(api, place)["columns"]}
    assert {card["name"] for card in columns["live"]} == {f"Card {number}" for number in range(1, 50, 2)}
    assert {card["name"] for card in columns["start"]} == {f"Card {number}" for number in range(0, 50, 2)}
    assert [card["version"] for cards in columns.values() for card in cards] == [3] * 25 + [4] * 25


def test_two_who_saw_the_same_card_do_not_undo_each_other(api: Api, place: str):
    """With the version that was seen one move wins and the other is told that the card has moved on."""
    card = added(api, place, "Gift")
    with ThreadPoolExecutor(20) as writers:
        told = list(writers.map(
            lambda _: api.client.post(f"/v1/tasks/{card}/move", json={"stage": "live"}, headers={"If-Match": '"1"'}),
            range(20),
        ))  # fmt: skip
    assert sorted(answer.status_code for answer in told) == [200] + [412] * 19


def test_a_hard_limit_holds_against_everybody_at_once(api: Api, place: str):
    """Of twenty moves into a column for three, three succeed and the others are told how many are there."""
    narrow = opened(api, [COLUMNS[0], {**COLUMNS[1], "wip_limit": 3, "wip_hard": True}])
    cards = [added(api, narrow, f"Card {number}") for number in range(20)]
    with ThreadPoolExecutor(20) as writers:
        told = list(
            writers.map(
                lambda card: api.client.post(f"/v1/tasks/{card}/move", json={"stage": "live"}, timeout=60),
                cards,
            )
        )
    assert sorted(answer.status_code for answer in told) == [200] * 3 + [409] * 17
    refused = next(answer.json() for answer in told if answer.status_code == 409)
    assert (refused["code"], refused["count"], refused["limit"]) == ("column_full", 3, 3)
    new = api.client.post("/v1/tasks", json={"project": narrow, "title": "One more", "stage": "live"})
    assert (new.status_code, new.json()["code"]) == (409, "column_full")
    inside = cards[[answer.status_code for answer in told].index(200)]
    again = api.client.post(f"/v1/tasks/{inside}/move", json={"stage": "live", "after": "a0"})
    assert again.status_code == 200
    assert api.client.post(f"/v1/tasks/{inside}/move", json={"stage": "start"}).status_code == 200
    outside = cards[[answer.status_code for answer in told].index(409)]
    assert api.client.post(f"/v1/tasks/{outside}/move", json={"stage": "live"}).status_code == 200


def test_a_hard_limit_counts_the_cards_that_the_board_shows(api: Api, place: str):
    """A card of a stage that the board has no column for stands in the first one, and takes its room."""
    first = opened(api, [{"key": "inbox", "title": "Inbox", "wip_limit": 2, "wip_hard": True}, *COLUMNS[1:]])
    run = api.start(project=first)  # its stage is "start", for which this board has no column
    added(api, first, "Second", stage="inbox")
    seen(api)
    assert board(api, first)["columns"][0]["count"] == 2
    full = api.client.post("/v1/tasks", json={"project": first, "title": "Third", "stage": "inbox"})
    assert (full.status_code, full.json()["code"], full.json()["count"]) == (409, "column_full", 2)
    away = {"stage": "live", "reason": "It went live by itself"}
    assert api.client.post(f"/v1/runs/{run}/override-stage", json=away).status_code == 200
    added(api, first, "Third", stage="inbox")
    back = {"stage": "start", "reason": "It did not"}
    refused = api.client.post(f"/v1/runs/{run}/override-stage", json=back)
    assert (refused.status_code, refused.json()["code"]) == (409, "column_full")


def test_a_limit_that_is_not_hard_only_says_so(api: Api, place: str):
    """The column is above its limit, and that is shown."""
    soft = opened(api, [{**COLUMNS[0], "wip_limit": 1}])
    for number in range(2):
        added(api, soft, f"Card {number}")
    seen(api)
    (column,) = board(api, soft)["columns"]
    assert (column["count"], column["total"], column["exceeded"], column["wip_hard"]) == (2, 2, True, False)
    (column,) = board(api, soft, text="Card 1")["columns"]
    assert (column["count"], column["total"], column["exceeded"]) == (1, 2, True)
    told = api.client.post(f"/v1/projects/{soft}/stages", json={"stages": [{**COLUMNS[0], "wip_hard": True}]})
    assert told.json()["code"] == "bad_limit"


def test_counts_are_those_of_the_cards_shown(api: Api, place: str):
    """Under every filter and in all lanes: open ones, and ended ones apart; the rest that ended is told as a number."""
    runs = [api.start(project=place, priority=priority) for priority in ("high", "none", "none")]
    tasks = [added(api, place, f"Card {number}", labels=["hardware"]) for number in range(25)]
    for task in tasks[:23]:
        api.client.post(f"/v1/tasks/{task}/complete", json={})
    api.client.post(f"/v1/runs/{runs[0]}/cancel", json={"reason": "Not wanted"})
    seen(api)
    head = str(api.head)
    asked: list[dict[str, str]] = [
        {}, {"kind": "task"}, {"kind": "run"}, {"priority": "high"}, {"label": "hardware"}, {"state": "done"},
        {"state": "not_started"}, {"text": "card 1"}, {"person": "person:dana"}, {"process": "onboarding"},
        {"lanes": "person"}, {"lanes": "priority", "kind": "task"}, {"as_of_position": head},
        {"kind": "task", "as_of_position": head},
    ]  # fmt: skip
    for query in asked:
        told = board(api, place, **query)
        for column in told["columns"]:
            over = [card for card in column["cards"] if card["ended_at"]]
            assert (column["count"], column["ended"]) == (len(column["cards"]) - len(over), len(over)), query
        if told["lanes"]:
            assert sum(lane["count"] for lane in told["lanes"]) == sum(
                each["count"] for each in told["columns"]
            )
    whole, filtered = board(api, place)["columns"][0], board(api, place, kind="run")["columns"][0]
    assert (whole["count"], whole["ended"], whole["more"], whole["total"]) == (4, 20, 4, 4)
    assert (filtered["count"], filtered["ended"], filtered["more"], filtered["total"]) == (2, 1, 0, 4)


def test_nobody_looks_back_on_the_future(api: Api, place: str):
    """How things will stand cannot be asked as if it were known; up to now everything can."""
    now = datetime.now(UTC)
    api.services.clock = lambda: now
    seen(api)
    path = f"/v1/projects/{place}"
    for ending, name in (("board", "as_of"), ("attention", "as_of"), ("since", "to")):
        told = api.client.get(f"{path}/{ending}", params={name: (now + timedelta(seconds=1)).isoformat()})
        assert (told.status_code, told.json()["code"]) == (422, "invalid")
        assert [(error["field"], error["code"]) for error in told.json()["errors"]] == [(name, "in_future")]
        assert api.client.get(f"{path}/{ending}", params={name: now.isoformat()}).status_code == 200


def test_the_pages_of_a_column_are_the_whole_column(api: Api, place: str):
    """Two cards at a time, now and as of now, under any filter: in the order of the whole board, each card once."""
    for number in range(7):
        added(api, place, f"Card {number}", stage="live" if number % 3 == 0 else "start", due_on="2026-01-05")
    odd = opened(api, [{"key": "queue", "title": "Queue"}, COLUMNS[1]])
    for project_ in (place, odd) * 3:
        api.start(project=project_)
    seen(api)
    asked: list[tuple[str, dict[str, str]]] = [
        (place, {}), (place, {"kind": "task"}), (place, {"state": "late"}), (place, {"as_of_position": str(api.head)}),
        (place, {"state": "not_started", "as_of_position": str(api.head)}), (odd, {}),
    ]  # fmt: skip
    for project_, query in asked:
        whole = board(api, project_, **query)
        for column in whole["columns"]:
            told = list(column_pages(api, project_, column["key"], query))
            assert [card["id"] for page in told for card in page["cards"]] == [
                card["id"] for card in column["cards"]
            ]
            for number, page in enumerate(told):
                assert page["count"] + page["hidden"] == column["count"] - 2 * number
                assert (page["total"], page["hidden"] == 0) == (column["total"], page["next_after"] is None)
        few = board(api, project_, **query, limit="2")
        assert [few[name] for name in ("overdue", "due_soon")] == [
            whole[name] for name in ("overdue", "due_soon")
        ]
        assert all(column["count"] <= 2 for column in few["columns"])


def column_pages(api: Api, place: str, stage: str, query: dict[str, str]) -> Iterator[dict[str, Any]]:
    """The column with this key, two open cards at a time."""
    after: int | None = 0
    while after is not None:
        told = board(api, place, **query, stage=stage, limit="2", after=str(after))
        assert all(not column["cards"] for column in told["columns"] if column["key"] != stage)
        (page,) = [column for column in told["columns"] if column["key"] == stage]
        yield page
        after = page["next_after"]


def test_why_answers_for_every_cell_of_a_card(api: Api, place: str):
    """Each stage, and whatever else the card shows: with the events that made it so, and what is to be said of it."""
    run = api.start(project=place)
    path = f"/v1/runs/{run}"
    for step, verb, body in (
        ("contract", "complete", {}), ("contract", "reopen", {"reason": "Wrong", "dependents": "keep"}),
        ("contract", "request-help", {"reason": "Who signs?"}),
    ):  # fmt: skip
        assert api.client.post(f"{path}/steps/{step}/{verb}", json=body).status_code == 200
    api.client.post(f"{path}/override-stage", json={"stage": "live", "reason": "Live already"})
    seen(api)
    cells = {
        (cell["cell"], cell["of"]): cell
        for cell in api.client.get(f"/v1/projects/{place}/board/{run}/why").json()["cells"]
    }

    def types(cell: str, of: str | None = None) -> list[tuple[str, str | None]]:
        return [(event["type"], event["step"]) for event in cells[cell, of]["events"]]

    assert cells["stage_state", "start"]["shows"] == {"state": "needs_help", "outcome": None}
    assert types("stage_state", "start")[-1] == ("help_requested", "contract")
    assert ("step_became_ready", "check") in types("stage_state", "start")
    assert cells["lowered", None]["shows"] == ["Sign the contract was reopened"]
    assert types("lowered") == [("step_reopened", "contract")]
    assert types("help") == [("help_requested", "contract")]
    assert types("override") == [("stage_overridden", None)]
    assert types("state") == [("help_requested", "contract")]
    shown = board(api, place)["columns"][1]["cards"][0]
    assert {of for cell, of in cells if cell == "stage_state"} == {stage["key"] for stage in shown["stages"]}


def test_a_run_s_card_goes_elsewhere_only_with_a_reason_and_the_right(api: Api, place: str):
    """The refusal lists the open steps; the owner and managers of the project override, others do not."""
    run = api.start(project=place)
    path = f"/v1/runs/{run}"
    told = api.client.post(f"{path}/move", json={"stage": "live"}).json()
    assert (told["code"], [step["title"] for step in told["open_steps"]]) == (
        "stage_has_open_steps", ["Sign the contract", "Check"],
    )  # fmt: skip
    override = {"stage": "live", "reason": "The customer is live already"}
    member = {"member": "person:mia", "access": "member"}
    assert api.client.post(f"/v1/projects/{place}/members", json=member).status_code == 200
    for who, code in (("person:mia", 403), ("person:stranger", 404), ("person:dana", 200)):
        with api.as_(who, "read", "work") as client:
            assert client.post(f"{path}/override-stage", json=override).status_code == code
    seen(api)
    (card,) = board(api, place)["columns"][1]["cards"]
    assert (card["override"]["reason"], card["override"]["by"]) == (override["reason"], "person:dana")
    assert card["override"]["steps_stage"] == "start"
    api.client.post(f"{path}/steps/contract/complete", json={})
    with api.as_("person:bo") as bo:
        assert bo.post(f"{path}/steps/check/approve", json={}).status_code == 200
    seen(api)
    (card,) = board(api, place)["columns"][1]["cards"]
    assert card["override"] is None


LATER = timedelta(days=40)


@pytest.fixture
def late(api: Api, place: str) -> str:
    """A project in which everything went wrong, weeks ago; its id. From here on the clock says so."""
    api.add("dana", "bo")
    begun = api.services.clock()
    for who in ("dana", "bo"):
        api.client.post("/v1/people", json={"person": who, "name": who.capitalize()})
    help_ = {"reason": f"{CANARY} help", "waiting_on": f"{CANARY} outside"}
    for name, role in (
        ("Acme", {"seller": "person:bo", "customer": "guest:it@acme.example"}),
        ("Bolt", {"customer": "guest:it@bolt.example"}),
    ):
        run = api.start(project=place, name=name, roles=role, inputs={"note": f"{CANARY} input"})
        api.client.post(f"/v1/runs/{run}/steps/contract/save", json={"values": {"goals": f"{CANARY} value"}})
        api.client.post(f"/v1/runs/{run}/comment", json={"text": f"{CANARY} comment", "step": "contract"})
        if name == "Acme":
            due = (begun + timedelta(days=1)).isoformat()
            api.client.post(f"/v1/runs/{run}/steps/contract/due", json={"due_at": due})
            api.client.post(f"/v1/runs/{run}/steps/contract/request-help", json=help_)
            api.client.post(f"/v1/runs/{run}/target", json={"target_at": due})
    paused = api.start(project=place, name="Cord")
    api.client.post(f"/v1/runs/{paused}/pause", json={"reason": "Holidays"})
    task = added(api, place, "Gift", due_on=begun.date().isoformat())
    api.client.post(f"/v1/tasks/{task}/block", json={"reason": "No budget"})
    api.client.post(f"/v1/tasks/{task}/request-help", json={"reason": "Which one?"})
    api.services.clock = lambda: datetime.now(UTC) + LATER
    return place


def test_every_action_that_is_offered_is_carried_out(api: Api, late: str):
    """Sent as it is offered, each one is accepted, and its row is gone afterwards, or said again only once reminded.

    What it asks for without a proposal is filled in.
    """
    done: set[tuple[str, str | None, str, str]] = set()
    for _ in range(30):
        seen(api)
        rows = {
            (row["id"], row["step"], row["kind"], row["action"]["verb"]): row for row in attention(api, late)
        }
        left = [name for name in rows if name not in done]
        if not left:
            break
        row = rows[left[0]]
        done.add(left[0])
        fix = row["action"]
        assert fix is not None, row
        with api.as_("person:bo" if fix["verb"] == "approve" else "person:dana") as client:
            filled = {name: "person:bo" for name in fix["asks"] if fix["body"][name] is None}
            told = client.request(fix["method"], fix["href"], json={**fix["body"], **filled})
        assert told.status_code == 200, (row, told.text)
        assert told.json()["events"], row
    kinds = {kind for _, _, kind, _ in done}
    assert kinds >= {"needs_help", "blocked", "late", "waiting_outside", "unassigned", "approval"}
    seen(api)
    assert {row["action"]["verb"] for row in attention(api, late)} <= {"nudge"}


def attention(api: Api, place: str, **asked: Any) -> list[dict[str, Any]]:
    """What needs attention, as of the clock of the test."""
    found: list[dict[str, Any]] = []
    after: int | None = 0
    page: dict[str, Any] = {}
    while after is not None:
        told = api.client.get(f"/v1/projects/{place}/attention", params={"after": after, "limit": 3, **asked})
        assert told.status_code == 200, told.text
        page = told.json()
        found += page["rows"]
        after = page["next_after"]
    assert len(found) == page["total"] == sum(page["counts"].values())
    return found


def test_the_worst_comes_first(api: Api, late: str):
    """By how bad it is, then by how long nothing has moved; each row says why in words."""
    seen(api)
    rows = attention(api, late)
    order = list(dict.fromkeys(row["kind"] for row in rows))
    assert order == ["needs_help", "blocked", "late", "waiting_outside", "approval", "unassigned"]
    assert f"Sign the contract needs help: {CANARY} help (waits for {CANARY} outside)" in [
        row["why"] for row in rows
    ]


def test_no_text_or_value_of_a_step_reaches_who_may_only_see(api: Api, late: str):
    """Not in boards, lists, lanes, the past, differences, attention or feeds; who works there is told."""
    seen(api)
    run = board(api, late)["columns"][0]["cards"][0]["id"]
    api.client.post(f"/v1/projects/{late}/members", json={"member": "person:viv", "access": "viewer"})
    head = api.head
    routes = [
        f"/v1/projects/{late}/{path}" for path in (
            "board", "board?lanes=person", f"board?as_of_position={head - 1}", f"board/{run}/why", "attention",
            f"attention?as_of_position={head - 1}", "since", "funnel")
    ] + ["/v1/attention", "/v1/projects", "/v1/runs", "/v1/home", "/v1/events?after=0&limit=1000"]  # fmt: skip
    with api.as_("person:viv", "read") as viv:
        for route in routes:
            told = viv.get(route)
            assert told.status_code == 200, (route, told.text)
            assert CANARY not in told.text, route
    with api.as_("person:dana", "read") as owner:
        assert f"{CANARY} help" in owner.get(f"/v1/projects/{late}/board").text
        assert f"{CANARY} value" not in owner.get(f"/v1/projects/{late}/board").text


def test_no_list_export_feed_or_search_tells_a_stranger_a_text_or_value(api: Api, late: str):
    """CSV, timeline, calendar and its feed, search, views, outbox, forecasts tell names and dates only."""
    seen(api)
    run = next(card["id"] for card in board(api, late)["columns"][0]["cards"] if card["kind"] == "run")
    routes = [
        f"/v1/projects/{late}/list", f"/v1/projects/{late}/list?format=csv", f"/v1/projects/{late}/timeline",
        f"/v1/calendar?project={late}", f"/v1/search?q={CANARY}", "/v1/search?q=canary", "/v1/search?q=Acme",
        "/v1/views", "/v1/outbox", "/v1/actions", "/v1/incidents", "/v1/workload", f"/v1/runs/{run}/forecast",
        f"/v1/runs/{run}/levers", "/v1/processes/onboarding/insights", "/v1/processes/onboarding/forecast",
    ]  # fmt: skip
    seat = {"member": "person:eve", "access": "viewer"}
    assert api.client.post(f"/v1/projects/{late}/members", json=seat).is_success
    with api.as_("person:eve", "read") as eve:
        for route in routes:
            told = eve.get(route)
            assert told.status_code in {200, 403}, (route, told.text)
            assert CANARY not in told.text.replace(f'"{CANARY}"', ""), route
        assert "Acme" in eve.get(f"/v1/projects/{late}/list?format=csv").text
        feed = eve.post("/v1/calendar-links", json={"project": late}).json()["url"]
    assert CANARY not in get(feed).text


def test_live_pages_are_told_what_changed_and_nothing_else(api: Api, late: str):
    """The stream of changes names runs and tasks, up to the head of the log."""
    seen(api)
    read = b""
    with (
        api.as_("person:eve", "read") as eve,
        eve.stream(
            "GET", "/v1/changes?after=0", headers={"Accept": "text/event-stream"}, timeout=5
        ) as answer,
    ):
        for chunk in answer.iter_raw():
            read += chunk
            if f"id: {api.head}\n".encode() in read:
                break
    assert b"event: changed" in read
    assert CANARY.encode() not in read


def test_no_message_of_a_run_tells_a_text_or_value(api: Api, late: str):
    """Every event that the log holds, as it travels to other services: the ones with the canary among them."""
    stored = [row for rows in api.services.log.scan(0, api.head) for row in rows]
    assert any(CANARY in row.data for row in stored)
    for row in stored:
        sent = message(UUID(int=1), row)
        assert CANARY not in sent.subject + sent.payload.decode(), row.type


def test_the_past_is_asked_by_instant_or_position(api: Api, place: str):
    """Not by both, and not beyond the log; since Monday is what is told without moments."""
    before = api.head
    added(api, place, "Gift")
    seen(api)
    assert board(api, place, as_of_position=str(before))["columns"][0]["count"] == 0
    assert board(api, place, as_of_position=str(api.head))["columns"][0]["count"] == 1
    path = f"/v1/projects/{place}/board"
    wrong = api.client.get(path, params={"as_of_position": 1_000_000})
    assert (wrong.status_code, wrong.json()["code"], wrong.json()["head"]) == (422, "ahead_of_log", api.head)
    both = api.client.get(path, params={"as_of_position": 1, "as_of": "2026-01-01T00:00:00Z"})
    assert both.status_code == 422
    assert api.client.get(path, params={"as_of": "2001-01-01T00:00:00Z"}).status_code == 404
    told = api.client.get(f"/v1/projects/{place}/since").json()
    assert told["lines"] == ["1 task was added: Gift"]
    backwards = {"from": "2026-02-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"}
    assert api.client.get(f"/v1/projects/{place}/since", params=backwards).status_code == 422


def test_a_reminder_is_sent_once_a_day(api: Api, place: str):
    """To whom the step is assigned; a step that nobody has is refused with what would help."""
    run = api.start(project=place, roles={"customer": "guest:ada@acme.example"})
    first = api.client.post(f"/v1/runs/{run}/steps/reply/remind", json={}).json()
    assert first["events"] == ["step_reminder_raised", "action_queued"]
    again = api.client.post(f"/v1/runs/{run}/steps/reply/remind", json={}).json()
    assert (again["events"], again["told"]) == ([], first["told"])
    nobody = api.client.post(f"/v1/runs/{run}/steps/contract/remind", json={}).json()
    assert (nobody["code"], nobody["accepted"]) == ("nobody_to_remind", ["assign"])
