"""Named arrays as bytes and back: a header in JSON, then the numbers, compressed; reading executes nothing."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

_KINDS = frozenset({"<f8", "<i4"})


def packed(arrays: Mapping[str, NDArray[Any]], words: Any) -> bytes:
    """The arrays (64-bit floats and 32-bit integers) and what else JSON can say."""
    parts = {
        name: np.ascontiguousarray(array, "<f8" if array.dtype.kind == "f" else "<i4")
        for name, array in arrays.items()
    }
    shapes = [[name, part.dtype.str, list(part.shape)] for name, part in parts.items()]
    header = json.dumps({"arrays": shapes, "words": words}).encode()
    body = b"".join(part.tobytes() for part in parts.values())
    return zlib.compress(len(header).to_bytes(8, "big") + header + body)


def unpacked(stored: bytes) -> tuple[dict[str, NDArray[Any]], Any]:
    """What was packed; ValueError when it is something else."""
    plain = zlib.decompress(stored)
    at = 8 + int.from_bytes(plain[:8], "big")
    header = json.loads(plain[8:at])
    found: dict[str, NDArray[Any]] = {}
    for name, kind, shape in header["arrays"]:
        if kind not in _KINDS:
            raise ValueError(f"no numbers of the kind {kind!r} are stored here")
        count = int(np.prod(shape))
        found[name] = np.frombuffer(plain, kind, count, at).reshape(shape)
        at += count * np.dtype(kind).itemsize
    return found, header["words"]
