"""Calls other services: signed, to allowed addresses only, with an end to every wait and to every answer's size."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
from dataclasses import replace
from datetime import UTC, timedelta, tzinfo
from typing import Any

import httpx

from domain.condition import compare
from domain.document import FormField
from workers.automations.contract import Answer, Done, Due, Failed
from workers.automations.foreign import Unreadable, read_json, retry_after
from workers.automations.request import BadDocument, Request, request_of
from workers.automations.sealed import CallSecrets
from workers.automations.signing import Signer
from workers.automations.targets import NotAllowed, NotFound, Target, Targets

LARGEST_ANSWER_BYTES = 1_000_000
CONNECT_SECONDS = 10.0
_TRY_AGAIN = frozenset({408, 425, 429})
_UNCERTAIN = frozenset({502, 504})
"""A gateway says that it heard nothing from behind it: whether the call was carried out is not known."""
_SHOWN = 200
_PLACE = re.compile(r"[0-9]{1,9}")


class HttpCaller:
    """The executor of calls. Open it once; every call has a connection of its own, to the address that was checked."""

    def __init__(
        self,
        signer: Signer,
        targets: Targets,
        base_url: str,
        zone: tzinfo = UTC,
        secrets: CallSecrets | None = None,
    ) -> None:
        """``base_url`` is where people reach Milepost, for ``{run.url}``; ``zone`` is the organisation's."""
        self._signer = signer
        self._targets = targets
        self._secrets = secrets or CallSecrets()
        self._base_url = base_url
        self._zone = zone
        self._context = ssl.create_default_context()

    async def __call__(self, due: Due) -> Answer:
        """Make the call that the action is."""
        try:
            request = request_of(due, self._base_url, self._secrets)
            target = await self._targets.resolve(request.url)
        except BadDocument as problem:
            return Failed(str(problem), permanent=True, problem="bad_document")
        except NotAllowed as refusal:
            return Failed(str(refusal), permanent=True, problem="not_allowed")
        except NotFound as trouble:
            return Failed(str(trouble))
        return self._without_secrets(await self._call(due, request, target))

    async def _call(self, due: Due, request: Request, target: Target) -> Answer:
        sent = Sent()
        try:
            async with asyncio.timeout(request.timeout_seconds):
                status, headers, body = await self._exchange(due, request, target, sent)
        except TooLarge:
            reason = f"the answer is larger than {LARGEST_ANSWER_BYTES} bytes"
            return Failed(reason, permanent=True)
        except (httpx.HTTPError, TimeoutError, ssl.SSLError, OSError) as error:
            reason = f"{target.host}: {_said(error, request.timeout_seconds)}"
            return Failed(reason, uncertain=sent.began)
        except (httpx.InvalidURL, ValueError) as error:
            return Failed(f"the call cannot be sent: {error}", permanent=True, problem="bad_document")
        return judged(due, request, status, headers, body, self._zone, self._secrets)

    def _without_secrets(self, answer: Answer) -> Answer:
        """The answer as everybody may read it: services tell back what they were sent, keys too."""
        match answer:
            case Failed():
                return replace(answer, reason=self._secrets.hide(answer.reason))
            case Done():
                return replace(answer, values=self._secrets.hide_in(answer.values))
            case _:
                return answer

    async def _exchange(
        self, due: Due, request: Request, target: Target, sent: Sent
    ) -> tuple[int, httpx.Headers, bytes]:
        timeout = httpx.Timeout(
            request.timeout_seconds, connect=min(CONNECT_SECONDS, request.timeout_seconds)
        )
        transport = httpx.AsyncHTTPTransport(verify=self._context, trust_env=False)
        async with httpx.AsyncClient(transport=transport, timeout=timeout, trust_env=False) as client:
            prepared = client.build_request(
                request.method,
                target.url,
                headers=self._headers(due, request, target),
                content=request.body.encode() if request.body else None,
                extensions={"sni_hostname": target.host, "trace": sent.hear},
            )
            response = await client.send(prepared, stream=True, follow_redirects=False)
            try:
                return response.status_code, response.headers, await _read(response)
            finally:
                await response.aclose()

    def _headers(self, due: Due, request: Request, target: Target) -> list[tuple[bytes, bytes]]:
        """What the process says, then what is ours: host, kind of body, signature and the idempotency key."""
        given = {name.lower() for name in request.headers}
        own = {"host": target.host_header, "user-agent": "Milepost", "accept": "application/json"}
        own |= {"content-type": "application/json"} if request.body else {}
        own |= {"idempotency-key": due.key}
        own |= {"milepost-edited": ", ".join(request.edited)} if request.edited else {}
        said = [(name, text) for name, text in request.headers.items()]
        said += [(name, text) for name, text in own.items() if name not in given]
        said += self._signer.headers(target.receiver, due.key, due.at, request.body).items()
        return [(name.encode("ascii"), text.encode()) for name, text in said]


class TooLarge(Exception):
    """The answer is larger than anything that fits into fields."""


class Sent:
    """Hears from the connection whether any of the request went out: before that nothing can have happened."""

    def __init__(self) -> None:
        self.began = False

    async def hear(self, name: str, _info: Any) -> None:
        """One thing that the connection does."""
        self.began = self.began or name.endswith("send_request_headers.started")


def judged(
    due: Due,
    request: Request,
    status: int,
    headers: httpx.Headers,
    body: bytes,
    zone: tzinfo,
    secrets: CallSecrets,
) -> Answer:
    """What the answer means: done with these values, or failed, perhaps for good. What is cut has no secret in it."""

    def shown(text: str) -> str:
        return " ".join(secrets.hide(text)[:_SHOWN].split())

    wanted = request.success.statuses or range(200, 300)
    if status not in wanted:
        pause = retry_after(headers.get("retry-after"), headers.get("date"), due.at)
        told = headers.get("location", "nowhere") if 300 <= status < 400 else body.decode("utf-8", "replace")
        return _refused(status, shown(told), pause)
    if not request.success.answer and not request.outputs:
        return Done("answered", f"{status}")
    try:
        answer = read_json(body)
    except Unreadable as why:
        told = shown(body.decode("utf-8", "replace"))
        return Failed(f"the answer ({status}) is not taken, {why}: {told}", permanent=True)
    for test in request.success.answer:
        found = _at(answer, test.path)
        if not compare(test.operator, found, test.value, zone):
            told = f"{test.path} is {shown(json.dumps(found))}"
            return Failed(f"the answer ({status}) is no success: {told}")
    step = due.definition.steps.get(due.action.step) if due.action.step is not None else None
    fields = {} if step is None else {field.key: field for field in step.fields}
    found_values = {
        key: _fitting(fields.get(key), _at(answer, path)) for key, path in request.outputs.items()
    }
    values = {key: value for key, value in found_values.items() if value is not None}
    return Done("answered", f"{status}", values)


def _refused(status: int, told: str, pause: timedelta | None) -> Failed:
    if 300 <= status < 400:
        return Failed(f"answered {status}: redirects ({told}) are not followed", permanent=True)
    reason = f"answered {status}: {told}" if told else f"answered {status}"
    again = status >= 500 or status in _TRY_AGAIN
    return Failed(reason, permanent=not again, uncertain=status in _UNCERTAIN, retry_after=pause)


async def _read(response: httpx.Response) -> bytes:
    parts, size = [], 0
    async for part in response.aiter_bytes():
        size += len(part)
        if size > LARGEST_ANSWER_BYTES:
            raise TooLarge
        parts.append(part)
    return b"".join(parts)


def _at(answer: Any, path: str) -> Any:
    """The value at a path of names and places; None where there is none."""
    for part in path.split("."):
        if isinstance(answer, dict):
            answer = answer.get(part)
        elif isinstance(answer, list) and _PLACE.fullmatch(part) and int(part) < len(answer):
            answer = answer[int(part)]
        else:
            return None
    return answer


def _fitting(field: FormField | None, value: Any) -> Any:
    """The value, where a text field gets a number as text: services count their ids."""
    if field is not None and field.kind in ("text", "long_text") and type(value) is int:
        return str(value)
    return value


def _said(error: BaseException, timeout_seconds: float) -> str:
    if isinstance(error, (TimeoutError, httpx.TimeoutException)):
        return f"no answer within {timeout_seconds:g} s"
    return str(error) or type(error).__name__
