"""The addresses of the browser: pages to read, and forms that become commands."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter, FastAPI, Request
from starlette.responses import Response

from api.access.guard import CALLER, caller_of
from api.access.matrix import OPEN, Rule
from api.board.saved_views import SAVING
from api.board.task_commands import ADDING, ON_TASK
from api.handling.orders import asked_for
from api.handling.registering import stream_id
from api.handling.seeing import visible_to
from api.handling.services import Services
from api.run.commands import ON_RUN
from api.run.sight import texts_for
from api.signing_in import sessions
from api.wire.conditional import has
from api.wire.problems import Problem
from projections import queries
from web.forms.sending import answered, body_of, carried_out, form_of
from web.pages import (
    account,
    board,
    changes,
    decide,
    guest,
    import_people,
    insights,
    lists,
    outbox,
    people,
    process,
    provider,
    run,
    sign_in,
)
from web.pages.queries import ask
from web.pages.task import task_page
from web.rendering.errors import ErrorPages, refused
from web.rendering.page import assets, page

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
    **sign_in.RULES,
    **account.RULES,
    **provider.RULES,
    **guest.RULES,
    **decide.RULES,
    **outbox.RULES,
    **lists.RULES,
    **people.RULES,
    **import_people.RULES,
    **changes.RULES,
    **insights.RULES,
    "POST /views": Rule(frozenset({"read"}), csrf="form"),
}
"""Who may ask for which page; a form is judged once more when its command is carried out."""

_LATELY = 6


def install(app: FastAPI) -> None:
    """Answer refusals to browsers as pages; programs go on getting problem documents."""
    app.add_middleware(ErrorPages)


def router(_services: Services | None = None) -> APIRouter:
    """Every address of the browser; ``RULES`` says who may use them."""
    made = APIRouter(include_in_schema=False)
    reads = {
        "/": home,
        "/projects/{id}": board.board,
        "/projects/{id}/attention": board.attention,
        "/projects/{id}/cards/{card}": board.card_menu,
        "/attention": board.everywhere,
        "/runs/{id}": run.run,
        "/tasks/{id}": task_page,
        "/processes/{key}": process.process,
        "/static/{name}": static,
    }
    for path, show in reads.items():
        made.add_api_route(path, show, methods=["GET"], response_model=None)
    writes = {
        "/runs": process.start, "/runs/{id}/move": move_run, "/runs/{id}/{verb}": run.on_run,
        "/runs/{id}/steps/{step}/{verb}": run.on_step,
        "/runs/{id}/incidents/{incident}/{verb}": run.on_incident, "/tasks": add_task,
        "/views": save_view, "/tasks/{id}/move": move_task, "/tasks/{id}/{verb}": on_task, "/sign-out": sign_out,
    }  # fmt: skip
    for path, act in writes.items():
        made.add_api_route(path, act, methods=["POST"], response_model=None)
    sign_in.add_sign_in_page(made)
    account.add_account_pages(made)
    provider.add_provider_pages(made)
    guest.add_guest_pages(made)
    decide.add_decide_pages(made)
    outbox.add_outbox_pages(made)
    lists.add_list_pages(made)
    people.add_people_pages(made)
    import_people.add_import_page(made)
    changes.add_change_pages(made)
    insights.add_insight_pages(made)
    return made


async def home(request: Request) -> Response:
    """What needs me: ready work, attention, projects, processes, runs started lately."""
    me = caller_of(request).actor
    texts, visible = await texts_for(request, None), await visible_to(request)
    seen = await ask(
        request,
        lambda connection: queries.home(
            connection, me, calendar=_services(request).calendar, texts=texts, visible=visible
        ),
    )
    lately = await ask(
        request,
        lambda connection: queries.runs(
            connection, None, None, None, _LATELY, None, visible=visible, calendar=_services(request).calendar
        ),
    )
    return page(request, "home.html", answer=seen, lately=lately.rows)


async def static(request: Request) -> Response:
    """A stylesheet or a module of script, from memory."""
    asset = assets().get(request.path_params["name"])
    if asset is None:
        raise Problem("not_found", "there is nothing at this address")
    headers = {
        "ETag": asset.etag,
        "Cache-Control": "no-cache",
        "Vary": "Accept-Encoding",
    }
    if has(request, asset.etag):
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(asset.packed, 200, {**headers, "Content-Encoding": "gzip"}, asset.media_type)
    return Response(asset.body, 200, headers, asset.media_type)


async def save_view(request: Request) -> Response:
    """A page with its filters, to be offered from now on."""
    sent = await form_of(request)
    return answered(request, await carried_out(request, sent, SAVING, await body_of(request, sent)), sent)


async def on_task(request: Request) -> Response:
    """A form about a task, then back to the page it came from."""
    sent = await form_of(request)
    order = ON_TASK.get(request.path_params["verb"])
    return answered(request, await carried_out(request, sent, order, await body_of(request, sent)), sent)


async def move_run(request: Request) -> Response:
    """A run's card: ranked within its column; into another column only by finishing what is open, or by an override."""
    form = await form_of(request)
    sent = form.plain
    seen = await run.run_view(request, stream_id(request.path_params["id"]))
    body: dict[str, Any] = {name: sent[name] for name in ("after", "before") if sent.get(name)}
    verb, body = "move", {**body, "stage": sent.get("stage") or seen.stage}
    if sent.get("reason"):
        verb, body = "override-stage", {"stage": body["stage"], "reason": sent["reason"]}
    return answered(request, await carried_out(request, form, ON_RUN[verb], body, {"id": str(seen.id)}), form)


async def add_task(request: Request) -> Response:
    """A new card, last in its column."""
    form = await form_of(request)
    sent = form.plain
    last = await _last_rank(request, stream_id(sent.get("project", "")), sent.get("stage", ""))
    return answered(
        request,
        await carried_out(request, form, ADDING, {**await body_of(request, form), "after": last}),
        form,
    )


async def move_task(request: Request) -> Response:
    """A task's card: between the cards that the page names, or last in the column that the menu names."""
    form = await form_of(request)
    sent = form.plain
    body: dict[str, Any] = {name: sent[name] for name in ("stage", "after", "before") if sent.get(name)}
    if "ends_at" not in sent:
        body["after"] = await _last_rank(request, stream_id(sent.get("project", "")), sent.get("stage", ""))
    return answered(request, await carried_out(request, form, ON_TASK["move"], body), form)


async def _last_rank(request: Request, project: UUID, stage: str) -> str | None:
    """The rank of the last card of a column; None when it has none."""
    return await _services(request).read(lambda connection: queries.last_rank(connection, project, stage))


async def sign_out(request: Request) -> Response:
    """End the session of this browser."""
    await form_of(request)  # a form of our own page, its token says
    services = _services(request)
    told = await asked_for(request, "DELETE /v1/session", lambda: sessions.sign_out(request))
    if not told.accepted:
        return refused(request, told.status, told.body)
    request.scope.pop(CALLER, None)
    answer_ = page(request, "sign_in.html", signed_out=True)
    answer_.delete_cookie(
        services.site.cookie, path="/", secure=services.site.secure, httponly=True, samesite="lax"
    )
    return answer_


def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services
