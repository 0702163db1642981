"""The document of the interface is true: valid, whole, and what the server does is what the document says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import make_dataclass
from typing import Any

import jsonschema
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from api.wire.schemas import Schemas
from milepost.up.welcome import SCOPES
from tests.api.conftest import Api
from tests.api.document import described

DOCUMENT = described()
SCHEMAS = DOCUMENT["components"]["schemas"]


def operations() -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Method, path and what is told of every operation."""
    for path, item in DOCUMENT["paths"].items():
        for method, told in item.items():
            yield method.upper(), path, told


def test_the_document_is_valid():
    """As OpenAPI 3.1 and JSON Schema say it, references and examples included."""
    assert [*OpenAPIV31SpecValidator(DOCUMENT).iter_errors()] == []


def test_every_operation_tells_its_places():
    """Each place in an address is a parameter that says what may stand there."""
    for method, path, told in operations():
        places = [each for each in told.get("parameters", ()) if each["in"] == "path"]
        assert [each["name"] for each in places] == re.findall(r"{(\w+)}", path), (method, path)
        assert all(each["required"] and len(each["schema"]) > 1 for each in places), (method, path)


def test_every_operation_tells_what_it_answers():
    """No success without a schema, save those without a body."""
    for method, path, told in operations():
        for status, response in told["responses"].items():
            if status in ("204", "304") or "$ref" in response:
                continue
            assert response["content"], (method, path, status)
            assert all(each["schema"] for each in response["content"].values()), (method, path, status)


def test_operations_have_ids_of_their_own():
    """Generated clients name their functions by them."""
    ids = [told["operationId"] for _, _, told in operations()]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"(get|post|put|delete)_[a-z0-9_]+", each) for each in ids)


def test_no_schema_stands_for_another_of_its_name():
    """Every refusal is told as what it is, and no two types have to share a name."""
    assert SCHEMAS["Problem"]["required"] == ["type", "title", "code", "detail", "status"]
    assert [name for name in SCHEMAS if not name.isalnum()] == []


def test_two_types_of_one_name_are_two_schemas():
    """Neither is lost; and what has the name of a schema of ours is refused when the document is made."""
    first: Any = make_dataclass("Same", [("a", int)])
    second: Any = make_dataclass("Same", [("b", str)])
    first.__module__, second.__module__ = "one", "two"
    made = Schemas([], [first, second])
    assert len(made.by_name) == 4
    taken: Any = make_dataclass("Problem", [("a", int)])
    with pytest.raises(ValueError, match="Problem is the name"):
        Schemas([], [taken])


def test_every_example_is_accepted_by_its_schema():
    """Whoever tries the document out begins with the examples."""
    examples = 0
    for method, path, told in operations():
        for content in told.get("requestBody", {}).get("content", {}).values():
            if "example" in content:
                schema = {**content["schema"], "components": DOCUMENT["components"]}
                jsonschema.Draft202012Validator(schema).validate(content["example"])
                assert content["example"] is not None, (method, path)
                examples += 1
    assert examples > 20


def test_the_first_administrator_makes_the_token_of_the_example(api: Api):
    """A token for a program that follows the feed is made by whoever may read it."""
    example = DOCUMENT["paths"]["/v1/tokens"]["post"]["requestBody"]["content"]["application/json"]["example"]
    with api.as_("person:dana", *SCOPES) as admin:
        made = admin.post("/v1/tokens", json=example)
    assert made.status_code == 201, made.text
    assert made.json()["scopes"] == example["scopes"]
