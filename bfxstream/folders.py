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
    """The folder that this variable names; its default where it is unset or relative."""
    given = environment.get(variable, "")
    return Path(given) if given.startswith("/") else Path.home() / _DEFAULTS[variable]
