"""The long help on a terminal: through the user's pager, where it needs one."""

from __future__ import annotations

from pathlib import Path

from .command import installed_command
from .terminal import Terminal

PAGER = "sed s/^/paged:/"


def shown(*arguments: str, height: int) -> str:
    terminal = Terminal(installed_command(), *arguments, width=80, height=height, PAGER=PAGER)
    assert terminal.wait_for_end() == 0
    return terminal.text


def test_a_text_that_is_longer_than_the_terminal_goes_through_the_pager() -> None:
    assert "paged:" in shown("help", "python", height=10)


def test_ctrl_c_is_the_pagers(tmp_path: Path) -> None:
    # As less does: it goes on after Ctrl-C, and ends when it wants.
    pager = tmp_path / "pager"
    pager.write_text("#!/bin/sh\ntrap 'echo stopped' INT\ncat\necho shown\nread -r _ </dev/tty\n")
    pager.chmod(0o755)
    terminal = Terminal(
        *(installed_command(), "help", "python"), width=80, height=10, PAGER=str(pager)
    )
    terminal.wait_for(lambda: "shown" in terminal.text)
    terminal.press(b"\x03")
    terminal.wait_for(lambda: "stopped" in terminal.text)
    terminal.press(b"\n")
    assert terminal.wait_for_end() == 0


def test_a_text_that_fits_is_printed() -> None:
    text = shown("help", "python", height=60)
    assert text.startswith("The same stream from Python\n")
    assert "paged:" not in text
