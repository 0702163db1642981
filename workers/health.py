"""Whether Milepost keeps up: facts collected from Postgres and NATS, a verdict that follows lag, not connections."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

import psycopg
from nats.errors import Error as NatsError
from psycopg import Connection

from projections.engine.generations import how_to_renew
from projections.registry import BY_NAME
from store.connect import connect as connect_database
from workers import transport
from workers.subjects import GROWN_STREAM, PROJECTOR, STREAM
from workers.transport import BrokerSettings

State = Literal["healthy", "degraded", "unhealthy"]

DEGRADED_LAG_MS = 2_000.0
UNHEALTHY_LAG_MS = 60_000.0
LATE_ALARM_SECONDS = 15.0
LATE_ACTION_SECONDS = 300.0
"""How long a mail or call may wait behind others of its side, or be under way, before health says so."""
SAFE_SETTINGS = {"fsync": "on", "full_page_writes": "on", "data_checksums": "on"}
UNSAFE_COMMITS = ("off", "local")

_SETTINGS = """
select name, setting from pg_settings
where name in ('server_version', 'fsync', 'full_page_writes', 'synchronous_commit', 'data_checksums')
"""
_HEAD = "select log::text, position from log.head"
# the lag of a consumer is the age of the first event that it has not applied
_CONSUMER = """
select {name}, c.position, h.position - c.position,
  coalesce(extract(epoch from clock_timestamp() - e.recorded_at) * 1000, 0)::float8
from log.checkpoint c cross join log.head h left join log.event e on e.position = c.position + 1
"""
_RELAY = _CONSUMER.format(name="c.name") + "where c.name = 'relay'"
_LIVE = (
    _CONSUMER.format(name="g.projection, g.version")
    + "join read.generation g on g.schema = c.name where g.state = 'live' order by g.projection"
)
# an alarm that has come is fired within about a second
_LATE_ALARM = """
select coalesce(greatest(extract(epoch from clock_timestamp() - min(at)), 0), 0)::float8 from read.alarm
"""
# an action that is due is tried at once, unless its side is busy; one that is under way has a result within its time
_LATE_ACTION = """
select coalesce(greatest(extract(epoch from clock_timestamp() -
  min(case when state = 'started' then changed_at else next_at end)), 0), 0)::float8
from read.action where state = 'started' or next_at is not null
"""
_ACTIONS = "select to_regclass('read.action') is not null"
_ALARMS = "select to_regclass('read.alarm') is not null"
_GENERATIONS = "select to_regclass('read.generation') is not null"
_PARKED = """
select g.projection, p.stream::text, p.position, coalesce(e.type, ''), split_part(p.error, ':', 1)
from log.parked p join read.generation g on g.schema = p.projection left join log.event e on e.position = p.position
where g.state <> 'old' order by g.projection, p.position limit 1000
"""


@dataclass(frozen=True)
class Consumer:
    """How far one projection or the relay is behind the log."""

    name: str
    position: int
    lag_events: int
    lag_ms: float


@dataclass(frozen=True)
class Parked:
    """A stream that a projection gave up on, at this position: the event there, and the kind of what it raised."""

    projection: str
    stream: str
    position: int
    event: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Facts:
    """What was found. Nothing in it is personal."""

    versions: dict[str, str] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
    log: str | None = None
    head: int | None = None
    consumers: tuple[Consumer, ...] = ()
    parked: tuple[Parked, ...] = ()
    outdated: tuple[str, ...] = ()
    """Read models whose live generation was made by another version of the code; nothing applies to them."""
    late_alarm_seconds: float = 0.0
    """How long ago the oldest alarm came that is not fired yet."""
    late_action_seconds: float = 0.0
    """For how long the oldest mail, call or child run has been due or under way without a result."""
    broker: dict[str, int | str | bool] = field(default_factory=dict)
    unreachable: tuple[str, ...] = ()


@dataclass(frozen=True)
class Health:
    """The verdict, why, and the facts behind it."""

    state: State
    reasons: tuple[str, ...]
    facts: Facts

    def as_dict(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self)


def judge(facts: Facts) -> Health:
    """The worst of what the facts say. A broker that is away only degrades: the read models keep up by the poll."""
    if facts.head is None:
        return Health("unhealthy", ("Postgres does not answer",), facts)
    bad = [*_unsafe(facts), *_late(facts, UNHEALTHY_LAG_MS)]
    weak = [
        *_late(facts, DEGRADED_LAG_MS, UNHEALTHY_LAG_MS),
        *_parked(facts),
        *_outdated(facts),
        *_timers(facts),
        *_actions(facts),
    ]
    weak += [f"{name} does not answer" for name in facts.unreachable]
    state: State = "unhealthy" if bad else "degraded" if weak else "healthy"
    return Health(state, (*bad, *weak), facts)


def _late(facts: Facts, above_ms: float, up_to_ms: float = float("inf")) -> list[str]:
    late = [
        each
        for each in facts.consumers
        if each.name not in facts.outdated and (each.name != "relay" or "nats" not in facts.unreachable)
        if above_ms < each.lag_ms <= up_to_ms
    ]
    return [f"{each.name} is {each.lag_events} events and {each.lag_ms / 1000:.0f} s behind" for each in late]


def _parked(facts: Facts) -> list[str]:
    names = sorted({each.projection for each in facts.parked})
    return [
        f"{name} parked {sum(each.projection == name for each in facts.parked)} streams" for name in names
    ]


def _outdated(facts: Facts) -> list[str]:
    return [f"{name} has to be rebuilt: {how_to_renew(name)}" for name in facts.outdated]


def _timers(facts: Facts) -> list[str]:
    """Commands are accepted all the same, so timers that are late only degrade."""
    late_seconds = facts.late_alarm_seconds
    return (
        [f"the oldest alarm has not been fired for {late_seconds:.0f} s"]
        if late_seconds > LATE_ALARM_SECONDS
        else []
    )


def _actions(facts: Facts) -> list[str]:
    """What fails in a way that cannot even be stored is set apart by its worker; here it is seen all the same."""
    late_seconds = facts.late_action_seconds
    return (
        [f"the oldest automatic step has been due without a result for {late_seconds:.0f} s"]
        if late_seconds > LATE_ACTION_SECONDS
        else []
    )


def _unsafe(facts: Facts) -> list[str]:
    wrong = [
        f"{name} is {facts.settings[name]}"
        for name, safe in SAFE_SETTINGS.items()
        if facts.settings.get(name, safe) != safe
    ]
    if (commit := facts.settings.get("synchronous_commit")) in UNSAFE_COMMITS:
        wrong.append(f"synchronous_commit is {commit}")
    if facts.settings.get("sync_interval", "always") != "always":
        wrong.append(f"sync_interval is {facts.settings['sync_interval']}")
    return wrong


def database_facts(connection: Connection[Any]) -> Facts:
    """What Postgres says about itself, the log and its consumers."""
    settings = dict(connection.execute(_SETTINGS).fetchall())
    row = connection.execute(_HEAD).fetchone()
    assert row is not None
    facts = Facts(
        versions={"postgres": settings.pop("server_version")},
        settings=settings,
        log=row[0],
        head=row[1],
        consumers=tuple(Consumer(*each) for each in connection.execute(_RELAY)),
    )
    return _with_read_models(connection, facts)


def _with_read_models(connection: Connection[Any], facts: Facts) -> Facts:
    """The live generation of each read model, as far as any was ever made."""
    if connection.execute(_GENERATIONS).fetchone() != (True,):
        return facts
    live = connection.execute(_LIVE).fetchall()
    return replace(
        facts,
        consumers=(*(Consumer(name, *lag) for name, _version, *lag in live), *facts.consumers),
        parked=tuple(Parked(*each) for each in connection.execute(_PARKED)),
        outdated=tuple(name for name, version, *_lag in live if _is_outdated(name, version)),
        late_alarm_seconds=_seconds(connection, _ALARMS, _LATE_ALARM),
        late_action_seconds=_seconds(connection, _ACTIONS, _LATE_ACTION),
    )


def _seconds(connection: Connection[Any], made: str, late: str) -> float:
    """How late the oldest one is; 0 where there is no such read model yet."""
    if connection.execute(made.encode()).fetchone() != (True,):
        return 0.0
    row = connection.execute(late.encode()).fetchone()
    return 0.0 if row is None else float(row[0])


def _is_outdated(name: str, version: int) -> bool:
    return name in BY_NAME and BY_NAME[name].version != version


async def broker_facts(settings: BrokerSettings) -> tuple[str, dict[str, int | str | bool]]:
    """The server's version and the state of the streams; raises what the client raises when NATS is away."""
    client = await transport.connect_once(settings, "doctor")
    try:
        js = client.jetstream()
        info = await js.stream_info(STREAM)
        consumer = await js.consumer_info(GROWN_STREAM, PROJECTOR)
        facts: dict[str, int | str | bool] = {
            "messages": info.state.messages,
            "bytes": info.state.bytes,
            "last_sequence": info.state.last_seq,
            "deny_delete": info.config.deny_delete,
            "deny_purge": info.config.deny_purge,
            "replicas": info.config.num_replicas or 1,
            "workers_subscribed": bool(consumer.push_bound),
        }
        version = client.connected_server_version
        return f"{version.major}.{version.minor}.{version.patch}", facts
    finally:
        await client.close()


async def collect(database_url: str, broker: BrokerSettings, *, sync_interval: str | None = None) -> Facts:
    """All facts, each server asked once and for a few seconds. ``sync_interval``: of an embedded NATS, where known."""
    facts = await asyncio.to_thread(_ask_database, database_url)
    settings = facts.settings | ({"sync_interval": sync_interval} if sync_interval else {})
    try:
        version, state = await broker_facts(broker)
    except (NatsError, OSError, TimeoutError):
        return replace(facts, settings=settings, unreachable=(*facts.unreachable, "nats"))
    return replace(facts, settings=settings, versions=facts.versions | {"nats": version}, broker=state)


def _ask_database(database_url: str) -> Facts:
    try:
        with connect_database(database_url, "doctor") as connection:
            return database_facts(connection)
    except psycopg.OperationalError:
        return Facts(unreachable=("postgres",))
