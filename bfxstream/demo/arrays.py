"""JSON arrays of elements that are JSON already."""

from __future__ import annotations

from collections.abc import Iterable


def json_array(elements: Iterable[bytes]) -> bytes:
    """The array of these elements."""
    return b"[" + b",".join(elements) + b"]"
