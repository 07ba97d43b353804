"""The long help on a terminal: through the user's pager, where it needs one."""

from __future__ import annotations

from .command import installed_command
from .terminal import Terminal

PAGER = "sed s/^/paged:/"


def shown(*arguments: str, height: int) -> str:
    terminal = Terminal(installed_command(), *arguments, width=80, height=height, PAGER=PAGER)
    assert terminal.wait_for_end() == 0
    return terminal.text


def test_a_text_that_is_longer_than_the_terminal_goes_through_the_pager() -> None:
    assert "paged:" in shown("help", "python", height=10)


def test_a_text_that_fits_is_printed() -> None:
    text = shown("help", "python", height=60)
    assert text.startswith("The same stream from Python\n")
    assert "paged:" not in text
