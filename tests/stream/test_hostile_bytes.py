"""Whatever the exchange sends, a stream ends by its own errors, and what it prints is sound."""

from __future__ import annotations

import json

import pytest
from bench.hostile import EVENTS, corpus, stream_of, withstand
from hypothesis import given, settings
from hypothesis import strategies as st

FRAMES = list(corpus())

numbers = st.sampled_from(
    [b"0", b"-1", b"1e999", b"-1e999", b"1e-999", b"9" * 400, b"-0", b"NaN", b"Infinity", b"null"]
)
odd = numbers | st.sampled_from(
    [b"true", b"[]", b"{}", b'""', b'"\\ud800"', b"1_0", b"01", b'"\x1b[2J"', b"[" * 3000, b"\xff"]
)


@st.composite
def mangled(draw: st.DrawFn) -> bytes:
    """A frame of the exchange with a token replaced, or a piece lost or doubled."""
    frame = draw(st.sampled_from(FRAMES))
    start = draw(st.integers(0, len(frame)))
    end = min(len(frame), start + draw(st.integers(0, 8)))
    return frame[:start] + draw(odd | st.binary(max_size=5) | st.just(frame)) + frame[end:]


@st.composite
def with_an_odd_token(draw: st.DrawFn) -> bytes:
    """A frame of the exchange that is JSON in its form, one of its values not what it should be."""
    tokens = draw(st.sampled_from(FRAMES)).replace(b"[", b"[,").split(b",")
    place = draw(st.integers(1, len(tokens) - 1))
    rest = tokens[place].lstrip(b"-.0123456789#")
    tokens[place] = draw(odd) + rest
    return b",".join(tokens).replace(b"[,", b"[")


texts = st.text(max_size=30)
spoken = st.builds(
    lambda kind, **more: json.dumps({"event": kind, **more}).encode(),
    st.sampled_from(["info", "error", "conf", "subscribed", "unsubscribed", "auth"]) | texts,
    msg=texts | st.none(),
    code=st.integers() | st.sampled_from([10001, 10300, 10301, 10305, 10400, 11000, 20051, 20060]),
    chanId=st.integers(0, 9),
    subId=st.integers(0, 9) | texts,
)
frames = st.sampled_from(FRAMES) | mangled() | with_an_odd_token() | spoken | st.binary(max_size=40)
reads = st.lists(st.lists(frames, min_size=1, max_size=8), max_size=8)


@settings(max_examples=40)
@given(reads, st.booleans())
def test_a_stream_withstands_whatever_comes(sent, seq):
    withstand(sent, seq=seq)


def test_what_the_exchange_does_send_is_printed():
    assert withstand([[frame for frame in FRAMES if frame not in EVENTS]]) == 25


@pytest.mark.parametrize(
    "garbage",
    [
        pytest.param(b"[" * 100_000, id="deep array"),
        pytest.param(b'{"event":' * 100_000, id="deep object"),
        pytest.param(b'[4,{"a":' * 50_000, id="deep payload"),
        pytest.param(b"[2,[100,1,%b],#]" % (b"9" * 100_000), id="huge number"),
        pytest.param(b"[2,[1e999,0,1],#]", id="infinite price of a level that goes"),
        pytest.param(b"[3,[1e999,0,1],#]", id="huge id of an order"),
        pytest.param(b"[%b,[1,2,3]]" % (b"9" * 5000), id="huge channel id"),
        pytest.param(b'[4,"hb",%b]' % (b"9" * 5000), id="huge sequence number"),
        pytest.param(b"\xff" * 1000, id="no UTF-8"),
        pytest.param(b"\x00" * 1000, id="zeros"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_a_stream_goes_on_behind_garbage(garbage):
    ticker = b"[4,[2,2,3,4,5,6,7,8,9,10,null],#]"
    assert withstand([[garbage, ticker]]) >= withstand([[ticker]])


def test_what_the_exchange_says_is_given_without_commands_for_a_terminal():
    said = json.dumps({"event": "info", "code": 5000, "msg": "\x1b[2J\x9b31m\u202egone"}).encode()
    stream = stream_of([[said]])
    batches = stream.batches()
    items = [item for _ in range(4) for item in next(batches)]
    stream.close()
    [notice] = [item for item in items if type(item).__name__ == "Notice"]
    assert notice.text == "the exchange says: gone (info 5000)"
