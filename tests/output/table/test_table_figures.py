"""Numbers as people read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, Raw
from table_scene import token

from bfxstream.output.table.figures import (
    AMOUNT_DIGITS,
    PRICE_DIGITS,
    RATE_DIGITS,
    Scale,
    age,
    decimals_of,
    number,
    plain,
    signed,
    time_of_day,
)


@pytest.mark.parametrize(
    ("spelled", "decimals"),
    [
        ("60123", 0),
        ("60123.50", 2),
        ("0.00001", 5),
        ("1e-7", 7),
        ("1.5e-7", 8),
        ("1e21", 0),
        ("2.2626931299999997", 8),
        ("60123.499999999997", 1),
    ],
)
def test_decimals_are_those_of_the_token_without_the_tail_of_a_float(
    spelled: str, decimals: int
) -> None:
    assert decimals_of(Raw(spelled.encode())) == decimals


def test_a_scale_never_shows_fewer_decimals_than_before() -> None:
    scale = Scale(PRICE_DIGITS)
    scale.see(token("60123.5"))
    scale.see(token("60124"))
    assert scale.text(60124.0) == "60,124.0"


def test_large_amounts_take_decimals_away_so_that_the_column_stays_readable() -> None:
    scale = Scale(AMOUNT_DIGITS)
    scale.see(token("0.12345678"))
    assert scale.text(0.12345678) == "0.123457"
    scale.see(token("4321.12345678"))
    assert scale.text(0.12345678) == "0.12"


def test_a_rate_is_shown_as_a_percentage_with_the_digits_it_came_with() -> None:
    scale = Scale(RATE_DIGITS, shift=2)
    value = scale.see(token("0.00019999"))
    assert value is not None
    assert scale.text(value) == "0.019999"


@pytest.mark.parametrize("nothing", [token(None), UNSET, None, "text", Raw(b'"x"'), Raw(b"1e999")])
def test_what_is_no_finite_number_has_no_value(nothing: object) -> None:
    assert number(nothing) is None
    assert Scale(PRICE_DIGITS).see(nothing) is None


def test_signs_stand_on_what_is_not_zero_and_only_there() -> None:
    assert signed(12.5, 1) == "+12.5"
    assert signed(-12.5, 1) == "-12.5"
    assert signed(0.001, 2) == "0.00"
    assert signed(-0.001, 2) == "0.00"
    assert plain(-0.0, 0) == "0"
    assert plain(-1234567.891, 2) == "-1,234,567.89"


@given(st.floats(-1e12, 1e12), st.integers(0, 8))
def test_a_shown_number_reads_back_as_the_rounded_one(value: float, places: int) -> None:
    shown = plain(value, places)
    assert float(shown.replace(",", "")) == float(f"{value:.{places}f}")
    assert not (shown.startswith("-") and float(shown.replace(",", "")) == 0)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-1, "now"), (0.99, "now"), (1, "1s"), (59.9, "59s"), (60, "1m"), (7200, "2h"), (86400, "1d")],
)
def test_ages_are_told_in_the_largest_whole_unit(seconds: float, words: str) -> None:
    assert age(seconds) == words


def test_times_are_utc_with_milliseconds() -> None:
    assert time_of_day(1_760_000_000_123) == "08:53:20.123"
