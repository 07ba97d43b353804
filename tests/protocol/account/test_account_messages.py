"""Channel 0: each message as a record of the API's names, whatever its tail and its length."""

from __future__ import annotations

import contextlib
import functools
import json
from typing import get_args, get_type_hints

import jsonschema
import msgspec
import pytest
from account_frames import EXAMPLES, INDEX, decode, message, record, row, snapshot, tailed
from frames import encode
from hypothesis import given
from hypothesis import strategies as st

from bfxstream.protocol.account.messages import AccountDecoder
from bfxstream.protocol.account.records import AccountRecord
from bfxstream.protocol.codes import Conf
from bfxstream.protocol.decode import FrameError, Kind
from bfxstream.protocol.schema import schema_of

BOTH = Conf.SEQ_ALL | Conf.TIMESTAMP
MTS = 1_786_327_545_418

# API: ws-auth, abbreviations glossary.
SNAPSHOTS = {
    "os": "order",
    "ps": "position",
    "ws": "wallet",
    "fos": "funding_offer",
    "fcs": "funding_credit",
    "fls": "funding_loan",
}
ROWS = {
    **dict.fromkeys(("on", "ou", "oc"), "order"),
    **dict.fromkeys(("pn", "pu", "pc"), "position"),
    **dict.fromkeys(("te", "tu"), "trade"),
    **dict.fromkeys(("fon", "fou", "foc"), "funding_offer"),
    **dict.fromkeys(("fcn", "fcu", "fcc"), "funding_credit"),
    **dict.fromkeys(("fln", "flu", "flc"), "funding_loan"),
    **dict.fromkeys(("fte", "ftu"), "funding_trade"),
    "wu": "wallet",
    "bu": "balance",
    "n": "notification",
}
SCOPED = {
    ("miu", "margin_base"): ["base", [-13.014640000000007, 0, 49331.7, 49318.68, 27]],
    ("miu", "margin_symbol"): ["sym", "tBTCUSD", [60162.9, 61088.3, 1.5, 2, None, None, None]],
    ("fiu", "funding_info"): ["sym", "fUSD", [0.0006, 0.0007, 1.5, 2]],
}


def printed(one) -> dict:
    return json.loads(msgspec.json.encode(one))


def expected(kind: str, code: str, **fields) -> dict:
    names = [word.split(":")[0] for word in INDEX[kind].split()]
    values = EXAMPLES[kind] | fields
    head = {"channel": "account", "kind": kind, "type": code}
    return head | {name: values.get(name) for name in names}


@pytest.mark.parametrize(("code", "kind"), ROWS.items())
def test_a_message_is_a_record_with_the_apis_names_in_wire_order(code, kind):
    (one,) = message(code, kind).payload
    assert printed(one) == expected(kind, code)
    assert list(printed(one)) == list(expected(kind, code))


@pytest.mark.parametrize(("code", "kind"), SNAPSHOTS.items())
def test_a_snapshot_is_a_record_for_each_row_in_its_order(code, kind):
    first = "symbol" if kind == "position" else "currency" if kind == "wallet" else "id"
    other = 5 if first == "id" else "tETHUSD"
    arrived = snapshot(code, kind, {}, {first: other})
    assert arrived.kind is Kind.ROWS
    assert list(map(printed, arrived.payload)) == [
        expected(kind, code),
        expected(kind, code, **{first: other}),
    ]
    assert decode(code, []).payload == []


@pytest.mark.parametrize(("code", "kind"), SCOPED)
def test_margin_and_funding_information_is_told_by_its_scope(code, kind):
    scope, *subject, figures = SCOPED[code, kind]
    (one,) = decode(code, [scope, *subject, figures]).payload
    values = [*subject, *(figure for figure in figures if figure is not None)]
    assert list(printed(one).values()) == ["account", kind, code, *values]


def test_the_base_margin_had_four_figures_once():
    (one,) = decode("miu", ["base", [1, 2, 3, 4]]).payload
    assert printed(one)["margin_min"] is None


@pytest.mark.parametrize("code", ["miu", "fiu"])
def test_a_scope_that_we_do_not_know_is_no_record(code):
    assert decode(code, ["other", "tBTCUSD", [1, 2]]).payload == []


@pytest.mark.parametrize(("code", "kind"), ROWS.items())
def test_fields_that_the_exchange_appends_one_day_are_ignored(code, kind):
    longer = [*row(kind), None, "new", {"a": [1]}]
    assert decode(code, longer).payload == message(code, kind).payload


@pytest.mark.parametrize(
    ("code", "kind", "needed"),
    [
        ("on", "order", 4),
        ("pn", "position", 1),
        ("te", "trade", 6),
        ("wu", "wallet", 2),
        ("fon", "funding_offer", 2),
        ("fcn", "funding_credit", 2),
        ("fte", "funding_trade", 6),
        ("n", "notification", 0),
    ],
)
def test_of_a_short_row_the_rest_is_null_down_to_what_it_is_known_by(code, kind, needed):
    full = row(kind)
    (one,) = decode(code, full[:needed]).payload
    values = printed(one)
    for word in INDEX[kind].split():
        name, _, place = word.partition(":")
        assert values[name] == (full[int(place)] if int(place) < needed else None)
    if needed:
        with pytest.raises(FrameError, match=kind):
            decode(code, full[: needed - 1])


@pytest.mark.parametrize(("code", "kind"), ROWS.items())
def test_numbers_keep_their_text(code, kind):
    tokens = ["1e-7", "0.00001", "60400", "1.10", "-0"]
    text = encode([0, code, row(kind)]).decode()
    for i, name in enumerate(("fee", "price", "amount", "balance", "aum", "pl", "code", "rate")):
        place = dict(word.split(":") for word in INDEX[kind].split()).get(name)
        if place is not None:
            token = tokens[i % len(tokens)]
            cells = [json.dumps(cell) for cell in row(kind)]
            cells[int(place)] = token
            text = f'[0,"{code}",[{",".join(cells)}]]'
            (one,) = AccountDecoder(Conf.NONE).decode(text.encode()).payload
            assert bytes(getattr(one, name)).decode() == token


def test_flags_may_be_truth_values():
    one = record("fon", "funding_offer", notify=True, hidden=False, renew=1)
    values = printed(one)
    assert (values["notify"], values["hidden"], values["renew"]) == (True, False, 1)


@pytest.mark.parametrize(
    ("sent", "mts"),
    [
        (1_582_304_782.761, 1_582_304_782_761),
        (1_595_918_197, 1_595_918_197_000),
        (1_790_000_000_400, 1_790_000_000_400),
        (None, None),
    ],
)
def test_a_notifications_time_is_in_milliseconds_whatever_it_was_sent_in(sent, mts):
    assert printed(record("n", "notification", mts=sent))["mts"] == mts


# Tails.


@pytest.mark.parametrize(
    ("conf", "tail", "seq", "mts"),
    [
        (Conf.NONE, [], None, None),
        (Conf.SEQ_ALL, [143], 143, None),
        (Conf.SEQ_ALL, [143, 15214], 143, None),
        (BOTH, [143, MTS], 143, MTS),
        (BOTH, [143, 15214, MTS], 143, MTS),
        (BOTH, [143, 0, MTS, "new"], 143, MTS),
        (Conf.TIMESTAMP, [MTS], None, MTS),
    ],
)
def test_the_public_number_is_audited_and_the_accounts_own_is_not(conf, tail, seq, mts):
    for frame in (["wu", row("wallet")], ["n", row("notification")], ["os", []], ["xy", {}]):
        arrived = decode(*frame, *tail, conf=conf)
        assert (arrived.seq, arrived.server_mts) == (seq, mts)


@pytest.mark.parametrize(("conf", "tail"), [(Conf.SEQ_ALL, [6]), (BOTH, [6, MTS])])
def test_a_heartbeat_has_a_tail_and_nothing_else(conf, tail):
    arrived = decode("hb", *tail, conf=conf)
    assert (arrived.kind, arrived.payload, arrived.seq) == (Kind.HEARTBEAT, [], 6)
    assert arrived.server_mts == (MTS if conf is BOTH else None)


def test_a_frame_without_its_number_is_bad_where_the_flag_promises_one():
    with pytest.raises(FrameError):
        decode("wu", row("wallet"), conf=Conf.SEQ_ALL)
    with pytest.raises(FrameError):
        decode("hb", conf=Conf.SEQ_ALL)


@pytest.mark.parametrize("code", ["uac", "hos", "mis", "ats", "xy"])
def test_a_code_that_we_do_not_know_keeps_its_place_and_is_no_record(code):
    frame = tailed(code, [["any", {"thing": 1}]], seq=9)
    arrived = AccountDecoder(Conf.SEQ_ALL).decode(frame)
    assert (arrived.kind, arrived.payload, arrived.seq) == (Kind.OTHER, [], 9)


def test_trades_are_told_apart_as_on_a_channel_of_trades():
    assert message("te", "trade").kind is message("fte", "funding_trade").kind is Kind.EXECUTED
    assert message("tu", "trade").kind is message("ftu", "funding_trade").kind is Kind.UPDATED


# What cannot be read.


@pytest.mark.parametrize("token", ['"1.5"', "[1]", "{}", "1e999", "NaN", "true"])
@pytest.mark.parametrize(
    ("code", "name"), [("on", "amount"), ("te", "exec_price"), ("wu", "balance")]
)
def test_no_text_array_or_endless_number_passes_for_a_number(code, name, token):
    kind = ROWS[code]
    cells = [json.dumps(cell) for cell in row(kind)]
    cells[int(dict(word.split(":") for word in INDEX[kind].split())[name])] = token
    with pytest.raises(FrameError):
        AccountDecoder(Conf.NONE).decode(f'[0,"{code}",[{",".join(cells)}]]'.encode())


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"[0]",
        b"{}",
        b'[0,"on"]',
        b'[0,"on",null]',
        b'[0,"os",[1]]',
        b'[0,"os",{}]',
        b'[0,"miu",["base"',
        b'[0,"miu",[]]',
        b'[0,"fiu",["sym",5,[]]]',
        b'[0,"n",[' + b"[" * 100_000,
        b'[0,"\xff",[]]',
    ],
)
def test_what_cannot_be_read_is_a_frame_error(frame):
    with pytest.raises(FrameError):
        AccountDecoder(Conf.NONE).decode(frame)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=6,
)
codes = st.sampled_from([*SNAPSHOTS, *ROWS, "miu", "fiu", "hb"])


@given(codes, json_values, st.lists(json_values, max_size=4), st.sampled_from([Conf.NONE, BOTH]))
def test_decoding_anything_raises_nothing_but_frame_errors(code, payload, tail, conf):
    frame = json.dumps([0, code, payload, *tail]).encode()
    with contextlib.suppress(FrameError):
        AccountDecoder(conf).decode(frame)


# The contract of the output.


@functools.cache
def validator(name: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(schema_of(name))


def check(one, name: str = "account") -> None:
    validator(name).validate(printed(one))


@pytest.mark.parametrize(("code", "kind"), [*ROWS.items(), *SNAPSHOTS.items()])
def test_a_record_holds_to_the_schema_of_an_account(code, kind):
    one = decode(code, [row(kind)] if code in SNAPSHOTS else row(kind)).payload[0]
    check(one)
    if kind == "order":
        check(one, "order")


@pytest.mark.parametrize(("code", "kind"), SCOPED)
def test_scoped_records_hold_to_it_too(code, kind):
    (one,) = decode(code, SCOPED[code, kind]).payload
    check(one)


def test_stamps_come_last_and_hold_to_the_schema():
    one = record("on", "order")
    one.seq, one.received_mts, one.server_mts = 5, 6, None
    assert list(printed(one))[-3:] == ["seq", "received_mts", "server_mts"]
    check(one, "order")


def test_what_is_no_such_record_does_not_hold_to_the_schema():
    good = printed(record("on", "order"))
    for change in ({"symbol": 5}, {"kind": "nope"}, {"more": 1}, {"amount": "1"}):
        assert not validator("order").is_valid(good | change)


def test_every_kind_of_record_is_among_those_tested():
    kinds = {get_args(get_type_hints(known)["kind"])[0] for known in get_args(AccountRecord)}
    assert kinds == {*ROWS.values(), *SNAPSHOTS.values(), *(kind for _, kind in SCOPED)}
