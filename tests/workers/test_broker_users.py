"""Each user of the broker may do what its task needs, and nothing else: at the embedded server and at the cluster's."""

from __future__ import annotations

import asyncio
import re
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nats
import orjson
import pytest
from nats.aio.client import Client
from nats.errors import Error
from nats.js.api import ConsumerConfig, StreamConfig

from milepost.embedded import NatsServer
from milepost.embedded.binaries import nats_program
from milepost.embedded.nats import users
from store.subscribers import Subscriber
from tests.support.waiting import wait_until
from tests.workers import stream
from tests.workers.brokers import subscriber
from workers import subscribing, transport
from workers.broker_users import FORMER, OWNER, RELAY, WORKER, inbox_of, rights_of
from workers.subjects import GROWN_SUBJECT
from workers.transport import BrokerSettings

ROOT = Path(__file__).resolve().parents[2]
PASSWORDS = {OWNER: "o", RELAY: "r", WORKER: "w", FORMER: "f", "crm": "c", "erp": "e"}
VARIABLES = {"NATS_OWNER_PASSWORD": OWNER, "NATS_RELAY_PASSWORD": RELAY, "NATS_PASSWORD": WORKER}


@dataclass(frozen=True)
class Broker:
    """A server with its streams, two subscribers, and messages."""

    port: int

    def url(self, user: str) -> str:
        """Where somebody connects."""
        return f"nats://{user}:{PASSWORDS[user]}@127.0.0.1:{self.port}"


@pytest.fixture(scope="module", params=["embedded", "cluster"])
def broker(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """One server for this module, configured as `milepost up` does it, or by deploy/nats.conf."""
    home = tmp_path_factory.mktemp("broker")
    configuration = home / "nats.conf"
    configuration.write_text(_embedded() if request.param == "embedded" else _cluster(), "utf-8")
    environment = {name: f'"{PASSWORDS[user]}"' for name, user in VARIABLES.items()}
    environment |= {"NATS_NODE": "nats-1", "NATS_ROUTE_PASSWORD": '"x"'}
    command = [str(nats_program()), "-c", str(configuration), "-sd", str(home / "store"), "-a", "127.0.0.1", "-p", "-1",
               "--ports_file_dir", str(home)]  # fmt: skip
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as server:
        [ports] = wait_until(lambda: [*home.glob("*.ports")], "the server")
        told: Any = wait_until(lambda: _whole(ports), "its port")
        made = Broker(int(told["nats"][0].rpartition(":")[2]))
        asyncio.run(_prepared(made))
        yield made
        server.terminate()


def _whole(ports: Path) -> Any:
    try:
        return orjson.loads(ports.read_bytes())
    except ValueError:
        return None


def _embedded() -> str:
    return orjson.dumps({"authorization": {"users": users(PASSWORDS)}, "jetstream": {}}).decode()


def _cluster() -> str:
    """The production configuration without its cluster and fixed places, and with the users that `add` prints."""
    text = (ROOT / "deploy" / "nats.conf").read_text("utf-8")
    text = re.sub(r"\ncluster \{.*?\n\}\n", "\n", text, flags=re.DOTALL)
    text = re.sub(r"\n(listen|http|  store_dir|  sync_interval): .*", "", text)
    added = users({name: PASSWORDS[name] for name in (FORMER, "crm", "erp")})
    return text.replace(
        "  users: [\n", "  users: [\n" + "\n".join(orjson.dumps(user).decode() for user in added) + "\n"
    )


async def _prepared(broker: Broker) -> None:
    """Its streams, the consumers of two subscribers, and one that somebody made with the former credential."""
    owner, readers = BrokerSettings((broker.url(OWNER),)), ("crm", "erp", "older")
    await transport.migrate(owner, [Subscriber(name, ("milepost.v1.>",), True) for name in readers])
    relay = await _as(broker, RELAY)
    for _ in range(9):  # one for each who reads
        await relay.jetstream().publish("milepost.v1.run.-.run_started", b"{}")
    await relay.close()


async def _as(broker: Broker, user: str) -> Client:
    return await stream.client_of(broker.url(user))


# --- what somebody tries; each raises when it is refused ---

Deed = Callable[[Client], Awaitable[Any]]


async def _ask(client: Client, subject: str, body: object = None) -> dict[str, Any]:
    """A request to the server's own interface; a refusal of rights is silence, any other comes as an answer."""
    payload = b"" if body is None else orjson.dumps(body)
    answer: dict[str, Any] = orjson.loads((await client.request(f"$JS.API.{subject}", payload, 0.2)).data)
    return answer


async def publishes(client: Client) -> None:
    """A forged event."""
    await client.jetstream().publish("milepost.v1.run.-.run_completed", b"{}", timeout=0.2)


async def wakes(client: Client) -> None:
    """A false wake-up."""
    await client.jetstream().publish(GROWN_SUBJECT, b"{}", timeout=0.2)


async def deletes_stream(client: Client) -> None:
    """Of another name as its owner, so that the others are tried on what is there: rights are by name."""
    name = "MILEPOST_X" if client._inbox_prefix.endswith(b"owner") else "MILEPOST"
    await _ask(client, f"STREAM.DELETE.{name}")


async def purges(client: Client) -> None:
    """All messages at once."""
    await _ask(client, "STREAM.PURGE.MILEPOST")


async def deletes_message(client: Client) -> None:
    """One of them."""
    await _ask(client, "STREAM.MSG.DELETE.MILEPOST", {"seq": 1})


async def changes_stream(client: Client) -> None:
    """As it is; what counts is who may."""
    config = transport.public_stream(BrokerSettings(("nats://x",)))
    await _ask(client, "STREAM.UPDATE.MILEPOST", config.as_dict())


async def makes_stream(client: Client) -> None:
    """One that copies ours under somebody's own rules."""
    await _ask(client, "STREAM.CREATE.MINE", StreamConfig(name="MINE", subjects=["mine"]).as_dict())


async def makes_consumer(client: Client) -> None:
    """One that delivers to a subject of ours."""
    config = ConsumerConfig(deliver_subject=GROWN_SUBJECT)
    await _ask(client, "CONSUMER.CREATE.MILEPOST", {"stream_name": "MILEPOST", "config": config.as_dict()})


async def deletes_consumer(client: Client) -> None:
    """Somebody's place; of one that is not there, so that the others are tried on what is."""
    await _ask(client, "CONSUMER.DELETE.MILEPOST.nobody")


async def looks_into_the_stream(client: Client) -> None:
    """Past any consumer."""
    await _ask(client, "STREAM.MSG.GET.MILEPOST", {"seq": 1})


async def _next(client: Client, consumer: str) -> None:
    subscription = await client.jetstream().pull_subscribe_bind(consumer, stream="MILEPOST")
    [message] = await subscription.fetch(1, timeout=1)
    await message.nak()


async def reads_as_crm(client: Client) -> None:
    """Through the consumer crm."""
    await _next(client, "crm")


async def reads_as_erp(client: Client) -> None:
    """Through the consumer erp."""
    await _next(client, "erp")


async def reads_as_before(client: Client) -> None:
    """Through a consumer that an earlier release let everybody make."""
    await _next(client, "older")


async def acknowledges_for_crm(client: Client) -> None:
    """What crm has not seen; only a request is answered, so the refusal is asked for."""
    refused = asyncio.Event()

    async def heard(_: Exception) -> None:
        refused.set()

    client._error_cb = heard
    await client.publish("$JS.ACK.MILEPOST.crm.1.1.1.1.1", b"+ACK")
    await client.flush()
    await _ask(client, "CONSUMER.INFO.MILEPOST.crm")
    if refused.is_set():
        raise Error


MAY: dict[Deed, set[str]] = {
    publishes: {RELAY},
    wakes: {RELAY},
    deletes_stream: {OWNER},
    changes_stream: {OWNER},
    purges: {OWNER},  # the stream itself refuses it
    deletes_message: {OWNER},  # likewise
    makes_stream: {OWNER},
    makes_consumer: {OWNER},
    deletes_consumer: {OWNER},
    looks_into_the_stream: {OWNER, RELAY},
    reads_as_crm: {"crm", OWNER},
    reads_as_erp: {"erp", OWNER},
    reads_as_before: {FORMER, OWNER},
    acknowledges_for_crm: {"crm"},
}


@pytest.mark.anyio
@pytest.mark.parametrize("user", PASSWORDS)
async def test_everybody_may_do_what_their_task_needs_and_nothing_else(broker: Broker, user: str):
    """Users x deeds: what is refused has no effect, and what is allowed is answered."""
    done = await asyncio.gather(*(_is_done(broker, user, deed) for deed in MAY))
    told = {deed.__name__: may for deed, may in zip(MAY, done, strict=True)}
    assert told == {deed.__name__: user in allowed for deed, allowed in MAY.items()}


async def _is_done(broker: Broker, user: str, deed: Deed) -> bool:
    client = await _as(broker, user)
    try:
        await deed(client)
    except (Error, TimeoutError):
        return False
    finally:
        await client.close()
    return True


HEAR = {
    "milepost.>": set(),
    "milepost.v1.run.-.run_started": set(),
    "_INBOX.>": {FORMER},  # as it always has: nobody else is answered there
    "_MILEPOST.crm.>": {"crm"},
    "_MILEPOST.>": set(),
    "_MILEPOST.milepost_relay.>": {RELAY},
    "milepost.deliver.projector": set(),  # as one of the workers only
    "$JS.ACK.>": set(),
    "$JS.API.>": set(),
}  # fmt: skip
"""Who may listen to what, beside asking for messages."""


@pytest.mark.anyio
@pytest.mark.parametrize("user", PASSWORDS)
async def test_nobody_listens_to_what_is_not_theirs(broker: Broker, user: str):
    """Messages as they are published, answers to others, deliveries to workers: a subscription is refused."""
    for subject, allowed in HEAR.items():
        refused = asyncio.Event()

        async def heard(_: Exception, refused: asyncio.Event = refused) -> None:
            refused.set()

        client = await nats.connect(broker.url(user), error_cb=heard, inbox_prefix=inbox_of(user))
        await client.subscribe(subject)
        await client.flush()
        if user not in allowed:
            async with asyncio.timeout(5):  # the refusal is on its way
                await refused.wait()
        assert refused.is_set() != (user in allowed), (user, subject)
        await client.close()


@pytest.mark.anyio
async def test_the_former_user_hears_no_answer_to_a_subscriber(broker: Broker):
    """It listens to every inbox at once, as its clients always did: what a subscriber reads does not reach it."""
    former, crm = await _as(broker, FORMER), await _as(broker, "crm")
    heard = await former.subscribe("_INBOX.>")
    await former.flush()
    await reads_as_crm(crm)
    await _ask(former, "STREAM.NAMES")
    found = [(await heard.next_msg(1)).subject]
    while heard.pending_msgs:
        found.append((await heard.next_msg(1)).subject)
    assert [subject for subject in found if not subject.startswith("_INBOX.milepost.")] == []
    await former.close()
    await crm.close()


@pytest.mark.anyio
async def test_not_even_the_owner_takes_messages_away(broker: Broker):
    """Messages are there until their time is over: the stream refuses to purge and to delete."""
    client = await _as(broker, OWNER)
    for subject, body in (("STREAM.PURGE.MILEPOST", None), ("STREAM.MSG.DELETE.MILEPOST", {"seq": 1})):
        assert "error" in await _ask(client, subject, body)
    await client.close()


@pytest.mark.anyio
async def test_a_stranger_is_not_let_in(broker: Broker):
    """Without a password, with another's, with none of ours."""
    for user, password in (("crm", "wrong"), ("milepost", ""), ("nobody", "x"), (OWNER, PASSWORDS[RELAY])):
        with pytest.raises(Error):
            await _as_stranger(broker, user, password)


async def _as_stranger(broker: Broker, user: str, password: str) -> None:
    client = Client()
    try:
        url = f"nats://{user}:{password}@127.0.0.1:{broker.port}"
        await client.connect(url, allow_reconnect=False, max_reconnect_attempts=1)
    finally:
        await client.close()


def test_the_clusters_users_have_the_rights_of_the_embedded_ones():
    """The configuration for production says subject by subject what workers/broker_users.py says."""
    text = (ROOT / "deploy" / "nats.conf").read_text("utf-8")
    blocks = re.findall(r"user: (milepost_(?:owner|relay|worker))\n(.*?)\n    \}", text, re.DOTALL)
    told = {}
    for user, block in blocks:
        publish, _, subscribe = block.partition("subscribe:")
        told[user] = tuple(tuple(re.findall(r'"([^"]+)"', part)) for part in (publish, subscribe))
    assert told == {
        user: (rights_of(user).publish, rights_of(user).subscribe) for user in (OWNER, RELAY, WORKER)
    }


def test_nobody_hears_anothers_answers():
    """The inboxes of no two users overlap: what the former one may hear beside its own is nobody's of today."""
    inboxes = {user: inbox_of(user) for user in PASSWORDS}
    assert len(set(inboxes.values())) == len(inboxes)
    assert [user for user in inboxes if inboxes[user].startswith("_INBOX.")] == [FORMER]


# --- the embedded server over time ---


def test_an_earlier_data_directory_is_taken_up(tmp_path: Path):
    """Its one password, which subscribers were told, goes on to read; new ones are made, for their owner only."""
    directory = tmp_path / "nats"
    directory.mkdir()
    (directory / "server.json").write_text('{"password": "told-to-everybody", "port": -1}')
    with NatsServer(directory) as server:
        state = orjson.loads((directory / "server.json").read_bytes())
        assert set(state["passwords"]) == {OWNER, RELAY, WORKER, FORMER}
        assert state["passwords"][FORMER] == "told-to-everybody"
        assert len(set(state["passwords"].values())) == 4
        asyncio.run(_only_reads(server))
    for name in ("server.json", "nats.json"):
        assert (directory / name).stat().st_mode & 0o077 == 0
    with NatsServer(directory) as again:
        assert again.owner_url.endswith(f"{state['passwords'][OWNER]}@127.0.0.1:{again.port}")


@pytest.mark.parametrize(
    ("url", "prefix"),
    [
        ("nats://crm:a-password@127.0.0.1:4222", "_MILEPOST.crm"),
        ("nats://milepost_worker:@127.0.0.1:4222", "_MILEPOST.milepost_worker"),
        ("nats://a-secret-token@127.0.0.1:4222", None),
        ("nats://127.0.0.1:4222", None),
    ],
)
def test_a_token_is_nobodys_name(url: str, prefix: str | None):
    """Answers come to a place that bears the user's name; a token is a secret, and stands in no subject."""
    assert BrokerSettings((url,)).connection("test").get("inbox_prefix") == prefix


async def _only_reads(server: NatsServer) -> None:
    await transport.migrate(BrokerSettings((server.owner_url,)))
    former = await stream.client_of(server.url_of(FORMER))
    assert (await former.jetstream().stream_info("MILEPOST")).config.name == "MILEPOST"
    for deed in (publishes, deletes_stream, purges, changes_stream, makes_consumer):
        with pytest.raises((Error, TimeoutError)):
            await deed(former)
    await former.close()


def test_a_service_is_let_in_while_the_server_runs(tmp_path: Path):
    """Without a restart, and it stays so after one."""
    with NatsServer(tmp_path / "nats") as server:
        asyncio.run(stream.declared(server.owner_url))
        asyncio.run(_connects(subscriber(server, Subscriber("crm", ("milepost.v1.>",)))))
    with NatsServer(tmp_path / "nats") as again:
        asyncio.run(_connects(again.url_of("crm")))


async def _connects(url: str) -> None:
    client = await stream.client_of(url)
    assert (await client.jetstream().consumer_info("MILEPOST", "crm")).name == "crm"
    await client.close()


@pytest.mark.parametrize(
    ("name", "subject"),
    [("", "milepost.v1.>"), ("milepost_relay", "milepost.v1.>"), ("milepost", "milepost.v1.>"),
     ("CRM", "milepost.v1.>"), ("a.b", "milepost.v1.>"), ("a>", "milepost.v1.>"),
     ("crm", "milepost.>"), ("crm", ">"), ("crm", "$JS.API.>"),
     ("crm", "milepost.log.grown"), ("crm", "milepost.v1.a b")],
)  # fmt: skip
def test_a_subscriber_has_a_name_and_reads_events(name: str, subject: str):
    """Names that would give other rights, and subjects that are no events, are refused with what would be accepted."""
    told = subscribing.wrong_with(Subscriber(name, (subject,)))
    assert told is not None
    assert "it takes" in told
