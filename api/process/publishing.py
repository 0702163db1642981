"""What whoever publishes a process should know although it is no mistake of the document: groups that nobody is in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.handling.services import Services
from application.found import PROCESSES, known_process
from domain.directory import Directory
from domain.document import Document
from domain.words import process_stream


async def with_warnings(services: Services, key: str, response: Response) -> Response:
    """The answer to a publication with ``warnings``: each names the role, its group, and what would help."""
    process = known_process(await run_in_threadpool(services.app.load, PROCESSES, process_stream(key)), key)
    if process.published is None:
        return response
    directory = await services.directories.now()
    told = list(empty_groups(Document.model_validate(process.published), directory))
    body = orjson.dumps({**orjson.loads(response.body), "warnings": told})
    headers = {name: value for name, value in response.headers.items() if name != "content-length"}
    return Response(body, response.status_code, headers)


def empty_groups(document: Document, directory: Directory) -> Iterator[dict[str, Any]]:
    """A warning for each role whose group does not exist, is closed, or has no active member."""
    for place, role in enumerate(document.roles):
        group = f"group:{role.group}"
        if role.group is None or directory.members(group):
            continue
        yield {
            "code": "nobody_found",
            "role": role.key,
            "group": group,
            "field": f"roles.{place}.group",
            "detail": f"{group} has no active member: no run starts without somebody named for {role.key}"
            if not role.optional
            else f"{group} has no active member: the steps of {role.key} will be nobody's",
        }
