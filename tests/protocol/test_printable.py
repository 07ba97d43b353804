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
