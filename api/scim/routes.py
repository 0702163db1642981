"""The addresses of SCIM under /scim/v2."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import wraps
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.access.guard import caller_of
from api.handling.services import Services
from api.scim import describing, filters, kept, resources
from api.scim.kept import Kept, Kind
from api.scim.patching import patched
from api.scim.resources import Resource
from api.wire.problems import Problem
from api.wire.reading import checked, read_body
from api.wire.scim import BASE, MESSAGE, TYPE, answer, not_there
from application import provisioning
from application.asked import Asked
from domain.directory import Directory

_MEDIA = frozenset({TYPE, "application/json", ""})
_LARGEST = 2_000_000_000
Show = Callable[[Request], Awaitable[Response]]


def add_scim(router: APIRouter) -> None:
    """Register them; they are described by themselves, at /scim/v2/Schemas."""
    for path, method, show in (
        ("ServiceProviderConfig", "GET", _configuration),
        ("ResourceTypes", "GET", _list_of(describing.RESOURCE_TYPES)),
        ("ResourceTypes/{id}", "GET", _one_of("resource type", describing.RESOURCE_TYPES)),
        ("Schemas", "GET", _list_of(describing.SCHEMAS)),
        ("Schemas/{id}", "GET", _one_of("schema", describing.SCHEMAS)),
        *_of("User", _save_user, _delete_user),
        *_of("Group", _save_group, _delete_group),
    ):
        router.add_api_route(
            f"{BASE}/{path}", show, methods=[method], response_model=None, include_in_schema=False
        )


Save = Callable[[Request, Any, str | None], Awaitable[str]]
Delete = Callable[[Request, str], Awaitable[None]]


def _of(kind: Kind, save: Save, delete: Delete) -> list[tuple[str, str, Show]]:
    async def listed(request: Request) -> Response:
        return _page(request, list((await _all(request, kind)).values()))

    async def shown(request: Request) -> Response:
        return answer(_without(request, await _one(request, kind)))

    async def made(request: Request) -> Response:
        key = await save(request, await _body(request), None)
        told = (await _all(request, kind))[key]
        return answer(told, 201, Location=told["meta"]["location"])

    async def put(request: Request) -> Response:
        key = (await _one(request, kind))["id"]
        await save(request, await _body(request), key)
        return answer(_without(request, await _one(request, kind)))

    async def patch(request: Request) -> Response:
        now = await _one(request, kind)
        await save(request, _renamed(now, patched(_copy(now), await _body(request))), now["id"])
        return answer(_without(request, await _one(request, kind)))

    async def deleted(request: Request) -> Response:
        await delete(request, (await _one(request, kind))["id"])
        return Response(status_code=204)

    one = f"{kind}s/{{id}}"
    return [
        (f"{kind}s", "GET", listed), (f"{kind}s", "POST", made), (one, "GET", shown), (one, "PUT", put),
        (one, "PATCH", patch), (one, "DELETE", deleted),
    ]  # fmt: skip


def _copy(now: Resource) -> Resource:
    return {name: dict(value) if isinstance(value, dict) else value for name, value in now.items()}


def _renamed(was: Resource, now: Resource) -> Resource:
    """Of a name that was changed in another part than the one that is shown, that part counts."""
    if "name" not in was or was["displayName"] != now.get("displayName"):
        return now
    said = now.get("name")
    if not isinstance(said, dict) or said == was["name"]:
        return now
    if said.get("formatted") == was["name"]["formatted"]:
        given, _, family = was["displayName"].rpartition(" ")
        said = {"givenName": given, "familyName": family, **said, "formatted": None}
    return {**now, "displayName": None, "name": said}


# --- what is asked ---


async def _configuration(_: Request) -> Response:
    return answer(describing.CONFIGURATION)


def _list_of(told: dict[str, Any]) -> Show:
    async def listed(_: Request) -> Response:
        return answer(_listing(list(told.values()), 1, len(told)))

    return listed


def _one_of(kind: str, told: dict[str, Any]) -> Show:
    async def shown(request: Request) -> Response:
        key = request.path_params["id"]
        if key not in told:
            raise not_there(kind, key)
        return answer(told[key])

    return shown


def _listing(found: list[Any], start: int, total: int) -> dict[str, Any]:
    return {
        "schemas": [f"{MESSAGE}:ListResponse"],
        "totalResults": total,
        "startIndex": start,
        "itemsPerPage": len(found),
        "Resources": found,
    }


def _page(request: Request, all_of_them: list[Resource]) -> Response:
    wanted = request.query_params.get("filter")
    if wanted is not None:
        test = filters.parse(wanted)
        all_of_them = [each for each in all_of_them if test(each)]
    start = max(1, _number(request, "startIndex", 1))
    count = min(describing.MOST, max(0, _number(request, "count", 100)))
    found = [_without(request, each) for each in all_of_them[start - 1 : start - 1 + count]]
    return answer(_listing(found, start, len(all_of_them)))


def _number(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name, str(default))
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal()) or len(digits) > len(str(_LARGEST)):
        raise Problem("invalid", f"{name} must be a whole number", status=400, scimType="invalidValue")
    return int(text)


def _without(request: Request, told: Resource) -> Resource:
    """Only what was asked for; ``id`` and ``schemas`` always."""
    only, but = (
        {each.strip().casefold() for each in request.query_params.get(name, "").split(",") if each.strip()}
        for name in ("attributes", "excludedAttributes")
    )
    always = ("id", "schemas")
    if only:
        tops = {each.partition(".")[0] for each in only}
        return {name: value for name, value in told.items() if name in always or name.casefold() in tops}
    return {name: value for name, value in told.items() if name in always or name.casefold() not in but}


async def _body(request: Request) -> Any:
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media not in _MEDIA:
        raise Problem("not_json_type", f"the body is {media}; send {TYPE}", headers={"Accept": TYPE})
    return checked(await read_body(request))


async def _all(request: Request, kind: Kind) -> dict[str, Resource]:
    services: Services = request.app.state.services
    house, known = await _now(request, kind)
    show = resources.users if kind == "User" else resources.groups
    return show(house, known, services.site.base_url)


async def _now(request: Request, kind: Kind) -> tuple[Directory, dict[str, Kept]]:
    services: Services = request.app.state.services
    known = await services.read(lambda connection: kept.read(connection, kind))
    return await services.directories.now(), known


async def _one(request: Request, kind: Kind) -> Resource:
    key = request.path_params["id"]
    found = (await _all(request, kind)).get(key)
    if found is None:
        raise not_there(kind, key)
    return found


# --- what is changed ---


def _asked(request: Request) -> Asked:
    caller = caller_of(request)
    services: Services = request.app.state.services
    return Asked(caller.actor, services.clock(), caller.grant.scopes, meta=caller.meta)


async def _keep(request: Request, kind: Kind, one: Kept) -> None:
    services: Services = request.app.state.services
    await services.read(lambda connection: kept.save(connection, kind, one))


def _let_in(save: Save) -> Save:
    """Who may not is told so before anything is read."""

    @wraps(save)
    async def saved(request: Request, body: Any, key: str | None) -> str:
        provisioning.must_be_let_in(_asked(request))
        return await save(request, body, key)

    return saved


@_let_in
async def _save_user(request: Request, body: Any, key: str | None) -> str:
    services: Services = request.app.state.services
    house, known = await _now(request, "User")
    seen = resources.users(house, known, "")
    said = resources.user_of(body, None if key is None else seen[key])
    name = said.user_name.casefold()
    if any(each["userName"].casefold() == name and each["id"] != key for each in seen.values()):
        raise kept.taken(said.user_name)
    if key is None:  # who came back, or was begun and not finished, keeps the key
        back = (one.key for one in known.values() if (one.user_name or "").casefold() == name)
        taken = {*known, *(each.partition(":")[2] for each in house.people)}
        key = next(back, None) or kept.new_key("User", said.user_name, taken)
    one = known.get(key, Kept(key))
    if key not in seen:  # two who bring the same person in at once are told apart before anybody is added
        await _keep(request, "User", Kept(key, said.user_name, said.external_id, one.deleted))
    await provisioning.set_person(services.app, key, _asked(request), said.wanted)
    await _keep(request, "User", Kept(key, said.user_name, said.external_id))
    if not said.wanted.active:
        await _ended(services)
    return key


@_let_in
async def _save_group(request: Request, body: Any, key: str | None) -> str:
    services: Services = request.app.state.services
    house, known = await _now(request, "Group")
    said = resources.team_of(body)
    seen = resources.groups(house, known, "").values()
    title = said.title.casefold()
    if any(each["displayName"].casefold() == title and each["id"] != key for each in seen):
        raise kept.taken(said.title)
    if key is None:
        key = kept.new_key("Group", said.title, {each.partition(":")[2] for each in house.groups})
    members = said.members
    await provisioning.set_group(services.app, key, _asked(request), title=said.title, members=members)
    await _keep(request, "Group", Kept(key, None, said.external_id))
    return key


async def _delete_user(request: Request, key: str) -> None:
    """Deactivated, and not shown to the directory any more; whatever they did stays theirs."""
    services: Services = request.app.state.services
    await provisioning.remove_person(services.app, key, _asked(request))
    _, known = await _now(request, "User")
    one = known.get(key, Kept(key))
    await _keep(request, "User", replace(one, deleted=True))
    await _ended(services)


async def _delete_group(request: Request, key: str) -> None:
    services: Services = request.app.state.services
    await provisioning.close_group(services.app, key, _asked(request))


async def _ended(services: Services) -> None:
    """With the answer nobody comes in any more as who left."""
    services.leases.forget_all()
    await services.leases.run_out()
