"""Decoding: every layout of the API, and nothing but FrameError for whatever else comes."""

from __future__ import annotations

import contextlib
import json
from itertools import product

import pytest
from captures import snippets
from frames import decode, encode, rows_of, sequence_of, with_tail
from hypothesis import given
from hypothesis import strategies as st

from bfxstream.book import order_book
from bfxstream.protocol.channels import parse_spec
from bfxstream.protocol.codes import Conf
from bfxstream.protocol.decode import FrameError, Kind

TICKER = [69800.5, 12.25, 69801, 8.5, -120, -0.0017, 69800, 900.1, 70500, 68900]
FUNDING_TICKER = [
    *[0.00031, 0.00024, 30, 3939629.61, 0.00019, 2, 307776.15],
    *[-0.00005823, -0.2344, 0.00019016, 122156333.45, 0.00048, 0.00018],
]
ROWS = {
    "ticker:tBTCUSD": TICKER,
    "ticker:fUSD": FUNDING_TICKER,
    "trades:tBTCUSD": [382489563, 1564617600709, -0.00705845, 10087.98969503],
    "trades:fUSD": [133323543, 1574694605000, -59.84, 0.00023647, 2],
    "book:tBTCUSD:P0": [8744.9, 2, 0.45603413],
    "book:tBTCUSD:R0": [34753006045, 8744.9, -0.25],
    "book:fUSD:P0": [0.00023157, 2, 1, 66.35007188],
    "book:fUSD:R0": [658282397, 30, 0.000233, -530],
    "candles:1m:tBTCUSD": [1654074420000, 31633, 31631, 31640, 31631, 0.11289119],
    "candles:1h:fUSD:p30": [1654074420000, 0.0002, 0.00021, 0.0003, 0.0001, 530],
}
DERIV = [
    *[1596124822000, None, 0.896, 0.771995, None, 1396531.67460709, None, 1596153600000],
    *[0.0001056, 6, None, -0.01381344, None, None, 0.7664, None, None, 246502.09001551],
    *[None, None, None, None, 0.3],
]
POSITION = [
    *["pos", 142397657, 1574697680828.2002, None, "tBSVUSD", -2.62932, 91.583875238719],
    *[None, 1, 1, None, 112.27],
]
TAILS = [
    (Conf.NONE, None, None),
    (Conf.SEQ_ALL, 18, None),
    (Conf.TIMESTAMP, None, 1564617600784),
    (Conf.SEQ_ALL | Conf.TIMESTAMP, 18, 1564617600784),
]
FLAGS = [conf for conf, _, _ in TAILS]

specs = st.sampled_from(list(ROWS))
flags = st.sampled_from(FLAGS)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=12,
)
names = st.sampled_from(["hb", "cs", "te", "tu", "fte", "ftu", "xy"])


def nearly_frames_of(*rows):
    return st.builds(
        lambda chan_id, rest: json.dumps([chan_id, *rest]).encode(),
        st.integers(0, 10**6) | json_values,
        st.lists(json_values | names | st.sampled_from(rows), max_size=4),
    )


nearly_frames = nearly_frames_of(*ROWS.values())


def tokens(row) -> str:
    """A row's fields as one text, in wire order, without what the frame did not send."""
    values = [getattr(row, name) for name in row.__struct_fields__]
    words = [value if isinstance(value, int) else bytes(value).decode() for value in values]
    return ",".join(str(word) for word in words if word != "null")


def wire(row) -> str:
    return encode(row).decode().strip("[]")


# Layouts.


@pytest.mark.parametrize(("spec", "tail"), list(product(ROWS, TAILS)))
def test_a_row_keeps_its_tokens_and_its_tail_by_the_flags(spec, tail):
    conf, seq, mts = tail
    message = decode(spec, with_tail(5, ROWS[spec], seq=seq, mts=mts), conf)
    assert message.kind is Kind.ROW
    assert [tokens(row) for row in rows_of(message)] == [wire(ROWS[spec])]
    assert (message.seq, message.server_mts) == (seq, mts)


@pytest.mark.parametrize(("spec", "tail"), list(product(ROWS, TAILS)))
def test_several_rows_are_one_message_in_wire_order(spec, tail):
    conf, seq, mts = tail
    rows = [ROWS[spec]] * 3
    message = decode(spec, with_tail(5, rows, seq=seq, mts=mts), conf)
    assert message.kind is Kind.ROWS
    assert [tokens(row) for row in rows_of(message)] == [wire(row) for row in rows]
    assert (message.seq, message.server_mts) == (seq, mts)


@pytest.mark.parametrize(("spec", "tail"), list(product(ROWS, TAILS)))
def test_a_heartbeat_has_a_tail_and_no_rows(spec, tail):
    conf, seq, mts = tail
    message = decode(spec, with_tail(5, "hb", seq=seq, mts=mts), conf)
    assert (message.kind, rows_of(message)) == (Kind.HEARTBEAT, [])
    assert (message.seq, message.server_mts) == (seq, mts)


@pytest.mark.parametrize("tail", TAILS)
def test_a_checksum_is_a_signed_number_before_the_tail(tail):
    conf, seq, mts = tail
    message = decode("book:tBTCUSD", with_tail(5, "cs", -1175357890, seq=seq, mts=mts), conf)
    assert (message.kind, message.payload) == (Kind.CHECKSUM, -1175357890)
    assert (message.seq, message.server_mts) == (seq, mts)


@pytest.mark.parametrize(
    ("spec", "name", "kind"),
    [
        ("trades:tBTCUSD", "te", Kind.EXECUTED),
        ("trades:tBTCUSD", "tu", Kind.UPDATED),
        ("trades:fUSD", "fte", Kind.EXECUTED),
        ("trades:fUSD", "ftu", Kind.UPDATED),
    ],
)
@pytest.mark.parametrize("tail", TAILS)
def test_a_trade_is_executed_or_updated_by_its_name(spec, name, kind, tail):
    conf, seq, mts = tail
    message = decode(spec, with_tail(5, name, ROWS[spec], seq=seq, mts=mts), conf)
    assert message.kind is kind
    assert [tokens(row) for row in rows_of(message)] == [wire(ROWS[spec])]
    assert (message.seq, message.server_mts) == (seq, mts)


@pytest.mark.parametrize("spec", ROWS)
def test_an_empty_snapshot_has_no_rows(spec):
    message = decode(spec, b"[5,[]]")
    assert (message.kind, message.payload) == (Kind.ROWS, [])


@pytest.mark.parametrize("spec", ROWS)
def test_fields_that_the_exchange_appends_one_day_are_ignored(spec):
    longer = [*ROWS[spec], *[None] * 4, "new", {"a": [1]}]
    conf = Conf.SEQ_ALL | Conf.TIMESTAMP
    message = decode(spec, encode([5, longer, 18, 1564617600784, "book", "new"]), conf)
    assert (message.seq, message.server_mts) == (18, 1564617600784)
    assert tokens(rows_of(message)[0]).startswith(wire(ROWS[spec]))


@pytest.mark.parametrize("spec", ROWS)
def test_a_row_with_a_field_too_few_is_a_bad_frame(spec):
    with pytest.raises(FrameError):
        decode(spec, encode([5, ROWS[spec][:-1]]))


@pytest.mark.parametrize("payload", [ROWS["book:tBTCUSD:P0"], [], "hb"])
@pytest.mark.parametrize("conf", [Conf.SEQ_ALL, Conf.SEQ_ALL | Conf.TIMESTAMP])
def test_a_missing_sequence_number_makes_a_bad_frame_where_the_flag_promises_one(payload, conf):
    with pytest.raises(FrameError):
        decode("book:tBTCUSD:P0", encode([5, payload]), conf)


def test_a_frame_of_a_name_that_we_do_not_know_keeps_its_place_in_the_sequence():
    message = decode("book:tBTCUSD", b'[5,"xy",{"any":["thing"]},18]', Conf.SEQ_ALL)
    assert (message.kind, message.seq) == (Kind.OTHER, 18)


@pytest.mark.parametrize("spec", ["ticker:tBTCUSD", "ticker:fUSD"])
def test_any_figure_of_a_ticker_may_be_null(spec):
    row = decode(spec, encode([5, [None] * len(ROWS[spec])])).payload
    assert tokens(row) == ""


@pytest.mark.parametrize("spec", [spec for spec in ROWS if not spec.startswith("ticker")])
def test_no_field_of_a_trade_a_book_or_a_candle_may_be_null(spec):
    for i in range(len(ROWS[spec])):
        row = [*ROWS[spec]]
        row[i] = None
        with pytest.raises(ValueError):
            use(spec, encode([5, row]))


def use(spec: str, frame: bytes) -> None:
    """Decode, and apply a book's rows: only there must their numbers be numbers."""
    rows = rows_of(decode(spec, frame))
    if spec.startswith("book"):
        order_book(parse_spec(spec)).load(rows)


@pytest.mark.parametrize("spec", ROWS)
@pytest.mark.parametrize("token", ['"1.5"', "[1.5]", "{}", "true", "1e999", "-1e999", "NaN", ""])
def test_no_text_array_or_endless_number_passes_for_a_number(spec, token):
    row = wire(ROWS[spec]).split(",")
    for i in range(len(row)):
        frame = f"[5,[{','.join([*row[:i], token, *row[i + 1 :]])}]]"
        with pytest.raises(ValueError):
            use(spec, frame.encode())


@pytest.mark.parametrize("token", ["1e-7", "0.00001", "60400", "1.10", "1E5", "-0"])
def test_a_price_keeps_the_text_that_it_came_in(token):
    row = decode("book:tBTCUSD", f"[5,[{token},1,1]]".encode()).payload
    assert bytes(row.price).decode() == token


# Status.


def test_the_status_of_a_derivative_has_the_apis_names_and_its_tokens():
    row = decode("deriv:tBTCF0:USTF0", encode([5, DERIV])).payload
    assert (row.mts, bytes(row.mark_price), bytes(row.clamp_max)) == (DERIV[0], b"0.7664", b"0.3")
    assert bytes(row.current_funding) == b"-0.01381344"
    assert bytes(row.clamp_min) == b"null"


@pytest.mark.parametrize("length", [1, 12, 15, 18, 23])
def test_a_status_row_of_former_years_is_shorter(length):
    message = decode("deriv:tBTCF0:USTF0", encode([5, DERIV[:length], 18]), Conf.SEQ_ALL)
    assert (tokens(message.payload), message.seq) == (
        wire([value for value in DERIV[:length] if value is not None]),
        18,
    )


@pytest.mark.parametrize("bad", ['"1"', "[]", "true", "1e999"])
def test_a_status_value_is_a_number_or_null_and_a_placeholder_may_become_anything(bad):
    with pytest.raises(FrameError):
        decode("deriv:tBTCF0:USTF0", f"[5,[1,null,{bad}]]".encode())
    if bad != "1e999":
        decode("deriv:tBTCF0:USTF0", f"[5,[1,{bad},2]]".encode())


@pytest.mark.parametrize("payload", [POSITION, [POSITION], [POSITION, POSITION]])
@pytest.mark.parametrize("tail", TAILS)
def test_liquidations_are_rows_even_where_one_comes_alone(payload, tail):
    conf, seq, mts = tail
    message = decode("liq:global", with_tail(5, payload, seq=seq, mts=mts), conf)
    assert message.kind is Kind.ROWS
    assert {(row.pos_id, bytes(row.mts), row.symbol) for row in message.payload} == {
        (142397657, b"1574697680828.2002", "tBSVUSD")
    }
    assert (message.seq, message.server_mts) == (seq, mts)


def test_rows_of_types_that_we_do_not_know_are_left_out_whatever_they_hold():
    rows = [["adl", {"a": 1}], POSITION, ["pos2"], [], [None, 5]]
    message = decode("liq:global", encode([5, rows]))
    assert [row.type for row in message.payload] == ["pos"]
    assert decode("liq:global", encode([5, ["adl", 5]])).payload == []


@pytest.mark.parametrize(
    ("place", "value"), [(1, "x"), (2, "soon"), (4, "t\x1b[2J"), (4, None), (5, []), (8, "no")]
)
def test_a_position_that_cannot_be_one_is_a_bad_frame(place, value):
    row = [*POSITION]
    row[place] = value
    with pytest.raises(FrameError):
        decode("liq:global", encode([5, [POSITION, row]]))


@given(flags, nearly_frames_of(POSITION, DERIV))
def test_any_status_frame_is_read_or_is_a_frame_error(conf, frame):
    for spec in ("liq:global", "deriv:tBTCF0:USTF0"):
        with contextlib.suppress(FrameError):
            decode(spec, frame, conf)


# What is no frame.


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"[",
        b"[]",
        b"[5",
        b"[5]",
        b"[5,",
        b"[5,]",
        b"5",
        b"null",
        b"{}",
        b'{"event":"info"}',
        b'[5,"hb"',
        b'[5,"te"]',
        b'[5,"te",null]',
        b'[5,"cs"]',
        b'[5,"cs",1.5]',
        b'[5,"hb"]]',
        b"[5,{}]",
        b"[5,null]",
        b"[5,7]",
        b'["5",[1,1,1]]',
        b"[5.5,[1,1,1]]",
        b'[5,"\xff\xfe",1]',
        b"[5,[1,1,1]]\xff",
        b"[5," + b"[" * 100_000 + b"]" * 100_000 + b"]",
        b'[5,"xy",' + b"[" * 100_000,
        b"[5, " + b"[" * 100_000,
    ],
)
@pytest.mark.parametrize("spec", ["book:tBTCUSD:P0", "trades:tBTCUSD"])
def test_what_cannot_be_read_is_a_frame_error(spec, frame):
    with pytest.raises(FrameError):
        decode(spec, frame)


@given(specs, flags, st.binary(max_size=40) | nearly_frames)
def test_decoding_anything_raises_nothing_but_frame_errors(spec, conf, frame):
    with contextlib.suppress(FrameError):
        decode(spec, frame, conf)


@given(flags, st.binary(max_size=40) | nearly_frames)
def test_numbering_anything_raises_nothing_but_frame_errors(conf, frame):
    with contextlib.suppress(FrameError):
        sequence_of(frame, conf)


# Sequence numbers without a decoder.


@pytest.mark.parametrize(
    "content",
    [
        ["hb"],
        ["cs", -5],
        ["te", [1, 2, 3, 4]],
        ["n", [1, "on-req", None, {"a": "hb"}]],
        [[1, 2, 3]],
        [[[1, 2, 3], [4, 5, 6]]],
        [[]],
    ],
)
@pytest.mark.parametrize("tail", TAILS)
def test_the_sequence_number_of_any_frame_is_told_by_its_layout(content, tail):
    conf, seq, mts = tail
    assert sequence_of(with_tail(5, *content, seq=seq, mts=mts), conf) == seq


@pytest.mark.parametrize("frame", [b"{}", b"[]", b"7", b'[5,"\xff",1,2]', b"[5," + b"[" * 100_000])
def test_what_is_no_array_frame_has_no_sequence_number(frame):
    with pytest.raises(FrameError):
        sequence_of(frame, Conf.SEQ_ALL)


# Single frames of the real exchange.

BOTH = Conf.SEQ_ALL | Conf.TIMESTAMP


def one_snippet(beginning: str, note: str = "") -> bytes:
    return next(s.frame for s in snippets(note) if s.frame.startswith(beginning.encode()))


@pytest.mark.parametrize(
    ("spec", "conf", "beginning", "kind", "rows"),
    [
        ("trades:tBTCUSD", BOTH, '[89,"te"', Kind.EXECUTED, 1),
        ("trades:tBTCUSD", BOTH, '[89,"tu"', Kind.UPDATED, 1),
        ("trades:tBTCUSD", BOTH, "[89,[[", Kind.ROWS, 1),
        ("book:tETHUSD", BOTH, "[6959,[[216,", Kind.ROWS, 3),
        ("book:tETHUSD", BOTH, "[6959,[219.11", Kind.ROW, 1),
        ("book:tETHUSD", BOTH, '[6959,"hb"', Kind.HEARTBEAT, 0),
        ("ticker:fBTC", BOTH, "[129136,[", Kind.ROW, 1),
        ("book:tBTCF0:USTF0", BOTH, "[23918,[9163.7", Kind.ROW, 1),
        ("book:tBTCF0:USTF0:R0", BOTH, "[23917,[45761787004", Kind.ROW, 1),
        ("ticker:tBTCUSD", BOTH, "[147794,[71741", Kind.ROW, 1),
        ("book:tBTCUSD", Conf.SEQ_ALL, "[288922,[86644", Kind.ROW, 1),
        ("book:tBTCUSD", BOTH, "[853691,[[86717", Kind.ROWS, 4),
        ("book:tBTCUSD", Conf.NONE, '[759362,"cs"', Kind.CHECKSUM, 0),
        ("book:tBTCUSD", Conf.NONE, "[765277,[[6050", Kind.ROWS, 3),
        ("ticker:tBTCUSD", Conf.NONE, "[761045,[86697", Kind.ROW, 1),
        ("trades:fUSD", Conf.NONE, '[337371,"fte"', Kind.EXECUTED, 1),
        ("trades:fUSD", Conf.NONE, '[337371,"ftu"', Kind.UPDATED, 1),
        ("book:fUSD", Conf.NONE, "[431549,[[", Kind.ROWS, 1),
        ("book:fUSD", Conf.NONE, "[348748,[", Kind.ROW, 1),
        ("book:fUSD:R0", Conf.NONE, "[472778,[658286906", Kind.ROW, 1),
        ("deriv:tBTCF0:USTF0", BOTH, "[23928,[1590596819000", Kind.ROW, 1),
        ("deriv:tBTCF0:USTF0", Conf.NONE, "[759363,[1790133734000", Kind.ROW, 1),
        ("liq:global", BOTH, '[386841,[["pos",143683674', Kind.ROWS, 1),
        ("liq:global", BOTH, '[907,[["pos",143679087,1594036710534', Kind.ROWS, 1),
        ("liq:global", Conf.NONE, '[521209,["pos"', Kind.ROWS, 1),
    ],
)
def test_a_real_frame_decodes(spec, conf, beginning, kind, rows):
    message = decode(spec, one_snippet(beginning), conf)
    assert (message.kind, len(rows_of(message))) == (kind, rows)
    assert (message.seq is not None) is bool(conf & Conf.SEQ_ALL)
    assert (message.server_mts is not None) is bool(conf & Conf.TIMESTAMP)


def test_the_numbers_of_every_real_frame_with_both_flags_are_found_by_layout_alone():
    frames = [s.frame for s in snippets("recorded with SEQ_ALL+TIMESTAMP")]
    tailed = [frame for frame in frames if frame.startswith(b"[")]
    assert len(tailed) > 20
    for frame in tailed:
        seq = sequence_of(frame, BOTH)
        _, *content = json.loads(frame)
        numbers = [value for value in content if isinstance(value, int)]
        assert seq == numbers[0]
