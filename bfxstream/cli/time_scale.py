"""A clock that runs faster, for tests that cannot wait: BFXSTREAM_TIME_SCALE=0.1."""

from __future__ import annotations

import math
import os

from bfxstream.errors import UsageError

_VARIABLE = "BFXSTREAM_TIME_SCALE"


def time_scale() -> float:
    """What every time of connecting, waiting and watching is multiplied by: 1 without a wish."""
    text = os.environ.get(_VARIABLE) or "1"
    try:
        scale = float(text)
    except ValueError:
        scale = math.nan
    if not (0 < scale < math.inf):
        raise UsageError(f"{_VARIABLE}={text!r} is no factor", hint="use a number such as 0.1")
    return scale
