"""The feeds: pages, streams, and a stop while streams are open."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from uuid import UUID

import httpx
import pytest

from api.feeds import feeds
from store.model import Append, NewEvent
from tests.api.conftest import Api, project
from tests.support.clients import client_of, get
from tests.support.waiting import PATIENCE_SECONDS, wait_until


def told(answer: httpx.Response) -> Iterator[tuple[int, dict[str, object]]]:
    """Id and data of each event of a stream that tells of something."""
    position, name = 0, ""
    for line in answer.iter_lines():
        if line.startswith("id: "):
            position = int(line[4:])
        elif line.startswith("event: "):
            name = line[7:]
        elif line.startswith("data: ") and name != "unchanged":
            yield position, json.loads(line[6:])


def test_pages_lead_through_the_whole_log(published: Api):
    """Following `next` gives every event once, in order, as CloudEvents without values."""
    run = published.start(inputs={})
    published.client.post(f"/v1/runs/{run}/steps/contract/complete", json={"values": {"goals": "CANARY"}})
    seen, path = [], "/v1/events?after=0&limit=3"
    while path:
        page = published.client.get(path)
        assert "CANARY" not in page.text
        seen += [int(event["sequence"]) for event in page.json()["events"]]
        path = page.json()["next"]
    assert seen == list(range(1, published.head + 1))


def test_pages_can_be_narrowed(published: Api):
    """By type, and by process."""
    published.start()
    page = published.client.get("/v1/events?types=run_started&process=onboarding").json()
    assert [event["type"] for event in page["events"]] == ["milepost.run_started.v1"]
    assert published.client.get("/v1/events?process=another").json()["events"] == []
    assert published.client.get("/v1/events?types=nonsense").status_code == 422


def test_what_people_do_in_a_run_is_an_event_of_its_process(published: Api):
    """The filter by process finds every event of the process and its runs, whoever caused it, with its version."""
    run = published.start()
    published.client.post(f"/v1/runs/{run}/steps/contract/complete", json={"values": {"goals": "Live"}})
    published.client.post(f"/v1/runs/{run}/comment", json={"text": "Well done"})
    found = published.client.get("/v1/events?process=onboarding&limit=1000").json()["events"]
    assert [int(event["sequence"]) for event in found] == list(range(1, published.head + 1))
    assert {event["processversion"] for event in found if "runid" in event} == {1}


def test_an_event_that_was_stored_without_its_process_is_told_with_it(published: Api):
    """What is missing is read from the run as it was then: also between two migrations, and in a filtered stream."""
    run, log = UUID(published.start()), published.services.log
    version = len(log.read_stream(run))
    plain = _bare("step_started", {"step": "contract", "round": 1})
    moved = _bare("run_migrated", {"process": "onboarding", "from_version": 1, "to_version": 2})
    log.append([Append(run, version, [plain, moved, plain])])
    head = published.head
    found = published.client.get(f"/v1/events?process=onboarding&after={head - 3}").json()["events"]
    assert [(event["processkey"], event["processversion"]) for event in found] == [
        ("onboarding", 1), ("onboarding", 2), ("onboarding", 2)
    ]  # fmt: skip
    assert published.client.get(f"/v1/events?process=another&after={head - 3}").json()["events"] == []
    headers = {"Accept": "text/event-stream", "Last-Event-ID": str(head - 3)}
    with published.client.stream("GET", "/v1/events?process=onboarding", headers=headers) as answer:
        assert [next(stream)[0] for stream in [told(answer)] for _ in range(3)] == [head - 2, head - 1, head]


def _bare(kind: str, data: dict[str, object]) -> NewEvent:
    """An event as older releases stored it: nothing but the actor beside it."""
    return NewEvent(kind, 1, json.dumps(data), '{"actor":"person:dana"}', datetime(2026, 3, 2, tzinfo=UTC))


def test_a_stream_resumes_behind_the_last_id(published: Api):
    """Last-Event-ID continues without a hole and without a repeat, and new events arrive while listening."""
    published.start()
    head = published.head
    headers = {"Accept": "text/event-stream", "Last-Event-ID": "1"}
    with published.client.stream("GET", "/v1/events", headers=headers) as answer:
        stream = told(answer)
        assert [next(stream)[0] for _ in range(head - 1)] == list(range(2, head + 1))
        published.start()
        position, event = next(stream)
        assert (position, event["type"]) == (head + 1, "milepost.run_started.v1")


def test_the_future_is_not_asked_for(published: Api):
    """A position that the log does not have is a problem, in pages, streams and views."""
    for path in ("/v1/events?after=99999999", "/v1/runs?min_position=99999999", f"/v1/events?after={2**70}"):
        assert published.client.get(path).status_code == 422
    assert (
        published.client.get(
            "/v1/events", headers={"Accept": "text/event-stream", "Last-Event-ID": "x"}
        ).status_code
        == 400
    )


def test_a_view_waits_for_a_position(published: Api):
    """min_position answers when the read model is there, and says how far it is when it is not in time."""
    run = published.start()
    late = published.client.get(f"/v1/runs/{run}?min_position={published.head}")
    assert (late.status_code, late.json()["code"]) == (503, "not_there_yet")
    assert late.headers["retry-after"]
    project(published.database, published.services.log)
    there = published.client.get(f"/v1/runs/{run}?min_position={published.head}")
    assert there.status_code == 200
    assert int(there.headers["milepost-position"]) >= published.head


def test_changes_are_told_after_the_read_models_have_them(published: Api):
    """A page hears of a run when asking again shows it, not before."""
    with published.client.stream("GET", "/v1/changes?after=0") as answer:
        stream = told(answer)
        run = published.start()
        project(published.database, published.services.log)
        for _, change in stream:
            if change["everything"] or run in change["runs"]:  # type: ignore[operator]
                break
        assert published.client.get(f"/v1/runs/{run}").status_code == 200


def test_a_quiet_stream_says_that_it_lives(published: Api, monkeypatch: pytest.MonkeyPatch):
    """At the beginning, and as long as nothing changes, an event comes that script in a page can hear."""
    monkeypatch.setattr(feeds, "KEEP_ALIVE_SECONDS", 0.05)
    project(published.database, published.services.log)
    at = published.head
    with published.client.stream("GET", f"/v1/changes?after={at}", timeout=5) as answer:
        lines = (line for line in answer.iter_lines() if line)
        told = [[next(lines) for _ in range(3)] for _ in range(2)]
    assert told == [[f"id: {at}", "event: unchanged", f'data: {{"position":{at}}}']] * 2


def test_sigterm_ends_a_server_with_open_streams_in_time(api: Api):
    """20 open streams and SIGTERM: the server ends them itself, and goes with exit code 0 before its grace is over."""
    environment = {
        "PATH": "/usr/bin:/bin",
        "MILEPOST_DATABASE_URL": api.database.app_url,
        "MILEPOST_NATS_URL": "nats://127.0.0.1:1",
    }
    program = (
        "import sys; from milepost.wiring import api\n"
        "from milepost.settings.loading import load; from store.log import Log\n"
        "api.make_log = lambda settings: Log(api.application_url(settings), durable=False)\n"
        "sys.exit(api.run_api(load(port=int(sys.argv[1]))))"
    )
    from api.server import listen

    with listen("127.0.0.1", 0) as probe:
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    with (
        subprocess.Popen(
            [sys.executable, "-c", program, str(port)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as server,
        ExitStack() as open_streams,
    ):
        wait_until(lambda: _lives(url), "the start of the server")
        client = open_streams.enter_context(client_of(url, headers=dict(api.client.headers), timeout=10))
        for number in range(20):
            path = "/v1/changes" if number % 2 else "/v1/events"
            headers = {"Accept": "text/event-stream"}
            answer = open_streams.enter_context(client.stream("GET", path, headers=headers))
            assert answer.status_code == 200
        server.send_signal(signal.SIGTERM)
        said, _ = server.communicate(timeout=PATIENCE_SECONDS)
        assert server.returncode == 0, said
        assert "timeout graceful shutdown exceeded" not in said


def _lives(url: str) -> bool:
    try:
        return get(f"{url}/health/live").status_code == 200
    except httpx.HTTPError:
        return False


def test_what_a_newer_release_stored_is_told_without_its_content(api: Api):
    """An event type that this release does not know stands in feed and history; its run takes no command."""
    api.publish()
    run = UUID(api.start())
    stranger = NewEvent("run_teleported", 1, '{"where": "canary"}', "{}", datetime.now(UTC))
    version = len(api.services.log.read_stream(run))
    api.services.log.append([Append(run, version, [stranger])])
    feed = api.client.get("/v1/events", params={"limit": 500}).json()["events"]
    assert [(event["type"], event["data"]) for event in feed][-1] == ("milepost.run_teleported.v1", {})
    refused = api.client.post(f"/v1/runs/{run}/pause", json={"reason": "Holidays"})
    assert (refused.status_code, refused.json()["code"]) == (503, "newer_release")
