"""Orders: what travels, to the letter, and what is refused before it is sent."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bfxstream.errors import ExitCode, UsageError
from bfxstream.protocol.account.orders import (
    ORDER_TYPES,
    CancelOrder,
    CancelOrders,
    ClientIds,
    NewOrder,
    OrderFlag,
    OrderName,
    UpdateOrder,
    parse_meta,
    parse_order_type,
)
from bfxstream.protocol.account.quantities import (
    MAX_CLIENT_ID,
    check_amount,
    check_cid_date,
    check_price,
    check_tif,
    cid_date,
    decimals,
    parse_number,
    plain,
    significant_digits,
)

DAY = 86_400_000


def new(**fields) -> NewOrder:
    """An order of 0.5 BTC at 69800, with these changes; numbers as they are typed."""
    given_fields = {
        "symbol": "tBTCUSD",
        "side": "buy",
        "type": "EXCHANGE LIMIT",
        "amount": "0.5",
        "price": "69800",
        "cid": 123,
    } | fields
    for name in ("amount", "price", "price_aux_limit", "price_trailing", "price_oco_stop"):
        if given_fields.get(name) is not None:
            given_fields[name] = parse_number(given_fields[name], name)
    return NewOrder(**given_fields)


def update(**fields) -> UpdateOrder:
    numbers = ("amount", "delta", "price", "price_aux_limit", "price_trailing")
    values = {k: Decimal(v) if k in numbers else v for k, v in fields.items()}
    return UpdateOrder(order=OrderName(id=7), **values)


def sent(request) -> tuple[str, dict]:
    channel, code, nothing, body = json.loads(request.message())
    assert (channel, nothing) == (0, None)
    return code, body


def refusal(make, **fields) -> str:
    with pytest.raises(UsageError) as failure:
        make(**fields)
    assert failure.value.exit_code is ExitCode.USAGE
    assert "\n" not in str(failure.value)
    return str(failure.value)


# What travels.


def test_a_new_order_is_its_fields_amounts_and_prices_as_text():
    assert new().message() == (
        b'[0,"on",null,{"cid":123,"type":"EXCHANGE LIMIT","symbol":"tBTCUSD",'
        b'"amount":"0.5","price":"69800"}]'
    )


def test_a_sale_has_a_negative_amount():
    assert sent(new(side="sell", amount="0.10"))[1]["amount"] == "-0.10"


@pytest.mark.parametrize(
    ("fields", "more"),
    [
        ({"gid": 5, "lev": None}, {"gid": 5}),
        ({"flags": OrderFlag.HIDDEN | OrderFlag.POST_ONLY}, {"flags": 4160}),
        ({"tif": "2030-01-31 23:59:00"}, {"tif": "2030-01-31 23:59:00"}),
        (
            {"meta": parse_meta('{"aff_code":"x","make_visible":1}')},
            {"meta": {"aff_code": "x", "make_visible": 1}},
        ),
        (
            {"price_oco_stop": "60000", "cid_oco": 124},
            {"price_oco_stop": "60000", "cid_oco": 124, "flags": 16384},
        ),
        (
            {"type": "EXCHANGE STOP LIMIT", "price_aux_limit": "1e-7"},
            {"price_aux_limit": "0.0000001"},
        ),
    ],
)
def test_further_fields_travel_where_they_are_given(fields, more):
    code, body = sent(new(**fields))
    base = {"cid": 123, "symbol": "tBTCUSD", "amount": "0.5", "price": "69800"}
    assert code == "on"
    assert body == base | {"type": fields.get("type", "EXCHANGE LIMIT")} | more


def test_types_without_a_price_send_none():
    assert "price" not in sent(new(type="EXCHANGE MARKET", price=None))[1]
    trailing = sent(new(type="TRAILING STOP", price=None, price_trailing="50.5"))[1]
    assert ("price" in trailing, trailing["price_trailing"]) == (False, "50.5")


def test_a_derivative_has_leverage_and_flags_of_positions():
    flags = OrderFlag.CLOSE | OrderFlag.REDUCE_ONLY
    body = sent(new(symbol="tBTCF0:USTF0", type="LIMIT", lev=20, flags=flags))[1]
    assert (body["lev"], body["flags"]) == (20, 1536)


def test_an_update_names_the_order_and_what_changes():
    request = UpdateOrder(order=OrderName(id=7), price=Decimal("70000"), flags=OrderFlag.NONE)
    assert sent(request) == ("ou", {"id": 7, "price": "70000", "flags": 0})
    by_cid = OrderName(cid=5, cid_date="2030-01-31")
    request = UpdateOrder(order=by_cid, delta=Decimal("-0.25"))
    assert sent(request) == ("ou", {"cid": 5, "cid_date": "2030-01-31", "delta": "-0.25"})


def test_a_cancellation_names_the_order_or_the_orders():
    assert sent(CancelOrder(OrderName(id=7))) == ("oc", {"id": 7})
    by_cid = OrderName(cid=5, cid_date="2030-01-31")
    assert sent(CancelOrder(by_cid)) == ("oc", {"cid": 5, "cid_date": "2030-01-31"})
    assert sent(CancelOrders(ids=[7, 8], gids=[3])) == ("oc_multi", {"id": [7, 8], "gid": [3]})
    assert sent(CancelOrders(all=True)) == ("oc_multi", {"all": 1})


# What is refused.


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"amount": "0"}, ["--amount", "0 is no amount"]),
        ({"amount": "-0.5"}, ["--amount", "-0.5 is negative", "--side sell"]),
        ({"amount": "0.123456789"}, ["--amount", "9 decimals", "8"]),
        ({"amount": "1e999"}, ["--amount", "too large"]),
        ({"amount": "1e-999"}, ["--amount", "too small"]),
        ({"amount": "much"}, ["--amount", "'much' is not a number"]),
        ({"price": "0"}, ["--price", "0 is no price"]),
        ({"price": "-1"}, ["--price", "-1 is negative"]),
        ({"price": "69800.5"}, ["--price", "69800.5", "6 significant digits", "5"]),
        ({"price": "1e15"}, ["--price", "too large"]),
        ({"price": "1e-16"}, ["--price", "too small"]),
        ({"price": None}, ["EXCHANGE LIMIT needs --price"]),
        ({"type": "EXCHANGE MARKET"}, ["--price does not go with type EXCHANGE MARKET"]),
        ({"type": "STOP LIMIT"}, ["STOP LIMIT needs --price-aux-limit"]),
        ({"type": "TRAILING STOP", "price": None}, ["needs --price-trailing"]),
        ({"price_trailing": "5"}, ["--price-trailing does not go with"]),
        ({"type": "STOP LIMIT", "price_aux_limit": "123456"}, ["--price-aux-limit", "6"]),
        ({"type": "FUNNY"}, ["--type", "'FUNNY'", "EXCHANGE LIMIT"]),
        ({"symbol": "fUSD"}, ["fUSD", "funding"]),
        ({"flags": OrderFlag.CLOSE}, ["--close", "positions", "use type LIMIT"]),
        ({"flags": OrderFlag.REDUCE_ONLY}, ["--reduce-only", "use type LIMIT"]),
        ({"type": "IOC", "flags": OrderFlag.POST_ONLY}, ["--post-only", "IOC"]),
        ({"flags": OrderFlag.OCO}, ["--price-oco-stop"]),
        ({"cid_oco": 5}, ["--price-oco-stop"]),
        ({"type": "STOP", "price_oco_stop": "5"}, ["--price-oco-stop", "STOP"]),
        ({"price_oco_stop": "123456"}, ["--price-oco-stop", "6"]),
        ({"price_oco_stop": "5", "cid_oco": 123}, ["--cid-oco", "same"]),
        ({"cid": 0}, ["--cid", "from 1 to"]),
        ({"cid": 2**45}, ["--cid", str(2**45 - 1)]),
        ({"gid": 0}, ["--gid"]),
        ({"type": "LIMIT", "lev": 10}, ["--lev", "tBTCUSD", "derivative"]),
        ({"symbol": "tBTCF0:USTF0", "type": "LIMIT", "lev": 101}, ["--lev", "100"]),
        ({"tif": "2030-01-31"}, ["--tif", "2030-01-31 23:59:00"]),
        ({"tif": "2030-02-31 10:00:00"}, ["--tif", "2030-02-31"]),
        ({"tif": "2030-1-31 10:00:00"}, ["--tif"]),
    ],
)
def test_what_the_exchange_would_refuse_is_refused_here_by_the_options_name(fields, words):
    said = refusal(new, **fields)
    for word in words:
        assert word in said


@pytest.mark.parametrize(
    "text", ["", "nan", "inf", "1_000", "1,5", " 1", "0x5", "١", "1e", "--1", "."]
)
def test_only_decimal_numbers_are_numbers(text):
    with pytest.raises(UsageError, match="--price"):
        parse_number(text, "price")


def test_sizes_are_held_to_where_they_are_known():
    order = new(amount="0.01")
    order.check_size(None)
    order.check_size(Decimal("0.01"), Decimal("0.01"))
    assert "0.02" in refusal(lambda: order.check_size(Decimal("0.02")))
    assert "0.001" in refusal(lambda: order.check_size(None, Decimal("0.001")))


@pytest.mark.parametrize("text", ["[]", "5", "null", "{", "'a'", "[" * 100_000, "\ud800"])
def test_meta_is_a_json_object(text):
    with pytest.raises(UsageError, match="--meta"):
        parse_meta(text)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, ["nothing to change", "--price"]),
        ({"amount": "1", "delta": "1"}, ["--amount", "--delta"]),
        ({"amount": "0"}, ["--amount", "0"]),
        ({"delta": "0"}, ["--delta", "0"]),
        ({"amount": "0.123456789"}, ["--amount", "decimals"]),
        ({"price": "0"}, ["--price"]),
        ({"price_trailing": "123456"}, ["--price-trailing"]),
        ({"tif": "soon"}, ["--tif"]),
        ({"gid": -1}, ["--gid"]),
        ({"lev": 0}, ["--lev"]),
    ],
)
def test_an_update_is_held_to_the_same_rules(fields, words):
    said = refusal(update, **fields)
    for word in words:
        assert word in said


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"id": 7, "cid": 5},
        {"cid": 5},
        {"cid_date": "2030-01-31"},
        {"id": 7, "cid_date": "2030-01-31"},
        {"id": 0},
        {"cid": 2**45, "cid_date": "2030-01-31"},
        {"cid": 5, "cid_date": "31.1.2030"},
    ],
)
def test_an_order_is_named_by_its_id_or_by_ours_and_its_day(fields):
    refusal(OrderName, **fields)


@pytest.mark.parametrize("fields", [{}, {"ids": [7], "all": True}, {"ids": [0]}, {"gids": [-1]}])
def test_a_cancellation_of_many_names_them(fields):
    refusal(CancelOrders, **fields)


# Types, digits, days.


@pytest.mark.parametrize("name", ORDER_TYPES)
def test_a_type_is_understood_however_it_is_spelled(name):
    for typed in (name, name.lower(), name.replace(" ", "-"), name.replace(" ", "_"), f" {name} "):
        assert parse_order_type(typed) == name


def test_there_are_fourteen_types():
    assert len(set(ORDER_TYPES)) == 14


@pytest.mark.parametrize(
    ("text", "digits", "behind_the_point"),
    [
        ("69800", 3, 0),
        ("69800.00", 3, 0),
        ("0.00012345", 5, 8),
        ("1e-7", 1, 7),
        ("12345000000", 5, 0),
        ("1.50", 2, 1),
        ("10.01", 4, 2),
    ],
)
def test_only_digits_that_matter_are_counted(text, digits, behind_the_point):
    value = Decimal(text)
    assert (significant_digits(value), decimals(value)) == (digits, behind_the_point)


@given(st.decimals("1e-8", "1e9", places=8))
def test_any_amount_of_eight_decimals_is_taken_and_travels_exactly(value):
    check_amount(value)
    text = sent(new(amount=str(value)))[1]["amount"]
    assert Decimal(text) == value
    assert "e" not in text.lower()


@given(st.integers(1, 99999), st.integers(-12, 8))
def test_any_price_of_five_digits_is_taken_and_travels_exactly(digits, exponent):
    price = Decimal(digits).scaleb(exponent)
    check_price(price)
    assert Decimal(plain(price)) == price


@given(st.integers(1, 10**12).filter(lambda n: n % 10), st.integers(-12, 1))
def test_a_price_of_more_digits_is_refused(digits, exponent):
    price = Decimal(digits).scaleb(exponent)
    if digits > 99999:
        with pytest.raises(UsageError, match="significant"):
            check_price(price)
    else:
        check_price(price)


def test_a_day_is_that_of_utc():
    assert cid_date(0) == "1970-01-01"
    assert cid_date(DAY - 1) == "1970-01-01"
    assert cid_date(DAY) == "1970-01-02"
    check_cid_date(cid_date(1_790_000_000_000))
    check_tif("2030-01-31 00:00:00")


# Ids of ours.


@given(
    st.lists(st.integers(0, 3 * DAY), min_size=1, max_size=60),
    st.integers(0, 2**64),
)
def test_ids_fit_in_45_bits_and_none_is_given_twice_on_a_day_however_the_clock_goes(times, process):
    ids = ClientIds(process)
    by_day: dict[int, list[int]] = {}
    for mts in times:
        by_day.setdefault(max([mts // DAY, *by_day]), []).append(ids.next(mts))
    for made in by_day.values():
        assert len(set(made)) == len(made)
        assert all(1 <= cid <= MAX_CLIENT_ID for cid in made)


def test_two_processes_make_different_ids_in_the_same_millisecond():
    assert ClientIds(1).next(5) != ClientIds(2).next(5)
