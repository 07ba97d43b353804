"""The user's folders, as the XDG base directory specification has them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

_DEFAULTS = {
    "XDG_CACHE_HOME": ".cache",
    "XDG_CONFIG_HOME": ".config",
    "XDG_DATA_HOME": ".local/share",
    "XDG_STATE_HOME": ".local/state",
}


def user_folder(variable: str, environment: Mapping[str, str] = os.environ) -> Path:
    """Where this variable's kind of files lies; a relative value is ignored, as unset."""
    given = environment.get(variable, "")
    if given.startswith("/"):
        return Path(given)
    try:
        return Path.home() / _DEFAULTS[variable]
    except RuntimeError:  # a user without a home
        return Path(os.devnull)  # where nothing can be kept
