"""Running clients in turn against their servers, and collecting what each run gives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .certificate import Certificate
from .contestants import Contestant
from .load import KINDS, SYMBOLS
from .measure import Run, Server, measure
from .table import CPU, LINES, MESSAGES, RATE, RSS, Row


@dataclass
class Bench:
    """The choices of one run of the bench."""

    runs: int
    messages: int
    peers: list[Contestant] = field(default_factory=list)
    progress: Callable[[str], None] = print
    minutes: float = 30.0
    """How long `chaos` lasts, all its times multiplied by the scale; and `soak`."""
    scale: float = 0.1
    keep: Path | None = None
    """Where the files of `chaos` are kept; None for nowhere."""
    rounds: int = 200
    """Of `orders`."""


@dataclass(frozen=True)
class Entry:
    """One row of a table: who runs against what."""

    row: Row
    client: Contestant
    server: Server
    specs: Sequence[str]
    tls: Certificate | None = None

    def run(self, client: Contestant | None = None, *, keep: bool = False) -> Run:
        """Once, and note what was amiss; `client` in place of the entry's own."""
        client = client or self.client
        url = f"{'wss' if self.tls else 'ws'}://127.0.0.1:{self.server.port}"
        trusted = {"SSL_CERT_FILE": str(self.tls.certificate)} if self.tls else {}
        command = [*client.command, url, *self.specs]
        run = measure(self.server, command, keep=keep, env={**client.env, **trusted})
        for fault in client.faults(run):
            self.row.remark(fault)
        return run


def specs(
    names: Sequence[str] = SYMBOLS, kinds: Sequence[str] = KINDS, length: int = 25
) -> list[str]:
    """What to subscribe to, as `bfxstream stream` takes it; so do all the scripts."""
    ends = {"book": f":P0:F0:{length}"}
    return [f"{kind}:{name}{ends.get(kind, '')}" for name in names for kind in kinds]


def entries(clients: Sequence[Contestant], running: Server, wanted: Sequence[str]) -> list[Entry]:
    """A row for each client, all against one server."""
    return [Entry(Row(client.label or client.name), client, running, wanted) for client in clients]


def in_turn(
    bench: Bench,
    entries: Sequence[Entry],
    record: Callable[[Row, Run], None],
    *,
    keep: bool = False,
) -> list[Row]:
    """A B C A B C …: so that a slow minute of the machine hits all of them."""
    for entry in entries:
        if proof := entry.client.proof():
            bench.progress(f"not timed, to see that nothing is missed: {entry.row.name}")
            entry.run(proof)
    for i in range(bench.runs):
        for entry in entries:
            row = entry.row
            bench.progress(f"run {i + 1} of {bench.runs}: {row.name}")
            run = entry.run(keep=keep)
            row.remark(entry.client.remark)
            if run.seconds:
                record(row, run)
    return [entry.row for entry in entries]


def record_rates(row: Row, run: Run) -> None:
    """Throughput, CPU and memory."""
    row.add(RATE, run.messages / run.seconds)
    row.add(CPU, run.cpu / run.messages * 1e6)
    row.add(RSS, run.rss / 2**20)
    row.add(MESSAGES, run.messages)
    row.add(LINES, run.lines)
