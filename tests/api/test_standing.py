"""Everything that lets somebody in ends with what it rests on: each grant x each thing, with the next request."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from functools import partial
from threading import Event
from uuid import UUID

import httpx
import psycopg
import pytest

from api.access import grants as access
from api.access.guard import Site
from api.access.leases import LEASE_SECONDS, Leases
from api.feeds import events, feeds
from domain.person import Standing
from domain.words import Actor
from tests.api.conftest import Api
from tests.support.clients import TLS, client_of
from tests.support.guests import sealed
from tests.support.waiting import wait_until

DEE = Actor("person:dee")
Opens = Callable[[], bool]
get, post = partial(httpx.get, verify=TLS), partial(httpx.post, verify=TLS)
PDF = {"Content-Type": "application/pdf"}


@pytest.fixture
def house(published: Api) -> Api:
    """A server whose dee works here."""
    assert published.client.post("/v1/people", json={"person": "dee", "name": "Dee"}).status_code == 201
    return published


def link_of(api: Api) -> str:
    """A sign-in link of dee's, as `milepost token link` makes it."""
    with psycopg.connect(api.database.app_url, autocommit=True) as connection:
        return access.first_login_link(connection, api.url, DEE, ("read", "work"))


def cookies_of(api: Api) -> dict[str, str]:
    """The cookie of a browser in which dee is signed in."""
    with psycopg.connect(api.database.app_url, autocommit=True) as connection:
        session = access.redeem(connection, link_of(api).partition("link=")[2])
    assert session is not None
    return {Site(api.url).cookie: session.secret}


def session_of(api: Api) -> httpx.Client:
    """A browser of dee's."""
    return client_of(api.url, cookies=cookies_of(api))


# --- the grants: each gives a request that answers whether it still opens anything ---


def opens(api: Api, path: str, secret: str, **headers: str) -> bool:
    """Whether a token opens an address."""
    answer = get(api.url + path, headers={"Authorization": f"Bearer {secret}", **headers})
    return answer.status_code == 200


def a_token(api: Api) -> Opens:
    """An API token."""
    secret = api.token(DEE, "read", "work")
    return lambda: opens(api, "/v1/me", secret)


def a_session(api: Api) -> Opens:
    """A browser that is signed in."""
    cookies = cookies_of(api)
    return lambda: get(f"{api.url}/v1/me", cookies=cookies).status_code == 200


def an_unused_link(api: Api) -> Opens:
    """A sign-in link that lies in somebody's mailbox."""
    secret = link_of(api).partition("link=")[2]

    def redeems() -> bool:
        with psycopg.connect(api.database.app_url) as connection:
            found = access.redeem(connection, secret)
            connection.rollback()  # looked at, not used
        return found is not None

    return redeems


def a_calendar(api: Api) -> Opens:
    """The address of a calendar feed."""
    headers = {"Authorization": f"Bearer {api.token(DEE, 'read')}"}
    url = post(f"{api.url}/v1/calendar-links", json={}, headers=headers).json()["url"]
    path = "/calendar/" + url.rpartition("/")[2]
    return lambda: get(api.url + path).status_code == 200


def a_program_for_dee(api: Api) -> Opens:
    """A program's token that acts in dee's name."""
    secret = api.token("service:bridge", "act_as")
    return lambda: opens(api, "/v1/me", secret, **{"Milepost-Actor": DEE})


def a_command(api: Api) -> Opens:
    """A change, not only a look."""
    headers, run = {"Authorization": f"Bearer {api.token(DEE, 'work')}"}, api.start(roles={"seller": DEE})

    def changes() -> bool:
        answer = post(f"{api.url}/v1/runs/{run}/comment", json={"text": "Hello"}, headers=headers)
        return answer.status_code == 200

    return changes


def a_file(api: Api) -> Opens:
    """The content of a file that a run shows to dee."""
    run, secret = api.start(roles={"seller": DEE}), api.token(DEE, "read")
    kept = api.client.post("/v1/files?name=a.pdf", content=b"%PDF", headers=PDF).json()
    body = {"name": "a.pdf", "media_type": "application/pdf", "size_bytes": 4, "sha256": kept["sha256"]}
    assert api.client.post(f"/v1/runs/{run}/attach", json=body).status_code == 200
    return lambda: opens(api, f"/v1/runs/{run}/files/{kept['sha256']}", secret)


GRANTS = (a_token, a_session, an_unused_link, a_calendar, a_command, a_file, a_program_for_dee)
OWN = GRANTS[:-1]
"""What is dee's own, and can be ended without dee having to leave."""


# --- what they rest on ---


def deactivated(api: Api) -> None:
    """Dee leaves."""
    told = api.client.post("/v1/people/dee/deactivate", json={"reason": "Left"})
    assert told.status_code == 200, told.text


def ended_by_an_administrator(api: Api) -> None:
    """Everything that dee has is ended at once."""
    assert api.client.delete("/v1/access", params={"actor": DEE}).json()["ended"] > 0
    assert api.client.get("/v1/access", params={"actor": DEE}).json()["rows"] == []


def expired(api: Api) -> None:
    """Its time is over."""
    with psycopg.connect(api.database.app_url, autocommit=True) as connection:
        for table in ("access_token", "session"):
            connection.execute(
                f"update log.{table} set expires_at = clock_timestamp() where actor = %s",  # noqa: S608 - two names
                [DEE],
            )
    api.services.leases.forget_all()


def test_who_left_comes_in_by_nothing(house: Api):
    """With the first request after the deactivation; and who comes back gets everything anew."""
    found = {grant.__name__: grant(house) for grant in GRANTS}
    assert {name: still() for name, still in found.items()} == dict.fromkeys(found, True)
    deactivated(house)
    assert {name: still() for name, still in found.items()} == dict.fromkeys(found, False)
    assert house.client.post("/v1/people/dee/reactivate").status_code == 200
    house.services.leases.forget_all()
    # a program's right to act in dee's name is not dee's to lose
    back = {name: name == "a_program_for_dee" for name in found}
    assert {name: still() for name, still in found.items()} == back


@pytest.mark.parametrize("ending", [ended_by_an_administrator, expired])
def test_what_has_ended_opens_nothing(house: Api, ending: Callable[[Api], None]):
    """With the first request after the answer, also where it had just been used."""
    found = {grant.__name__: grant(house) for grant in OWN}
    assert {name: still() for name, still in found.items()} == dict.fromkeys(found, True)
    ending(house)
    assert {name: still() for name, still in found.items()} == dict.fromkeys(found, False)


@pytest.mark.parametrize(
    ("here", "left", "granted", "holds"),
    [
        (True, None, 1, True),
        (False, 2, 1, False),
        (False, 2, 3, False),
        (True, 2, 1, False),
        (True, 2, 3, True),
    ],
)
def test_a_grant_ends_for_good_when_its_owner_leaves(here: bool, left: int | None, granted: int, holds: bool):
    """Coming back revives nothing; what is granted afterwards holds."""

    def at(hour: int) -> datetime:
        return datetime(2026, 1, 1, hour, tzinfo=UTC)

    assert Standing(here, None if left is None else at(left)).bears(at(granted)) is holds


def test_nothing_is_granted_to_who_left(house: Api):
    """Neither a token nor a link, by HTTP or on the machine itself."""
    deactivated(house)
    refused = house.client.post("/v1/tokens", json={"actor": DEE, "scopes": ["read"]})
    assert (refused.status_code, refused.json()["code"]) == (409, "person_deactivated")
    with pytest.raises(Exception, match="person_deactivated"):
        link_of(house)


# --- streams ---


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep-alives that a test can wait for."""
    for module in (events, feeds):
        monkeypatch.setattr(module, "KEEP_ALIVE_SECONDS", 0.05)


def opened(api: Api, client: httpx.Client, path: str) -> AbstractContextManager[httpx.Response]:
    """An open stream."""
    return client.stream("GET", f"{path}?after={api.head}", headers={"Accept": "text/event-stream"})


@pytest.mark.parametrize("ending", [deactivated, ended_by_an_administrator])
def test_an_open_stream_ends_within_a_keep_alive(house: Api, quick: None, ending: Callable[[Api], None]):
    """Whatever was taken away: the streams say nothing more, and are over."""
    with (
        session_of(house) as one,
        opened(house, one, "/v1/events") as feed,
        opened(house, one, "/v1/changes") as live,
    ):
        both = feed.iter_lines(), live.iter_lines()
        for lines in both:
            next(lines)
        ending(house)
        house.start()
        told = [line for lines in both for line in lines if line.startswith("event:")]
        assert set(told) <= {"event: unchanged"}


def test_signing_out_ends_the_streams_of_the_pages(house: Api, quick: None):
    """The stream was opened with the session that is over now; another browser's goes on."""
    cookies = cookies_of(house)
    with (
        client_of(house.url, cookies=cookies) as page,
        client_of(house.url, cookies=cookies) as same,
        session_of(house) as other,
        opened(house, page, "/v1/changes") as stream,
    ):
        lines = stream.iter_lines()
        next(lines)
        csrf = same.get("/v1/me").json()["csrf"]
        same.delete("/v1/session", headers={"Origin": house.url, "X-CSRF-Token": csrf})
        list(lines)
        assert (same.get("/v1/me").status_code, other.get("/v1/me").status_code) == (401, 200)


# --- guests ---

GUESTS = {
    "key": "signing",
    "title": "Signing",
    "inputs": [{"key": "mail", "title": "Mail", "kind": "email", "required": True}],
    "roles": [{"key": "seller", "title": "Seller", "initiator": True},
              {"key": "buyer", "title": "Buyer", "guest": True, "email_from": "mail"}],
    "stages": [{"key": "all", "title": "All", "steps": [
        {"key": "sign", "title": "Sign it", "kind": "sign", "role": "buyer", "instructions": "Sign for us.",
         "fields": [{"key": "signature", "title": "Signature", "kind": "signature", "required": True}]},
        {"key": "file", "title": "File it", "role": "seller", "after": ["sign"]},
    ]}],
}  # fmt: skip
INPUTS = {"mail": "ada@nordwind.example"}


def begun(api: Api) -> str:
    """A run whose first step is a guest's."""
    return api.start(process="signing", roles={"buyer": "guest:ada"}, inputs=INPUTS)


def told(api: Api, path: str, **body: object) -> None:
    """A command that is carried out."""
    answer = api.client.post(path, json=body)
    assert answer.status_code == 200, answer.text


ENDINGS: dict[str, Callable[[Api, str], None]] = {
    "given to another guest": lambda api, run: told(
        api, f"/v1/runs/{run}/assign-role", role="buyer", assignee="guest:eve", reason="Ada left"
    ),
    "given to a colleague": lambda api, run: told(
        api, f"/v1/runs/{run}/steps/sign/assign", assignee="person:bo", reason="In person"
    ),
    "another address": lambda api, run: told(
        api, f"/v1/runs/{run}/inputs", inputs={"mail": "eve@evil.example"}
    ),
    "run cancelled": lambda api, run: told(api, f"/v1/runs/{run}/cancel", reason="Not needed"),
    "run paused": lambda api, run: told(api, f"/v1/runs/{run}/pause", reason="Holidays"),
    "step skipped": lambda api, run: told(api, f"/v1/runs/{run}/steps/sign/skip", reason="Not needed"),
}


def test_a_guest_link_ends_with_what_it_rests_on(api: Api):
    """Guest, address, step and run: when one of them is another, the link acts no more."""
    api.publish(GUESTS)
    for ending, happens in ENDINGS.items():
        run = begun(api)
        link = f"{api.url}/v1/guest/{sealed(api.services, run)}"
        assert get(link).json()["verbs"], ending
        happens(api, run)
        seen, head = get(link), api.head
        assert seen.status_code == 404 or not seen.json()["verbs"], ending
        acted = post(f"{link}/complete", json={"values": {"signature": "Ada"}})
        assert acted.status_code in (404, 409), ending
        assert api.head == head, ending


def test_a_guest_link_ends_with_its_round_and_its_time(api: Api):
    """A step that is opened again needs a new link, and an old link opens nothing."""
    api.publish(GUESTS)
    run = begun(api)
    first, old = sealed(api.services, run), sealed(api.services, run, days=-0.001)
    assert get(f"{api.url}/v1/guest/{old}").status_code == 404
    signed = post(f"{api.url}/v1/guest/{first}/complete", json={"values": {"signature": "Ada"}})
    assert signed.status_code == 200
    told(api, f"/v1/runs/{run}/steps/sign/reopen", reason="Wrong name")
    assert get(f"{api.url}/v1/guest/{first}").status_code == 404
    assert get(f"{api.url}/v1/guest/{sealed(api.services, run)}").json()["verbs"]


# --- what others may see and end ---


@pytest.fixture
def dee(house: Api) -> Iterator[httpx.Client]:
    """Dee's own browser."""
    with session_of(house) as client:
        yield client


def test_an_administrator_sees_what_somebody_can_come_in_with(house: Api, dee: httpx.Client):
    """Tokens, sessions and unused links, never their secrets; nothing that has ended; in pages."""
    link, token = link_of(house), house.token(DEE, "read")
    dee.get("/v1/me")
    rows = house.client.get("/v1/access", params={"actor": DEE}).json()["rows"]
    assert [row["kind"] for row in rows] == ["token", "sign_in_link", "session"]
    assert rows[2]["last_used_at"]
    answer = house.client.get("/v1/access", params={"actor": DEE, "limit": 2})
    assert token not in answer.text
    assert link.partition("link=")[2] not in answer.text
    assert (len(answer.json()["rows"]), answer.json()["more"]) == (2, 1)
    rest = house.client.get("/v1/access", params={"actor": DEE, "after": answer.json()["next_after"]}).json()
    assert ([row["kind"] for row in rest["rows"]], rest["more"]) == (["session"], 0)


def test_nobody_else_sees_or_ends_it(house: Api, dee: httpx.Client):
    """Without the scope admin others' things are not even there; a program does not end those of whom it acts for."""
    own = dee.get("/v1/access").json()
    assert [(row["kind"], row["current"]) for row in own["rows"]] == [("session", True)]
    with house.as_("person:bo", "read", "work") as bo, house.as_("service:x", "work", "act_as") as program:
        for refused in (
            bo.get("/v1/access", params={"actor": DEE}),
            bo.delete("/v1/access", params={"actor": DEE}),
        ):
            assert (refused.status_code, refused.json()["needs"]) == (403, ["admin"])
        missing = bo.delete(f"/v1/access/{own['rows'][0]['id']}")
        assert (missing.status_code, missing.json()["code"]) == (404, "unknown_access")
        assert program.get("/v1/access", headers={"Milepost-Actor": DEE}).json()["actor"] == "service:x"
    assert dee.get("/v1/me").status_code == 200


def test_everybody_ends_their_own(house: Api, dee: httpx.Client):
    """A browser that was forgotten somewhere is signed out from another one."""
    with session_of(house) as forgotten:
        rows = dee.get("/v1/access").json()["rows"]
        other = next(row["id"] for row in rows if not row["current"])
        headers = {"Origin": house.url, "X-CSRF-Token": dee.get("/v1/me").json()["csrf"]}
        assert dee.delete(f"/v1/access/{other}").status_code == 403, "a change needs the CSRF token"
        assert dee.delete(f"/v1/access/{other}", headers=headers).status_code == 204
        assert (forgotten.get("/v1/me").status_code, dee.get("/v1/me").status_code) == (401, 200)
    unknown = dee.delete(f"/v1/access/{UUID(int=7)}", headers=headers)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_access")


def test_a_slow_question_is_no_answer_to_who_comes_later(monkeypatch: pytest.MonkeyPatch):
    """Who comes after a lease's time does not take what was asked before it, however long that takes to come."""
    now, asked, answer = [0.0], [], Event()
    monkeypatch.setattr("api.access.leases.time.monotonic", lambda: now[0])

    def find(secret: str) -> None:
        asked.append(secret)
        if len(asked) == 1:
            answer.wait(10)

    async def both() -> None:
        leases = Leases(find, lambda _: True, lambda *_: False)
        first = asyncio.create_task(leases.get("x"))
        await asyncio.to_thread(wait_until, lambda: asked, what="the first question")
        now[0] = LEASE_SECONDS
        assert await leases.get("x") is None
        answer.set()
        await first

    asyncio.run(both())
    assert asked == ["x", "x"]
