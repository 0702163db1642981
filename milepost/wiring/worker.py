"""Puts a worker process together: the relay to NATS and the projector of the read models."""

from __future__ import annotations

from datetime import UTC, datetime

import structlog

from application.milepost import Milepost
from milepost.settings.settings import Settings, SettingsError
from milepost.wiring.automations import acting
from milepost.wiring.mail import mail_settings
from milepost.wiring.servers import application_url, broker
from projections.engine.live import Projector
from projections.registry import PROJECTIONS
from store.errors import Unavailable, UnsafeServer
from store.log import Log
from workers.account_mails import account_mails
from workers.app import WorkerSettings, serve
from workers.automations.mailer import Mailer
from workers.digests import digests
from workers.duty import Duty
from workers.forecasts import forecasts
from workers.log_setup import set_up
from workers.migrations import migrations
from workers.recurrences import Recurring
from workers.timers import timers
from workers.trouble import described

GAVE_UP = 1

log = structlog.get_logger(__name__)


def run_worker(settings: Settings) -> int:
    """Work until told to stop; the exit code, which is 1 when the worker gave up and has to be started again.

    What made it give up is logged by kind and place: the text of a database's error quotes rows. Raises what the
    person who starts it can put right.
    """
    url = settings.application_dsn
    if url is None or not settings.nats_servers:
        raise SettingsError("MILEPOST_DATABASE_URL and MILEPOST_NATS_URL are needed; `milepost up` sets both")
    set_up(settings.log_level, settings.log_format)
    told = WorkerSettings(url, broker(settings), poll_seconds=settings.poll_seconds)
    try:
        serve(told, lambda growing: _projector(url, growing), lambda growing: duties(settings, growing))
    except (SettingsError, UnsafeServer, Unavailable):
        raise
    except Exception as error:  # noqa: BLE001 - the outermost place: the process ends, and the log says why
        log.error("worker_ends", **described(error))
        return GAVE_UP
    return 0


def duties(settings: Settings, growing: Log) -> list[Duty]:
    """What a worker does beside applying events."""
    url, app = (
        application_url(settings),
        Milepost(growing, calendar=settings.calendar, file_types=settings.file_types),
    )
    recurring = Recurring(app, now)
    return [
        Duty("recurring work", url, recurring),
        timers(url, growing, settings.calendar),
        forecasts(url, growing, settings.calendar),
        digests(url, growing, settings.calendar, now),
        *acting(settings, app, now),
        migrations(url, growing, settings.calendar),
        account_mails(url, app, Mailer(mail_settings(settings)), settings.base_url, now),
    ]


def now() -> datetime:
    """The time by the machine's clock."""
    return datetime.now(UTC)


def _projector(url: str, growing: Log) -> Projector:
    return Projector(url, growing, projections=PROJECTIONS)
