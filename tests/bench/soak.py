"""Memory over time: a long run in a busy market, and a reader that stops."""

from __future__ import annotations

import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from .chaos import Chaos
from .table import Metric, Row, Table
from .turns import Bench

BUSY_RATE = 1_000.0
"""Events a second of the market of the long run."""
_STOPPED_RATE = 200.0
_MINUTE = 60.0
_STOP = 30.0
"""Seconds for which the reader stands still; as long it runs before and afterwards."""

_AFTER_A_MINUTE, _AT_THE_END = Metric("MiB after 1 min", 2), Metric("MiB at the end", 2)
_MOST = Metric("MiB at most", 2)
_BEFORE, _STOPPED = Metric("MiB before", 2), Metric("MiB while it stood", 2)
_TRADES, _LOST, _TWICE = Metric("trades"), Metric("lost"), Metric("twice")
_BACKFILLED = Metric("filled in")


def soak(bench: Bench) -> Iterator[Table]:
    """Trades, books and candles of three symbols; what is resident is looked at all the time."""
    with tempfile.TemporaryDirectory() as folder:
        run = Chaos(Path(folder), [], scale=1.0, rate=BUSY_RATE)
        memory = _Memory(run)
        bench.progress(f"soak for {bench.minutes:g} minutes at {BUSY_RATE:g} events/s")
        outcome = run.run(lambda: memory.look() < bench.minutes * _MINUTE)
    row = Row("bfxstream")
    row.add(_AFTER_A_MINUTE, memory.at(_MINUTE))
    row.add(_AT_THE_END, memory.at(bench.minutes * _MINUTE))
    row.add(_MOST, memory.most(_MINUTE, bench.minutes * _MINUTE))
    row.add(_TRADES, outcome.verdict.trades)
    row.add(_LOST, len(outcome.verdict.lost))
    row.add(_TWICE, len(outcome.verdict.twice))
    row.remark(f"{outcome.stats['messages']:,} messages, {outcome.stats['records']:,} records")
    yield Table(f"Soak: {bench.minutes:g} min, {BUSY_RATE:g} events/s", tuple(row.values), [row])


def stopped(bench: Bench) -> Iterator[Table]:
    """The reader of the pipe is stopped, then goes on: nothing is lost, no memory grows."""
    with tempfile.TemporaryDirectory() as folder:
        run = Chaos(Path(folder), [], scale=1.0, rate=_STOPPED_RATE)
        memory = _Memory(run)
        stops = _once(lambda: run.reader.send_signal(signal.SIGSTOP))
        goes_on = _once(lambda: run.reader.send_signal(signal.SIGCONT))

        def lasts() -> bool:
            passed = memory.look()
            if passed >= _STOP:
                stops()
            if passed >= 2 * _STOP:
                goes_on()
            return passed < 3 * _STOP

        bench.progress(f"a reader that stops for {_STOP:g} s")
        outcome = run.run(lasts)
    row = Row("bfxstream")
    row.add(_BEFORE, memory.at(_STOP))
    row.add(_STOPPED, memory.most(_STOP, 2 * _STOP))
    row.add(_AT_THE_END, memory.at(3 * _STOP))
    row.add(_TRADES, outcome.verdict.trades)
    row.add(_LOST, len(outcome.verdict.lost))
    row.add(_TWICE, len(outcome.verdict.twice))
    row.add(_BACKFILLED, outcome.verdict.backfilled)
    row.remark(f"{outcome.stats['reconnects']} reconnects, {outcome.verdict.gaps} gaps told")
    yield Table(f"A reader that stops for {_STOP:g} s", tuple(row.values), [row])


def _once(act: Callable[[], None]) -> Callable[[], None]:
    """The same act, the first time it is asked for only."""
    left = [act]

    def first() -> None:
        if left:
            left.pop()()

    return first


class _Memory:
    """What is resident of a run's client, by the seconds since the first look."""

    def __init__(self, run: Chaos) -> None:
        self._run = run
        self._began: float | None = None
        self._seen: list[tuple[float, float]] = []

    def look(self) -> float:
        """Note it; the seconds since the first look."""
        now = time.monotonic()
        if self._began is None:
            self._began = now
        self._seen.append((now - self._began, _resident(self._run.client)))
        return now - self._began

    def at(self, seconds: float) -> float:
        """MiB at the last look until then."""
        return [mebibytes for when, mebibytes in self._seen if when <= seconds][-1]

    def most(self, begin: float, end: float) -> float:
        """The most of the looks between these."""
        return max(mebibytes for when, mebibytes in self._seen if begin <= when <= end)


def _resident(process: subprocess.Popen[bytes]) -> float:
    status = Path(f"/proc/{process.pid}/status").read_text()
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if "VmRSS" in line)
