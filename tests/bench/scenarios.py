"""What is measured: each scenario runs its clients in turn and gives one table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from . import certificate, contestants, startup
from .contestants import BARE
from .latency import latencies, percentile
from .load import SYMBOLS, symbols
from .measure import Run, server
from .table import CPU, RATE, RSS, Metric, Row, Table
from .turns import Bench, in_turn, specs

_RATES = (RATE, CPU, RSS)
_PERCENTILES = tuple(Metric(f"p{share:g} µs") for share in (50, 99, 99.9))


def record_rates(row: Row, run: Run) -> None:
    """Throughput, CPU and memory."""
    row.add(RATE, run.messages / run.seconds)
    row.add(CPU, run.cpu / run.messages * 1e6)
    row.add(RSS, run.rss / 2**20)


def throughput(bench: Bench) -> Iterator[Table]:
    """Ticker, trades and book of three symbols to JSON Lines, beside everyone."""
    clients = [contestants.ours(), contestants.bare(), contestants.bare(printing=True)]
    rows = [(Row(client.name), client) for client in (*clients, *bench.peers)]
    with server("--messages", str(bench.messages)) as running:
        in_turn(bench, running, rows, specs(), record_rates)
    title = f"Ticker, trades and book of three symbols, {bench.messages:,} messages"
    yield Table(title, _RATES, [row for row, _ in rows], BARE)


def views(bench: Bench) -> Iterator[Table]:
    """`--view top` with every checksum on a load of books only; then `-o raw`."""
    top = [(Row("bfxstream --view top"), contestants.top()), (Row(BARE), contestants.bare())]
    with server("--messages", str(bench.messages), "--kinds", "book") as running:
        in_turn(bench, running, top, specs(kinds=("book",)), record_rates)
    yield Table("Best bid and ask, every checksum verified", _RATES, [row for row, _ in top], BARE)
    raw = [(Row("bfxstream -o raw"), contestants.raw()), (Row(BARE), contestants.bare())]
    with server("--messages", str(bench.messages)) as running:
        in_turn(bench, running, raw, specs(), record_rates)
    yield Table("Raw frames", _RATES, [row for row, _ in raw], BARE)


def tls(bench: Bench) -> Iterator[Table]:
    """The load of `throughput` without TLS, in full records, and with one record a frame."""
    kinds = {"off": "plain", "records": "TLS, 16 KiB records", "frames": "TLS, a record a frame"}
    with certificate.made() as made:
        for mode, described in kinds.items():
            clients = [contestants.ours(), contestants.bare()]
            rows = [(Row(client.name), client) for client in clients]
            options = ("--messages", str(bench.messages), "--tls", mode, *made.options())
            with server(*options) as running:
                used = made if mode != "off" else None
                in_turn(bench, running, rows, specs(), record_rates, tls=used)
            yield Table(f"TLS: {described}", _RATES, [row for row, _ in rows], BARE)


def latency(bench: Bench, rate: int = 2_000) -> Iterator[Table]:
    """From the server's send of a trade to its line at the reader."""
    printing = contestants.bare(printing=True)
    clients = [contestants.ours(), printing, *(peer.live() for peer in bench.peers)]
    rows = [(Row(client.name), client) for client in clients]
    count = min(bench.messages, rate * 10)

    def record(row: Row, run: Run) -> None:
        found = sorted(latencies(run))
        if len(found) != len(run.trades):
            row.remark(f"FAULT: {len(found)} of {len(run.trades)} trades seen")
        for metric, share in zip(_PERCENTILES, (0.5, 0.99, 0.999), strict=True):
            if found:
                row.add(metric, percentile(found, share) / 1e3)

    options = ("--messages", str(count), "--kinds", "trades", "--rate", str(rate))
    with server(*options) as running:
        in_turn(bench, running, rows, specs(kinds=("trades",)), record, keep=True)
    title = f"Latency at {rate:,} messages/s, from the send to the line"
    yield Table(title, _PERCENTILES, [row for row, _ in rows], printing.name)


def growth(bench: Bench) -> Iterator[Table]:
    """More subscriptions, then longer books: what a message costs."""
    rows = [_books(bench, symbols(count), 25) for count in (1, 9, 25, 100, 300)]
    for row, count in zip(rows, (1, 9, 25, 100, 300), strict=True):
        row.name = f"{count} books of 25"
    yield Table("Growth with subscriptions", _RATES, rows, "1 books of 25")
    rows = [_books(bench, SYMBOLS, length) for length in (25, 100, 250)]
    for row, length in zip(rows, (25, 100, 250), strict=True):
        row.name = f"3 books of {length}"
    yield Table("Growth with the length of books", _RATES, rows, "3 books of 25")


def _books(bench: Bench, names: Sequence[str], length: int) -> Row:
    row = Row(f"{len(names)} books of {length}")
    options = ("--kinds", "book", "--symbols", ",".join(names), "--len", str(length))
    with server("--messages", str(bench.messages), *options) as running:
        wanted = specs(names, ("book",), length)
        in_turn(bench, running, [(row, contestants.ours())], wanted, record_rates)
    return row


def memory(bench: Bench) -> Iterator[Table]:
    """Peak memory after a million messages and after ten; the load is made while it is sent."""
    rows = []
    for count in (bench.messages * 2, bench.messages * 20):
        row = Row(f"{count:,} messages")
        with server("--messages", str(count), "--lazy") as running:
            in_turn(bench, running, [(row, contestants.ours())], specs(), _record_memory)
        rows.append(row)
    yield Table("Memory", (RSS, CPU), rows, rows[0].name)


def _record_memory(row: Row, run: Run) -> None:
    row.add(RSS, run.rss / 2**20)
    row.add(CPU, run.cpu / run.messages * 1e6)


def pace(bench: Bench, rate: int = 200, seconds: int = 20) -> Iterator[Table]:
    """The CPU share at a real market's pace."""
    share = Metric("% of one core", 2)
    clients = [contestants.ours(), contestants.bare(printing=True)]
    rows = [(Row(client.name), client) for client in clients]
    count = min(rate * seconds, bench.messages)
    with server("--messages", str(count), "--rate", str(rate)) as running:
        in_turn(
            bench,
            running,
            rows,
            specs(),
            lambda row, run: row.add(share, run.cpu / run.seconds * 100),
        )
    title = f"CPU at {rate} messages/s for {count / rate:g} s, in a pipe"
    yield Table(title, (share,), [row for row, _ in rows], rows[1][0].name)


SCENARIOS: dict[str, Callable[[Bench], Iterator[Table]]] = {
    "throughput": throughput,
    "views": views,
    "tls": tls,
    "latency": latency,
    "startup": startup.startup,
    "growth": growth,
    "memory": memory,
    "pace": pace,
}
ON_REQUEST = ("memory",)
