"""When a recording goes on in another file."""

from __future__ import annotations

from typing import NamedTuple


class Rotation(NamedTuple):
    """When a new part begins: after so many seconds, or so many bytes."""

    seconds: float | None = None
    size: int | None = None
