"""Bars of blocks, and bars behind text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.style import Style

from bfxstream.output.table.bars import leftward, position_mark, rightward, share_of, tinted
from bfxstream.output.table.theme import ASCII, UNICODE

OFF, ON = Style.parse("bold"), Style.parse("on red")


@pytest.mark.parametrize(
    ("share", "right", "ascii_right"),
    [
        (0.0, "    ", "    "),
        (1e-9, "▏   ", "#   "),
        (3 / 8, "█▌  ", "##  "),
        (0.5, "██  ", "##  "),
        (1.0, "████", "####"),
    ],
)
def test_a_bar_is_as_long_as_its_share(share: float, right: str, ascii_right: str) -> None:
    assert rightward(share, 4, UNICODE) == right
    assert rightward(share, 4, ASCII) == ascii_right


def test_a_bar_from_the_right_draws_the_rest_of_its_last_cell_in_reverse() -> None:
    green = Style.parse("green")
    blank, part, whole = leftward(13 / 32, 4, green, UNICODE)
    assert (blank.text, part.text, whole.text) == ("  ", "▍", "█")
    assert part.style == Style.parse("green reverse")
    assert whole.style == green


@given(st.floats(0, 1), st.integers(1, 60))
def test_bars_from_both_sides_fill_exactly_their_width(share: float, width: int) -> None:
    for glyphs in (UNICODE, ASCII):
        right = rightward(share, width, glyphs)
        left = "".join(s.text for s in leftward(share, width, OFF, glyphs))
        assert len(right) == len(left) == width
        assert right.count(" ") == left.count(" ")


@given(
    st.lists(st.text("0123456789.", min_size=1, max_size=9), max_size=8),
    st.integers(0, 60),
    st.integers(0, 60),
)
def test_a_tint_covers_exactly_its_cells_and_keeps_the_text(
    texts: list[str], start: int, end: int
) -> None:
    line = tinted([(text, OFF, ON) for text in texts], start, end)
    cells = [(character, s.style == ON) for s in line for character in s.text]
    assert "".join(character for character, _ in cells) == "".join(texts)
    assert [on for _, on in cells] == [start <= i < end for i in range(len(cells))]


def test_shares_stay_between_nothing_and_all() -> None:
    assert share_of(5, 0) == share_of(-1, 4) == share_of(float("nan"), 4) == 0
    assert share_of(1, 4) == 0.25
    assert share_of(9, 4) == 1


@pytest.mark.parametrize(
    ("share", "mark"), [(-1, "●────"), (0, "●────"), (0.5, "──●──"), (1, "────●"), (7, "────●")]
)
def test_a_mark_stands_where_the_value_is(share: float, mark: str) -> None:
    assert position_mark(share, 5, UNICODE) == mark
