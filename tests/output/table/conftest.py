"""A terminal that can be drawn on, whatever the test run's own is."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def capable_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """TERM as a terminal emulator sets it, and nothing that overrides size or colour."""
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
