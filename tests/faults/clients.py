"""People who go on working while things are killed: each command is repeated with its key until it is answered."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from threading import Event, Thread
from typing import Any
from uuid import UUID, uuid4

import httpx

from tests.support.clients import client_of

PATIENCE_SECONDS = 5
PAUSE_SECONDS = 0.05
AGAIN = ("still_running", "unavailable", "outcome_unknown", "stopping", "overloaded")
"""The codes that say: send it again with its key."""
CUT_OFF = "Internal Server Error"
"""What the HTTP server itself says to a request that it cuts off when it has to end."""
PROCESS: dict[str, Any] = {
    "key": "delivery",
    "title": "Delivery",
    "roles": [{"key": "packer", "title": "Packer"}],
    "stages": [
        {"key": "packing", "title": "Packing", "steps": [{"key": "pack", "title": "Pack", "role": "packer"}]},
        {"key": "sending", "title": "Sending", "steps": [{"key": "send", "title": "Send", "role": "packer"}]},
    ],
}


@dataclass(frozen=True)
class Acknowledged:
    """A command that was answered: its key, and what the answer said of it."""

    key: str
    stream: UUID
    version: int
    position: int
    events: tuple[str, ...]


class Refused(AssertionError):
    """A command was answered in a way that no kill explains."""


class Client:
    """One person with a connection of their own, working in a thread until told to stop."""

    def __init__(self, url: str, token: str, project: str) -> None:
        self.acknowledged: list[Acknowledged] = []
        self.refused = 0
        """How often a command was sent away, to be sent again."""
        self.failure: BaseException | None = None
        self._project = project
        self._stopping = Event()
        headers = {"Authorization": f"Bearer {token}"}
        self._http = client_of(url, timeout=PATIENCE_SECONDS, headers=headers)
        self._thread = Thread(target=self._work, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Finish the command at hand, then end; raises what went wrong meanwhile."""
        self._stopping.set()
        self._thread.join(30)
        assert not self._thread.is_alive()
        if self.failure is not None:
            raise self.failure

    def abandon(self) -> None:
        """End, whatever becomes of the command at hand."""
        self._stopping.set()
        self._thread.join(2 * PATIENCE_SECONDS)

    def _work(self) -> None:
        try:
            with self._http:
                for number in count():
                    if not (self._task(number) and self._run(number)):
                        return
        except BaseException as error:  # noqa: BLE001 - told by ``stop``
            self.failure = error

    def _task(self, number: int) -> bool:
        task = self._tell("/v1/tasks", project=self._project, title=f"Task {number}", stage="packing")
        return bool(
            task
            and self._tell(f"/v1/tasks/{task}/comment", text="Soon")
            and self._tell(f"/v1/tasks/{task}/complete")
        )

    def _run(self, number: int) -> bool:
        run = self._tell("/v1/runs", process="delivery", project=self._project, name=f"Delivery {number}",
                         roles={"packer": "person:packer"})  # fmt: skip
        return bool(
            run
            and self._tell(f"/v1/runs/{run}/steps/pack/complete", values={})
            and self._tell(f"/v1/runs/{run}/priority", priority="urgent")
            and self._tell(f"/v1/runs/{run}/steps/send/complete", values={})
        )

    def _tell(self, path: str, **body: Any) -> str | None:
        """Send one command until it is answered; the id in the answer, or None when it is time to stop."""
        key = str(uuid4())
        while not self._stopping.is_set():
            answer = self._send(path, key, body)
            if answer is not None:
                told = answer.json()
                self.acknowledged.append(
                    Acknowledged(
                        key, UUID(told["id"]), told["version"], told["position"], tuple(told["events"])
                    )
                )
                return str(told["id"])
            self.refused += 1
            self._stopping.wait(PAUSE_SECONDS)
        return None

    def _send(self, path: str, key: str, body: dict[str, Any]) -> httpx.Response | None:
        """The answer, or None when the request has to be sent again."""
        try:
            answer = self._http.post(path, json=body, headers={"Idempotency-Key": key})
        except httpx.TransportError:
            return None
        if answer.is_success:
            return answer
        if answer.text == CUT_OFF:
            return None
        if answer.json().get("code") in AGAIN:
            return None
        raise Refused(f"{path}: {answer.status_code} {answer.text}")
