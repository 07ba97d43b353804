"""Where each shell looks for completions of a user's own."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from bfxstream.folders import user_folder


def place_for(shell: str, environment: Mapping[str, str] = os.environ) -> Path:
    """The file that `bash`, `zsh` or `fish` loads to complete bfxstream."""
    if shell == "fish":
        folder = user_folder("XDG_CONFIG_HOME", environment) / "fish/completions"
        return folder / "bfxstream.fish"
    data = user_folder("XDG_DATA_HOME", environment)
    if shell == "zsh":
        return data / "zsh/site-functions/_bfxstream"
    folder = Path(environment.get("BASH_COMPLETION_USER_DIR") or data / "bash-completion")
    return folder / "completions/bfxstream"


def what_is_left(shell: str, place: Path) -> str:
    """What the user must see to, in a few words."""
    if shell == "zsh":
        line = f"fpath=({place.parent} $fpath)"
        return f"zsh looks there with this line in ~/.zshrc, before compinit: {line}"
    if shell == "bash":
        return "new shells complete, where the package bash-completion is installed"
    return "new shells complete"
