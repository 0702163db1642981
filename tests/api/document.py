"""The document of the interface, made once for all tests that read it and change nothing of it."""

from functools import cache
from typing import Any

from tools.generators import openapi


@cache
def described() -> dict[str, Any]:
    """The OpenAPI document, as it is committed and as ``/openapi.json`` answers it."""
    return openapi.described()
