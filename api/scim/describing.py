"""What this server can do by SCIM: its configuration, resource types and schemas (RFC 7643, sections 5 to 7)."""

from __future__ import annotations

from typing import Any

from api.wire.scim import BASE, CORE, ENTERPRISE, GROUP, USER

MOST = 200
"""How many resources one answer holds at most."""


def _attribute(name: str, kind: str = "string", **more: Any) -> dict[str, Any]:
    told = {
        "name": name, "type": kind, "multiValued": False, "required": False, "caseExact": False,
        "mutability": "readWrite", "returned": "default", "uniqueness": "none",
    }  # fmt: skip
    return told | more


_VALUE = _attribute("value")
CONFIGURATION: dict[str, Any] = {
    "schemas": [f"{CORE}:ServiceProviderConfig"],
    "patch": {"supported": True},
    "bulk": {"supported": False, "maxOperations": 0, "maxPayloadSize": 0},
    "filter": {"supported": True, "maxResults": MOST},
    "changePassword": {"supported": False},
    "sort": {"supported": False},
    "etag": {"supported": False},
    "authenticationSchemes": [
        {
            "type": "oauthbearertoken",
            "name": "Token of a service",
            "description": "Authorization: Bearer, with a token of service:… that has the scope scim",
            "primary": True,
        }
    ],
    "meta": {"resourceType": "ServiceProviderConfig", "location": f"{BASE}/ServiceProviderConfig"},
}


def _resource_type(name: str, schema: str, *extensions: str) -> dict[str, Any]:
    return {
        "schemas": [f"{CORE}:ResourceType"],
        "id": name,
        "name": name,
        "endpoint": f"/{name}s",
        "schema": schema,
        "schemaExtensions": [{"schema": each, "required": False} for each in extensions],
        "meta": {"resourceType": "ResourceType", "location": f"{BASE}/ResourceTypes/{name}"},
    }


RESOURCE_TYPES = {
    each["id"]: each for each in (_resource_type("User", USER, ENTERPRISE), _resource_type("Group", GROUP))
}


def _schema(uri: str, name: str, *attributes: dict[str, Any]) -> dict[str, Any]:
    return {
        "schemas": [f"{CORE}:Schema"],
        "id": uri,
        "name": name,
        "attributes": list(attributes),
        "meta": {"resourceType": "Schema", "location": f"{BASE}/Schemas/{uri}"},
    }


SCHEMAS = {
    each["id"]: each
    for each in (
        _schema(
            USER,
            "User",
            _attribute("userName", required=True, uniqueness="server"),
            _attribute("name", "complex", subAttributes=[
                _attribute("formatted"), _attribute("givenName"), _attribute("familyName")]),
            _attribute("displayName"),
            _attribute("active", "boolean"),
            _attribute("emails", "complex", multiValued=True, subAttributes=[
                _VALUE, _attribute("type"), _attribute("primary", "boolean")]),
            _attribute("groups", "complex", multiValued=True, mutability="readOnly", subAttributes=[
                _VALUE, _attribute("display")]),
        ),
        _schema(
            GROUP,
            "Group",
            _attribute("displayName", required=True),
            _attribute("members", "complex", multiValued=True, subAttributes=[
                _VALUE, _attribute("display"), _attribute("type")]),
        ),
        _schema(ENTERPRISE, "EnterpriseUser", _attribute("manager", "complex", subAttributes=[_VALUE])),
    )
}  # fmt: skip
