"""Files beside the log: kept whole under their hash, and given to those who see the run's values."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator

import httpx
import pytest

from api.handling import bodies
from application.kept_files import files_are_kept
from application.refused import Refused
from domain.events import StepCompleted
from domain.run import RUN
from domain.words import StepKey
from store import files
from tests.api.conftest import DANA, Api, project
from tests.support.given import NINE

PROCESS = {
    "key": "filing",
    "title": "Filing",
    "roles": [{"key": "clerk", "title": "Clerk"}, {"key": "seller", "title": "Seller"}],
    "stages": [
        {"key": "start", "title": "Start", "steps": [
            {"key": "collect", "title": "Collect", "role": "clerk", "fields": [
                {"key": "papers", "title": "Papers", "kind": "files"},
                {"key": "passport", "title": "Passport", "kind": "files", "sensitive": True}]},
            {"key": "check", "title": "Check", "role": "seller"}]},
    ],
}  # fmt: skip
LONG = bytes(range(256)) * 10_000


def kept(
    api: Api, content: bytes, name: str = "paper.pdf", kind: str = "application/pdf"
) -> dict[str, object]:
    """What is told of a file that was uploaded."""
    answer = api.client.post(
        "/v1/files", params={"name": name}, content=content, headers={"Content-Type": kind}
    )
    assert answer.status_code == 201, answer.text
    told: dict[str, object] = answer.json()
    return told


@pytest.fixture
def run(api: Api) -> str:
    """A run whose clerk is Dana."""
    api.publish(PROCESS)
    return api.start(process="filing", roles={"clerk": DANA, "seller": "person:sam"})


def fetch(client: httpx.Client, run: str, file: dict[str, object]) -> httpx.Response:
    """The answer to a request for the content."""
    return client.get(f"/v1/runs/{run}/files/{file['sha256']}")


def attach(api: Api, run: str, file: dict[str, object], **more: object) -> httpx.Response:
    """Attach a file that was uploaded."""
    body = {
        "name": file["name"],
        "media_type": file["type"],
        "size_bytes": file["size"],
        "sha256": file["sha256"],
    }
    return api.client.post(f"/v1/runs/{run}/attach", json={**body, **more})


def test_a_content_of_many_parts_comes_back_byte_for_byte(api: Api, run: str):
    """What was uploaded and attached is what is downloaded, as a download that no browser runs."""
    file = kept(api, LONG)
    assert file == {
        "name": "paper.pdf", "size": len(LONG), "type": "application/pdf", "sha256": hashlib.sha256(LONG).hexdigest()
    }  # fmt: skip
    assert attach(api, run, file).json()["events"] == ["attachment_added"]
    answer = fetch(api.client, run, file)
    assert answer.content == LONG
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''paper.pdf"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_same_content_is_kept_once(api: Api):
    """A second upload stores nothing, under whatever name."""
    first, second = kept(api, LONG), kept(api, LONG, "other.pdf")
    assert first["sha256"] == second["sha256"]
    with api.services.pool.connection() as connection:
        assert connection.execute("select count(*) from log.file").fetchone() == (1,)
        assert connection.execute("select count(*) from log.file_part").fetchone() == (3,)


def test_an_empty_file_is_a_file(api: Api, run: str):
    """No part at all is a content too."""
    file = kept(api, b"")
    assert attach(api, run, file).status_code == 200
    assert fetch(api.client, run, file).content == b""


def test_attaching_twice_changes_nothing_and_detaching_hides(api: Api, run: str):
    """The same file at the same place is attached once; taken away it is shown no longer, and the history stays."""
    file = kept(api, b"once")
    assert attach(api, run, file, step="check").json()["events"] == ["attachment_added"]
    assert attach(api, run, file, step="check").json()["events"] == []
    project(api.database, api.services.log)
    shown = api.client.get(f"/v1/runs/{run}").json()["attachments"]
    assert [(one["name"], one["step"], one["by"]) for one in shown] == [("paper.pdf", "check", DANA)]
    away = {"attachment": shown[0]["attachment"], "reason": "The wrong one"}
    assert api.client.post(f"/v1/runs/{run}/detach", json=away).json()["events"] == ["attachment_removed"]
    assert api.client.post(f"/v1/runs/{run}/detach", json=away).json()["events"] == []
    project(api.database, api.services.log)
    assert api.client.get(f"/v1/runs/{run}").json()["attachments"] == []
    assert fetch(api.client, run, file).status_code == 404
    told = [entry["type"] for entry in api.client.get(f"/v1/runs/{run}/history").json()["entries"]]
    assert told[-2:] == ["attachment_added", "attachment_removed"]


def test_what_was_never_uploaded_is_not_attached(api: Api, run: str):
    """A hash without a content, or with another length, is refused with what to do; nothing is recorded."""
    head = api.head
    ghost: dict[str, object] = {"name": "a.pdf", "type": "application/pdf", "size": 1, "sha256": "0" * 64}
    refused = attach(api, run, ghost)
    assert (refused.status_code, refused.json()["code"]) == (404, "unknown_file")
    assert "POST /v1/files" in refused.json()["detail"]
    assert attach(api, run, {**kept(api, b"four"), "size": 5}).status_code == 404
    unknown = {"attachment": "01938c2e-7a31-7c11-b1b9-0d6c2f6a9e55"}
    assert api.client.post(f"/v1/runs/{run}/detach", json=unknown).json()["code"] == "unknown_attachment"
    assert api.head == head


def test_a_value_names_only_files_that_were_uploaded(api: Api, run: str):
    """Saving or completing with a file that is not kept, or of another length, is refused and nothing is recorded."""
    ghost = {"name": "a.pdf", "type": "application/pdf", "size": 1, "sha256": "0" * 64}
    paper, head = kept(api, b"four"), api.head
    for verb in ("save", "complete"):
        for wrong in (ghost, {**paper, "size": 5}):
            refused = api.client.post(
                f"/v1/runs/{run}/steps/collect/{verb}", json={"values": {"papers": [wrong]}}
            )
            assert (refused.status_code, refused.json()["code"]) == (404, "unknown_file")
    malformed = {"values": {"papers": [{**ghost, "sha256": "up"}]}}
    assert (
        api.client.post(f"/v1/runs/{run}/steps/collect/save", json=malformed).json()["code"]
        == "invalid_values"
    )
    assert api.head == head
    given = {"values": {"papers": [paper]}}
    assert api.client.post(f"/v1/runs/{run}/steps/collect/complete", json=given).status_code == 200


def test_files_of_an_imported_run_may_be_named_again(api: Api):
    """What a run shows already is not asked for, for the contents of what was read in were never kept here."""
    ghost = {"name": "a.pdf", "type": "application/pdf", "size": 1, "sha256": "0" * 64}
    body = bodies.Save(values={"papers": [ghost]})
    run = RUN.fold([StepCompleted(step=StepKey("collect"), values=body.values, round=1, by=None, at=NINE)])
    with pytest.raises(Refused, match="unknown_file"):
        asyncio.run(files_are_kept(api.services.app, body.values))
    asyncio.run(files_are_kept(api.services.app, body.values, run=run))


@pytest.fixture
def strict(api: Api) -> Api:
    """A server that takes small text files only."""
    api.services.file_limit_bytes, api.services.app.file_types = 10, ("text/*",)
    return api


def test_no_way_leads_around_the_types_that_are_taken(strict: Api, run: str):
    """A content that was uploaded as one type is not attached or given as another one that is not taken."""
    file = {**kept(strict, b"MZ", "a.txt", "text/plain"), "type": "application/x-msdownload"}
    assert (attach(strict, run, file).status_code, attach(strict, run, file).json()["code"]) == (
        415,
        "wrong_type",
    )
    given = {"values": {"papers": [file]}}
    refused = strict.client.post(f"/v1/runs/{run}/steps/collect/save", json=given)
    assert (refused.status_code, refused.json()["code"]) == (415, "wrong_type")


def test_too_long_or_of_another_type_is_refused_and_nothing_is_kept(strict: Api):
    """The limit holds for declared lengths and for streams; the type is the declared one, or what the name says."""

    def stream() -> Iterator[bytes]:
        yield b"x" * 6
        yield b"x" * 6

    text = {"Content-Type": "text/plain"}
    for content in (b"x" * 11, stream()):
        answer = strict.client.post("/v1/files", params={"name": "a.txt"}, content=content, headers=text)
        assert (answer.status_code, answer.json()["limit_bytes"]) == (413, 10)
    wrong = strict.client.post("/v1/files", params={"name": "a.exe"}, content=b"MZ")
    assert (wrong.status_code, wrong.json()["code"]) == (415, "wrong_type")
    assert wrong.json()["accepted"] == ["text/*"]
    unnamed = strict.client.post("/v1/files", content=b"x", headers=text)
    assert (unnamed.status_code, unnamed.json()["errors"][0]["field"]) == (422, "name")
    with strict.services.pool.connection() as connection:
        assert connection.execute("select count(*) from log.file").fetchone() == (0,)


def test_only_who_sees_the_values_gets_the_content(api: Api, run: str):
    """Files in fields follow the rule of the values: a sensitive one is for its step's own people."""
    paper, passport = kept(api, b"paper"), kept(api, b"passport", "passport.jpg", "image/jpeg")
    values = {"values": {"papers": [paper], "passport": [passport]}}
    assert api.client.post(f"/v1/runs/{run}/steps/collect/complete", json=values).status_code == 200
    expected = {
        "person:dana": (200, 200),
        "person:sam": (200, 404),
        "person:stranger": (404, 404),
    }
    for who, statuses in expected.items():
        with api.as_(who, "read", "work") as client:
            assert tuple(fetch(client, run, file).status_code for file in (paper, passport)) == statuses, who


def test_another_runs_file_is_not_given(api: Api, run: str):
    """A hash opens nothing where the run does not show it, and a strange hash says nothing else."""
    other = api.start(process="filing", roles={"clerk": DANA})
    file = kept(api, b"theirs")
    assert attach(api, other, file).status_code == 200
    for sha256 in (file["sha256"], "0" * 64, "zz", "%2e%2e"):
        answer = api.client.get(f"/v1/runs/{run}/files/{sha256}")
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_file")


def test_a_store_that_is_interrupted_keeps_nothing(api: Api):
    """A content is there whole or not at all."""

    def broken() -> Iterator[bytes]:
        yield b"half"
        raise OSError("gone")

    digest = hashlib.sha256(b"halfhalf").digest()
    with api.services.pool.connection() as connection:
        with pytest.raises(OSError, match="gone"):
            files.put(connection, digest, 8, broken())
        assert files.size_bytes(connection, digest) is None


def test_who_may_only_read_uploads_nothing(api: Api):
    """Keeping a file is work."""
    with api.as_("person:reader", "read") as client:
        assert client.post("/v1/files", params={"name": "a.txt"}, content=b"x").status_code == 403


def test_a_file_that_a_browser_could_run_is_served_as_bytes(api: Api, run: str):
    """A drawing with a script, a page under whatever name: a download, sandboxed, and its type is never guessed."""
    script = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    for name, kind, told in (
        ('a"\r\nX-Evil: 1.svg', "image/svg+xml", "application/octet-stream"),
        ("page.xml", "application/xml", "application/octet-stream"),
        ("page.txt", "text/plain", "text/plain; charset=utf-8"),
    ):
        file = kept(api, script + name.encode(), name, kind)
        attach(api, run, file)
        answer = fetch(api.client, run, file)
        assert answer.headers["content-type"] == told
        assert answer.headers["content-disposition"].startswith("attachment; filename*=UTF-8''")
        assert "x-evil" not in answer.headers
        assert "sandbox" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "private, no-store"
