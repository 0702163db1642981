"""A client that a program generates from the document carries a process from its draft to the end of a run."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Any, get_args
from uuid import UUID

import pytest
from openapi_python_client import generate
from openapi_python_client.config import Config, ConfigFile, MetaType

from tests.api.conftest import DANA, PROCESS, Api, project
from tests.api.document import described

PACKAGE = "milepost_client"


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Any]]:
    """The generated package, importable as long as these tests last; what its generator complained of."""
    home = tmp_path_factory.mktemp("generated")
    (home / "openapi.json").write_text(json.dumps(described()), "utf-8")
    settings = ConfigFile(post_hooks=[f"{sys.executable} -m ruff format --quiet --isolated ."])
    source = Config.from_sources(
        settings, MetaType.NONE, home / "openapi.json", "utf-8", False, home / PACKAGE
    )
    complaints = generate(config=source)
    sys.path.insert(0, str(home))
    yield list(complaints)
    sys.path.remove(str(home))
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]


class Client:
    """Somebody who knows nothing of Milepost but the generated package."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __call__(self, operation: str, *places: Any, body: dict[str, Any] | None = None, **query: Any) -> Any:
        """Call an operation, named with its tag; its status and answer."""
        module = import_module(f"{PACKAGE}.api.{operation}")
        if body is not None:
            taken = module.sync_detailed.__annotations__["body"]
            kind = next(each for each in get_args(taken) or (taken,) if hasattr(each, "from_dict"))
            query["body"] = kind.from_dict(body)
        told = module.sync_detailed(*places, client=self._client, **query)
        return int(told.status_code), told.parsed


def test_a_generator_understands_the_whole_document(generated: list[Any]):
    """It leaves no operation, no answer and no schema out."""
    assert [(each.header, each.detail) for each in generated] == []


@pytest.fixture
def call(api: Api, generated: list[Any]) -> Iterator[Client]:
    """A client of the server."""
    assert not generated
    with import_module(PACKAGE).AuthenticatedClient(base_url=api.url, token=api.token()) as client:
        yield Client(client)


def test_a_generated_client_carries_a_process_to_its_end(api: Api, call: Client):
    """Written, published, started, done step by step, and read: every answer is what the document says it is."""
    status, saved = call("processes.put_processes_key_draft", "onboarding", body=PROCESS)
    assert (status, saved.events) == (200, ["process_draft_saved"])
    status, _ = call("processes.post_processes_key_publish", "onboarding", body={"note": "First"})
    assert status == 200
    asked = {"process": "onboarding", "name": "Acme", "roles": {"seller": DANA}}
    status, started = call("runs.post_runs", body=asked, idempotency_key="once")
    assert (status, started.events[0]) == (201, "run_started")
    status, again = call("runs.post_runs", body=asked, idempotency_key="once")
    assert (status, again.id) == (200, started.id)
    run = UUID(started.id)

    complete = "steps.post_runs_id_steps_step_complete"
    status, problem = call(complete, run, "contract", body={})
    assert (status, problem.code) == (409, "invalid_values")
    status, problem = call(complete, run, "contract", body={"values": {"goals": "Live"}}, if_match='"99"')
    assert (status, problem.code, problem["version"]) == (412, "version_mismatch", started.version)
    for step, values in (("contract", {"goals": "Live in March"}), ("kickoff", {})):
        status, done = call(complete, run, step, body={"values": values})
        assert status == 200, done
    status, done = call(complete, run, "go", body={})
    assert (status, done.events[-1]) == (200, "run_completed")

    project(api.database, api.services.log)
    status, seen = call("runs.get_runs_id", run, min_position=done.position)
    assert (status, seen.state, seen.name, seen.stream_version) == (200, "completed", "Acme", done.version)
    status, listed = call("runs.get_runs", limit=1)
    assert (status, [row.id for row in listed.rows]) == (200, [run])
    status, history = call("runs.get_runs_id_history", run)
    assert (status, history.entries[-1].type_) == (200, "run_completed")
    status, page = call("feeds.get_events", types="run_completed")
    assert (status, page.events[0].runid) == (200, run)
    status, me = call("access.get_me")
    assert (status, me.actor) == (200, DANA)


def test_a_generated_client_reads_refusals(call: Client):
    """As problems with a code and, for what has the wrong shape, each field."""
    status, problem = call("runs.get_runs_id", UUID(int=1))
    assert (status, problem.code) == (404, "unknown_run")
    status, problem = call("tasks.post_tasks", body={"title": "", "project": str(UUID(int=1)), "stage": "a"})
    assert (status, problem.code, [each.field for each in problem.errors]) == (422, "invalid", ["title"])
