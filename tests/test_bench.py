"""The benchmark: its load is true to the exchange's rules, and it sees what a client misses."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from bench.contestants import OURS, Contestant, ours
from bench.load import SYMBOLS, Channel, Frame, Load, symbols
from bench.measure import Run
from bench.server import OB_CHECKSUM, SEQ_ALL, Session
from bench.table import Metric, Row, Table
from frames import decode

from bfxstream.book import OrderBook, order_book
from bfxstream.protocol.channels import parse_spec

CHECKOUT = Path(__file__).parent.parent
FRAMES = 3_000


def book_rows(channel: Channel, frame: Frame, length: int) -> Any:
    spec = f"book:{channel.symbol}:P0:F0:{length}"
    return decode(spec, f"{frame.head}]".encode()).payload


@pytest.mark.parametrize("length", [25, 100])
def test_the_books_of_the_load_have_the_checksums_that_it_sends(length):
    load = Load(length=length)
    channels = {channel.chan_id: channel for channel in load.channels}
    books: dict[int, OrderBook[Any]] = {}
    for i, channel in channels.items():
        if channel.name == "book":
            books[i] = order_book(parse_spec(f"book:{channel.symbol}:P0:F0:{length}"))
            books[i].load(book_rows(channel, load.snapshots[i], length))
    checked = 0
    for frame in islice(load.frames(), FRAMES):
        if frame.kind == "book":
            rows = book_rows(channels[frame.chan_id], frame, length)
            for row in rows if isinstance(rows, list) else [rows]:
                books[frame.chan_id].apply(row)
        elif frame.kind == "cs":
            checked += 1
            assert json.loads(f"{frame.head}]")[2] == books[frame.chan_id].checksum()
    assert checked > FRAMES / 50
    for book in books.values():
        assert len(book.bids) == len(book.asks) == length
        assert not book.crossed
        assert book.unknown_deletes == 0


def test_the_load_is_the_same_for_every_client():
    first, second = Load(), Load()
    assert first.snapshots == second.snapshots
    assert list(islice(first.frames(), FRAMES)) == list(islice(second.frames(), FRAMES))


def test_the_mixture_of_the_load_is_that_of_its_description():
    kinds = [frame.kind for frame in islice(Load().frames(), 20_000)]
    shares = {kind: kinds.count(kind) / len(kinds) for kind in set(kinds)}
    expected = {"book": 0.78, "cs": 0.04, "te": 0.055, "tu": 0.055, "ticker": 0.055, "hb": 0.015}
    assert shares == pytest.approx(expected, abs=0.02)


def test_trades_come_twice_with_rising_ids():
    frames = [json.loads(f"{f.head}]") for f in islice(Load(kinds=("trades",)).frames(), 500)]
    entered = [frame[2] for frame in frames if frame[1] == "te"]
    updated = [frame[2] for frame in frames if frame[1] == "tu"]
    assert updated == entered[: len(updated)]
    assert [trade[0] for trade in entered] == sorted({trade[0] for trade in entered})


class Silent:
    """A connection that takes whatever is said."""

    def say(self, message: dict[str, Any]) -> None:
        pass


def sent(flags: int, frames: list[Frame]) -> list[Any]:
    session = Session(Silent())  # type: ignore[arg-type]
    session.flags = flags
    return [json.loads(session.encoded(frame)[2:]) for frame in frames]


def test_the_sequence_has_no_hole():
    frames = list(islice(Load().frames(), FRAMES))
    assert [frame[-1] for frame in sent(SEQ_ALL | OB_CHECKSUM, frames)] == [*range(1, FRAMES + 1)]


def test_a_client_without_checksums_gets_as_many_frames():
    frames = list(islice(Load().frames(), FRAMES))
    received = sent(0, frames)
    assert len(received) == FRAMES
    assert not any(frame[1] == "cs" for frame in received)


def test_three_hundred_symbols_are_all_different():
    assert len(set(symbols(300))) == 300
    assert symbols(3) == list(SYMBOLS)


COUNTS = {"snapshot": 1, "snapshot_rows": 50, "book": 100, "cs": 5}
FLAWLESS = {
    "gaps": 0,
    "checksums": 5,
    "checksum_mismatches": 0,
    "bad_frames": 0,
    "reconnects": 0,
    "resyncs": 0,
}


def run_of(lines: int, **stats: int) -> Run:
    return Run(
        messages=105, lines=lines, counts=dict(COUNTS), stderr=json.dumps({**FLAWLESS, **stats})
    )


def proof() -> Contestant:
    found = ours().proof()
    assert found is not None
    return found


def test_a_run_that_misses_nothing_has_no_fault():
    assert ours().faults(run_of(150)) == proof().faults(run_of(150)) == []


def test_the_timed_runs_have_the_default_flags():
    assert "--stats" in proof().command
    assert [*ours().command] == [option for option in proof().command if option != "--stats"]
    assert ours().faults(Run(lines=150, counts=dict(COUNTS))) == []


@pytest.mark.parametrize(
    ("run", "fault"),
    [
        (run_of(149), "FAULT: 149 lines, not 150"),
        (run_of(150, gaps=1), "FAULT: 1 gaps"),
        (run_of(150, checksum_mismatches=2), "FAULT: 2 checksum_mismatches"),
        (run_of(150, checksums=4), "FAULT: 4 checksums, not 5"),
        (Run(error="no"), "FAULT: no"),
        (Run(error="too many", status=2), "refused: too many"),
    ],
)
def test_whatever_a_client_misses_is_told(run: Run, fault: str):
    assert proof().faults(run) == [fault]


def test_a_table_shows_medians_ranges_and_ratios():
    rate = Metric("messages/s")
    rows = [
        Row("ours", {rate: [3_000, 1_000, 2_000]}),
        Row("base", {rate: [500]}),
        Row("none", {}, ["FAULT: no"]),
    ]
    lines = Table("A title", (rate,), rows, "base").markdown().splitlines()
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines[2:]]
    assert lines[0] == "### A title"
    assert cells[0] == ["", "messages/s", "ratio", ""]
    assert cells[2] == ["ours", "2,000 (1,000–3,000)", "4.00", ""]
    assert cells[3] == ["base", "500", "1.00", ""]
    assert cells[4] == ["none", "–", "–", "FAULT: no"]


def test_the_bench_runs_and_nobody_misses_anything(tmp_path):
    report = tmp_path / "report.json"
    chosen = ["--runs", "1", "--messages", "3000", "--peers", "", "--json", str(report)]
    arguments = [sys.executable, "-m", "tests.bench", "throughput", "--quiet", *chosen]
    ran = subprocess.run(arguments, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "### Ticker, trades and book of three symbols" in ran.stdout
    [table] = json.loads(report.read_text())["tables"]
    rows = {row["name"]: row for row in table["rows"]}
    assert list(rows) == [OURS, "bare loop", "bare loop, print and flush"]
    for row in rows.values():
        assert row["remarks"] == []
        assert row["values"]["messages"] == [3_000]
        assert row["values"]["messages/s"][0] > 0
    assert rows["bare loop"]["values"]["lines"] == [0]
    assert rows["bare loop, print and flush"]["values"]["lines"] == [3_000 + 2 * 9 + 2]
