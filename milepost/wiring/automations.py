"""What the machine does for runs, put together from the settings: the executors and the duties that use them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from application.milepost import Milepost
from milepost.demo.endpoint import Endpoint
from milepost.demo.services import HOST
from milepost.settings.settings import Settings
from milepost.settings.webhook_secret import webhook_secret
from milepost.wiring.mail import emailing
from milepost.wiring.servers import application_url
from workers.acting import Acting
from workers.automations.child_run import ChildStarter, Families
from workers.automations.contract import Executor
from workers.automations.http import HttpCaller
from workers.automations.sealed import call_secrets
from workers.automations.signing import Signer
from workers.automations.targets import Place, Targets
from workers.duty import Duty
from workers.staff import Staff


def executors(settings: Settings, app: Milepost, clock: Callable[[], datetime]) -> dict[str, Executor]:
    """Who does which kind of action."""
    signer = Signer(webhook_secret(settings))
    targets = Targets(settings.allowed_targets, _own_services(settings, app, clock, signer))
    secrets = call_secrets(settings.call_secrets or "")
    return {
        "email": emailing(settings, app.started_log),
        "http": HttpCaller(signer, targets, settings.base_url, settings.calendar.zone, secrets),
        "run": ChildStarter(app, Staff(app.started_log).for_start),
    }


def _own_services(
    settings: Settings, app: Milepost, clock: Callable[[], datetime], signer: Signer
) -> dict[str, Place]:
    """The services of the demonstration, where it is on: they may be called although they are on this machine."""
    if not settings.demo:
        return {}
    endpoint = Endpoint(app, clock, signer)
    return {HOST: endpoint.address}


def acting(settings: Settings, app: Milepost, clock: Callable[[], datetime]) -> list[Duty]:
    """The duties of this room."""
    url, calendar = application_url(settings), settings.calendar
    types = settings.file_types
    work = Acting(app, executors(settings, app, clock), calendar, clock, file_types=types)
    families = Families(app, calendar, clock, types)
    return [Duty("actions", url, work, end=work.close), Duty("child runs", url, families)]
