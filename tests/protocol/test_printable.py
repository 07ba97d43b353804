"""What a terminal would take for a command, or be deceived by, does not reach it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bfxstream.protocol.printable import printable


@given(st.text())
def test_whatever_comes_is_printable_and_one_line(text):
    assert printable(text).isprintable()


@given(st.text(st.characters(categories=["L", "N", "P", "S"])))
def test_what_is_printable_stays_as_it_is(text):
    assert printable(text) == text


@pytest.mark.parametrize(
    "command",
    [
        pytest.param("\x1b[2J", id="escape sequence"),
        pytest.param("\x9b2J", id="the same in one character"),
        pytest.param("\x7f\x08", id="backspace"),
        pytest.param("\u202e", id="right to left"),
        pytest.param("\u2028", id="line separator"),
        pytest.param("\ud800", id="half a character"),
    ],
)
def test_commands_to_a_terminal_become_text(command):
    assert printable(f"a{command}b").isprintable()


@pytest.mark.parametrize(
    "command",
    [
        pytest.param("\x1b[2J", id="clear"),
        pytest.param("\x1b[38;5;196m", id="colour"),
        pytest.param("\x1b[?25l", id="hide the cursor"),
        pytest.param("\x1b[4 q", id="with a character between"),
        pytest.param("\x9b1;31m", id="in one character"),
        pytest.param("\x1b]0;gone\x07", id="title, ended by a bell"),
        pytest.param("\x1b]8;;https://example.org\x1b\\", id="link, ended by an escape"),
        pytest.param("\x9d0;gone\x9c", id="title in single characters"),
        pytest.param("\x1bP1$r0m\x1b\\", id="device control"),
        pytest.param("\x1b(B", id="character set"),
        pytest.param("\x1bc", id="reset"),
    ],
)
def test_nothing_is_left_of_a_whole_command(command):
    assert printable(f"a{command}b") == "ab"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        pytest.param("a\x1b[2\nb", "a2 b", id="broken by a line's end"),
        pytest.param("a\x1b]0;gone", "a0;gone", id="without its end"),
        pytest.param("a\x1b]0;b\x1b[mc", "a0;bc", id="another one begins in it"),
        pytest.param("a\x1b", "a", id="an escape alone"),
        pytest.param("a\x1b\x1b[mb", "a b", id="escaped twice"),
        pytest.param("a\x1b[\x1b[31mb", "ab", id="one within the other"),
    ],
)
def test_a_command_that_is_malformed_hides_no_more_than_its_beginning(text, left):
    assert printable(text) == left
