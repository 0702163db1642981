"""Problem documents (RFC 9457): every refusal of the HTTP interface, with a stable code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal, Self

import orjson
from starlette.responses import Response

from domain.words import Rejected

MEDIA_TYPE = "application/problem+json"
ProblemCode = Literal[
    "not_json", "bad_header", "not_http", "not_signed_in", "bad_token", "bad_link", "wrong_password",
    "provider_refused", "unknown_identity", "wrong_code", "bad_guest_link", "bad_decision_link",
    "not_your_link", "not_allowed", "not_in_project", "cross_site", "not_found", "unknown_run",
    "unknown_project", "unknown_task", "unknown_person", "unknown_group", "unknown_process", "unknown_step",
    "no_mail", "unknown_version", "unknown_service", "unknown_view", "unknown_recurrence", "unknown_key",
    "ambiguous_key", "unknown_file", "wrong_type", "unknown_migration", "unknown_token", "unknown_access",
    "method_not_allowed", "rejected", "still_running", "version_mismatch", "too_busy_stream", "too_slow",
    "head_too_large", "too_large", "not_json_type", "invalid", "other_request", "ahead_of_log", "not_there_yet",
    "too_many_requests", "overloaded", "unavailable", "outcome_unknown", "newer_release", "to_be_rebuilt",
    "stopping", "internal",
]  # fmt: skip
"""Every code of the interface itself, and no other: mypy refuses what is not here."""


@dataclass(frozen=True)
class Code:
    """A kind of problem: the status it is answered with, and what it means for the caller."""

    status: int
    title: str
    meaning: str


CODES: dict[ProblemCode, Code] = {
    "not_json": Code(400, "Not JSON", "The body is not a JSON document (RFC 8259) in UTF-8."),
    "bad_header": Code(
        400, "Bad header", "A request header has a form that is not accepted; `header` names it."
    ),
    "not_http": Code(400, "Not HTTP", "What came over the connection is no HTTP/1.1 request."),
    "not_signed_in": Code(
        401,
        "Not signed in",
        "The request names nobody: send `Authorization: Bearer …` or sign in with a browser.",
    ),
    "bad_token": Code(
        401,
        "Unknown token",
        "The token or session is unknown, has expired or was revoked, or its owner was deactivated.",
    ),
    "bad_link": Code(
        401, "Unknown link", "The first-login link is unknown, has expired or was used already."
    ),
    "wrong_password": Code(
        401,
        "Wrong name or password",
        "The name is unknown, the account has no password, or the password is another one; which of them is not told.",
    ),
    "provider_refused": Code(
        401,
        "The provider did not say who you are",
        "Signing in by the provider of identities was broken off, took longer than ten minutes, was begun in another "
        "browser, or the provider's answer was not good; administrators see which in the security events.",
    ),
    "unknown_identity": Code(
        401,
        "Nobody here has this identity",
        "The provider says who somebody is, but no account is connected with it; its issuer and subject count, no mail "
        "address.",
    ),
    "wrong_code": Code(
        401,
        "Wrong code",
        "The code of the second factor is another one, was used before or came too late.",
    ),
    "bad_guest_link": Code(
        404,
        "This link does not open",
        "The link of a guest is not ours, has expired, or its step was opened again or is with somebody else or "
        "at another address now.",
    ),
    "bad_decision_link": Code(
        404,
        "This link decides nothing",
        "The link of a mail that asks to approve something is not ours, has expired, or its approval was opened "
        "again, is asked of somebody else, or needs the page of the run by now.",
    ),
    "not_your_link": Code(
        403,
        "Not your link",
        "The link of a mail is for one person, and this browser is signed in as another.",
    ),
    "not_allowed": Code(403, "Not allowed", "The caller is known, and lacks the scope that `needs` names."),
    "not_in_project": Code(
        403, "Not in the project", "This is for the owner of the project and for those who are in it."
    ),
    "cross_site": Code(
        403,
        "Cross-site request",
        "A request with a session cookie came from another site, or without its CSRF token.",
    ),
    "not_found": Code(404, "Not found", "There is nothing at this address."),
    "unknown_run": Code(404, "Unknown run", "No run has this id."),
    "unknown_project": Code(404, "Unknown project", "No project has this id."),
    "unknown_task": Code(404, "Unknown task", "No task has this id."),
    "unknown_person": Code(404, "Unknown person", "Nobody has this key."),
    "unknown_group": Code(404, "Unknown group", "No group has this key."),
    "unknown_process": Code(404, "Unknown process", "No process has this key."),
    "unknown_step": Code(404, "Unknown step", "The process has no step with this key."),
    "no_mail": Code(
        404,
        "No such mail",
        "The process sends no mail for this action of this step; `accepted` names steps that do.",
    ),
    "unknown_version": Code(404, "Unknown version", "The process has no published version with this number."),
    "unknown_service": Code(404, "Unknown service", "No service can have this key."),
    "unknown_view": Code(404, "Unknown view", "No saved view has this id."),
    "unknown_recurrence": Code(404, "Unknown recurring work", "No recurring work has this id."),
    "unknown_key": Code(404, "Unknown key", "No run is known by this key to wait for this event."),
    "ambiguous_key": Code(
        409,
        "Ambiguous key",
        "Several runs wait for this event under this key; `runs` names them: send `run` instead.",
    ),
    "unknown_file": Code(
        404, "Unknown file", "No file with this hash is kept, or it is not shown by this run."
    ),
    "wrong_type": Code(
        415, "File type not accepted", "Files of this type are not taken; `accepted` names those that are."
    ),
    "unknown_migration": Code(404, "Unknown migration", "The process has no migration with this id."),
    "unknown_token": Code(404, "Unknown token", "No token has this id."),
    "unknown_access": Code(
        404,
        "Unknown token, session or link",
        "Nothing of yours has this id; of others' only `admin` ends it.",
    ),
    "method_not_allowed": Code(
        405, "Method not allowed", "The address exists for other methods; `Allow` names them."
    ),
    "rejected": Code(
        409,
        "Rejected",
        "A rule of the process, run, project or task said no. The code is the rule's own; nothing was recorded.",
    ),
    "still_running": Code(
        409,
        "Still running",
        "A request with the same Idempotency-Key has not been answered yet; ask again shortly.",
    ),
    "version_mismatch": Code(
        412,
        "Version mismatch",
        "The stream is not at the version that If-Match names; `version` is where it is.",
    ),
    "too_busy_stream": Code(
        412,
        "The stream moved on",
        "Others kept changing it while this was decided; read it again, then decide again.",
    ),
    "too_slow": Code(
        408,
        "Too slow",
        "The rest of the request did not come in time; the connection is closed. Send it again.",
    ),
    "head_too_large": Code(
        431,
        "Head too large",
        "The request line and headers are above `limit_bytes` together; leave some out.",
    ),
    "too_large": Code(
        413, "Too large", "The body, or an event that would be stored, is above `limit_bytes`."
    ),
    "not_json_type": Code(415, "Unsupported media type", "The body must be sent as `application/json`."),
    "invalid": Code(
        422,
        "Invalid",
        "The request has the wrong shape; `errors` names every field, what is wrong and what is accepted.",
    ),
    "other_request": Code(
        422, "Other request", "The Idempotency-Key was used before, for another method, address or body."
    ),
    "ahead_of_log": Code(
        422, "Ahead of the log", "`min_position` or `after` is above the newest position, `head`."
    ),
    "not_there_yet": Code(
        503,
        "Not there yet",
        "The read model has not reached `min_position` yet; `position` is where it is. Ask again after Retry-After.",
    ),
    "too_many_requests": Code(
        429,
        "Too many requests",
        "This caller asks too often, or for too much at once; try again after Retry-After.",
    ),
    "overloaded": Code(
        503, "Overloaded", "More requests wait than are taken on; nothing of this one was stored."
    ),
    "unavailable": Code(
        503, "Unavailable", "The database cannot be reached; nothing of this request was stored."
    ),
    "outcome_unknown": Code(
        503,
        "Outcome unknown",
        "The database went away while the request was being stored. Send it again with the same Idempotency-Key.",
    ),
    "newer_release": Code(
        503,
        "Newer release needed",
        "What is asked for holds an event that a newer release of Milepost stored; the server has to be upgraded.",
    ),
    "to_be_rebuilt": Code(
        503,
        "Read model of another release",
        "What is asked for is answered from a read model that an earlier release made, and lacks what this one reads. "
        "`milepost doctor` says which have to be rebuilt.",
    ),
    "stopping": Code(503, "Stopping", "This process is shutting down; send the request again."),
    "internal": Code(500, "Internal error", "A defect of Milepost; it is in the log of the process."),
}
"""What each of them means; rules of the domain add theirs with status 409."""


_TITLES: dict[str, str] = {name: code.title for name, code in CODES.items()}


class Problem(Exception):
    """A refusal that is answered as a problem document. ``facts`` are further members, JSON values."""

    def __init__(
        self,
        code: ProblemCode,
        detail: str,
        *,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        **facts: Any,
    ) -> None:
        """``status`` is that of the code, unless it is given: what a framework answers with."""
        super().__init__(f"{code}: {detail}")
        self.code: str = code
        self.detail = detail
        self.status = CODES[code].status if status is None else status
        self.headers = dict(headers or {})
        self.facts = facts

    @classmethod
    def of_rule(cls, refusal: Rejected) -> Self:
        """What a rule said, with the rule's own code and status 409."""
        problem = cls("rejected", refusal.detail, **refusal.facts)
        problem.code = refusal.code
        return problem


def document(problem: Problem) -> dict[str, Any]:
    """The problem as RFC 9457 writes it; ``code`` repeats the end of ``type`` for programs."""
    return {
        **problem.facts,
        "type": f"urn:milepost:problem:{problem.code}",
        "title": _TITLES.get(problem.code, CODES["rejected"].title),
        "status": problem.status,
        "code": problem.code,
        "detail": problem.detail,
    }


def answer(problem: Problem) -> Response:
    """The problem as an HTTP answer; never cached."""
    headers = {"Cache-Control": "no-store", **problem.headers}
    if problem.status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers.setdefault("Retry-After", "1")
    if problem.status == HTTPStatus.UNAUTHORIZED:
        headers.setdefault("WWW-Authenticate", 'Bearer realm="milepost"')
    body = orjson.dumps(document(problem), default=str, option=orjson.OPT_NON_STR_KEYS)
    return Response(body, problem.status, headers, MEDIA_TYPE)
