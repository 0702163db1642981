"""The addresses of the browser: pages to read, and forms that become commands."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import orjson
from fastapi import APIRouter, FastAPI, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.responses import RedirectResponse, Response

from api.destinations import own_page
from api.files import StoredFile, keep
from api.form import form_of
from api.guard import caller_of, check_form
from api.matrix import OPEN, Rule
from api.problems import Problem
from api.registering import stream_id
from api.services import Services
from api.sight import Sight, sight_of
from api.views import texts_for
from domain.document import Document
from projections import answers, queries
from web import boards, changes, forms, guests, insights, lists, outbox, people, signing_in
from web.asking import ask as _ask
from web.asking import latest_history
from web.beside import PROBLEMS, beside
from web.contents import about, changes_in_words
from web.errors import ErrorPages, accepts_json, refused
from web.forwarding import Answered, forward
from web.rendering import assets, page, reveal
from web.selection import asked_roles, chosen_step, unmasked
from web.task_page import task_page
from web.words import who

_READ = Rule(frozenset({"read"}))
_FORM = Rule(frozenset({"work"}), csrf="form")
_ANYBODY = Rule(frozenset({"read", "work", "manage", "admin"}), csrf="form")
RULES: dict[str, Rule] = {
    "GET /": _READ,
    "GET /projects/{id}": _READ,
    "GET /projects/{id}/attention": _READ,
    "GET /projects/{id}/cards/{card}": _READ,
    "GET /attention": _READ,
    "GET /runs/{id}": _READ,
    "GET /tasks/{id}": _READ,
    "GET /processes/{key}": _READ,
    "POST /runs": _FORM,
    "POST /runs/{id}/move": _FORM,
    "POST /runs/{id}/{verb}": _FORM,
    "POST /runs/{id}/steps/{step}/{verb}": _FORM,
    "POST /runs/{id}/incidents/{incident}/{verb}": _FORM,
    "POST /tasks": _FORM,
    "POST /tasks/{id}/move": _FORM,
    "POST /tasks/{id}/{verb}": _FORM,
    "POST /sign-out": _ANYBODY,
    "GET /static/{name}": OPEN,
    **signing_in.RULES,
    **guests.RULES,
    **outbox.RULES,
    **lists.RULES,
    **people.RULES,
    **changes.RULES,
    **insights.RULES,
    "POST /views": Rule(frozenset({"read"}), csrf="form"),
}
"""Who may ask for which page; a form is judged once more when its command is carried out."""

_LATELY = 6
_RUNS_SHOWN = 50


def install(app: FastAPI) -> None:
    """Answer refusals to browsers as pages; programs go on getting problem documents."""
    app.add_middleware(ErrorPages)


def router(_services: Services | None = None) -> APIRouter:
    """Every address of the browser; ``RULES`` says who may use them."""
    made = APIRouter(include_in_schema=False)
    reads = {
        "/": home,
        "/projects/{id}": boards.board,
        "/projects/{id}/attention": boards.attention,
        "/projects/{id}/cards/{card}": boards.card_menu,
        "/attention": boards.everywhere,
        "/runs/{id}": run,
        "/tasks/{id}": task_page,
        "/processes/{key}": process,
        "/static/{name}": static,
    }
    for path, show in reads.items():
        made.add_api_route(path, show, methods=["GET"], response_model=None)
    writes = {
        "/runs": command, "/runs/{id}/move": move_run, "/runs/{id}/{verb}": command,
        "/runs/{id}/steps/{step}/{verb}": command,
        "/runs/{id}/incidents/{incident}/{verb}": command, "/tasks": add_task,
        "/views": command, "/tasks/{id}/move": move_task, "/tasks/{id}/{verb}": command, "/sign-out": sign_out,
    }  # fmt: skip
    for path, act in writes.items():
        made.add_api_route(path, act, methods=["POST"], response_model=None)
    signing_in.add_sign_in_page(made)
    guests.add_guest_pages(made)
    outbox.add_outbox_pages(made)
    lists.add_list_pages(made)
    people.add_people_pages(made)
    changes.add_change_pages(made)
    insights.add_insight_pages(made)
    return made


async def home(request: Request) -> Response:
    """What needs me: ready work, attention, projects, processes, runs started lately."""
    me = caller_of(request).actor
    texts = await texts_for(request, None)
    seen = await _ask(
        request,
        lambda connection: queries.home(connection, me, calendar=_services(request).calendar, texts=texts),
    )
    lately = await _ask(
        request,
        lambda connection: queries.runs(
            connection, None, None, None, _LATELY, None, calendar=_services(request).calendar
        ),
    )
    return page(request, "home.html", home=seen, lately=lately.rows, answer=seen)


async def run(request: Request) -> Response:
    """A run: its phases, its steps, the form of the selected one, its history."""
    stream = stream_id(request.path_params["id"])
    services = _services(request)
    view, sight = await _run(request, stream), await _sight(request, stream)
    seen = sight.of_run(view)
    chosen = unmasked(chosen_step(seen, request.query_params.get("step"), caller_of(request).actor))
    every = "every" in request.query_params.getlist("history")
    told = sight.of_history(await latest_history(request, stream)) if every else None
    more = await beside(request, stream, texts=sight.sees_values)
    return page(
        request,
        "run.html",
        beside=more,
        PROBLEMS=PROBLEMS,
        run=seen,
        answer=seen,
        chosen=chosen,
        about=await about(request, stream, sight, chosen.key),
        history=told,
        zone=services.calendar.zone,
    )


async def process(request: Request) -> Response:
    """A process: its stages and steps in the newest version, its runs, and the form that starts one.

    With ``?draft=yes`` the form starts a test run of the draft instead, where it can be one.
    """
    key = request.path_params["key"]
    seen = await _ask(request, lambda connection: queries.process(connection, key))
    after = request.query_params.get("after")
    begin = stream_id(after) if after else None
    rows = await _ask(
        request,
        lambda connection: queries.runs(
            connection, key, None, None, _RUNS_SHOWN, begin, calendar=_services(request).calendar
        ),
    )
    document = Document.model_validate(seen.versions[0].document) if seen.versions else None
    tried = changes.draft_to_try(seen) if request.query_params.get("draft") else None
    asked = tried or document
    return page(
        request,
        "process.html",
        process=seen,
        runs=rows.rows,
        begun=begin,
        answer=rows,
        tried=tried is not None,
        inputs=asked.model_dump()["inputs"] if asked else (),
        roles=asked_roles(asked) if asked else [],
        project=request.query_params.get("project"),
        zone=_services(request).calendar.zone,
    )


async def static(request: Request) -> Response:
    """A stylesheet or a module of script, from memory."""
    asset = assets().get(request.path_params["name"])
    if asset is None:
        raise Problem("not_found", "there is nothing at this address")
    headers = {
        "ETag": asset.etag,
        "Cache-Control": "no-cache",
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
    }
    if request.headers.get("if-none-match") == asset.etag:
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(asset.packed, 200, {**headers, "Content-Encoding": "gzip"}, asset.media_type)
    return Response(asset.body, 200, headers, asset.media_type)


async def command(request: Request) -> Response:
    """A form's command: the same path as a program's, then back to the page it came from."""
    form, csrf = await _form(request)
    verb = request.path_params.get("verb", "")
    body = forms.body(form, verb, _services(request).calendar.zone)
    sent = dict(form)
    told = await forward(
        request,
        f"/v1{request.url.path}",
        body,
        csrf=csrf,
        command=sent.get("command", ""),
        version=sent.get("expected_version", ""),
    )
    return _told(request, told, sent)


async def move_run(request: Request) -> Response:
    """A run's card: ranked within its column; into another column only by finishing what is open, or by an override."""
    form, csrf = await _form(request)
    sent = dict(form)
    seen = await _run(request, stream_id(request.path_params["id"]))
    body: dict[str, Any] = {name: sent[name] for name in ("after", "before") if sent.get(name)}
    verb, body = "move", {**body, "stage": sent.get("stage") or seen.stage}
    if sent.get("reason"):
        verb, body = "override-stage", {"stage": body["stage"], "reason": sent["reason"]}
    path = f"/v1/runs/{seen.id}/{verb}"
    told = await forward(request, path, body, csrf=csrf, command=sent.get("command", ""))
    for step in told.body.get("open_steps", ()):
        step["who"] = step["who"] and who(step["who"])
    return _told(request, told, sent)


async def add_task(request: Request) -> Response:
    """A new card, last in its column."""
    form, csrf = await _form(request)
    body = forms.body(form, "", _services(request).calendar.zone)
    sent = dict(form)
    last = await _last_rank(request, stream_id(sent.get("project", "")), sent.get("stage", ""))
    told = await forward(
        request, "/v1/tasks", {**body, "after": last}, csrf=csrf, command=sent.get("command", "")
    )
    return _told(request, told, sent)


async def move_task(request: Request) -> Response:
    """A task's card: between the cards that the page names, or last in the column that the menu names."""
    form, csrf = await _form(request)
    sent = dict(form)
    body: dict[str, Any] = {name: sent[name] for name in ("stage", "after", "before") if sent.get(name)}
    if "ends_at" not in sent:
        body["after"] = await _last_rank(request, stream_id(sent.get("project", "")), sent.get("stage", ""))
    version = sent.get("expected_version", "")
    told = await forward(
        request, f"/v1{request.url.path}", body, csrf=csrf, command=sent.get("command", ""), version=version
    )
    return _told(request, told, sent)


async def _last_rank(request: Request, project: UUID, stage: str) -> str | None:
    """The rank of the last card of a column; None when it has none."""
    try:
        return await _services(request).read(lambda connection: queries.last_rank(connection, project, stage))
    except queries.NotFound as missing:
        raise Problem("not_found", str(missing)) from None


async def sign_out(request: Request) -> Response:
    """End the session of this browser."""
    _, csrf = await _form(request)
    services = _services(request)
    await forward(request, "/v1/session", {}, csrf=csrf, method="DELETE")
    answer_ = page(request, "sign_in.html", signed_out=True)
    answer_.delete_cookie(
        services.site.cookie, path="/", secure=services.site.secure, httponly=True, samesite="lax"
    )
    return answer_


async def _run(request: Request, stream: UUID) -> answers.RunView:
    return await _ask(
        request, lambda connection: queries.run(connection, stream, calendar=_services(request).calendar)
    )


async def _sight(request: Request, stream: UUID) -> Sight:
    """What the reader of the page sees of the run; the same rule as for every other answer."""
    return await run_in_threadpool(sight_of, _services(request), stream, caller_of(request))


def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


async def _form(request: Request) -> tuple[list[tuple[str, str]], str]:
    """The names and values of a form whose CSRF token is this session's, and the token."""
    async with form_of(request, max_files=20, max_fields=1_000) as form:
        csrf = reveal(str(form.get("csrf", "")))
        check_form(request, csrf)
        pairs = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
        files: dict[str, list[dict[str, Any]]] = {}
        for name, value in form.multi_items():
            if isinstance(value, UploadFile) and value.filename and name.startswith("values:files:"):
                files.setdefault(name, []).append(asdict(await _kept(request, value)))
            elif isinstance(value, UploadFile) and value.filename and name == "attached":
                pairs += forms.attachment(await _kept(request, value))
        return [*pairs, *((name, orjson.dumps(found).decode()) for name, found in files.items())], csrf


async def _kept(request: Request, given: UploadFile) -> StoredFile:
    """Keep the content of a file that came with a form."""

    async def content() -> AsyncIterator[bytes]:
        while part := await given.read(1 << 16):
            yield part

    return await keep(_services(request), given.filename or "file", given.content_type or "", content())


def _told(request: Request, told: Answered, sent: Mapping[str, str]) -> Response:
    """To script what the HTTP interface said; to a plain form the page again, or why not."""
    if "changed" in told.body:
        told.body["lines"] = changes_in_words(told.body, _services(request).calendar.zone)
    if accepts_json(request):
        body = {**told.body, "next": _next(request, told)} if told.accepted else told.body
        return Response(orjson.dumps(body), told.status, {"Cache-Control": "no-store"}, "application/json")
    if not told.accepted:
        return refused(request, told.status, told.body, _back(request, sent))
    place = _next(request, told) or _back(request, sent)
    return RedirectResponse(
        f"{place}{'&' if '?' in place else '?'}min_position={told.body.get('position', 0)}", 303
    )


def _next(request: Request, told: Answered) -> str | None:
    return f"/runs/{told.body['id']}" if request.url.path == "/runs" and told.accepted else None


def _back(request: Request, sent: Mapping[str, str]) -> str:
    """The page that the form stood on: a path of ours, never another site."""
    wanted = sent.get("next") or urlsplit(request.headers.get("referer", "")).path
    return own_page(wanted) or "/"
