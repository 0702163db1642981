"""What the settings say reaches what it is about: no setting is read, checked, and then left lying."""

from __future__ import annotations

import ast
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from api.access.throttle import Who
from api.wire.problems import Problem
from application.milepost import Milepost
from milepost.settings.settings import Settings, SettingsError
from milepost.up.home import Home
from milepost.up.supervisor import Supervisor
from milepost.wiring.api import CALLER_AT_ONCE, _provider, make_log, make_services
from milepost.wiring.automations import executors
from milepost.wiring.servers import broker
from workers.automations.http import HttpCaller
from workers.automations.sealed import HIDDEN, NotSealed

ROOT = Path(__file__).resolve().parent.parent


def settings(home: Path, **more: object) -> Settings:
    """Settings of an instance that nobody starts."""
    told = {
        "home": home,
        "database_url": "postgresql://app@127.0.0.1:1/milepost",
        "nats_url": "nats://127.0.0.1:1",
    }
    return Settings.model_validate(told | more)


def test_every_setting_is_read_by_something():
    """Each field is asked for by name somewhere in the composition root, beside where it is declared and checked."""
    read = {
        node.attr
        for file in (ROOT / "milepost").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Attribute)
    }
    assert set(Settings.model_fields) - read == set()


def test_a_caller_has_as_many_requests_as_the_settings_say(tmp_path: Path):
    """So many a minute, and what is set to 0 has no limit."""
    told = settings(tmp_path, requests_per_minute=3)
    callers = make_services(told, make_log(told)).callers
    for _ in range(3):
        with callers.turn(Who("token", "one")):
            pass
    with (
        pytest.raises(Problem, match="token may make 3 requests a minute"),
        callers.turn(Who("token", "one")),
    ):
        pass
    free = settings(tmp_path, requests_per_minute=0)
    unlimited = make_services(free, make_log(free)).callers
    for _ in range(CALLER_AT_ONCE * 10):
        with unlimited.turn(Who("person", "person:dana")):
            pass


def test_what_people_may_upload_and_where_they_are_comes_from_the_settings(tmp_path: Path):
    """Size and kinds of files, the address in links, the organisation's clock, whether mails are sent."""
    told = settings(
        tmp_path, file_limit_mb=2, file_types="image/png", public_url="https://milepost.example",
        time_zone="Asia/Tokyo", smtp_url="smtp://mail.example.com",
    )  # fmt: skip
    made = make_services(told, make_log(told))
    assert (made.file_limit_bytes, made.app.file_types) == (2 << 20, ("image/png",))
    assert made.calendar.zone == ZoneInfo("Asia/Tokyo")
    assert made.sends_mails
    assert not make_services(settings(tmp_path), make_log(told)).sends_mails
    assert broker(settings(tmp_path, stream_replicas=3)).replicas == 3


def test_calls_carry_the_secrets_of_the_settings(tmp_path: Path):
    """To the hosts that they are set for, and to no other; where none is set there is none."""
    sealed = '[crm_key]\nvalue = "sk_live_12345"\nhosts = ["crm.example.com"]\n'
    secrets = _caller(settings(tmp_path, call_secrets=sealed))._secrets
    assert secrets.for_host("crm_key", "crm.example.com") == "sk_live_12345"
    assert secrets.hide("told: sk_live_12345") == f"told: {HIDDEN}"
    with pytest.raises(NotSealed):
        secrets.for_host("crm_key", "elsewhere.example.com")
    with pytest.raises(NotSealed):
        _caller(settings(tmp_path))._secrets.for_host("crm_key", "crm.example.com")


@pytest.mark.parametrize(
    ("url", "relay"),
    [
        ("nats://a-token@127.0.0.1:4222", {}),
        ("nats://127.0.0.1:4222", {}),
        (
            "nats://u:p%40ss@127.0.0.1:4222",
            {"MILEPOST_NATS_RELAY_USER": "u", "MILEPOST_NATS_RELAY_PASSWORD": "p@ss"},
        ),
    ],
)
def test_the_worker_publishes_with_what_the_servers_ask_for(tmp_path: Path, url: str, relay: dict[str, str]):
    """A user and a password are named to the worker; a token is in the address of the servers, and no user's name."""
    told = settings(tmp_path, nats_url=url)
    supervisor = Supervisor(told, Home(tmp_path), print)
    assert supervisor._relay_settings() == relay
    assert supervisor._environment()["MILEPOST_NATS_URL"] == url


def test_the_demonstration_is_told_no_secret_of_calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Neither by value nor by the file that holds it: it calls nobody, and the API, which has the same, neither."""
    supervisor = Supervisor(settings(tmp_path), Home(tmp_path), print)
    for name in ("WEBHOOK_SECRET", "WEBHOOK_SECRET_FILE", "CALL_SECRETS", "CALL_SECRETS_FILE"):
        monkeypatch.setenv(f"MILEPOST_{name}", "x")
    assert [name for name in supervisor._environment() if "SECRET" in name] == []


def _caller(told: Settings) -> HttpCaller:
    log = make_log(told)
    found = executors(told, Milepost(log), lambda: datetime.now(UTC))["http"]
    assert isinstance(found, HttpCaller)
    return found


def test_a_provider_of_identities_needs_all_that_it_is_registered_with():
    """Half of it would silently be none."""
    with pytest.raises(SettingsError, match="go together"):
        _provider(Settings(oidc_issuer="https://id.example.com"))
    assert _provider(Settings()) is None
