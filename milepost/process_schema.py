"""The JSON Schema of the process document, so that editors complete and check what authors write."""

from __future__ import annotations

import json

from domain.document import Document

PATH = "docs/reference/process.schema.json"


def schema_text() -> str:
    """The schema as it is committed."""
    schema = Document.model_json_schema(by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "Milepost process document"
    return json.dumps(schema, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def process_schema() -> dict[str, str]:
    """The generated file by its path."""
    return {PATH: schema_text()}
