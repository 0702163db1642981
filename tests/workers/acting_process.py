"""Acts as the worker does and can die anywhere; to be run in a process of its own."""

from __future__ import annotations

import asyncio
import os
import signal
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from application.milepost import Milepost
from domain.addresses import AddressBook
from domain.mails import Desk
from projections.engine.live import Projector
from projections.machine.action_queries import Named
from projections.registry import PROJECTIONS
from store.log import Log
from tests.support.people import EVERYBODY
from tests.workers.deeds import OFFICE, SECRET
from workers.acting import Acting
from workers.automations.child_run import ChildStarter, Families
from workers.automations.contract import Answer, Due, Executor
from workers.automations.email import Emailing
from workers.automations.http import HttpCaller
from workers.automations.mailer import Mailer, MailSettings
from workers.automations.signing import Signer
from workers.automations.smtp import SmtpServer
from workers.automations.targets import Targets
from workers.duty import Duty

CATCH_UP_SECONDS = 0.02
DESK = Desk(
    AddressBook({}), "http://milepost.test", ZoneInfo("UTC"), lambda _run, held: f"https://g/{held.step}"
)


def _now() -> datetime:
    return datetime.now(UTC)


class Mortal(Acting):
    """Acts as the worker does, and ends without a word at one point between intent and result."""

    dies = ""

    def _intend(self, name: Named) -> Due | None:
        self._reach("before_intent")
        due = super()._intend(name)
        self._reach("after_intent")
        return due

    async def _answer(self, due: Due) -> Answer:
        answer = await super()._answer(due)
        self._reach("after_answer")
        return answer

    def _record(self, name: Named, answer: Answer | None) -> None:
        super()._record(name, answer)
        self._reach("after_result")

    def _reach(self, point: str) -> None:
        if point == self.dies:
            os.kill(os.getpid(), signal.SIGKILL)


async def work(told: dict[str, Any], log: Log) -> None:
    """Until killed: read models are kept up, and what is due is done under the lease."""
    url, app = told["url"], Milepost(log, calendar=OFFICE)
    caller = HttpCaller(Signer(SECRET), Targets(["127.0.0.1"]), "http://milepost.test")
    server = SmtpServer(told["smtp"]) if "smtp" in told else None
    mailer = Mailer(MailSettings(Path(told.get("outbox", "outbox")), "m@acme.example", server))
    executors: dict[str, Executor] = {
        "http": caller,
        "run": ChildStarter(app, staff=lambda _definition: EVERYBODY),
        "email": Emailing(mailer, lambda: DESK),
    }
    acting = Mortal(app, executors, OFFICE, _now, chance=lambda: 0.0)
    acting.dies = told.get("dies", "")
    duties = [
        Duty("actions", url, acting, end=acting.close),
        Duty("child runs", url, Families(app, OFFICE, _now)),
    ]
    with Projector(url, log, projections=PROJECTIONS) as projector:
        await asyncio.to_thread(projector.catch_up)
        tasks = [asyncio.create_task(duty.run()) for duty in duties]
        while not any(task.done() for task in tasks):
            await asyncio.to_thread(projector.catch_up)
            await asyncio.sleep(CATCH_UP_SECONDS)
        await asyncio.gather(*tasks)


def main(told: dict[str, Any]) -> None:
    """Act on the log at ``url``; ``dies`` names the point at which it ends without a word."""
    with Log(told["url"], durable=False) as log:
        asyncio.run(work(told, log))
