"""The demo exchange on a real port: WebSocket and REST, in a thread of their own."""

from __future__ import annotations

import asyncio
import math
import secrets
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import ExitStack, closing
from pathlib import Path
from random import Random
from types import TracebackType

from bfxstream.demo.account_rest import AccountRestApi
from bfxstream.demo.conditions import Conditions
from bfxstream.demo.fault_plans import parse_fault
from bfxstream.demo.faults import Faults
from bfxstream.demo.hub import Hub
from bfxstream.demo.journal import Journal
from bfxstream.demo.limits import Allowance
from bfxstream.demo.log import LogEntry, ServerLog, wall_ms
from bfxstream.demo.market import START_MTS, Market
from bfxstream.demo.rest import RestApi
from bfxstream.demo.runner import PATH, Runner


class DemoExchange:
    """A simulated exchange that speaks Bitfinex's API v2 on a local port: WebSocket and REST.

    The same seed gives the same market, event for event; without one each run differs, and
    its clock starts at the present. `rate` is events per second over all symbols and decides
    only how fast the market is played; `heartbeat` is the seconds between heartbeats.

    `connects_a_minute` limits WebSocket connections (None: not at all) and `requests_a_minute`
    the requests to each REST endpoint; whoever exceeds them gets HTTP 429 for a whole minute,
    whose length in seconds is `minute`. `faults` are specs such as `drop:every=5s`, see
    `parse_fault`. `log_file` takes the server's log and `journal_file` the truth about the
    market, see `Journal`, both as JSON Lines. The account has its money, and if it is `lived_in`
    orders and positions, too.

    Raises UsageError for a fault that is none.
    """

    def __init__(
        self,
        *,
        seed: int | None = None,
        rate: float = 100.0,
        host: str = "127.0.0.1",
        port: int = 0,
        heartbeat: float = 15.0,
        connects_a_minute: int | None = None,
        requests_a_minute: int | None = 600,
        minute: float = 60.0,
        faults: Sequence[str] = (),
        log_file: Path | None = None,
        journal_file: Path | None = None,
        lived_in: bool = False,
    ) -> None:
        if not all(0 < number < math.inf for number in (rate, heartbeat, minute)):
            raise ValueError("rate, heartbeat and minute must be positive")
        self._seed = secrets.randbits(64) if seed is None else seed
        self._seeded = seed is not None
        self._rate = rate
        self._host = host
        self._port = port
        self._heartbeat = heartbeat
        self._connects_a_minute = connects_a_minute
        self._requests_a_minute = requests_a_minute
        self._minute = minute
        self._plans = [parse_fault(spec) for spec in faults]
        self._log_file = log_file
        self._journal_file = journal_file
        self._lived_in = lived_in
        self._log = ServerLog()
        self._files = ExitStack()
        self._thread: threading.Thread | None = None
        self._runner: Runner | None = None
        self.url = ""
        """Where clients connect, such as `ws://127.0.0.1:49152/ws/2`; valid after `start`."""
        self.rest_url = ""
        """The base of the REST paths, such as `http://127.0.0.1:49152/v2`."""

    @property
    def log(self) -> list[LogEntry]:
        """What has happened since the start: see `LogEntry`."""
        return list(self._log.entries)

    @property
    def faults(self) -> dict[str, int]:
        """How many faults of each kind have happened since the start."""
        return dict(self._runner.faults.counts) if self._runner else {}

    def inject(self, fault: str) -> None:
        """Let one fault happen as soon as there is a client, or a frame, that it can happen to.

        Raises UsageError for a fault that is none.
        """
        plan = parse_fault(fault)
        if self._runner is None:
            raise RuntimeError("the demo exchange has not been started")
        self._runner.inject(plan)

    def start(self) -> None:
        """Listen, and serve in a daemon thread.

        Raises OSError when the port is taken or a file cannot be written.
        """
        if self._thread is not None:
            raise RuntimeError("the demo exchange is running")
        with ExitStack() as files:
            self._log = files.enter_context(closing(ServerLog(self._log_file)))
            runner = self._make_runner(files)
            self._run(runner)
            self._files = files.pop_all()

    def _run(self, runner: Runner) -> None:
        listening: Future[int] = Future()
        thread = threading.Thread(
            target=_serve_in_thread,
            args=(runner, self._host, self._port, listening),
            name="demo-exchange",
            daemon=True,
        )
        thread.start()
        try:
            port = listening.result()
        except BaseException:
            thread.join()
            raise
        host = f"[{self._host}]" if ":" in self._host else self._host
        self.url = f"ws://{host}:{port}{PATH}"
        self.rest_url = f"http://{host}:{port}/v2"
        self._thread, self._runner = thread, runner

    def stop(self) -> None:
        """Close every connection and end the thread.

        Raises what went wrong inside the server, if anything did.
        """
        thread, runner = self._thread, self._runner
        if thread is None or runner is None:
            return
        runner.stop()
        thread.join()
        self._thread = None
        self._log.note("stopped", faults=self.faults)
        self._files.close()
        if runner.failure is not None:
            raise runner.failure

    def wait(self) -> None:
        """Until the server ends by itself: only a failure of its own ends it, see `stop`."""
        if self._thread is not None:
            self._thread.join()

    def _make_runner(self, files: ExitStack) -> Runner:
        market = Market(self._seed, START_MTS if self._seeded else wall_ms())
        journal = None
        if self._journal_file is not None:
            journal = files.enter_context(closing(Journal(self._journal_file, market)))
        conditions = Conditions()
        hub = Hub(market, self._rate, self._log, journal)
        if self._lived_in:
            hub.account.live_in()
        return Runner(
            hub,
            RestApi(market, self._requests_a_minute, self._minute, conditions),
            AccountRestApi(hub.account, self._requests_a_minute, self._minute),
            self._log,
            seed=self._seed,
            heartbeat=self._heartbeat,
            connects=Allowance(self._connects_a_minute, self._minute),
            conditions=conditions,
            faults=Faults(self._plans, Random(f"{self._seed}:faults"), conditions, self._log),
        )

    def __enter__(self) -> DemoExchange:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def _serve_in_thread(runner: Runner, host: str, port: int, listening: Future[int]) -> None:
    try:
        asyncio.run(runner.run(host, port, listening))
    except BaseException as error:
        if listening.done():
            runner.failure = runner.failure or error
        else:
            listening.set_exception(error)
