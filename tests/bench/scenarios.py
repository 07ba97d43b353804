"""What is measured: each scenario runs its clients in turn and gives its tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace

from . import certificate, chaos, contestants, orders, soak, startup
from .contestants import BARE, OURS
from .latency import latencies, percentile
from .load import SYMBOLS, symbols
from .measure import Run, server
from .table import CPU, RATE, RSS, Metric, Row, Table
from .turns import Bench, Entry, entries, in_turn, record_rates, specs

_RATES = (RATE, CPU, RSS)
_PERCENTILES = tuple(Metric(f"p{share:g} µs") for share in (50, 99, 99.9))
_SUBSCRIPTIONS = (1, 9, 25, 100, 300)
_LENGTHS = (25, 100, 250)
_TLS_MODES = {"off": "plain", "records": "TLS, 16 KiB records", "frames": "TLS, a record a frame"}


def throughput(bench: Bench) -> Iterator[Table]:
    """Ticker, trades and book of three symbols to JSON Lines, beside everyone."""
    printing = contestants.bare(printing=True)
    clients = [contestants.ours(), contestants.bare(), printing, *bench.peers]
    with server("--messages", str(bench.messages)) as running:
        rows = in_turn(bench, entries(clients, running, specs()), record_rates)
    title = f"Ticker, trades and book of three symbols, {bench.messages:,} messages"
    yield Table(title, _RATES, rows, BARE)


def views(bench: Bench) -> Iterator[Table]:
    """`--view top` with every checksum on a load of books only; then `-o raw`."""
    clients = [replace(contestants.top(), label="bfxstream --view top"), contestants.bare()]
    books = specs(kinds=("book",))
    with server("--messages", str(bench.messages), "--kinds", "book") as running:
        rows = in_turn(bench, entries(clients, running, books), record_rates)
    yield Table("Best bid and ask of three books, every checksum verified", _RATES, rows, BARE)
    clients = [replace(contestants.raw(), label="bfxstream -o raw"), contestants.bare()]
    with server("--messages", str(bench.messages)) as running:
        rows = in_turn(bench, entries(clients, running, specs()), record_rates)
    yield Table("Raw frames", _RATES, rows, BARE)


def tls(bench: Bench) -> Iterator[Table]:
    """The load of `throughput` without TLS, in full records, and with one record a frame."""
    listed = []
    with certificate.made() as made, ExitStack() as stack:
        for mode, described in _TLS_MODES.items():
            options = ("--messages", str(bench.messages), "--tls", mode, *made.options())
            running = stack.enter_context(server(*options))
            used = made if mode != "off" else None
            for client in (contestants.ours(), contestants.bare()):
                row = Row(f"{client.name}, {described}")
                listed.append(Entry(row, client, running, specs(), used))
        rows = in_turn(bench, listed, record_rates)
    by_name = {row.name: row for row in rows}
    for described in _TLS_MODES.values():
        row = by_name[f"{OURS}, {described}"]
        row.compare(RATE, by_name[f"{BARE}, {described}"], "of the bare loop over the same")
        row.compare(RATE, by_name[f"{OURS}, plain"], "of its own plain figure")
    yield Table("TLS, a self-signed certificate", _RATES, rows, f"{BARE}, plain")


def latency(bench: Bench, rate: int = 2_000, seconds: int = 10) -> Iterator[Table]:
    """From the server's send of a trade to its line at the reader."""
    printing = contestants.bare(printing=True)
    clients = [contestants.ours(), printing, *(peer.live() for peer in bench.peers)]

    def record(row: Row, run: Run) -> None:
        found = sorted(latencies(run))
        if len(found) != len(run.trades):
            row.remark(f"FAULT: {len(found)} of {len(run.trades)} trades seen")
        for metric, share in zip(_PERCENTILES, (0.5, 0.99, 0.999), strict=True):
            if found:
                row.add(metric, percentile(found, share) / 1e3)

    count = min(bench.messages, rate * seconds)
    options = ("--messages", str(count), "--kinds", "trades", "--rate", str(rate))
    with server(*options) as running:
        listed = entries(clients, running, specs(kinds=("trades",)))
        rows = in_turn(bench, listed, record, keep=True)
    title = f"Latency at {rate:,} messages/s, from the server's send to the line at the reader"
    yield Table(title, _PERCENTILES, rows, printing.name)


def growth(bench: Bench) -> Iterator[Table]:
    """More subscriptions, then longer books: what a message costs."""
    sizes = [(f"{n} subscription{'s'[: n > 1]}", symbols(n), 25) for n in _SUBSCRIPTIONS]
    rows = _books(bench, sizes)
    yield Table("Growth with subscriptions, books of 25 levels", _RATES, rows, rows[0].name)
    rows = _books(bench, [(f"{n} levels", SYMBOLS, n) for n in _LENGTHS])
    yield Table("Growth with the length of books, three symbols", _RATES, rows, rows[0].name)


def _books(bench: Bench, sizes: Sequence[tuple[str, Sequence[str], int]]) -> list[Row]:
    # A fifth, as the server of each size keeps its load in memory.
    messages = ("--messages", str(max(bench.messages // 5, 1)), "--kinds", "book")
    listed = []
    with ExitStack() as stack:
        for name, names, length in sizes:
            options = (*messages, "--symbols", ",".join(names), "--len", str(length))
            running = stack.enter_context(server(*options))
            wanted = specs(names, ("book",), length)
            listed.append(Entry(Row(name), contestants.ours(), running, wanted))
        return in_turn(bench, listed, record_rates)


def memory(bench: Bench) -> Iterator[Table]:
    """Peak memory after a million messages and after ten; the load is made while it is sent."""
    listed = []
    with ExitStack() as stack:
        for count in (bench.messages * 2, bench.messages * 20):
            running = stack.enter_context(server("--messages", str(count), "--lazy"))
            row = Row(f"{count:,} messages")
            listed.append(Entry(row, contestants.ours(), running, specs()))
        rows = in_turn(bench, listed, record_rates)
    yield Table("Memory", (RSS, CPU), rows, rows[0].name)


def pace(bench: Bench, rate: int = 200, seconds: int = 20, burst: int = 5) -> Iterator[Table]:
    """The CPU share at a real market's pace, in bursts as the exchange sends them.

    A session recorded on seven pairs has 1,693 frames in 361 bursts (no pause above 0.2 ms).
    """
    share = Metric("% of one core", 2)
    printing = contestants.bare(printing=True)
    count = min(rate * seconds, bench.messages)

    def record(row: Row, run: Run) -> None:
        row.add(share, run.cpu / run.seconds * 100)

    paced = ("--messages", str(count), "--rate", str(rate), "--burst", str(burst))
    with server(*paced) as running:
        listed = entries([contestants.ours(), printing], running, specs())
        rows = in_turn(bench, listed, record)
    title = f"CPU at {rate} messages/s in bursts of {burst} for {count / rate:g} s, in a pipe"
    yield Table(title, (share,), rows, printing.name)


SCENARIOS: dict[str, Callable[[Bench], Iterator[Table]]] = {
    "throughput": throughput,
    "views": views,
    "tls": tls,
    "latency": latency,
    "startup": startup.startup,
    "growth": growth,
    "memory": memory,
    "pace": pace,
    "chaos": chaos.chaos,
    "drops": chaos.drops,
    "orders": orders.orders,
    "soak": soak.soak,
    "stopped": soak.stopped,
}
ON_REQUEST = ("memory", "chaos", "drops", "orders", "soak", "stopped")
