"""Real recorded traffic through a local server to the installed command.

Asserts what the recordings are known to hold: counts of every kind, checksums that match, and
what real traffic never breaks (no gap, no unknown delete, no crossed book, no side too long).
"""

from __future__ import annotations

import json
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from captures import CRYPTOFEED, GO_22, GO_28, LOBO, received_frames
from websockets.sync.server import ServerConnection, serve

from .command import Result, run

Record = dict[str, Any]


@contextmanager
def playback(frames: list[bytes]) -> Iterator[str]:
    """A server that greets, waits for the subscriptions, then sends the frames and closes."""
    wanted = sum(b'"event":"subscribed"' in frame for frame in frames)

    def handler(connection: ServerConnection) -> None:
        connection.send(frames[0].decode())
        asked = 0
        while asked < wanted:
            asked += json.loads(connection.recv())["event"] == "subscribe"
        for frame in frames[1:]:
            connection.send(frame.decode())

    with serve(handler, "127.0.0.1", 0, compression=None) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}"
        server.shutdown()


def specs_of(frames: list[bytes]) -> list[str]:
    """The subscriptions that the recording confirms, as specs."""
    specs = []
    for frame in frames:
        if b'"event":"subscribed"' in frame:
            event = json.loads(frame)
            spec = f"{event['channel']}:{event['symbol']}"
            if event["channel"] == "book":
                spec += f":{event['prec']}:{event['freq']}:{event['len']}"
            specs.append(spec)
    return specs


def play(name: str, *options: str) -> Result:
    """The whole recording through the command; it ends when the server closes."""
    frames = received_frames(name)
    with playback(frames) as url:
        result = run(
            *("stream", *specs_of(frames), "--url", url, "--no-reconnect", "--stats"), *options
        )
    assert result.code == 1
    assert "closed the connection" in result.stderr
    return result


def assert_healthy(stats: Record, frames: int) -> None:
    assert stats["messages"] == frames
    for trouble in ("gaps", "resyncs", "bad_frames", "checksum_mismatches", "duplicates_dropped"):
        assert stats[trouble] == 0, trouble


def assert_books_hold(records: list[Record], length: int) -> None:
    """Apply the printed levels: no unknown delete, no side too long, never crossed."""
    sides: dict[tuple[str, str], dict[float, Record]] = defaultdict(dict)
    for record in records:
        side = sides[record["symbol"], record["side"]]
        if record["count"]:
            side[record["price"]] = record
        else:
            del side[record["price"]]
        assert len(side) <= length
        bids, asks = sides[record["symbol"], "bid"], sides[record["symbol"], "ask"]
        assert not (bids and asks) or max(bids) < min(asks)


def test_a_session_of_seven_pairs_is_printed_whole() -> None:
    result = play(CRYPTOFEED)
    assert_healthy(result.stats, len(received_frames(CRYPTOFEED)))
    records = result.records
    kinds = Counter((record["channel"], record.get("type")) for record in records)
    assert kinds["ticker", None] == 21
    assert kinds["trades", "snapshot"] == 7 * 30
    assert kinds["book", "update"] == 1593
    assert kinds["book", "snapshot"] > 7 * 100
    assert len({record["symbol"] for record in records}) == 7
    assert_books_hold([record for record in records if record["channel"] == "book"], 100)


def test_every_number_is_printed_as_it_came() -> None:
    result = play(CRYPTOFEED)
    sent = b"\n".join(received_frames(CRYPTOFEED))
    for spelled in ("2.2626931299999997", "0.00002503", "7e-8"):
        assert (spelled.encode() in sent) == (spelled in result.stdout)
    tokens = Counter(
        token
        for line in result.stdout.splitlines()
        if '"update"' in line
        for token in json.loads(line, parse_float=str, parse_int=str).values()
    )
    assert all(token.encode() in sent for token in tokens if token[0].isdigit())


def test_whole_books_are_printed_once_a_burst_without_bulk_updates() -> None:
    result = play(CRYPTOFEED, "--view", "full")
    books = [record for record in result.records if record["channel"] == "book"]
    # 7 snapshots and 335 bursts. Played without the pauses between them, two neighbours that
    # fit into one order cannot be told apart; one that is cut in half would show as more.
    assert 7 + 335 * 0.95 <= len(books) <= 7 + 335
    for book in books:
        bids, asks = [row[0] for row in book["bids"]], [row[0] for row in book["asks"]]
        assert bids == sorted(bids, reverse=True)
        assert asks == sorted(asks)
        assert not (bids and asks) or bids[0] < asks[0]


@pytest.mark.parametrize("name", [GO_22, GO_28])
def test_a_checksum_over_exponents_and_a_short_side_matches(name: str) -> None:
    result = play(name)
    assert_healthy(result.stats, len(received_frames(name)))
    assert result.stats["checksums"] == 1


def test_raw_orders_and_their_checksums_match() -> None:
    frames = received_frames(LOBO)
    result = play(LOBO)
    assert_healthy(result.stats, len(frames))
    assert result.stats["checksums"] == 2
    kinds = Counter((record["channel"], record.get("type")) for record in result.records)
    assert kinds["book", "update"] == 286


def test_raw_output_is_the_recording() -> None:
    frames = received_frames(LOBO)
    assert play(LOBO, "-o", "raw").stdout.encode().splitlines() == frames


def test_a_frame_that_cannot_be_read_is_counted_said_once_and_skipped() -> None:
    frames = received_frames(GO_28)
    garbage = [b"{not json", b"[81757,[1,2]]", b'[81757,["a",1,"b"]]', b"", b"[", b"null"]
    with playback([*frames[:4], *garbage, *frames[4:]]) as url:
        result = run(
            *("stream", *specs_of(frames), "--url", url, "--no-reconnect", "--stats"),
        )
    assert result.stats["bad_frames"] == len(garbage)
    assert result.stats["checksums"] == 1
    assert result.stats["checksum_mismatches"] == 0
    assert result.stderr.count("could not be read") == 1
