"""Frames that other tools recorded: a line each, with or without the time of their arrival."""

from __future__ import annotations

from pathlib import Path

import pytest
from captures import CRYPTOFEED, GO_22, GO_28, LOBO, capture_path, received_frames
from frames import confirmed_conf, encode, event, hello

from bfxstream.capture.foreign import HELLO, read_noted
from bfxstream.capture.reader import Capture
from bfxstream.capture.steps import AnyStep, Lost, Opened, Received, Sent, frames_of

SUBSCRIBED = event("subscribed", channel="ticker", chanId=7, symbol="tBTCUSD", pair="BTCUSD")
HEARTBEAT = encode([7, "hb"])


def capture_of(folder: Path, *lines: bytes) -> Capture:
    path = folder / "frames"
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return Capture([path])


def frames_in(steps: list[AnyStep]) -> list[bytes]:
    return [
        frame for step in steps if isinstance(step, Received) for frame in frames_of(step.frames)
    ]


def test_bare_frames_are_one_connection(tmp_path: Path) -> None:
    capture = capture_of(tmp_path, hello(), SUBSCRIBED, HEARTBEAT)
    assert [each.spec for each in capture.subscriptions] == ["ticker:tBTCUSD"]
    assert "one a line, without times" in capture.notes[0]
    opened, *rest = capture.steps()
    assert isinstance(opened, Opened)
    assert frames_in(rest) == [hello(), SUBSCRIBED, HEARTBEAT]


def test_a_greeting_that_was_not_recorded_is_put_in(tmp_path: Path) -> None:
    steps = list(capture_of(tmp_path, SUBSCRIBED, HEARTBEAT).steps())
    assert frames_in(steps) == [HELLO, SUBSCRIBED, HEARTBEAT]


@pytest.mark.parametrize("time", [b"1618677543.95", b"1618677543950"])
def test_times_before_the_frames_are_those_of_their_arrival(tmp_path: Path, time: bytes) -> None:
    capture = capture_of(tmp_path, *(time + b": " + frame for frame in (hello(), SUBSCRIBED)))
    assert "the times of their arrival" in capture.notes[0]
    assert {step.mts for step in capture.steps()} == {1618677543950}


def test_the_exchanges_times_serve_where_there_are_no_others(tmp_path: Path) -> None:
    stamped = encode([7, "hb", 1, 1618677543950])
    capture = capture_of(tmp_path, hello(), confirmed_conf(32768 | 65536), SUBSCRIBED, stamped)
    assert "the exchange's times" in capture.notes[0]
    assert {step.mts for step in capture.steps()} == {1618677543950}


def test_what_was_sent_and_each_connection_is_told(tmp_path: Path) -> None:
    url = b"wss://api.bitfinex.com/ws/2 "
    capture = capture_of(
        tmp_path,
        b"configuration: {}",
        url + b"<-> 1618677543.3",
        url + b'<- 1618677543.8: {"event":"conf","flags":65536}',
        b"1618677543.9: " + hello(),
        b"1618677543.9: " + SUBSCRIBED,
        url + b"<-> 1618677550.0",
        b"1618677551.0: " + hello(),
    )
    kinds = [type(step) for step in capture.steps()]
    assert kinds == [Opened, Sent, Received, Received, Lost, Opened, Received]
    assert capture.begun.url == "wss://api.bitfinex.com/ws/2"
    assert "1 lines are no frames" in capture.notes[0]


def test_a_second_greeting_is_another_connection(tmp_path: Path) -> None:
    steps = list(capture_of(tmp_path, hello(), SUBSCRIBED, hello(), SUBSCRIBED).steps())
    assert [type(step) for step in steps].count(Opened) == 2


@pytest.mark.parametrize("line", [b"", b"hello", b'{"channel":"ticker"}', b"12", b"[]", b'"a"'])
def test_what_is_no_frame_is_none(line: bytes) -> None:
    assert read_noted(line) is None


def test_an_event_that_is_too_deep_is_a_frame_like_any_other(tmp_path: Path) -> None:
    deep = b'{"event":"info","msg":%b}' % (b"[" * 100_000 + b"]" * 100_000)
    capture = capture_of(tmp_path, hello(), SUBSCRIBED, deep)
    assert frames_in(list(capture.steps()))[-1] == deep


@pytest.mark.parametrize("name", [CRYPTOFEED, GO_22, GO_28, LOBO])
def test_real_recordings_are_read_frame_for_frame(name: str) -> None:
    steps = list(Capture([capture_path(name)]).steps())
    assert frames_in(steps) == received_frames(name)
