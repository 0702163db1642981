"""What an edit of an incident may change: how something is said and where at its receiver, never who hears it.

Whoever decides an incident does not look after the process. So an edited call goes to the receiver that the process
names, with no other key than the process sends there; a webhook says what happened in words of ours; and own words of a
mail go to whom the process names or to people of the house, to an address that somebody gave only the process's words.
A new receiver is a new version of the process, which the run can be made to follow.
"""

from __future__ import annotations

from typing import Any

from domain.checks import may_set_header
from domain.definition import Definition
from domain.mail_address import is_address
from domain.origin import origin
from domain.outline import PLACEHOLDER
from domain.run.mail_action import MailAction, leads_guest_to
from domain.run.state import ActionKind, ActionState
from domain.run.values import is_somebody
from domain.templates import SECRET
from domain.words import Rejected

_LONGEST_TEXT = 20_000
_OWN_WORDS = ("subject", "body")


def must_be_sendable(action: ActionState, changes: dict[str, Any]) -> None:
    """Rejected("invalid_changes"), with what would do, for what is no part of the action or cannot be sent."""
    accepted = _CHANGES[action.kind]
    if action.action.startswith("webhook:"):
        accepted = {"url": accepted["url"]}
    found = [
        {"field": name, "problem": "unknown_field", "accepted": ", ".join(accepted)}
        for name in changes
        if name not in accepted
    ]
    for name, (fits, wanted) in accepted.items():
        if name in changes and not fits(changes[name]):
            found.append({"field": name, "problem": "wrong_value", "accepted": wanted})
    if not changes:
        found.append({"field": "changes", "problem": "required", "accepted": ", ".join(accepted)})
    if found:
        names = ", ".join(one["field"] for one in found)
        raise Rejected("invalid_changes", f"these cannot be used as they are: {names}", problems=found)


def must_stay_with_the_process(definition: Definition, action: ActionState, changes: dict[str, Any]) -> None:
    """Rejected("other_receiver", "other_secret") where the edit would reach whom the process does not name."""
    if action.kind == "email":
        _mail_stays(definition, action, {**action.changes, **changes}, changes)
    elif action.kind == "http":
        _call_stays(definition, action, changes)


def is_same_receiver(url: str, template: str) -> bool:
    """Whether an address leads to the receiver that the process names (its host is written out there)."""
    return origin(url) == origin(PLACEHOLDER.sub("x", template))


def _mail_stays(
    definition: Definition, action: ActionState, after: dict[str, Any], changes: dict[str, Any]
) -> None:
    if "to" in changes and leads_guest_to(definition, MailAction.of(action)) is not None:
        raise Rejected(
            "other_receiver",
            "the mail brings the link of a guest, for that guest only: correct the address in the run, then retry",
            accepted=["retry", "subject: …", "body: …"],
        )
    own = [name for name in _OWN_WORDS if name in after]
    outside = [one for one in after.get("to", ()) if not is_somebody(one)]
    if own and outside:
        raise Rejected(
            "other_receiver",
            f"{' and '.join(own)} of your own go to whom the process names or to people of the house, "
            f"and to {', '.join(outside)} only the words of the process",
            accepted=["to: addresses, and the words of the process", "subject or body, and to: person:…"],
        )


def _call_stays(definition: Definition, action: ActionState, changes: dict[str, Any]) -> None:
    url, headers = _asked(definition, action)
    if "url" in changes and not is_same_receiver(changes["url"], url):
        raise Rejected(
            "other_receiver",
            "who is called is said by the process alone: publish a version that calls another receiver, and have the "
            "run follow it",
            accepted=[f"url: an address at {_named(url)}", "by-hand"],
        )
    known = set(_secrets(headers))
    other = [name for name in _secrets(changes.get("headers", {})) if name not in known]
    if other:
        raise Rejected(
            "other_secret",
            f"the process does not send {', '.join(other)} with this call, so an edit does not either",
            accepted=[f"{{{name}}}" for name in sorted(known)],
        )


def _named(url: str) -> str:
    found = origin(PLACEHOLDER.sub("x", url))
    return "its receiver" if found is None else f"{found[0]}://{found[1]}"


def _secrets(headers: dict[str, str]) -> list[str]:
    named = (name for text in headers.values() for name in PLACEHOLDER.findall(text))
    return [name for name in named if SECRET.fullmatch(name)]


def _asked(definition: Definition, action: ActionState) -> tuple[str, dict[str, str]]:
    """Address and headers of a call as the process has them."""
    known = definition.steps.get(action.step) if action.step is not None else None
    kind, _, number = action.action.partition(":")
    if kind == "webhook":
        webhooks = definition.document.webhooks
        return (webhooks[int(number)].url if int(number) < len(webhooks) else ""), {}
    return ("", {}) if known is None or known.http is None else (known.http.url, dict(known.http.headers))


# --- what can be sent ---


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= _LONGEST_TEXT and "\x00" not in value


def _is_line(value: Any) -> bool:
    return _is_text(value) and bool(value.strip()) and value.isprintable()


def _is_url(value: Any) -> bool:
    return _is_line(value) and value.startswith(("https://", "http://")) and " " not in value


def _is_headers(value: Any) -> bool:
    return isinstance(value, dict) and all(
        may_set_header(name) and _is_line(one) for name, one in value.items()
    )


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _is_addresses(value: Any) -> bool:
    return (
        isinstance(value, list)
        and 0 < len(value) <= 50
        and all(isinstance(one, str) and (is_somebody(one) or is_address(one)) for one in value)
    )


_CHANGES: dict[ActionKind, dict[str, tuple[Any, str]]] = {
    "http": {
        "url": (_is_url, "an address that begins with https:// or http://"),
        "headers": (
            _is_headers,
            "an object of texts of one line, none named host, content-length, webhook-… or the like",
        ),
        "body": (_is_object, "an object"),
    },
    "email": {
        "to": (_is_addresses, "a list of one to 50 mail addresses, or people such as person:dana"),
        "subject": (_is_line, "a text of one line"),
        "body": (_is_text, "a text"),
    },
    "run": {"inputs": (_is_object, "an object of the child's inputs")},
}
