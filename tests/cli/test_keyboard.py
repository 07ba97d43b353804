"""Keys from a pseudo-terminal, one by one and without an echo."""

from __future__ import annotations

import os
import pty
import select
import termios
from collections.abc import Iterator

import pytest

from bfxstream.cli.keyboard import Keyboard


@pytest.fixture
def ends() -> Iterator[tuple[int, int]]:
    """The terminal's side and the program's."""
    master, slave = pty.openpty()
    yield master, slave
    os.close(master)
    os.close(slave)


def pressed(keyboard: Keyboard, master: int, slave: int, keys: bytes) -> str:
    os.write(master, keys)
    assert select.select([slave], [], [], 10)[0]
    return keyboard.pressed()


def test_keys_come_at_once_and_are_not_shown(ends: tuple[int, int]) -> None:
    keyboard = Keyboard(ends[1])
    keyboard.take()
    assert keyboard.pressed() == ""
    assert pressed(keyboard, *ends, b"p3") == "p3"
    assert keyboard.pressed() == ""
    assert not select.select([ends[0]], [], [], 0)[0]


@pytest.mark.parametrize(
    "keys", [b"\x1b[Aq", b"\x1bOPq", b"\x1b[1;5Dq", b"\x1b[15~q", b"\xc3\xa9q", b"\x1b[A\x1b[Bq"]
)
def test_what_an_arrow_or_a_function_key_sends_is_none_of_ours(
    ends: tuple[int, int], keys: bytes
) -> None:
    keyboard = Keyboard(ends[1])
    keyboard.take()
    assert pressed(keyboard, *ends, keys) == "q"


def test_the_terminal_is_left_as_it_was_found_as_often_as_one_likes(ends: tuple[int, int]) -> None:
    before = termios.tcgetattr(ends[1])
    keyboard = Keyboard(ends[1])
    for _ in range(2):
        keyboard.take()
        keyboard.take()
        assert termios.tcgetattr(ends[1]) != before
        keyboard.release()
        keyboard.release()
        assert termios.tcgetattr(ends[1]) == before
    assert keyboard.pressed() == ""


def test_ctrl_c_stays_a_signal(ends: tuple[int, int]) -> None:
    Keyboard(ends[1]).take()
    assert termios.tcgetattr(ends[1])[3] & termios.ISIG


def test_a_terminal_that_is_gone_is_no_error() -> None:
    master, slave = pty.openpty()
    keyboard = Keyboard(slave)
    keyboard.take()
    os.close(master)
    assert keyboard.pressed() == ""
    keyboard.release()
    os.close(slave)
