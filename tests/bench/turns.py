"""Running clients in turn against one server, and collecting what each run gives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from .certificate import Certificate
from .contestants import Contestant
from .load import KINDS, SYMBOLS
from .measure import Run, Server, measure
from .table import Row


@dataclass
class Bench:
    """The choices of one run of the bench."""

    runs: int
    messages: int
    peers: list[Contestant] = field(default_factory=list)
    progress: Callable[[str], None] = print


def specs(
    names: Sequence[str] = SYMBOLS, kinds: Sequence[str] = KINDS, length: int = 25
) -> list[str]:
    """What to subscribe to, as `bfxstream stream` takes it; so do all the scripts."""
    ends = {"book": f":P0:F0:{length}"}
    return [f"{kind}:{name}{ends.get(kind, '')}" for name in names for kind in kinds]


def in_turn(
    bench: Bench,
    running: Server,
    clients: Sequence[tuple[Row, Contestant]],
    wanted: Sequence[str],
    record: Callable[[Row, Run], None],
    *,
    keep: bool = False,
    tls: Certificate | None = None,
) -> None:
    """A B C A B C …: so that a slow minute of the machine hits all of them."""
    url = f"{'wss' if tls else 'ws'}://127.0.0.1:{running.port}"
    trusted = {"SSL_CERT_FILE": str(tls.certificate)} if tls else {}
    for i in range(bench.runs):
        for row, client in clients:
            bench.progress(f"run {i + 1} of {bench.runs}: {row.name}")
            command = [*client.command, url, *wanted]
            run = measure(running, command, keep=keep, env={**client.env, **trusted})
            faults = client.faults(run)
            for fault in faults:
                row.remark(f"FAULT: {fault}")
            if run.seconds:
                record(row, run)
                row.remark(client.remark)
