"""Runs the installed `bfxstream` command as a shell would; reads like one, too."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COLORS_AND_SIZE = ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "COLUMNS", "LINES")
PATIENCE = 60.0
"""Seconds until a command that should have ended counts as stuck."""


STARTED: list[subprocess.Popen[Any]] = []
"""What runs beside a test; what still runs when the test is over is ended (`tests/conftest.py`)."""


def installed_command() -> str:
    """The console script beside the Python that runs the tests."""
    script = Path(sys.executable).parent / "bfxstream"
    assert script.exists(), "install the package first: pip install -e '.[test]'"
    return str(script)


def clean_environment(**extra: str) -> dict[str, str]:
    """The environment without what would change the command's behaviour."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("BFX", "_BFX", "COV")) and "proxy" not in name.lower()
    }
    # With TMUX set, tmux would talk to the server of whoever runs the tests.
    for name in (*COLORS_AND_SIZE, "TMUX", "TMUX_PANE"):
        kept.pop(name, None)
    return kept | {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8"} | extra


@dataclass(frozen=True)
class Result:
    """All that a finished command did."""

    stdout: str
    stderr: str
    code: int

    @property
    def records(self) -> list[dict[str, Any]]:
        """Standard output as JSON Lines; a half line or any other text fails here."""
        assert self.stdout == "" or self.stdout.endswith("\n")
        return [json.loads(line) for line in self.stdout.splitlines()]

    @property
    def stats(self) -> dict[str, Any]:
        """What `--stats` printed: the one line of standard error that is JSON."""
        (line,) = (line for line in self.stderr.splitlines() if line.startswith("{"))
        stats: dict[str, Any] = json.loads(line)
        return stats


def run(*arguments: str, stdin: str | None = None, **environment: str) -> Result:
    """Run `bfxstream` with these arguments to its end."""
    done = subprocess.run(
        [installed_command(), *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env=clean_environment(**environment),
        check=False,
    )
    return Result(done.stdout, done.stderr, done.returncode)


def start(*arguments: str, **options: Any) -> subprocess.Popen[str]:
    """Start `bfxstream` and leave it running; standard streams are pipes unless given."""
    options = {
        "stdin": subprocess.DEVNULL,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.PIPE,
        "text": True,
        "env": clean_environment(),
    } | options
    process = subprocess.Popen([installed_command(), *arguments], **options)
    STARTED.append(process)
    return process


def shell(script: str, **environment: str) -> Result:
    """Run a line of bash with the installed command on its PATH, as the README shows it."""
    path = f"{Path(installed_command()).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", script],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env=clean_environment(PATH=path, **environment),
        check=False,
    )
    return Result(done.stdout, done.stderr, done.returncode)
