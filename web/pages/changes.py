"""The pages of changing a process: its versions, what a version means for the runs under way, and moving them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from api.access.guard import check_form
from api.access.matrix import Rule
from api.handling.answering import answer
from api.handling.form import form_of
from api.handling.orders import Order, asked_for, carry_out
from api.handling.queries import PageQuery
from api.handling.registering import stream_id
from api.handling.services import Services
from api.process import migrations
from api.process.commands import ON_PROCESS, process_key
from api.process.diffs import compare, drafted
from api.process.migrations import MIGRATING, PLANNING, RETRYING
from api.wire.problems import Problem
from domain.diff import Change
from domain.document import Document
from domain.words import Rejected
from projections import queries
from projections.answers import ProcessView, VersionRow
from projections.process import migration_queries
from web.pages.queries import asked_page
from web.rendering.errors import refused
from web.rendering.page import page, reveal
from web.words import differences
from web.words.people import NAMES

_READ = Rule(frozenset({"read"}))
_MANAGE = Rule(frozenset({"manage"}), csrf="form")
RULES: dict[str, Rule] = {
    "GET /processes/{key}/changes": _READ,
    "GET /processes/{key}/migrations/{id}": _READ,
    "POST /processes/{key}/publish": _MANAGE,
    "POST /processes/{key}/migrations": _MANAGE,
    "POST /processes/{key}/migrations/{id}/retry": _MANAGE,
}
"""Everybody may see what changed; what it means for the runs is shown to those who may move them."""

ANSWERS = {
    "leave": "Leave it as it is",
    "ask": "Ask for it, the step stays done",
    "reopen": "Have the step done again",
    "not_applicable": "Set it aside as added later",
    "required": "Have it done after all",
}
VERDICTS = {
    "safe": ("Safe", "done", "done"),
    "needs_choice": ("Needs a choice", "help", "risk"),
    "blocked": ("Past the point", "blocked", "blocked"),
}
OUTCOMES = {"refused": ("Refused", "blocked", "blocked"), "failed": ("Failed", "failed", "late")}

_JOBS = 20


def add_change_pages(router: APIRouter) -> None:
    """Register the pages and their forms."""
    of_process = "/processes/{key}"
    router.add_api_route(f"{of_process}/changes", changes, methods=["GET"], response_model=None)
    router.add_api_route(f"{of_process}/migrations/{{id}}", migration, methods=["GET"], response_model=None)
    router.add_api_route(f"{of_process}/publish", publish, methods=["POST"], response_model=None)
    router.add_api_route(f"{of_process}/migrations", migrate, methods=["POST"], response_model=None)
    router.add_api_route(
        f"{of_process}/migrations/{{id}}/retry", retry, methods=["POST"], response_model=None
    )


async def changes(request: Request) -> Response:
    """Versions, what differs between two of them, and what the draft or the newest would mean for active runs."""
    seen = await _process(request)
    versions, trouble = _versions(seen)
    before, after = _pair(request, versions)
    pending = has_draft(seen)
    told = await carry_out(request, PLANNING, {"key": seen.key}, _planned(seen, pending))
    of_jobs = PageQuery(min_position=None, limit=_JOBS, after=asked_page(request, "jobs").after)
    jobs = await asked_for(
        request, "GET /v1/processes/{key}/migrations", lambda: migrations.listed(request, seen.key, of_jobs)
    )
    return page(
        request,
        "changes.html",
        process=seen,
        answer=seen,
        versions=versions,
        before=before,
        after=after,
        changed=_changed(before, after),
        said=differences,
        pending=pending,
        draft=versions[0].version if pending and not trouble else None,
        trouble=trouble,
        plan=told.body if told.accepted else None,
        jobs=jobs.body,
        ANSWERS=ANSWERS,
        VERDICTS=VERDICTS,
    )


async def migration(request: Request) -> Response:
    """How far a migration is, and the runs that it did not move with a form to try each again."""
    seen = await _process(request)
    job = stream_id(request.path_params["id"])
    query = asked_page(request)
    told = await asked_for(
        request,
        "GET /v1/processes/{key}/migrations/{id}",
        lambda: migrations.shown(request, seen.key, str(job), query),
    )
    if not told.accepted:
        return refused(request, told.status, told.body, f"/processes/{seen.key}/changes")
    left = [UUID(problem["run"]) for problem in told.body["problems"]]
    names = await _services(request).read(
        lambda connection: migration_queries.run_names(connection, seen.key, left)
    )
    return page(
        request,
        "migration.html",
        process=seen,
        answer=seen,
        job=told.body,
        query=query,
        names={str(run): name for run, name in names.items()},
        ANSWERS=ANSWERS,
        OUTCOMES=OUTCOMES,
    )


async def publish(request: Request) -> Response:
    """Publish the draft; the page then shows what moving the runs would mean."""
    return await _carried_out(request, ON_PROCESS["publish"], lambda sent: {"note": sent.get("note", "")})


async def migrate(request: Request) -> Response:
    """Move all runs or the ticked ones; then the page of the job."""
    return await _carried_out(request, MIGRATING, wanted_runs)


async def retry(request: Request) -> Response:
    """Try one run again, or all that were not moved."""
    return await _carried_out(request, RETRYING, retried_runs)


class Sent:
    """The names and values of a form."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Names may come more than once."""
        self.pairs = list(pairs)

    def get(self, name: str, default: str = "") -> str:
        """The last value of a name, without blanks around it."""
        return next((value.strip() for key, value in self.pairs[::-1] if key == name), default)

    def all(self, name: str) -> list[str]:
        """Every value of a name."""
        return [value for key, value in self.pairs if key == name]

    def choices(self) -> dict[str, str]:
        """What was answered: ``choice:step_added:kyc`` is the answer to ``step_added:kyc``."""
        answers = ((key.partition(":"), value) for key, value in self.pairs if value)
        return {name: value for (kind, _, name), value in answers if kind == "choice" and name}


def wanted_runs(sent: Sent) -> dict[str, Any]:
    """The body of a migration: all runs, or those that were ticked."""
    version = sent.get("to_version")
    if not (version.isascii() and version.isdigit() and len(version) < 10):
        errors = [{"field": "to_version", "code": "int_parsing", "detail": "is no version of the process"}]
        raise Problem("invalid", "to_version must be the number of a version", errors=errors)
    reason = sent.get("reason")
    return {
        "to_version": int(version),
        "runs": sent.all("run") if sent.get("which") == "ticked" else "all",
        "choices": sent.choices(),
        **({"reason": reason} if reason else {}),
    }


def retried_runs(sent: Sent) -> dict[str, Any]:
    """The body of another try: of all that were not moved, or of one; the answers are those of the form, if any."""
    runs, choices = sent.all("run"), sent.choices()
    return {**({"runs": runs} if runs else {}), **({"choices": choices} if choices else {})}


async def _carried_out(request: Request, order: Order, body_of: Callable[[Sent], dict[str, Any]]) -> Response:
    async with form_of(request, max_files=0, max_fields=25_000) as form:
        sent = Sent((name, value) for name, value in form.multi_items() if isinstance(value, str))
    csrf = reveal(sent.get("csrf"))
    check_form(request, csrf)
    home = f"/processes/{process_key(request.path_params['key'])}"
    told = await carry_out(
        request, order, request.path_params, body_of(sent), command=sent.get("command") or ""
    )
    if not told.accepted:
        return refused(request, told.status, told.body, f"{home}/changes")
    job = "to_version" in told.body and told.body.get("id")
    place = f"{home}/migrations/{job}" if job else f"{home}/changes"
    return RedirectResponse(f"{place}?min_position={told.body.get('position', 0)}", 303)


def has_draft(process: ProcessView) -> bool:
    """Whether publishing would change anything."""
    newest = process.versions[0].document if process.versions else None
    return process.draft is not None and process.draft != newest


def draft_to_try(process: ProcessView) -> Document | None:
    """The draft as it would be started; None where there is none, or it could not be published."""
    versions, trouble = _versions(process)
    return Document.model_validate(versions[0].document) if has_draft(process) and not trouble else None


def _planned(process: ProcessView, pending: bool) -> dict[str, Any]:
    return {"to": "draft"} if pending or not process.versions else {"to": process.versions[0].version}


def _versions(process: ProcessView) -> tuple[list[VersionRow], list[dict[str, Any]]]:
    """The versions, newest first, with the draft before them where it can be one; else what is wrong with it."""
    if not has_draft(process):
        return list(process.versions), []
    try:
        return [drafted(process), *process.versions], []
    except Rejected as refusal:
        return list(process.versions), list(refusal.facts.get("problems", ()))


def _pair(request: Request, versions: list[VersionRow]) -> tuple[VersionRow | None, VersionRow | None]:
    """The two versions that are compared: those asked for, else the newest with the one before it."""
    by_number = {str(row.version): row for row in versions}
    after = by_number.get(request.query_params.get("after", "")) or (versions[0] if versions else None)
    older = [row for row in versions if after is not None and row.version < after.version]
    before = by_number.get(request.query_params.get("before", "")) or (older[0] if older else None)
    return before, after


def _changed(before: VersionRow | None, after: VersionRow | None) -> tuple[Change, ...]:
    return compare(before, after).changes if before is not None and after is not None else ()


async def _process(request: Request) -> ProcessView:
    """The process, at least as new as the address asks for."""
    key = process_key(request.path_params["key"])
    least = request.query_params.get("min_position", "")
    NAMES.set(await _services(request).directories.recently())
    try:
        return await answer(
            _services(request),
            lambda connection: queries.process(connection, key),
            int(least[:18]) if least.isascii() and least.isdigit() else None,
        )
    except queries.NotFound as missing:
        raise Problem("not_found", str(missing)) from None


def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services
