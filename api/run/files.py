"""Files over HTTP: upload a content once, show it beside a run, and give it to those who see the run's values."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from tempfile import SpooledTemporaryFile
from typing import IO, Annotated, Any
from urllib.parse import quote

import orjson
from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, StringConstraints
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from api.access.guard import caller_of
from api.handling.registering import ANSWER, CONTENT, MEDIA, stream_id
from api.handling.services import Services
from api.run.contents import as_staff
from api.run.sight import Sight, sight_of
from api.wire.problems import Problem
from application.kept_files import accepted_type
from domain.directory import Directory
from domain.mail_decisions import is_asked
from domain.run import shown_files
from domain.run.content import content_of
from domain.run.files import files_in
from store import files

_IN_MEMORY_BYTES = 1 << 20
_HEX = frozenset("0123456789abcdef")
_AS_THEY_ARE = frozenset({
    "application/pdf", "application/zip", "image/gif", "image/jpeg", "image/png", "image/webp", "text/csv",
    "text/plain",
})  # fmt: skip
"""Types that are told to whoever fetches a file. Everything else, scripts and drawings with scripts too, is bytes."""
_SAFE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; sandbox",
    "Cache-Control": "private, no-store",
}


@dataclass(frozen=True, slots=True)
class StoredFile:
    """What a value of the kind `files` holds for each file: its content is kept under its hash."""

    name: str
    size: int
    type: str
    sha256: str


class UploadQuery(BaseModel):
    """What the file is called."""

    model_config = ConfigDict(extra="forbid")
    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255)]


def add_files(router: APIRouter) -> None:
    """Register the two routes."""
    router.add_api_route(
        "/v1/files",
        _upload,
        methods=["POST"],
        response_model=None,
        status_code=201,
        summary="Keep the content of a file",
        description="The body is the file itself, Content-Type its type. Give the answer as a value, or attach it.",
        operation_id="post_files",
        tags=["Files"],
        openapi_extra={ANSWER: StoredFile, CONTENT: "application/octet-stream"},
    )
    router.add_api_route(
        "/v1/runs/{id}/files/{sha256}",
        _download,
        methods=["GET"],
        response_model=None,
        summary="The content of a file that a run shows",
        operation_id="get_runs_id_files_sha256",
        tags=["Files"],
        openapi_extra={MEDIA: ["application/octet-stream", "*/*"]},
    )


async def keep(services: Services, name: str, media_type: str, content: AsyncIterator[bytes]) -> StoredFile:
    """Keep a content while it arrives: refused as soon as it is too long, and stored whole or not at all."""
    kind = accepted_type(services.app, name, media_type)
    digest, size = hashlib.sha256(), 0
    with services.spool.use() as used, SpooledTemporaryFile(_IN_MEMORY_BYTES) as spool:
        async for part in content:
            size += len(part)
            used.take(len(part))
            if size > services.file_limit_bytes:
                limit = services.file_limit_bytes
                raise Problem("too_large", f"a file may have {limit} bytes", limit_bytes=limit)
            digest.update(part)
            await run_in_threadpool(spool.write, part)
        await run_in_threadpool(_put, services, digest.digest(), size, spool)
    return StoredFile(name, size, kind, digest.hexdigest())


async def _upload(request: Request, query: Annotated[UploadQuery, Query()]) -> Response:
    services: Services = request.app.state.services
    caller_of(request)
    media_type = request.headers.get("content-type", "")
    stored = await keep(services, query.name, media_type, request.stream())
    return Response(orjson.dumps(stored), 201, media_type="application/json")


async def _download(request: Request, id: str, sha256: str) -> Response:  # noqa: A002 - named so in the address
    services: Services = request.app.state.services
    stream = stream_id(id)
    sight = await run_in_threadpool(sight_of, services, stream, caller_of(request))
    directory = await services.directories.recently()
    name, kind = _shown(sight, sha256, directory)
    return await send_file(services, sha256, name, kind)


async def send_file(services: Services, sha256: str, name: str, kind: str) -> Response:
    """The content of a file that its reader may have, as a download; a problem where it was never kept here."""
    content = bytes.fromhex(sha256)
    size = await services.read(lambda connection: files.size_bytes(connection, content))
    if size is None:
        raise Problem("unknown_file", "the run names this file; its content was never kept here")
    headers = {
        "Content-Length": str(size),
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        **_SAFE_HEADERS,
    }
    told = kind if kind in _AS_THEY_ARE else "application/octet-stream"
    return StreamingResponse(_parts(services, content, size), 200, headers, media_type=told)


def _shown(sight: Sight, sha256: str, directory: Directory) -> tuple[str, str]:
    """Name and type of a file that the run shows to this reader. Others cannot tell whether it is there."""
    if len(sha256) == 64 and _HEX.issuperset(sha256):
        for file in (*_of_run(sight), *_to_decide(sight, directory)):
            if file["sha256"] == sha256:
                return str(file.get("name", sha256)), str(file.get("type", "application/octet-stream"))
    raise Problem("unknown_file", f"this run shows you no file {sha256}")


def _of_run(sight: Sight) -> Iterator[Mapping[str, Any]]:
    """The files that the reader sees in the run."""
    for step, field, file in shown_files(sight.run) if sight.sees_values else ():
        if sight.sees_step(step) if field is None else sight.sees_field(step, field):
            yield file


def _to_decide(sight: Sight, directory: Directory) -> Iterator[Mapping[str, Any]]:
    """The files that the reader has to have in view at an open step that is theirs."""
    run, definition = sight.run, sight.definition
    for key in definition.steps:
        if run.step(key).is_open and is_asked(run, definition, key, sight.who, directory):
            reader = as_staff(sight, key, directory)
            for part in content_of(run, definition, key).parts:
                yield from files_in(part.value) if reader.sees(part) else ()


async def _parts(services: Services, content: bytes, size: int) -> AsyncIterator[bytes]:
    for number in files.numbers(size):
        yield await services.read(partial(files.part, sha256=content, number=number))


def _put(services: Services, digest: bytes, size: int, spool: IO[bytes]) -> None:
    spool.seek(0)
    with services.pool.connection() as connection:
        files.put(connection, digest, size, _read(spool))


def _read(spool: IO[bytes]) -> Iterator[bytes]:
    while part := spool.read(files.PART_BYTES):
        yield part
