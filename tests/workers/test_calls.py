"""Steps that call other services: intent, call, result; retries, then one incident; nothing twice."""

from __future__ import annotations

import asyncio
import hashlib
import json
import socket
import threading
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

import psycopg
import pytest
from standardwebhooks.webhooks import Webhook

from domain.events import Event, IncidentResolved
from domain.run import complete_step, pause_run, reopen_step, resume_run
from domain.run.actions import RETRY_SECONDS, start_action
from domain.run.incidents import edit_incident, finish_incident, retry_incident
from domain.run.state import Run
from domain.words import Actor, Rejected
from projections.machine.action_queries import Named
from store import files
from store.log import Log
from tests.support.databases import Database
from tests.support.receiver import Heard, Receiver, receiver
from tests.support.waiting import wait_until_async
from tests.workers.deeds import SECRET, World
from workers.acting import Acting, Limits
from workers.automations.contract import Answer, Done, Due, Failed
from workers.automations.sealed import CallSecrets, Sealed
from workers.automations.signing import receiver_secrets
from workers.kept import KeptFiles

ACCOUNT = {"key": "account", "title": "Account", "kind": "text", "required": True}


@pytest.fixture
def world(database: Database, log: Log) -> Iterator[World]:
    """A log and the machine."""
    found = World(log, database.app_url)
    yield found
    found.close()


@pytest.fixture
def crm() -> Iterator[Receiver]:
    """A service that takes accounts."""
    with receiver() as found:
        yield found


def call(crm: Receiver, **more: Any) -> dict[str, Any]:
    """A step that adds an account."""
    http = {
        "url": f"{crm.url}/v1/accounts",
        "body": {"plan": "{inputs.plan}"},
        "outputs": {"account": "account.id"},
        "repeatable": True,
    }
    return {"key": "call", "kind": "http", "fields": [ACCOUNT], "http": {**http, **more}}


def incident(run: Run) -> UUID:
    """The one open incident."""
    found: list[UUID] = [one.incident for one in run.incidents.values() if one.how is None]
    assert len(found) == 1
    return found[0]


def test_an_answer_names_only_files_that_are_kept(world: World, crm: Receiver, database: Database):
    """A file that nobody uploaded makes the call an incident that says what is accepted; once it is there it is."""
    content, kind = b"a letter", "application/pdf"
    sha256 = hashlib.sha256(content)
    named = {"name": "letter.pdf", "size": len(content), "type": kind, "sha256": sha256.hexdigest()}
    crm.answer = lambda _: (
        200,
        {"content-type": "application/json"},
        json.dumps({"files": [named]}).encode(),
    )
    fields = [{"key": "letter", "title": "Letter", "kind": "files", "required": True}]
    run = world.start(world.publish({**call(crm, outputs={"letter": "files"}), "fields": fields}))
    world.act()
    refused = world.run(run).incidents[incident(world.run(run))]
    assert refused.reason.startswith("the answer names a file that cannot be taken: letter: no file")
    assert "accepted: files as POST /v1/files answers them" in refused.reason
    with psycopg.connect(database.app_url) as connection:
        files.put(connection, sha256.digest(), len(content), [content])
    world.decide(run, retry_incident, incident(world.run(run)))
    world.act()
    assert world.run(run).values["call.letter"] == [named]
    strict = KeptFiles(world.log, ["image/*"])
    assert "not taken (accepted: image/*)" in (strict.wrong({"letter": [named]}) or "")
    assert strict.wrong({"letter": [named]}, world.run(run)) is None
    assert "has 8 bytes, not 9" in (KeptFiles(world.log).wrong({"letter": [{**named, "size": 9}]}) or "")


def test_a_step_calls_and_takes_the_answer(world: World, crm: Receiver):
    """The call carries body, key and signature; the answer fills the step's field, and the run goes on."""
    run = world.start(world.publish(call(crm)), inputs={"plan": "gold"})
    world.act()
    assert world.events(run) == [
        "run_started", "step_became_ready", "action_queued", "action_started", "action_succeeded", "step_completed",
        "run_completed",
    ]  # fmt: skip
    assert world.run(run).values["call.account"] == "A1"
    heard = crm.heard[0]
    assert (heard.method, heard.path, heard.json) == ("POST", "/v1/accounts", {"plan": "gold"})
    assert heard.headers["host"] == f"127.0.0.1:{crm.port}"
    signed = {name: heard.headers[name] for name in ("webhook-id", "webhook-signature")}
    told = str(int(world.clock().timestamp()))
    assert heard.headers["webhook-timestamp"] == told
    (own,) = receiver_secrets(SECRET, f"127.0.0.1:{crm.port}")
    expected = Webhook(own).sign(heard.key, world.clock(), heard.body)
    assert signed == {"webhook-id": heard.key, "webhook-signature": expected}


def test_failures_are_retried_under_the_same_key_and_then_ask_once(world: World, crm: Receiver):
    """Six attempts by schedule, all under one key, then exactly one incident; retrying it works."""
    crm.failures_left = 1 + len(RETRY_SECONDS)
    run = world.start(world.publish(call(crm)))
    world.act()
    for seconds in RETRY_SECONDS:
        world.clock.move(seconds)
        world.act()
    assert len(crm.heard) == 1 + len(RETRY_SECONDS)
    assert len({heard.key for heard in crm.heard}) == 1
    assert world.events(run).count("incident_opened") == 1
    assert "answered 503: not now" in world.run(run).incidents[incident(world.run(run))].reason
    world.clock.move(86_400)
    world.act()
    assert len(crm.heard) == 1 + len(RETRY_SECONDS)
    world.decide(run, retry_incident, incident(world.run(run)))
    world.act()
    assert world.run(run).state == "completed"
    assert crm.heard[-1].key == crm.heard[0].key


def test_edit_and_retry_sends_what_the_person_wrote(world: World, crm: Receiver):
    """A 404 asks at once; the edited call goes where the person said, under another key."""
    crm.answer = lambda heard: (200, {}, b'{"account": {"id": 7}}') if heard.path == "/v2" else (404, {}, b"")
    run = world.start(world.publish(call(crm)))
    world.act()
    changes = {"url": f"{crm.url}/v2", "body": {"plan": "silver"}}
    world.decide(run, edit_incident, incident(world.run(run)), changes)
    world.act()
    assert world.run(run).values["call.account"] == "7"
    assert crm.heard[-1].json == {"plan": "silver"}
    assert crm.heard[-1].key != crm.heard[0].key
    told = [one.headers.get("milepost-edited") for one in crm.heard]
    assert (told[0], told[-1]) == (None, "body, url")


def test_a_key_goes_to_its_own_hosts_only(world: World, crm: Receiver):
    """A header names its key; for a host that the key is not for nothing is sent, and the incident says so."""
    world.secrets["crm_key"] = Sealed("sk_live_12345", ("127.0.0.1",))
    run = world.start(world.publish(call(crm, headers={"Authorization": "Bearer {secret:crm_key}"})))
    world.act()
    assert crm.heard[0].headers["authorization"] == "Bearer sk_live_12345"
    assert "sk_live" not in "".join(str(each.data) for each in world.log.read_stream(run))
    for name, hosts in (("crm_key", ("crm.example.com",)), ("other", ("127.0.0.1",))):
        world.secrets = {name: Sealed("sk_live_12345", hosts)}
        run = world.start(world.app.definition("sale", 1))
        world.act()
        found = world.run(run).incidents[incident(world.run(run))]
        assert (found.problem, "crm_key" in found.reason) == ("bad_document", True)
    assert len(crm.heard) == 1


def test_a_value_names_no_key(world: World, crm: Receiver):
    """What somebody types is sent as it is, also where it looks like the name of a key."""
    world.secrets["crm_key"] = Sealed("sk_live_12345", ("127.0.0.1",))
    world.start(
        world.publish(call(crm, headers={"X-Plan": "{inputs.plan}"})), inputs={"plan": "{secret:crm_key}"}
    )
    world.act()
    assert crm.heard[0].headers["x-plan"] == "{secret:crm_key}"


def test_a_key_that_is_told_back_is_not_shown(world: World, crm: Receiver):
    """A service that answers with what it was sent does not bring a key into an incident."""
    world.secrets["crm_key"] = Sealed("sk_live_12345", ("127.0.0.1",))
    crm.answer = lambda heard: (403, {}, f"no: {heard.headers['x-key']}".encode())
    run = world.start(world.publish(call(crm, headers={"X-Key": "{secret:crm_key}"})))
    world.act()
    assert world.run(run).incidents[incident(world.run(run))].reason == "answered 403: no: •••"


SEALED = 'sk_live/"12345"'


@pytest.mark.parametrize(
    "answer",
    [
        (403, {}, f"{'x' * 190}{SEALED}".encode()),
        (403, {}, json.dumps({"no": SEALED}).encode()),
        (302, {"location": f"https://crm.example.com/{'x' * 160}?key={quote(SEALED, safe='')}"}, b""),
        (200, {}, f"{'x' * 190}{SEALED}".encode()),
        (200, {}, json.dumps({"ok": "x" * 185 + SEALED}).encode()),
        (200, {}, json.dumps({"ok": True, "account": {"id": f"of {SEALED}"}}).encode()),
    ],
    ids=["refused", "in JSON", "in an address", "unreadable", "no success", "a value"],
)
def test_no_part_of_a_key_is_kept(world: World, crm: Receiver, answer: tuple[int, dict[str, str], bytes]):
    """Wherever a service tells a key back, and wherever its words are cut: nothing of the key is in the log."""
    world.secrets["crm_key"] = Sealed(SEALED, ("127.0.0.1",))
    crm.answer = lambda _: answer
    success = {"answer": [{"path": "ok", "operator": "equals", "value": True}]}
    run = world.start(world.publish(call(crm, headers={"X-Key": "{secret:crm_key}"}, success=success)))
    world.act()
    kept = "".join(str(each.data) for each in world.log.read_stream(run))
    assert "•••" in kept
    assert "sk_live" not in kept
    assert "12345" not in kept


def test_a_key_that_begins_with_another_is_hidden_whole():
    """The longer one first, or its end would be left."""
    secrets = CallSecrets({"older": Sealed(SEALED[:8], ()), "crm_key": Sealed(SEALED, ())})
    assert secrets.hide(f"{SEALED} {SEALED[:8]}") == "••• •••"


def test_each_receiver_checks_by_a_secret_of_its_own(world: World, crm: Receiver):
    """No receiver can sign what another believes; while the house changes its secret both signatures go along."""
    newer = "whsec_" + "A" * 32
    world.house = f"{newer} {SECRET}"
    world.start(world.publish(call(crm)))
    world.act()
    heard, me = crm.heard[0], f"127.0.0.1:{crm.port}"
    for house in (newer, SECRET):
        expected = Webhook(receiver_secrets(house, me)[0]).sign(heard.key, world.clock(), heard.body)
        assert expected in heard.headers["webhook-signature"].split()
    assert receiver_secrets(SECRET, me) != receiver_secrets(SECRET, "127.0.0.1") != (SECRET,)
    assert receiver_secrets(SECRET, "CRM.example.com.") == receiver_secrets(SECRET, "crm.example.com")


def test_an_edit_from_before_the_rule_reaches_nobody_else(world: World, crm: Receiver):
    """What is stored is obeyed no further than the process goes: nothing is sent, and somebody is asked."""
    crm.answer = lambda _: (404, {}, b"")
    with receiver() as other:
        run = world.start(world.publish(call(crm)))
        world.act()
        found = world.run(run).incidents[incident(world.run(run))]
        said = {"url": other.url, "headers": {"X-A": "b"}, "body": {"n": 1}}

        def stored(_: Run, *, by: Actor, at: datetime) -> list[Event]:
            which: Any = {"step": found.step, "round": found.round, "action": found.action}
            return [
                IncidentResolved(
                    **which, incident=found.incident, how="edited", reason=None, changes=said, by=by, at=at
                )
            ]

        world.decide(run, stored)
        world.act()
        assert other.heard == []
    again = world.run(run).incidents[incident(world.run(run))]
    assert (again.problem, "another receiver" in again.reason) == ("bad_document", True)


def test_done_by_hand_calls_nobody(world: World, crm: Receiver):
    """Who did it by hand gives the values; the machine leaves it alone from then on."""
    crm.answer = lambda _: (400, {}, b"")
    run = world.start(world.publish(call(crm)))
    world.act()
    world.decide(run, finish_incident, incident(world.run(run)), "by phone", {"account": "A9"})
    world.act()
    assert (world.run(run).state, len(crm.heard)) == ("completed", 1)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((200, {}, b"<html>"), "is not JSON"),
        ((200, {}, b'{"account": {}}'), "account (required"),
        ((200, {}, b'{"account": {"id": [1]}}'), "account (wrong_value"),
        ((200, {}, b"[" * 100_000), "nested too deep"),
        ((200, {}, b"x" * 1_100_000), "larger than"),
        ((302, {"location": "http://169.254.169.254/"}, b""), "redirects"),
        ((401, {}, b"no"), "answered 401: no"),
    ],
)
def test_an_answer_that_is_no_use_asks_at_once(
    world: World, crm: Receiver, answer: tuple[int, dict[str, str], bytes], said: str
):
    """Garbage, missing values, redirects and refusals are not tried again: the reason says what came."""
    crm.answer = lambda _: answer
    run = world.start(world.publish(call(crm)))
    world.act()
    assert said in world.run(run).incidents[incident(world.run(run))].reason
    assert len(crm.heard) == 1


def test_the_process_says_what_success_is(world: World, crm: Receiver):
    """An answer that does not pass the test is tried again; one with a named status passes."""
    answers = iter([(200, b'{"state": "busy"}'), (409, b'{"state": "ok", "account": {"id": "A1"}}')])

    def answer(_: Heard) -> tuple[int, dict[str, str], bytes]:
        status, body = next(answers)
        return status, {}, body

    crm.answer = answer
    success = {"statuses": [200, 409], "answer": [{"path": "state", "operator": "equals", "value": "ok"}]}
    run = world.start(world.publish(call(crm, success=success)))
    world.act()
    assert world.run(run).actions["call/1/http"].state == "failed"
    world.clock.move(1)
    world.act()
    assert world.run(run).state == "completed"


def test_a_receiver_may_ask_for_more_time(world: World, crm: Receiver):
    """Retry-After makes the wait longer."""
    crm.answer = lambda _: (429, {"retry-after": "60"}, b"")
    run = world.start(world.publish(call(crm)))
    world.act()
    wait = world.run(run).actions["call/1/http"].next_at
    assert wait is not None
    assert (wait - world.clock()).total_seconds() == 60


def test_a_receiver_that_is_away_is_retried_whatever_the_method(world: World, crm: Receiver):
    """Where no connection was made nothing can have happened: even an unrepeatable call is simply tried again."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    definition = world.publish(call(crm, url=f"http://127.0.0.1:{port}/x", repeatable=False))
    run = world.start(definition)
    world.act()
    assert world.run(run).actions["call/1/http"].state == "failed"
    assert not world.run(run).incidents


@pytest.mark.parametrize(("repeatable", "state"), [(True, None), (False, "uncertain")])
def test_no_answer_in_time_is_uncertain(world: World, crm: Receiver, repeatable: bool, state: str | None):
    """A call that was sent and not answered is made again only where that is safe; else a person is asked."""
    crm.hold = threading.Event()
    definition = world.publish(call(crm, repeatable=repeatable, timeout_seconds=0.2))
    run = world.start(definition)
    world.act()
    assert world.run(run).actions["call/1/http"].state == "uncertain"
    open_ = [one.problem for one in world.run(run).incidents.values()]
    assert open_ == ([] if state is None else [state])
    crm.hold.set()
    world.clock.move(1)
    world.act()
    assert len(crm.effects) == 1
    assert world.run(run).state == ("completed" if repeatable else "running")


def test_what_a_killed_worker_left_is_settled(world: World, crm: Receiver):
    """An intent without a result: repeatable calls are made again under the same key, others ask."""
    for repeatable in (True, False):
        definition = world.publish(call(crm, repeatable=repeatable), key=f"p{repeatable}".lower())
        run = world.start(definition)
        world.decide(run, start_action, "call", 1, "http", key="k")
        world.act()
        world.clock.move(1)
        world.act()
        uncertain = [one.problem for one in world.run(run).incidents.values()]
        assert (world.run(run).state, uncertain) == (
            ("completed", []) if repeatable else ("running", ["uncertain"])
        )


def test_nothing_is_called_while_a_run_is_paused(world: World, crm: Receiver):
    """A pause holds the machine too; the call is made when the run goes on."""
    run = world.start(world.publish(call(crm)))
    world.decide(run, pause_run, "holidays")
    world.act()
    assert crm.heard == []
    world.decide(run, resume_run)
    world.act()
    assert len(crm.heard) == 1


def test_reopening_calls_again_under_a_new_key(world: World, crm: Receiver):
    """A new round is another thing to do: the receiver is told so by another key."""
    run = world.start(world.publish(call(crm), {"key": "last", "after": ["call"]}))
    world.act()
    world.decide(run, reopen_step, "call", "wrong plan")
    world.act()
    assert len({heard.key for heard in crm.heard}) == 2


def test_a_gates_outcome_is_told_without_values(world: World, crm: Receiver):
    """A webhook has Standard Webhooks' shape and holds keys and words only."""
    gate = {"key": "go", "gate": {}, "role": "seller", "outcome": "go"}
    definition = world.publish(gate, webhooks=[{"on": "gate_outcome", "url": f"{crm.url}/hook"}])
    run = world.start(definition, inputs={"plan": "secret plan"})
    world.decide(run, complete_step, "go")
    world.act()
    told = crm.heard[0].json
    assert told["type"] == "gate_outcome"
    assert told["data"] == {
        "run": str(run), "process": "sale", "process_version": 1, "step": "go", "outcome": "go", "passed": True,
    }  # fmt: skip


def test_one_slow_receiver_holds_up_its_own_only(database: Database, log: Log):
    """While one service does not answer, calls to others are made; and no more at a time than may be."""
    world = World(log, database.app_url, allowed=("127.0.0.1", "localhost"), limits=Limits(calls=6, each=2))

    async def story(slow: Receiver, quick: Receiver) -> None:
        slow_calls = world.publish(call(slow), key="slow")
        elsewhere = call(quick, url=f"http://localhost:{quick.port}/x")
        quick_calls = world.publish(elsewhere, key="quick")
        runs = [world.start(slow_calls) for _ in range(5)] + [world.start(quick_calls) for _ in range(3)]
        acting = world.acting()

        async def all_quick() -> bool:
            world.catch_up()
            await acting.once()
            return len(quick.heard) == 3 and len(slow.heard) == 2

        await wait_until_async(all_quick, "the quick calls")
        assert slow.hold is not None
        slow.hold.set()
        await acting.close()
        await world.act_async(acting)
        assert {world.run(run).state for run in runs} == {"completed"}

    with receiver(hold=threading.Event()) as slow, receiver() as quick:
        asyncio.run(story(slow, quick))
    world.close()


def test_a_defect_in_an_executor_is_an_incident_of_its_action(world: World, crm: Receiver):
    """What fails inside the machine is shown to somebody, and the others go on."""

    async def broken(_due: Due) -> Answer:
        raise KeyError("plan")

    run = world.start(world.publish(call(crm)))
    world.act(world.acting({"http": broken}))
    found = world.run(run).incidents[incident(world.run(run))]
    assert (found.problem, found.reason) == ("uncertain", "the machine failed: KeyError")


def test_a_result_whose_failure_is_refused_too_is_left_to_a_person(monkeypatch: pytest.MonkeyPatch):
    """It is stored as it is, then as a failure, and not a third time: the action rests, and the log says so."""
    acting, tried = Acting.__new__(Acting), []

    def refuse(_: object, answer: Answer | None) -> None:
        tried.append(answer)
        raise Rejected("run_ended", "this run has ended")

    monkeypatch.setattr(acting, "_store", refuse)
    with pytest.raises(Rejected, match="run_ended"):
        acting._record(Named(uuid4(), "call", 1, "call", "crm"), Done("done"))
    reason = "the answer cannot be taken: this run has ended"
    assert tried == [Done("done"), Failed(reason, permanent=True)]
