"""People and groups as SCIM shows them, and what a body of SCIM says of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from api.scim.filters import values
from api.scim.kept import Kept
from api.wire.scim import BASE, ENTERPRISE, GROUP, USER, refusal
from application.provisioning import Wanted
from domain.directory import Directory
from domain.words import Assignee

Resource = dict[str, Any]
_LONGEST = 254


@dataclass(frozen=True, slots=True)
class User:
    """What a body says of somebody."""

    user_name: str
    external_id: str | None
    wanted: Wanted


@dataclass(frozen=True, slots=True)
class Team:
    """What a body says of a group; members None where it says nothing of them."""

    title: str
    external_id: str | None
    members: list[Assignee] | None


def users(house: Directory, kept: Mapping[str, Kept], base_url: str) -> dict[str, Resource]:
    """Everybody whom the directory may see, by key: also who was added by hand, so that it finds them."""
    groups: dict[str, list[Resource]] = {}
    for group, facts in house.groups.items():
        for member in () if facts.closed else facts.members:
            groups.setdefault(member, []).append({"value": _key(group), "display": facts.title})
    found: dict[str, Resource] = {}
    for person, known in house.people.items():
        key = _key(person)
        one = kept.get(key, Kept(key))
        if one.deleted:
            continue
        told: Resource = {"schemas": [USER, ENTERPRISE], "id": key}
        if one.external_id is not None:
            told["externalId"] = one.external_id
        told |= {
            "userName": one.user_name or known.email or key,
            "name": {"formatted": known.name},
            "displayName": known.name,
            "active": known.active,
            "emails": [{"value": known.email, "type": "work", "primary": True}] if known.email else [],
            "groups": groups.get(person, []),
            ENTERPRISE: {"manager": {"value": _key(known.manager)}} if known.manager else {},
            "meta": {"resourceType": "User", "location": f"{base_url}{BASE}/Users/{key}"},
        }
        found[key] = told
    return found


def groups(house: Directory, kept: Mapping[str, Kept], base_url: str) -> dict[str, Resource]:
    """Every group that is open, by key."""
    found: dict[str, Resource] = {}
    for group, facts in house.groups.items():
        key = _key(group)
        one = kept.get(key, Kept(key))
        if facts.closed or one.deleted:
            continue
        told: Resource = {"schemas": [GROUP], "id": key}
        if one.external_id is not None:
            told["externalId"] = one.external_id
        told |= {
            "displayName": facts.title,
            "members": [
                {
                    "value": _key(member),
                    "type": "User",
                    "display": house.name_of(member) or _key(member),
                    "$ref": f"{base_url}{BASE}/Users/{_key(member)}",
                }
                for member in facts.members
            ],
            "meta": {"resourceType": "Group", "location": f"{base_url}{BASE}/Groups/{key}"},
        }
        found[key] = told
    return found


def _key(who: str) -> str:
    return who.partition(":")[2]


def user_of(body: Any, now: Resource | None = None) -> User:
    """What a body says; what it leaves out of addresses and managers stays as it is ``now``."""
    now = now or {}
    said = _object(body)
    name = _text(said, "displayname") or _text(said, "name.formatted")
    if name is None:
        parts = (_text(said, "name.givenname"), _text(said, "name.familyname"))
        name = " ".join(each for each in parts if each)
    user_name = _text(said, "username")
    if user_name is None:
        raise refusal("invalidValue", "userName must be there")
    emails = said.get("emails", now.get("emails"))
    manager = _said(said, now)
    return User(
        user_name,
        _text(said, "externalid"),
        Wanted(name or user_name, _address(emails), manager, _active(said.get("active"))),
    )


def team_of(body: Any) -> Team:
    """What a body says of a group."""
    said = _object(body)
    title = _text(said, "displayname")
    if title is None:
        raise refusal("invalidValue", "displayName must be there")
    members = said.get("members", [] if "members" in said else None)
    if members is None:
        return Team(title, _text(said, "externalid"), [] if "members" in said else None)
    if not isinstance(members, list):
        raise refusal("invalidValue", "members must be a list")
    found = [_member(each) for each in members]
    return Team(title, _text(said, "externalid"), list(dict.fromkeys(found)))


def _member(each: Any) -> Assignee:
    value = each.get("value") if isinstance(each, dict) else each
    if not isinstance(value, str) or not 1 <= len(value) <= _LONGEST:
        raise refusal("invalidValue", 'a member is {"value": ID}, with the id of a user')
    return Assignee(f"person:{value}")


def _object(body: Any) -> Resource:
    """The attributes by their names in small letters, as they are compared."""
    if not isinstance(body, dict):
        raise refusal("invalidSyntax", "the body must be an object")
    return {name.casefold(): value for name, value in body.items()}


def _text(said: Resource, path: str) -> str | None:
    for value in values(said, path):
        if value is None:
            continue
        if not isinstance(value, str) or len(value) > _LONGEST:
            raise refusal("invalidValue", f"{path} must be text of at most {_LONGEST} characters")
        return value.strip() or None
    return None


def _active(value: Any) -> bool:
    """Entra ID says ``"False"`` in text."""
    if value is None:
        return True
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if not isinstance(value, bool):
        raise refusal("invalidValue", "active must be true or false")
    return value


def _address(emails: Any) -> str | None:
    if emails is None:
        return None
    if not isinstance(emails, list):
        raise refusal("invalidValue", "emails must be a list")
    given = [each for each in emails if isinstance(each, dict) and each.get("value")]
    if len(given) != len(emails):
        raise refusal("invalidValue", 'a member of emails is {"value": ADDRESS}')
    chosen = next((each for each in given if each.get("primary") in (True, "true", "True")), None)
    chosen = chosen or next((each for each in given if each.get("type") == "work"), None)
    chosen = chosen or (given[0] if given else None)
    if chosen is None:
        return None
    if not isinstance(chosen["value"], str):
        raise refusal("invalidValue", "the value of a mail address must be text")
    return chosen["value"]


def _said(said: Resource, now: Resource) -> Assignee | None:
    """The manager."""
    extension = said.get(ENTERPRISE.casefold(), now.get(ENTERPRISE))
    manager = extension.get("manager") if isinstance(extension, dict) else None
    value = manager.get("value") if isinstance(manager, dict) else manager
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > _LONGEST:
        raise refusal("invalidValue", "the value of a manager must be the id of a user")
    return Assignee(f"person:{value}")
