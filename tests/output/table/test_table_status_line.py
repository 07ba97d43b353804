"""The status line: connection, rate, checksum, age, counters, notice."""

from __future__ import annotations

import pytest
from table_scene import START, level_book, live_status, sink_for

from bfxstream.output.table import TableSink
from bfxstream.output.table.status_line import endpoint_name
from bfxstream.protocol.records import Stats
from bfxstream.protocol.status import State, Status


def status_text(sink: TableSink, now: float = START, width: int = 120) -> str:
    return sink.render(width, 10, now).text.split("\n")[-1]


def line_of(
    status: Status, now: float = START, width: int = 120, spec: str = "ticker:tBTCUSD"
) -> str:
    return status_text(sink_for(spec, status=status), now, width)


@pytest.mark.parametrize(
    ("state", "retry_at", "words"),
    [
        (State.CONNECTING, None, "○ connecting…"),
        (State.CONFIRMING, None, "○ subscribing…"),
        (State.LIVE, None, "● connected"),
        (State.MAINTENANCE, None, "○ maintenance"),
        (State.RECONNECTING, START + 2.4, "○ reconnecting in 3 s"),
        (State.RECONNECTING, START - 1, "○ reconnecting…"),
        (State.RECONNECTING, None, "○ reconnecting…"),
        (State.CLOSED, None, "○ closed"),
    ],
)
def test_the_state_comes_first(state: State, retry_at: float | None, words: str) -> None:
    line = line_of(live_status(state=state, retry_at=retry_at))
    assert line.startswith(f" {words} · api-pub.bitfinex.com")


@pytest.mark.parametrize(
    ("state", "connected", "words"),
    [
        (State.LIVE, 12, "● connected 12/12"),
        (State.RECONNECTING, 11, "● connected 11/12, reconnecting in 3 s"),
        (State.CONNECTING, 7, "● connected 7/12, connecting…"),
        (State.MAINTENANCE, 2, "● connected 2/12, maintenance"),
        (State.RECONNECTING, 0, "○ reconnecting in 3 s"),
    ],
)
def test_of_several_connections_it_is_told_how_many_are_live(
    state: State, connected: int, words: str
) -> None:
    status = live_status(state=state, connections=12, connected=connected, retry_at=START + 2.4)
    assert line_of(status).startswith(f" {words} · api-pub.bitfinex.com")


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("wss://api-pub.bitfinex.com/ws/2", "api-pub.bitfinex.com"),
        ("ws://127.0.0.1:8123/ws/2", "127.0.0.1:8123"),
        ("ws://[::1]:8123/ws/2", "[::1]:8123"),
        ("ws://localhost:8123", "localhost:8123"),
        ("ws://user:secret@127.0.0.1:8123/", "127.0.0.1:8123"),
        ("wss://127.0.0.1.example.com/", "127.0.0.1.example.com"),
        ("ws://[broken", "ws://[broken"),
        ("", ""),
    ],
)
def test_the_endpoint_is_named_shortly(url: str, name: str) -> None:
    assert endpoint_name(url) == name


class DemoStatus(Status):
    """A status that says that the demo exchange of this run is the endpoint."""

    demo: bool = True


def test_only_the_demo_exchange_is_called_so() -> None:
    endpoint = "ws://127.0.0.1:8123/ws/2"
    assert "demo exchange" in line_of(DemoStatus(State.LIVE, endpoint))
    line = line_of(live_status(endpoint=endpoint))
    assert "127.0.0.1:8123" in line and "demo" not in line


def test_what_the_run_does_beside_is_told_before_the_endpoint() -> None:
    line = line_of(live_status(activity="recording"))
    assert line.startswith(" ● connected · recording · api-pub.bitfinex.com")


def test_messages_per_second_are_an_average_over_five_seconds() -> None:
    status = live_status()
    sink = sink_for("ticker:tBTCUSD", status=status)
    assert "msg/s" not in status_text(sink)
    for tenth in range(1, 51):
        status.stats.messages += 120
        line = status_text(sink, START + tenth / 10)
    assert " 1,200 msg/s" in line
    for tenth in range(51, 76):
        line = status_text(sink, START + tenth / 10)
    assert " 600 msg/s" in line
    assert " 0 msg/s" in status_text(sink, START + 30)


def test_a_checksum_is_told_only_where_one_can_be_compared() -> None:
    status = live_status(stats=Stats(checksums=1057))
    assert "checksum ok (1,057)" in line_of(status, spec="book:tBTCUSD")
    assert "checksum pending" in line_of(live_status(), spec="book:tBTCUSD")
    assert "checksum" not in line_of(status, spec="book:fUSD")
    assert "checksum" not in line_of(status, spec="book:tBTCUSD:P0:F0:1")
    assert "checksum" not in line_of(status)


def test_a_mismatch_is_shown_until_a_later_checksum_is_right_and_seen_for_some_seconds() -> None:
    status = live_status(stats=Stats(checksums=10))
    sink = sink_for("book:tBTCUSD", status=status)
    status.stats.checksum_mismatches = 1
    assert "checksum MISMATCH (1)" in status_text(sink, START + 1)
    assert "checksum MISMATCH (1)" in status_text(sink, START + 60)
    status.stats.checksums = 11
    assert "checksum ok (11)" in status_text(sink, START + 61)
    status.stats.checksum_mismatches = 2
    assert "checksum MISMATCH (2)" in status_text(sink, START + 62)
    status.stats.checksums = 12
    assert "checksum MISMATCH (2)" in status_text(sink, START + 63)
    assert "checksum ok (12)" in status_text(sink, START + 68)


def test_the_age_of_the_last_frame_is_told() -> None:
    assert "updated now" in line_of(live_status(), START + 0.5)
    assert "updated 12s ago" in line_of(live_status(), START + 12)
    assert "updated" not in line_of(live_status(last_received=None))


def test_counters_are_told_once_there_is_something_to_tell() -> None:
    assert "gap" not in line_of(live_status())
    line = line_of(live_status(stats=Stats(gaps=1, resyncs=2, reconnects=3)), width=160)
    assert "1 gap · 2 resyncs · 3 reconnects" in line


REFUSED = "cannot connect to api-pub.bitfinex.com: connection refused"


def reconnecting(**changes: object) -> Status:
    return live_status(
        **{"state": State.RECONNECTING, "retry_at": START + 3, "notice": REFUSED} | changes
    )


def test_the_reason_of_a_reconnect_stands_beside_the_state_before_all_else() -> None:
    status = reconnecting(stats=Stats(reconnects=2, gaps=1))
    line = line_of(status, width=100)
    assert line.startswith(f" ○ reconnecting in 3 s · {REFUSED}")
    assert "api-pub.bitfinex.com ·" not in line and "Ctrl-C" not in line


@pytest.mark.parametrize(("width", "height"), [(40, 10), (60, 20), (80, 24)])
def test_a_reason_too_long_for_the_line_has_lines_of_its_own_above_it(
    width: int, height: int
) -> None:
    sink = sink_for("book:tBTCUSD", status=reconnecting())
    lines = sink.render(width, height, START).text.split("\n")
    assert len(lines) == height
    assert lines[-1].startswith(" ○ reconnecting in 3 s")
    told = " ".join(line.strip() for line in lines[-4:-1])
    assert told.endswith(REFUSED)


def test_a_notice_is_cut_where_there_is_no_room_at_all() -> None:
    sink = sink_for("ticker:tBTCUSD", status=reconnecting())
    lines = sink.render(30, 5, START).text.split("\n")
    assert lines[-2].startswith(" cannot connect") and lines[-2].endswith("…")
    assert line_of(live_status(notice="x" * 500), width=60).startswith(" ● connected")


def test_a_notice_leaves_with_its_cause_and_how_to_quit_is_told_again() -> None:
    status = live_status(notice=REFUSED)
    sink = sink_for("ticker:tBTCUSD", status=status)
    assert REFUSED in status_text(sink, width=90)
    assert "Ctrl-C" not in status_text(sink, width=90)
    status.notice = ""
    assert REFUSED not in sink.render(90, 10, START).text
    assert status_text(sink, width=90).endswith("Ctrl-C quits")


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (State.LIVE, "○ ended"),
        (State.CLOSED, "○ ended"),
        (State.RECONNECTING, "○ ended while reconnecting"),
        (State.CONNECTING, "○ ended while connecting"),
        (State.MAINTENANCE, "○ ended during maintenance"),
    ],
)
def test_what_stays_behind_says_that_it_ended_and_keeps_the_notice(
    state: State, words: str
) -> None:
    sink = sink_for("ticker:tBTCUSD", status=live_status(state=state, notice=REFUSED))
    line = sink.render(120, 10, START, final=True).text.split("\n")[-1]
    assert line.startswith(f" {words} · {REFUSED}")
    assert "connected" not in line


@pytest.mark.parametrize(
    ("foreign", "shown"),
    [
        ("bad\x1b[2J\x07news", "bad news"),
        ("two\r\nlines\tand a tab", "two lines and a tab"),
        ("left\u202eright\u200b\u009b31mred", "left right red"),
    ],
)
def test_control_characters_never_reach_the_terminal(foreign: str, shown: str) -> None:
    assert shown in line_of(live_status(notice=foreign))


def test_wide_characters_do_not_push_the_line_over_the_edge() -> None:
    sink = sink_for("ticker:tBTCUSD", status=live_status(notice="維持管理" * 30))
    for width in range(20, 120):
        frame = sink.render(width, 10, START)
        assert sum(segment.cell_length for segment in frame.lines[-1]) == width


def test_how_to_quit_is_told_while_there_is_room_and_not_in_what_stays() -> None:
    sink = sink_for("ticker:tBTCUSD", status=live_status())
    assert sink.render(120, 10, START).text.endswith("Ctrl-C quits")
    assert "Ctrl-C" not in sink.render(40, 10, START).text
    assert "Ctrl-C" not in sink.render(120, 10, START, final=True).text


def test_the_state_and_a_mismatch_outlive_all_else_in_a_narrow_line() -> None:
    status = live_status(stats=Stats(checksums=5, checksum_mismatches=3, gaps=7, reconnects=9))
    sink = sink_for("book:tBTCUSD", status=status, books={"book:tBTCUSD": level_book([], [])})
    assert status_text(sink, width=40) == " ● connected · checksum MISMATCH (3)"
