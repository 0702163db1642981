"""The second factor: codes of an app (TOTP, RFC 6238), each good once, and recovery codes for those who lost it."""

from __future__ import annotations

import hashlib
from base64 import b32encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from hmac import compare_digest
from secrets import token_bytes, token_urlsafe
from typing import Any, Literal

import pyotp
from psycopg import Connection
from psycopg.rows import class_row

from domain.words import Actor

STEP_SECONDS = 30
RECOVERY_CODES = 10
HALF_LIFETIME = timedelta(minutes=5)
"""How long somebody has for the code after the password."""

_BEGIN = """
insert into log.second_factor as kept (actor, secret) values (%s, %s)
on conflict (actor) do update set secret = excluded.secret, created_at = clock_timestamp(), last_step = 0
where kept.confirmed_at is null
returning actor
"""
_SECRET = "select secret, last_step, confirmed_at from log.second_factor where actor = %s for update"  # noqa: S105
_USED = "update log.second_factor set last_step = %s where actor = %s"
_CONFIRM = "update log.second_factor set confirmed_at = clock_timestamp(), last_step = %s where actor = %s"
_STATE = """
select confirmed_at, (select count(*) from log.recovery_code code where code.actor = kept.actor) recovery_codes
from log.second_factor kept where actor = %s and confirmed_at is not null
"""
_REMOVE = "delete from log.second_factor where actor = %s returning confirmed_at"
_FORGET_CODES = "delete from log.recovery_code where actor = %s"
_KEEP_CODE = "insert into log.recovery_code (actor, code_hash) values (%s, %s)"
_USE_CODE = "delete from log.recovery_code where actor = %s and code_hash = %s returning actor"
_HALF = """
with gone as (delete from log.half_sign_in where expires_at < clock_timestamp())
insert into log.half_sign_in (token_hash, actor, password_hash, expires_at)
values (%s, %s, %s, clock_timestamp() + %s::interval)
"""
_FIND_HALF = """
select actor, password_hash from log.half_sign_in where token_hash = %s and expires_at > clock_timestamp()
"""
_END_HALF = "delete from log.half_sign_in where token_hash = %s returning actor"

Proof = Literal["code", "recovery_code"]
"""By what somebody has shown that they have the second factor."""


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """Since when somebody has one, and how many recovery codes are left."""

    confirmed_at: datetime
    recovery_codes: int


@dataclass(frozen=True, slots=True)
class Half:
    """Who gave the right password, and which one it was."""

    actor: Actor
    password_hash: str


def find(connection: Connection[Any], actor: str) -> SecondFactor | None:
    """The second factor of somebody; None where there is none, or none that was confirmed."""
    with connection.cursor(row_factory=class_row(SecondFactor)) as cursor:
        return cursor.execute(_STATE, [actor]).fetchone()


def begin(connection: Connection[Any], actor: str) -> str | None:
    """A new secret, 160 random bits in base32, that counts for nothing until it is confirmed; None where one does."""
    secret = pyotp.random_base32()
    return None if connection.execute(_BEGIN, [actor, secret]).fetchone() is None else secret


def address(secret: str, actor: str, house: str) -> str:
    """What an app reads: an ``otpauth:`` address."""
    return pyotp.TOTP(secret).provisioning_uri(name=actor.partition(":")[2], issuer_name=house)


def confirm(connection: Connection[Any], actor: str, code: str, *, at: datetime) -> list[str] | None:
    """The app makes the right codes, so the factor counts from now on: its recovery codes. None when they are wrong."""
    row = connection.execute(_SECRET, [actor]).fetchone()
    if row is None or row[2] is not None:
        return None
    step = _step_of(row[0], code, row[1], at)
    if step is None:
        return None
    connection.execute(_CONFIRM, [step, actor])
    return new_recovery_codes(connection, actor)


def prove(connection: Connection[Any], actor: str, code: str, *, at: datetime) -> Proof | None:
    """Take a code, of the app or for recovery, for good; None when it is wrong, or was taken before."""
    row = connection.execute(_SECRET, [actor]).fetchone()
    if row is None or row[2] is None:
        return None
    step = _step_of(row[0], code, row[1], at)
    if step is not None:
        connection.execute(_USED, [step, actor])
        return "code"
    used = connection.execute(_USE_CODE, [actor, _hash_of(code)]).fetchone()
    return None if used is None else "recovery_code"


def new_recovery_codes(connection: Connection[Any], actor: str) -> list[str]:
    """Ten codes of 120 random bits; those from before are good no more."""
    connection.execute(_FORGET_CODES, [actor])
    codes = [b32encode(token_bytes(15)).decode().lower() for _ in range(RECOVERY_CODES)]
    for code in codes:
        connection.execute(_KEEP_CODE, [actor, _hash_of(code)])
    return ["-".join(code[at : at + 6] for at in range(0, 24, 6)) for code in codes]


def remove(connection: Connection[Any], actor: str) -> bool:
    """The factor counts no more; whether there was one that did."""
    row = connection.execute(_REMOVE, [actor]).fetchone()
    return row is not None and row[0] is not None


def begin_half(connection: Connection[Any], actor: str, password_hash: str) -> str:
    """Somebody gave the right password: what they send back together with a code."""
    secret = "mph_" + token_urlsafe(32)
    connection.execute(_HALF, [_digest(secret), actor, password_hash, HALF_LIFETIME])
    return secret


def find_half(connection: Connection[Any], secret: str) -> Half | None:
    """Who that was; None for what is unknown, used or too old."""
    with connection.cursor(row_factory=class_row(Half)) as cursor:
        return cursor.execute(_FIND_HALF, [_digest(secret)]).fetchone()


def end_half(connection: Connection[Any], secret: str) -> bool:
    """Take it for good; False when somebody else did."""
    return connection.execute(_END_HALF, [_digest(secret)]).fetchone() is not None


def _step_of(secret: str, code: str, last: int, at: datetime) -> int | None:
    """The half minute that a code is of: this one or its neighbours, for clocks differ, and none that was used."""
    typed, made = _plain(code), pyotp.TOTP(secret)
    now = int(at.timestamp()) // STEP_SECONDS
    found = None
    for step in (now - 1, now, now + 1):
        if compare_digest(made.generate_otp(step).encode(), typed.encode()) and step > last:
            found = step
    return found


def _plain(code: str) -> str:
    return "".join(each for each in code.lower() if each.isascii() and each.isalnum())[:40]


def _hash_of(code: str) -> bytes:
    """Of a recovery code, however its groups are written. It is random, so one round is enough."""
    return _digest(_plain(code))


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
