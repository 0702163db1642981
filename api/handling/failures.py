"""Turns everything that can go wrong into a problem document."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

import psycopg
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from psycopg.errors import UndefinedColumn, UndefinedTable
from psycopg_pool import PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from api.wire.problems import Problem, ProblemCode, answer
from api.wire.reading import invalid
from api.wire.scim import BASE, as_error
from application.definitions import UnknownVersion
from application.refused import Refused
from domain.upcast import UnknownEvent
from domain.words import Rejected
from projections.queries import NotFound
from store.log import InvalidEvent, OutcomeUnknown, Overloaded, Stopped, TooLarge, Unavailable

_TEXTS = {404: "there is nothing at this address", 405: "this address does not take this method"}
_CODES: dict[int, ProblemCode] = {
    400: "not_json",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
}
_UNKNOWN: dict[str, ProblemCode] = {
    "run": "unknown_run", "project": "unknown_project", "task": "unknown_task", "person": "unknown_person",
    "group": "unknown_group", "process": "unknown_process", "process version": "unknown_version",
    "recurrence": "unknown_recurrence",
}  # fmt: skip
"""Of what is in no read model; what is not named here has no code of its own."""

_PLACES = 6
"""How much of the way to a defect is logged: files and lines, never the values that were on it."""

log = structlog.get_logger()


def install(app: FastAPI) -> None:
    """Answer every refusal and every failure of this application as RFC 9457 says."""
    for kind, handler in {**_handlers(), Exception: _defect}.items():
        app.add_exception_handler(kind, _in_its_form(handler))


def _in_its_form(
    handler: Callable[[Request, Exception], Response],
) -> Callable[[Request, Exception], Response]:
    """Under the addresses of SCIM in the form that SCIM has for errors."""

    def told(request: Request, error: Exception) -> Response:
        response = handler(request, error)
        plain = not request.url.path.startswith(f"{BASE}/") or not response.body
        return response if plain else as_error(response)

    return told


def refusal_of(request: Request, error: Exception) -> Response:
    """The problem document of one of ``REFUSALS``."""
    handlers = _handlers()
    return next(handlers[kind] for kind in type(error).__mro__ if kind in handlers)(request, error)


def _handlers() -> dict[type[Exception], Callable[[Request, Exception], Response]]:
    return {
        Problem: _problem,
        Rejected: _rejected,
        Refused: _refused,
        RequestValidationError: _invalid,
        HTTPException: _http,
        NotFound: _not_found,
        UnknownVersion: _unknown_version,
        ClientDisconnect: _gone,
        **dict.fromkeys(_CAUSES, _cause),
        **dict.fromkeys(_OUTDATED, _outdated),
    }


def _problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return answer(error)


def _rejected(_: Request, error: Exception) -> Response:
    assert isinstance(error, Rejected)
    return answer(Problem.of_rule(error))


def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return answer(Problem(error.code, error.detail, **error.facts))


def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return answer(invalid([{**told, "loc": told["loc"][1:]} for told in error.errors()]))


def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = _CODES.get(error.status_code, "not_found")
    detail = _TEXTS.get(error.status_code, str(error.detail))
    return answer(Problem(code, detail, status=error.status_code, headers=error.headers))


def _not_found(_: Request, error: Exception) -> Response:
    assert isinstance(error, NotFound)
    facts: dict[str, Any] = {} if error.accepted is None else {"accepted": list(error.accepted)}
    return answer(Problem(_UNKNOWN.get(error.kind, "not_found"), str(error), **facts))


def _gone(_: Request, __: Exception) -> Response:
    return Response(status_code=499)  # nobody is there to read it


_CAUSES: dict[type[Exception], tuple[ProblemCode, str]] = {
    TooLarge: ("too_large", "an event of this request would be above the cap of the log"),
    InvalidEvent: ("invalid", "the request holds text that cannot be stored"),
    Overloaded: ("overloaded", "too many changes wait to be stored"),
    Stopped: ("stopping", "this process is shutting down"),
    Unavailable: ("unavailable", "the database cannot be reached; nothing was stored"),
    OutcomeUnknown: (
        "outcome_unknown",
        "whether it was stored is not known; send it again with its Idempotency-Key",
    ),
    UnknownEvent: ("newer_release", "this release does not know an event that a newer one stored here"),
    psycopg.OperationalError: ("unavailable", "the database cannot be reached"),
    PoolTimeout: ("overloaded", "no connection to the database became free"),
}


def _unknown_version(_: Request, error: Exception) -> Response:
    assert isinstance(error, UnknownVersion)
    return answer(Problem("unknown_version", str(error), accepted=list(error.published)))


def _cause(_: Request, error: Exception) -> Response:
    code, detail = next(_CAUSES[kind] for kind in type(error).__mro__ if kind in _CAUSES)
    return answer(Problem(code, detail))


_OUTDATED = (UndefinedColumn, UndefinedTable)
"""What a read model of an earlier release lacks; were it a slip in a statement of ours, the log says where as well."""


def _outdated(request: Request, error: Exception) -> Response:
    _log(request, error)
    detail = "a read model was made by another release and has to be rebuilt; `milepost doctor` says which"
    return answer(Problem("to_be_rebuilt", detail))


def _log(request: Request, error: Exception) -> None:
    places = [
        f"{at.filename}:{at.lineno} {at.name}" for at in traceback.extract_tb(error.__traceback__)[-_PLACES:]
    ]
    route = getattr(request.scope.get("route"), "path", "")
    log.error("request failed", method=request.method, route=route, kind=type(error).__name__, places=places)


def _defect(request: Request, error: Exception) -> Response:
    _log(request, error)
    return answer(Problem("internal", "this is a defect; the log of the process tells more"))


REFUSALS = tuple(_handlers())
"""All that is answered as a problem and is no defect."""
