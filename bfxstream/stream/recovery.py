"""What an account's stream missed, looked up in a thread of its own until it is known."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Collection
from typing import NamedTuple, Protocol

from bfxstream.errors import BfxStreamError, RateLimited
from bfxstream.protocol.account.records import AccountTrade, Order
from bfxstream.stream.backoff import Backoff
from bfxstream.stream.policy import Policy


class History(Protocol):
    """Where the past is looked up; its calls raise BfxStreamError."""

    def executions(self, since: int) -> list[AccountTrade]:
        """Every execution from this time (ms) on."""
        ...

    def past_orders(self, *, ids: Collection[int] = (), since: int | None = None) -> list[Order]:
        """Orders that have ended: these, or the latest from this time (ms) on."""
        ...


class Missed(NamedTuple):
    """What happened from a time on, `since` in ms; `number` counts what was wanted by then."""

    number: int
    since: int
    executions: list[AccountTrade]
    orders: list[Order]


class Recoveries(Protocol):
    """Looks up what was missed, until it is known (see `Recovery`)."""

    @property
    def done(self) -> bool: ...

    @property
    def looking_back(self) -> bool: ...

    def want(self, since: int, lost: Collection[int]) -> None: ...

    def take(self) -> list[Missed]: ...

    def take_warnings(self) -> list[str]: ...

    def look_back(self, since: int) -> None: ...

    def take_past(self) -> list[AccountTrade]: ...

    def close(self) -> None: ...


RecoveryOf = Callable[[int, History, Policy], Recoveries]
"""Makes what looks up for the link of this number; the rest is what a Recovery is given."""


class Recovery:
    """One thread at a time, however often the connection is lost."""

    def __init__(self, history: History, policy: Policy) -> None:
        self._history = history
        self._policy = policy
        self._lock = threading.Lock()
        self._since: int | None = None
        self._lost: set[int] = set()
        self._number = 0
        self._given = 0
        self._working = False
        self._closed = threading.Event()
        self._found: queue.SimpleQueue[Missed] = queue.SimpleQueue()
        self._warnings: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._past: queue.SimpleQueue[list[AccountTrade]] = queue.SimpleQueue()
        self.looking_back = False
        """Whether `look_back` has not ended in a `take_past`."""

    @property
    def done(self) -> bool:
        """Whether nothing is wanted that was not given."""
        return self._given == self._number

    def want(self, since: int, lost: Collection[int]) -> None:
        """Look up what happened since, and what became of these orders."""
        with self._lock:
            self._since = since if self._since is None else min(since, self._since)
            self._lost.update(lost)
            self._number += 1
            if self._working:
                return
            self._working = True
        threading.Thread(target=self._work, name="account history", daemon=True).start()

    def look_back(self, since: int) -> None:
        """Look up what was executed since, once: what cannot be had is done without."""
        self.looking_back = True
        threading.Thread(
            target=self._look_back, args=(since,), name="account past", daemon=True
        ).start()

    def take_past(self) -> list[AccountTrade]:
        """What `look_back` has found since the last call."""
        if self._past.empty():
            return []
        self.looking_back = False
        return self._past.get()

    def take(self) -> list[Missed]:
        """What was found since the last call."""
        found = []
        while not self._found.empty():
            found.append(self._found.get())
            self._given = found[-1].number
        return found

    def take_warnings(self) -> list[str]:
        """Why it had to be tried again since the last call."""
        return [self._warnings.get() for _ in range(self._warnings.qsize())]

    def close(self) -> None:
        """Look up nothing more."""
        self._closed.set()

    def _look_back(self, since: int) -> None:
        executions: list[AccountTrade] = []
        with contextlib.suppress(BfxStreamError):
            executions = self._history.executions(since)
        self._past.put(executions)

    def _work(self) -> None:
        while (wanted := self._next()) is not None:
            missed = self._look_up(*wanted)
            if missed is not None:
                self._found.put(missed)

    def _next(self) -> tuple[int, int, set[int]] | None:
        with self._lock:
            number, since, lost = self._number, self._since, self._lost
            self._since, self._lost = None, set()
            if since is None or self._closed.is_set():
                self._working = False
                return None
        return number, since, lost

    def _look_up(self, number: int, since: int, lost: set[int]) -> Missed | None:
        """Ask until there is an answer; None where it is over before."""
        backoff = Backoff(self._policy)
        while not self._closed.is_set():
            try:
                orders = self._history.past_orders(ids=sorted(lost)) if lost else []
                orders += self._history.past_orders(since=since)
                return Missed(number, since, self._history.executions(since), orders)
            except BfxStreamError as error:
                at_least = error.wait if isinstance(error, RateLimited) else 0.0
                delay = backoff.next_delay(at_least=at_least)
                what = "what the account did meanwhile is not known yet"
                self._warnings.put(f"{what} ({error.what}); asking again in {delay:.0f} s")
                self._closed.wait(delay)
        return None


def recovery_of(_number: int, history: History, policy: Policy) -> Recovery:
    """Of any link, in a thread of its own."""
    return Recovery(history, policy)
