"""A process of two versions with runs, and a job that moves them: for tests of migrations and of their mails."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from domain.addresses import AddressBook, Contact
from domain.mails import Desk
from domain.run import complete_step
from domain.words import Assignee
from store import migration_jobs
from store.connect import connect
from store.migration_jobs import Job
from tests.support.people import letting
from tests.workers.deeds import DANA, OFFICE, World
from workers.automations.email import Emailing
from workers.automations.mailer import Mailer, MailSettings
from workers.migrations import Migrations

FIRST = {
    "key": "ask",
    "title": "Ask",
    "role": "seller",
    "fields": [{"key": "note", "title": "Note", "kind": "text"}],
}
LAST = {"key": "sign", "title": "Sign", "role": "seller", "after": ["ask"]}
BADGE = {"key": "badge", "title": "Badge", "kind": "text", "required": True}
ASKING = {**FIRST, "fields": [*FIRST["fields"], BADGE]}
DESK = Desk(
    AddressBook({Assignee(DANA): Contact("Dana", "dana@acme.example")}),
    "http://milepost.test",
    ZoneInfo("UTC"),
    lambda _run, held: f"https://g/{held.step}",
)


def runs(world: World, count: int, *, asked: bool = True) -> list[UUID]:
    """Runs of the first version whose first step is done; the second, which requires more of it, is published."""
    old = world.publish(FIRST, LAST)
    found = [world.start(old, name=f"Sale {number}") for number in range(1, count + 1)]
    for run in found:
        world.decide(run, complete_step, "ask", {"note": "a secret"})
    world.publish(ASKING if asked else {**FIRST, "title": "Ask them"}, LAST)
    world.catch_up()
    return found


def job(world: World, moved: Sequence[UUID], answer: str | None = "ask") -> UUID:
    """A migration of these runs to the second version, as it was asked for."""
    choices = {} if answer is None else {"field_required": answer}
    told = Job(uuid4(), "sale", 2, choices, "New rule", str(DANA), datetime.now(UTC), None)
    with connect(world.url, "test") as connection:
        migration_jobs.add(connection, told, moved, {})
    return told.id


def work_through(world: World) -> None:
    """The worker does what there is, until nothing is."""
    duty = letting(Migrations(world.log, OFFICE, world.clock))
    while duty.round() == 0.0:
        pass


def announced(world: World, asked: UUID) -> dict[str, int]:
    """Whose work the job brought, as it is shown."""
    with connect(world.url, "test") as connection:
        return migration_jobs.news(connection, asked)


def send(world: World, outbox: Path) -> list[str]:
    """Everything that is queued is mailed into the outbox; what has landed there."""
    mailer = Mailer(MailSettings(outbox, "m@acme.example", None))
    world.act(world.acting({"email": Emailing(mailer, lambda: DESK)}))
    return [] if not outbox.exists() else [file.read_text() for file in outbox.iterdir()]
