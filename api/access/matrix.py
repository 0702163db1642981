"""Who may call which route: one row a route, deny by default; a route without a row stops the start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from api.access.grants import Scope


@dataclass(frozen=True, slots=True)
class Rule:
    """What a route asks of its caller: one of ``scopes``; with no scope at all it is open to everybody.

    ``csrf``: how a request with a session cookie proves that it comes from our own page; ``form`` leaves the check of
    the token to the route, which finds it in a form field (see api.guard.check_form).
    """

    scopes: frozenset[Scope]
    csrf: Literal["header", "form"] = "header"
    open: bool = False


OPEN = Rule(frozenset(), open=True)
READ = Rule(frozenset({"read"}))
FEED = Rule(frozenset({"read", "service"}))
WORK = Rule(frozenset({"work"}))
MANAGE = Rule(frozenset({"manage"}))
TELL = Rule(frozenset({"send_events"}))
ADMIN = Rule(frozenset({"admin"}))
END = Rule(frozenset({"work", "admin"}))
ANYBODY = Rule(frozenset({"read", "work", "manage", "admin", "service", "act_as", "send_events", "scim"}))
SCIM = Rule(frozenset({"scim"}))

_STEP_VERBS = (
    "complete", "complete-by-hand", "start", "save", "approve", "refuse", "decline", "skip", "reopen", "assign",
    "claim", "release", "due", "request-help", "clear-help", "remind", "add-evidence",
)  # fmt: skip
_RUN_VERBS = (
    "pause", "resume", "cancel", "priority", "target", "inputs", "link", "rank", "move", "override-stage",
    "clear-stage-override", "comment", "attach", "detach", "assign-role", "confirm-guest-address",
    "revoke-guest-links", "send-guest-link",
)  # fmt: skip
_TASK_VERBS = (
    "edit", "move", "assign", "priority", "due", "labels", "checklist", "tick", "depend", "undepend", "block",
    "unblock", "request-help", "clear-help", "comment", "complete", "reopen", "cancel",
)  # fmt: skip
_GUEST_VERBS = ("complete", "save", "approve", "refuse", "decline", "code")
"""What a guest may do with a link, which is the credential."""
_PERSON_VERBS = ("change", "deactivate", "reactivate", "hand-over")
_ROLE_VERBS = ("grant-role", "withdraw-role")
_DEPUTY_VERBS = ("name-deputy", "dismiss-deputy")
_GROUP_VERBS = ("rename", "add-member", "remove-member", "close")
_PROJECT_VERBS = ("rename", "stages", "members", "remove-member", "close", "reopen")

RULES: dict[str, Rule] = {
    **{f"POST /v1/runs/{{id}}/steps/{{step}}/{verb}": WORK for verb in _STEP_VERBS},
    "POST /v1/runs": WORK,
    **{f"POST /v1/runs/{{id}}/{verb}": WORK for verb in _RUN_VERBS},
    "POST /v1/files": WORK,
    "GET /v1/runs/{id}/files/{sha256}": READ,
    "POST /v1/tasks": WORK,
    **{f"POST /v1/tasks/{{id}}/{verb}": WORK for verb in _TASK_VERBS},
    **{
        f"POST /v1/runs/{{id}}/incidents/{{incident}}/{verb}": WORK
        for verb in ("retry", "edit", "done-by-hand", "let-go")
    },
    "POST /v1/external-events": TELL,
    "GET /v1/incidents": READ,
    "GET /v1/actions": READ,
    "POST /v1/recurrences": WORK,
    **{f"POST /v1/recurrences/{{id}}/{verb}": WORK for verb in ("change", "pause", "resume", "end")},
    "GET /v1/recurrences": READ,
    "GET /v1/recurrences/preview": READ,
    "GET /v1/recurrences/{id}": READ,
    "POST /v1/projects": WORK,
    **{f"POST /v1/projects/{{id}}/{verb}": WORK for verb in _PROJECT_VERBS},
    "POST /v1/people": MANAGE,
    **{f"POST /v1/people/{{key}}/{verb}": MANAGE for verb in _PERSON_VERBS},
    "POST /v1/people/import": MANAGE,
    **{
        f"GET /scim/v2/{what}": SCIM
        for what in (
            "ServiceProviderConfig",
            "Schemas",
            "Schemas/{id}",
            "ResourceTypes",
            "ResourceTypes/{id}",
        )
    },
    **{f"{method} /scim/v2/{kind}": SCIM for kind in ("Users", "Groups") for method in ("GET", "POST")},
    **{
        f"{method} /scim/v2/{kind}/{{id}}": SCIM
        for kind in ("Users", "Groups")
        for method in ("GET", "PUT", "PATCH", "DELETE")
    },
    **{f"POST /v1/{kind}/{{key}}/{verb}": ADMIN for kind in ("people", "services") for verb in _ROLE_VERBS},
    **{f"POST /v1/people/{{key}}/{verb}": END for verb in _DEPUTY_VERBS},
    "GET /v1/people/{key}/rights": READ,
    "GET /v1/rights": READ,
    "POST /v1/groups": MANAGE,
    **{f"POST /v1/groups/{{key}}/{verb}": MANAGE for verb in _GROUP_VERBS},
    "GET /v1/people": READ,
    "GET /v1/people/{key}": READ,
    "GET /v1/groups": READ,
    "GET /v1/workload": READ,
    "GET /v1/groups/{key}": READ,
    "PUT /v1/processes/{key}/draft": MANAGE,
    "POST /v1/processes/{key}/publish": MANAGE,
    "POST /v1/processes/{key}/retire": MANAGE,
    "POST /v1/processes/{key}/restore": MANAGE,
    "POST /v1/processes/{key}/preview-mail": MANAGE,
    "POST /v1/processes/{key}/migration-plan": MANAGE,
    "POST /v1/processes/{key}/migrations": MANAGE,
    "POST /v1/processes/{key}/migrations/{id}/retry": MANAGE,
    "GET /v1/processes/{key}/migrations": READ,
    "GET /v1/processes/{key}/migrations/{id}": READ,
    "POST /v1/runs/{id}/migrate": MANAGE,
    "GET /v1/home": READ,
    "GET /v1/inbox": READ,
    "GET /v1/attention": READ,
    "GET /v1/processes": READ,
    "GET /v1/processes/{key}": READ,
    "GET /v1/processes/{key}/versions/{version}": READ,
    "GET /v1/processes/{key}/diff": READ,
    "GET /v1/processes/{key}/stats": READ,
    "GET /v1/processes/{key}/insights": READ,
    "GET /v1/processes/{key}/funnel": READ,
    "GET /v1/outbox": READ,
    "GET /v1/outbox/{run}/{step}/{round}/{action}": READ,
    "GET /v1/runs": READ,
    "GET /v1/runs/{id}": READ,
    "GET /v1/runs/{id}/history": READ,
    "GET /v1/runs/{id}/guests": READ,
    "GET /v1/runs/{id}/steps/{step}/content": READ,
    "GET /v1/tasks/{id}": READ,
    "GET /v1/tasks/{id}/history": READ,
    "GET /v1/projects/{id}/list": READ,
    "GET /v1/projects/{id}/timeline": READ,
    "POST /v1/views": READ,
    "POST /v1/views/{id}/change": READ,
    "POST /v1/views/{id}/remove": READ,
    "GET /v1/views": READ,
    "GET /v1/search": READ,
    "GET /v1/calendar": READ,
    "POST /v1/calendar-links": READ,
    "GET /v1/calendar-links": READ,
    "DELETE /v1/calendar-links/{id}": READ,
    "GET /calendar/{name}": OPEN,
    "GET /v1/runs/{id}/forecast": READ,
    "GET /v1/runs/{id}/levers": READ,
    "GET /v1/processes/{key}/forecast": READ,
    "GET /v1/projects": READ,
    "GET /v1/projects/{id}/board": READ,
    "GET /v1/projects/{id}/board/{card}/why": READ,
    "GET /v1/projects/{id}/since": READ,
    "GET /v1/projects/{id}/attention": READ,
    "GET /v1/projects/{id}/funnel": READ,
    "GET /v1/events": FEED,
    "GET /v1/changes": READ,
    "GET /v1/me": ANYBODY,
    "DELETE /v1/session": ANYBODY,
    "POST /v1/people/{key}/invite": ADMIN,
    "POST /v1/password-resets": OPEN,
    "POST /v1/password": ANYBODY,
    "GET /v1/second-factor": ANYBODY,
    "POST /v1/second-factor": ANYBODY,
    "POST /v1/second-factor/confirm": ANYBODY,
    "POST /v1/second-factor/remove": ANYBODY,
    "POST /v1/second-factor/recovery-codes": ANYBODY,
    "DELETE /v1/people/{key}/second-factor": ADMIN,
    "GET /v1/access": ANYBODY,
    "DELETE /v1/access": END,
    "DELETE /v1/access/{id}": END,
    "GET /v1/security-events": READ,
    "GET /v1/tokens": ADMIN,
    "POST /v1/tokens": ADMIN,
    "DELETE /v1/tokens/{id}": ADMIN,
    "GET /v1/guest/{link}": OPEN,
    "GET /v1/guest/{link}/files/{sha256}": OPEN,
    **{f"POST /v1/guest/{{link}}/{verb}": OPEN for verb in _GUEST_VERBS},
    "GET /v1/mail-decisions/{link}": OPEN,
    "GET /v1/mail-decisions/{link}/files/{sha256}": OPEN,
    "POST /v1/mail-decisions/{link}/approve": OPEN,
    "POST /v1/mail-decisions/{link}/refuse": OPEN,
    "POST /sign-in": OPEN,
    "GET /health/live": OPEN,
    "GET /health/ready": OPEN,
    "GET /openapi.json": OPEN,
}
"""Every route of the HTTP interface, as ``METHOD path``; pages bring rows of their own."""
