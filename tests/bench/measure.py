"""One run of one client against the server: what it took, and whether it missed anything."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_PATIENCE = 60.0
_LOAD_PATIENCE = 900.0
_SAMPLING = 0.1
_EXIT_PATIENCE = 5.0
_MOST_READ = 1 << 20


def cores() -> tuple[int, int] | None:
    """One core for the server and the reader, one for the client; None when there is only one."""
    if not hasattr(os, "sched_getaffinity"):
        return None
    available = sorted(os.sched_getaffinity(0))
    return (available[0], available[-1]) if len(available) > 1 else None


PINNED = cores()


SERVER_CORE, CLIENT_CORE = 0, 1


@contextlib.contextmanager
def pinned(core: int) -> Iterator[None]:
    """A process started in here stays on this core; this one returns to the server's."""
    if PINNED is None:
        yield
        return
    os.sched_setaffinity(0, {PINNED[core]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, {PINNED[SERVER_CORE]})


@dataclass
class Run:
    """What one run of one client gave."""

    messages: int = 0
    seconds: float = 0.0
    cpu: float = 0.0
    """Seconds, user and system, from the first frame of the load to the exit."""
    rss: int = 0
    """Peak, in bytes."""
    first_line: float = 0.0
    """Seconds from the start of the process to its first byte on the pipe."""
    lines: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    connections: int = 1
    trades: dict[str, int] = field(default_factory=dict)
    reads: list[tuple[int, bytes]] = field(default_factory=list)
    """With `keep`: when something came out of the pipe (ns), and what."""
    stderr: str = ""
    error: str | None = None
    status: int = 0
    """The client's exit code."""


class Server:
    """The server in a process of its own, pinned to its core."""

    def __init__(self, *options: str) -> None:
        with pinned(SERVER_CORE):
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.bench.server", *options],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        self.port: int = self.hear()["port"]

    def hear(self) -> dict[str, Any]:
        """Its next message."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the bench's server ended")
        message: dict[str, Any] = json.loads(line)
        return message

    def go(self) -> None:
        """Let the load begin."""
        assert self.process.stdin is not None
        self.process.stdin.write(b"go\n")
        self.process.stdin.flush()


@contextlib.contextmanager
def server(*options: str) -> Iterator[Server]:
    """A server for one scenario."""
    running = Server(*options)
    try:
        yield running
    finally:
        running.process.kill()
        running.process.communicate()


def measure(
    running: Server,
    command: Sequence[str],
    *,
    keep: bool = False,
    env: dict[str, str] | None = None,
    cwd: str | None = None,
) -> Run:
    """Run the client against the server until it ends, and read all it prints."""
    with tempfile.TemporaryFile() as stderr:
        started = time.monotonic()
        with pinned(CLIENT_CORE):
            client = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=stderr,
                env={**os.environ, **(env or {})},
                cwd=cwd,
            )
        watch = _Watch(running, client, started, keep=keep)
        run = watch.until_the_end()
        _reap(client, run, watch.cpu_at_go)
        stderr.seek(0)
        run.stderr = stderr.read().decode(errors="replace")
    if run.error is None and not run.messages:
        last_word = (run.stderr.strip().splitlines() or ["it said nothing"])[-1]
        run.error = f"ended before the load: {last_word}"
    return run


class _Watch:
    """Reads the client's pipe and the server's messages at the same time."""

    def __init__(
        self, running: Server, client: subprocess.Popen[bytes], started: float, *, keep: bool
    ) -> None:
        self._server = running
        self._client = client
        self._started = started
        self._keep = keep
        self._deadline = started + _PATIENCE
        self._last_output = 0.0
        self._next_sample = 0.0
        # One buffer: a new one for each read was, in every third run, a page fault of 12 µs.
        self._room = bytearray(_MOST_READ)
        self._begin = self._end = 0.0
        self._run = Run()
        self.cpu_at_go = 0.0

    def until_the_end(self) -> Run:
        assert self._client.stdout is not None
        assert self._server.process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._client.stdout, selectors.EVENT_READ, self._read)
            selector.register(self._server.process.stdout, selectors.EVENT_READ, self._hear)
            open_pipe = done = True
            while open_pipe or not done:
                events = selector.select(_SAMPLING)
                self._sample()
                if time.monotonic() > self._deadline:
                    self._give_up()
                    break
                for key, _ in events:
                    if key.data == self._hear:
                        done = self._hear()
                    elif not self._read():
                        open_pipe = False
                        done = done or not self._begin
                        selector.unregister(self._client.stdout)
        if self._end:
            self._run.seconds = max(self._end, self._last_output) - self._begin
        return self._run

    def _sample(self) -> None:
        now = time.monotonic()
        # Not where times are kept: ten looks a second of 0.2 ms each would be the slowest 1 %.
        if now >= self._next_sample and not self._keep:
            self._next_sample = now + _SAMPLING
            self._run.rss = max(self._run.rss, peak_of(self._client.pid))

    def _read(self) -> bool:
        assert self._client.stdout is not None
        size = os.readv(self._client.stdout.fileno(), [self._room])
        now = time.monotonic_ns()
        if not size:
            return False
        self._last_output = now / 1e9
        self._run.first_line = self._run.first_line or self._last_output - self._started
        self._run.lines += self._room.count(b"\n", 0, size)
        if self._keep:
            self._run.reads.append((now, bytes(self._room[:size])))
        return True

    def _hear(self) -> bool:
        """Whether this was the server's last word on this client."""
        message = self._server.hear()
        if message["event"] == "ready":
            self.cpu_at_go = cpu_of(self._client.pid)
            self._begin = time.monotonic()
            self._deadline = self._begin + _LOAD_PATIENCE
            self._server.go()
            return False
        if not self._begin:
            return True  # The last word on a client that was given up before this one.
        self._next_sample = 0.0
        self._deadline = time.monotonic() + _EXIT_PATIENCE
        run = self._run
        run.error = message.get("error")
        if run.error is None:
            self._begin, self._end = message["begin"], message["end"]
            run.counts, run.connections = message["counts"], message["connections"]
            run.messages = sum(run.counts[kind] for kind in run.counts if "snap" not in kind)
            run.trades = message.get("trades", {})
        return True

    def _give_up(self) -> None:
        self._client.kill()
        if not self._end:
            took = time.monotonic() - self._started
            self._run.error = f"gave up after {took:.0f} s"


def cpu_of(pid: int) -> float:
    """The CPU seconds of a running process so far; 0 where the system does not tell."""
    try:
        # Linux, clock_getcpuclockid(3): the clock of a process is the inverted pid and its kind.
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return 0.0


def peak_of(pid: int) -> int:
    """The most memory in bytes that a running process has had; 0 where the system does not tell.

    What wait4(2) says would not do: it counts the memory of the process that started it, too.
    """
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


def _reap(client: subprocess.Popen[bytes], run: Run, cpu_at_go: float) -> None:
    assert client.stdout is not None
    client.stdout.close()
    _, status, usage = os.wait4(client.pid, 0)
    client.returncode = run.status = os.waitstatus_to_exitcode(status)
    run.cpu = usage.ru_utime + usage.ru_stime - cpu_at_go
    run.rss = run.rss or usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
