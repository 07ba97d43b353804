"""Conditions: the grammar says what Python would say, and nothing else is ever evaluated."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, Raw

from bfxstream.condition import DEEPEST, LONGEST, Condition
from bfxstream.errors import UsageError
from bfxstream.protocol.numbers import NULL
from bfxstream.protocol.records import FullBook, Ticker, Trade
from bfxstream.protocol.schema import kinds_of_values

NUMBERS = ("a", "b", "c")


def holds(text: str, **fields: Any) -> bool:
    return Condition(text).holds(SimpleNamespace(**fields))


def token(text: str) -> Raw:
    return Raw(text.encode())


# What it means.


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("price > 100", True),
        ("price > 100.50", False),
        ("price>=100.5", True),
        ("price != 100.5", False),
        ("100 < price < 101", True),
        ("100 < price < 100.5", False),
        ("amount < -0.5 and id == 7", True),
        ("amount < -0.5 and not id == 7", False),
        ("price < 1 or amount < 0", True),
        ("price < 1 or amount < 0 and id == 8", False),
        ("(price < 1 or amount < 0) and id == 7", True),
        ("not (price < 1 or amount > 0)", True),
        ("not not price > 1", True),
        ("side == 'bid'", True),
        ('side == "ask"', False),
        ("side >= 'bi'", True),
        ("(price) > (1)", True),
        ("price > .5e1", True),
        ("\n price\t>\n1 ", True),
    ],
)
def test_a_condition_is_read_as_python_would_read_it(text, expected):
    record = {"price": token("100.50"), "amount": token("-1"), "id": 7, "side": "bid"}
    assert holds(text, **record) is expected


@pytest.mark.parametrize(
    ("field", "literal", "equal"),
    [
        ("0.1000000000000000055511151231257827", "0.1", False),
        ("9007199254740993", "9007199254740992", False),
        ("1e-7", "0.0000001", True),
        ("71000.0", "71000", True),
        ("1e400", "1e401", False),
    ],
)
def test_numbers_are_compared_exactly(field, literal, equal):
    assert holds(f"a == {literal}", a=token(field)) is equal


@pytest.mark.parametrize("unknown", [NULL, None, UNSET, [1], token("{}"), token('"x"')])
@pytest.mark.parametrize("text", ["a > 1", "a != 1", "not a > 1", "a == a", "b == 1 and a < 1"])
def test_nothing_is_known_of_what_is_null(text, unknown):
    assert not holds(text, a=unknown, b=1)


def test_a_record_without_the_field_does_not_match():
    assert not holds("price > 1 and id == 7", id=7)
    assert not holds("not price > 1", id=7)
    assert holds("price > 1 or id == 7", id=7)


def test_text_is_no_number():
    assert not holds("symbol > a", symbol="tBTCUSD", a=1)
    assert not holds("symbol != a", symbol="7", a=7)


def test_flags_that_come_as_words_are_one_and_zero():
    assert holds("hidden == 1 and notify == 0", hidden=token("true"), notify=token("false"))


# What it refuses.


@pytest.mark.parametrize(
    ("text", "position", "why"),
    [
        ('__import__("os")', 11, "__import__ must be compared"),
        ("", 1, "a value is missing"),
        ("price", 6, "price must be compared"),
        ("not price", 10, "price must be compared"),
        ("price and id > 1", 7, "price must be compared"),
        ("price > 1 or id", 16, "id must be compared"),
        ("price >", 8, "a value is missing"),
        ("price > and", 9, "a value is missing"),
        ("price > 1 and", 14, "a value is missing"),
        ("price > 1 id", 11, "'id' cannot stand there"),
        ("price > 1)", 10, "')' cannot stand there"),
        ("(price > 1", 11, "a ) is missing"),
        ("price = 1", 7, "write =="),
        ("price > 1 && id < 2", 11, "write and"),
        ("price > 1 || id < 2", 11, "write or"),
        ("!price", 1, "write not"),
        ("price > 'x", 9, "this text has no end"),
        ("price + 1 > 2", 7, "'+' is not understood"),
        ("price.real > 2", 6, "'.' is not understood"),
        ("price > [1]", 9, "'[' is not understood"),
        ("price > lambda: 1", 15, "':' is not understood"),
        ("price > (id > 1)", 17, "is no value"),
        ("(id > 1) == 1", 10, "is no value"),
        ("price > 1e99999999999999999999", 9, "out of all bounds"),
        ("(" * (DEEPEST + 1), DEEPEST + 2, "within each other"),
        ("not " * (DEEPEST + 1), 4 * DEEPEST + 5, "within each other"),
    ],
)
def test_an_error_names_the_place_and_the_reason(text, position, why):
    with pytest.raises(UsageError) as caught:
        Condition(text)
    assert f"at character {position}: " in caught.value.what
    assert why in caught.value.what
    assert len(str(caught.value)) < 300


def test_a_condition_is_bounded_in_length():
    assert Condition("a>1" + " " * (LONGEST - 3))
    with pytest.raises(UsageError, match="at most 1000"):
        Condition("a>1" + " " * (LONGEST - 2))


@given(st.text() | st.text(alphabet="ab01.e'\"()=!<>&|-+ \n\0notrd", max_size=60))
def test_any_text_is_a_condition_or_a_usage_error(text):
    with suppress(UsageError):
        Condition(text).holds(SimpleNamespace(a=token("1"), b="x"))


# What Python says of the same tree.

decimals = st.decimals(-1000, 1000, places=3, allow_nan=False) | st.integers(-3, 3).map(Decimal)
number = st.sampled_from(NUMBERS).map(lambda name: (name, name)) | decimals.map(
    lambda value: (str(value), f"Decimal('{value}')")
)
text_value = st.just(("s", "s")) | st.sampled_from(["", "bid", "é", "or"]).map(
    lambda value: (f"'{value}'", repr(value))
)
sign = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
gap = st.sampled_from([" ", "\n", "  "])


def chained(value: st.SearchStrategy[tuple[str, str]]) -> st.SearchStrategy[tuple[str, str]]:
    def build(first: tuple[str, str], more: list[tuple[str, tuple[str, str]]]) -> tuple[str, str]:
        return tuple(
            " ".join([first[side], *(f"{sign} {each[side]}" for sign, each in more)])
            for side in (0, 1)
        )

    return st.builds(build, value, st.lists(st.tuples(sign, value), min_size=1, max_size=3))


def nested(part: st.SearchStrategy[tuple[str, str]]) -> st.SearchStrategy[tuple[str, str]]:
    def joined(left: tuple[str, str], word: str, right: tuple[str, str]) -> tuple[str, str]:
        return f"{left[0]} {word} {right[0]}", f"{left[1]} {word} {right[1]}"

    return (
        st.builds(joined, part, st.sampled_from(["and", "or"]), part)
        | part.map(lambda each: (f"({each[0]})", f"({each[1]})"))
        | part.map(lambda each: (f"not {each[0]}", f"not {each[1]}"))
    )


trees = st.recursive(chained(number) | chained(text_value), nested, max_leaves=8)
records = st.fixed_dictionaries(
    {**dict.fromkeys(NUMBERS, decimals), "s": st.sampled_from(["", "bid", "é", "or"])}
)


@given(trees, records)
def test_a_generated_condition_is_what_python_says(tree, record):
    ours, pythons = tree
    expected = eval(pythons, {"Decimal": Decimal}, record)
    given_tokens = {name: token(str(record[name])) for name in NUMBERS}
    assert holds(ours, s=record["s"], **given_tokens) is expected


@given(trees, records, st.sampled_from([*NUMBERS, "s"]))
def test_what_holds_without_a_field_holds_whatever_the_field_is(tree, record, missing):
    ours, pythons = tree
    known = {name: value for name, value in record.items() if name != missing}
    if Condition(ours).holds(SimpleNamespace(**{k: _as_sent(v) for k, v in known.items()})):
        assert eval(pythons, {"Decimal": Decimal}, record) is True


def _as_sent(value: Decimal | str) -> Raw | str:
    return value if isinstance(value, str) else token(str(value))


# Which fields it may name.


def test_a_condition_says_which_fields_it_looks_at():
    assert Condition("not (a > 1 or 2 < b < c) and a == 'x'").fields() == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("text", "sides"),
    [
        ("symbol > 1", ("symbol", "1")),
        ("price == '100'", ("price", "'100'")),
        ("price == symbol", ("price", "symbol")),
        ("bids > 1", ("bids", "1")),
        ("'a' < 1", ("'a'", "1")),
    ],
)
def test_what_can_never_be_compared_is_said_before_anything_is_sent(text, sides):
    kinds = kinds_of_values([Trade, Ticker, FullBook])
    with pytest.raises(UsageError) as caught:
        Condition(text).check(kinds)
    assert "cannot compare {} with {}".format(*sides) in str(caught.value)


@pytest.mark.parametrize("text", ["price > 1", "first_trade < mts", "checksum == 'ok'", "1 < 2"])
def test_what_can_be_compared_is_let_through(text):
    Condition(text).check(kinds_of_values([Trade, Ticker, FullBook]))
