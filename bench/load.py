"""The process that loads an API process with requests: steps that are completed, and empty requests in between."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Sequence

import uvloop

from bench.support import percentile

CONNECTIONS = 32
STEPS = 47
RUNS = 4
TURNS = 4
DANA = "person:dana"
VALUES = {"values": {"notes": "Decisions: go live in March", "held_on": "2027-01-15", "plan": "pro"}}
DOCUMENT = {
    "key": "long",
    "title": "A process of parallel forms with dues, as those of a customer onboarding",
    "roles": [{"key": "doer", "title": "Doer"}],
    "stages": [
        {
            "key": "only",
            "title": "Only",
            "steps": [
                {
                    "key": f"s{n}",
                    "title": f"Step {n}",
                    "role": "doer",
                    "after": [],
                    "due": {"anchor": {"step_ready": f"s{n}"}, "offset": 2},
                    "fields": [
                        {"key": "notes", "title": "Notes", "kind": "long_text", "required": True},
                        {"key": "held_on", "title": "Held on", "kind": "date"},
                        {"key": "plan", "title": "Plan", "kind": "choice", "choices": ["pro", "enterprise"]},
                    ],
                }
                for n in range(STEPS)
            ],
        }
    ],
}


class _Connection:
    """One keep-alive connection that sends a request and reads its answer."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def send(self, request: bytes) -> bytes:
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ", 1)[1].split(b"\r\n", 1)[0])
        body = await self._reader.readexactly(length)
        if not head.startswith(b"HTTP/1.1 20"):
            raise RuntimeError((head + body).decode())
        return body


async def _load(port: int, token: str, scale: float) -> dict[str, float]:
    share = min(scale * 25, 1)  # a small part takes fewer connections and turns, rather than none of the runs
    connections = [
        _Connection(*await asyncio.open_connection("127.0.0.1", port))
        for _ in range(max(2, round(CONNECTIONS * share)))
    ]
    await connections[0].send(_request("PUT /v1/processes/long/draft", token, DOCUMENT))
    await connections[0].send(_request("POST /v1/processes/long/publish", token, {"note": "For measuring"}))
    empty, steps = _Kind(), _Kind()
    for _ in range(max(1, round(TURNS * share))):  # by turns, so that both meet the same weather
        work = await asyncio.gather(
            *(_steps(each, token, max(1, round(RUNS * scale))) for each in connections)
        )
        await steps.measure(connections, work)
        nothing = [_request("POST /empty", token, {})] * len(work[0])
        await empty.measure(connections, [nothing] * len(connections))
    return {
        "steps_per_s": steps.rate,
        "empty_per_s": empty.rate,
        "ratio_empty": steps.rate / empty.rate,
        **{f"p{percent}_ms": percentile(steps.times, percent) * 1000 for percent in (50, 99)},
        **{f"empty_p{percent}_ms": percentile(empty.times, percent) * 1000 for percent in (50, 99)},
    }


def _request(route: str, token: str, body: object) -> bytes:
    content = json.dumps(body)
    head = (
        f"{route} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
    )
    return f"{head}Content-Length: {len(content)}\r\n\r\n{content}".encode()


async def _steps(connection: _Connection, token: str, runs: int) -> list[bytes]:
    """Start runs; the requests that complete every step of them."""
    made: list[bytes] = []
    start = _request("POST /v1/runs", token, {"process": "long", "name": "bench", "roles": {"doer": DANA}})
    for _ in range(runs):
        run_id = json.loads(await connection.send(start))["id"]
        made += [
            _request(f"POST /v1/runs/{run_id}/steps/s{step}/complete", token, VALUES) for step in range(STEPS)
        ]
    return made


class _Kind:
    """One kind of request: how long each took, and how many were answered a second."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self._seconds = 0.0

    @property
    def rate(self) -> float:
        return len(self.times) / self._seconds

    async def measure(self, connections: Sequence[_Connection], work: Sequence[Sequence[bytes]]) -> None:
        began = time.perf_counter()
        await asyncio.gather(
            *(self._send(each, requests) for each, requests in zip(connections, work, strict=True))
        )
        self._seconds += time.perf_counter() - began

    async def _send(self, connection: _Connection, requests: Sequence[bytes]) -> None:
        for request in requests:
            began = time.perf_counter()
            await connection.send(request)
            self.times.append(time.perf_counter() - began)


if __name__ == "__main__":
    print(json.dumps(uvloop.run(_load(int(sys.argv[1]), sys.argv[2], float(sys.argv[3])))))
