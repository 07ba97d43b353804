"""Numbers: tokens kept as they came, and our own spelled as the exchange would."""

from __future__ import annotations

import math
import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from bfxstream.protocol.numbers import (
    NULL,
    decimal,
    integer,
    is_null,
    js_number,
    js_text,
    magnitude,
    text,
)

finite = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("value", "spelled"),
    [
        # API: WebSocket checksum; ECMAScript Number::toString
        ("6000.0", "6000"),
        ("0.0001", "0.0001"),
        ("0.00001", "0.00001"),
        ("0.000001", "0.000001"),
        ("0.0000011", "0.0000011"),
        ("9.99e-7", "9.99e-7"),
        ("1e-8", "1e-8"),
        ("1e20", "100000000000000000000"),
        ("1e21", "1e+21"),
        # around the edges of the rules
        ("0", "0"),
        ("-0", "0"),
        ("-0.0", "0"),
        ("-3.50", "-3.5"),
        ("123456.789", "123456.789"),
        ("100", "100"),
        ("1.5e21", "1.5e+21"),
        ("999999999999999900000", "999999999999999900000"),
        ("-1e-7", "-1e-7"),
        ("5e-324", "5e-324"),
        ("1.7976931348623157e308", "1.7976931348623157e+308"),
    ],
)
def test_a_number_is_spelled_as_javascript_does(value, spelled):
    assert js_text(Decimal(value)) == spelled
    assert bytes(js_number(Decimal(value))) == spelled.encode()


@given(finite)
def test_any_float_is_spelled_by_the_rules_of_javascript(value):
    spelled = js_text(Decimal(repr(value)))
    assert float(spelled) == value
    assert spelled != "-0"
    plain = value == 0 or 1e-6 <= abs(value) < 1e21
    shape = r"-?(0|[1-9]\d*)(\.\d*[1-9])?" if plain else r"-?[1-9](\.\d*[1-9])?e[+-][1-9]\d*"
    assert re.fullmatch(shape, spelled)
    shortest = repr(value).partition("e")[0].replace(".", "").strip("-0")
    assert spelled.partition("e")[0].replace(".", "").strip("-0") == shortest


@given(st.integers(min_value=-(2**53), max_value=2**53))
def test_a_whole_number_is_spelled_in_full(value):
    assert js_text(value) == str(value)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity"])
def test_a_number_that_json_cannot_hold_is_refused(value):
    with pytest.raises(ValueError, match="finite"):
        js_text(Decimal(value))


@pytest.mark.parametrize(
    ("token", "unsigned"),
    [(b"-3.50", b"3.50"), (b"3.50", b"3.50"), (b"-1e-7", b"1e-7"), (b"0", b"0"), (b"-0", b"0")],
)
def test_a_magnitude_is_the_token_without_its_sign_and_nothing_else_changes(token, unsigned):
    assert bytes(magnitude(Raw(token))) == unsigned


@given(finite)
def test_a_tokens_exact_value_is_its_texts(value):
    token = Raw(js_text(Decimal(repr(value))).encode())
    assert float(decimal(token)) == value
    assert Decimal(text(token)) == decimal(token)
    assert math.isfinite(float(token))


@pytest.mark.parametrize(
    ("token", "value"),
    [("1e-99999999999999999999", "0"), ("1e99999999999999999999", "Infinity"), ("1e400", "1e400")],
)
def test_a_number_beyond_all_floats_has_a_value_too(token, value):
    assert decimal(Raw(token.encode())) == Decimal(value)


@pytest.mark.parametrize("token", ["null", '"1"', "[1]", "true", "{}"])
def test_what_is_no_number_has_no_value(token):
    with pytest.raises(ValueError):
        decimal(Raw(token.encode()))


def test_null_is_told_from_zero():
    assert is_null(NULL)
    assert not is_null(Raw(b"0"))


@pytest.mark.parametrize(
    ("token", "value"), [("5", 5), ("-3", -3), ("null", None), ("1.5", None), ("1e3", None)]
)
def test_a_whole_number_is_told_from_any_other(token, value):
    assert integer(Raw(token.encode())) == value
