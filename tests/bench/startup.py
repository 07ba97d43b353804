"""How long the command takes to start: its help, and its first line on the pipe."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator

from . import contestants
from .measure import CLIENT_CORE, Run, pinned, server
from .table import Metric, Row, Table
from .turns import Bench, entries, in_turn, specs

_MILLISECONDS = Metric("ms", 1)
_REPEATS = 4


def startup(bench: Bench) -> Iterator[Table]:
    """`--version` and `--help` beside `import click`; then the first line of a stream."""
    script = str(contestants.SCRIPT)
    commands = {
        "python -c 'import click'": [sys.executable, "-c", "import click"],
        "python -c pass": [sys.executable, "-c", "pass"],
        "bfxstream --version": [script, "--version"],
        "bfxstream --help": [script, "--help"],
        "bfxstream stream --help": [script, "stream", "--help"],
    }
    rows = {name: Row(name) for name in commands}
    for _ in range(bench.runs * _REPEATS):
        for name, command in commands.items():
            rows[name].add(_MILLISECONDS, _seconds(command) * 1e3)
    yield Table("Start-up", (_MILLISECONDS,), list(rows.values()), next(iter(commands)))
    yield _first_line(bench)


def _seconds(command: list[str]) -> float:
    with pinned(CLIENT_CORE):
        begin = time.monotonic()
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        return time.monotonic() - begin


def _first_line(bench: Bench) -> Table:
    printing = contestants.bare(printing=True)
    clients = [contestants.ours(), printing, *(peer.live() for peer in bench.peers)]

    def record(row: Row, run: Run) -> None:
        row.add(_MILLISECONDS, run.first_line * 1e3)

    with server("--messages", "100") as running:
        rows = in_turn(bench, entries(clients, running, specs()), record)
    title = "First line on the pipe (the bare loop's is `info`, ours a snapshot's)"
    return Table(title, (_MILLISECONDS,), rows, printing.name)
