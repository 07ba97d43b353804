"""What the exchange remembers: past rows, looked up in the background while a stream goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Generic, Protocol, TypeVar

from bfxstream.errors import BfxStreamError, ConnectionFailed, RateLimited
from bfxstream.stream.policy import Policy

RowT = TypeVar("RowT")


class History(Protocol):
    """Looks up at most `limit` rows from `start` to `end`, in ms, both included, oldest first.

    What is given back is done at once or later; it raises BfxStreamError where no rows came.
    """

    def trades(self, symbol: str, start: int, end: int, limit: int) -> Future[list[Any]]:
        """Past trades of a symbol, as the rows of its snapshot."""
        ...

    def candles(self, key: str, start: int, end: int, limit: int) -> Future[list[Any]]:
        """Past candles of a key such as `trade:1m:tBTCUSD`."""
        ...


class NoHistory:
    """Where nothing can be looked up."""

    def trades(self, symbol: str, start: int, end: int, limit: int) -> Future[list[Any]]:
        return self._none()

    def candles(self, key: str, start: int, end: int, limit: int) -> Future[list[Any]]:
        return self._none()

    def _none(self) -> Future[list[Any]]:
        answer: Future[list[Any]] = Future()
        answer.set_exception(ConnectionFailed("there is no history", permanent=True))
        return answer


class RestHistory:
    """The history at a base URL of the REST API, each look-up in a thread of its own.

    Whoever reads the socket must not wait for them. They are few: the requests are limited.
    """

    def __init__(self, base: str, policy: Policy) -> None:
        self._base = base
        self._policy = policy

    def trades(self, symbol: str, start: int, end: int, limit: int) -> Future[list[Any]]:
        return self._begin("trade_history", symbol, start, end, limit)

    def candles(self, key: str, start: int, end: int, limit: int) -> Future[list[Any]]:
        return self._begin("candle_history", key, start, end, limit)

    def _begin(self, what: str, key: str, start: int, end: int, limit: int) -> Future[list[Any]]:
        answer: Future[list[Any]] = Future()

        def look_up() -> None:
            from bfxstream.stream.rest import RestClient  # noqa: PLC0415  rarely needed

            try:
                client = RestClient(self._base, limit=self._policy.request_limit)
                rows = getattr(client, what)(key, start=start, end=end, limit=limit, sort=1)
            except BaseException as error:
                answer.set_exception(error)
            else:
                answer.set_result(rows)

        threading.Thread(target=look_up, name=f"history of {key}", daemon=True).start()
        return answer


class Inquiry(Generic[RowT]):
    """One question to the history at a time, put again while the answer does not help."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._answer: Future[list[RowT]] | None = None
        self._ask_at = 0.0
        self._deadline = 0.0
        self._failures = 0

    def begin(self, now: float) -> None:
        """Something is to be known; what was asked before is of no interest any more."""
        self._answer = None
        self._ask_at = now
        self._deadline = now + self._policy.history_patience
        self._failures = 0

    def resume(self, now: float) -> None:
        """Yet another interruption: more is to be known, and as much patience is left as was.

        It would never end where connections live for a shorter time than it does.
        """
        self._answer = None
        self._deadline = max(self._deadline, now + self._policy.history_retry)

    def poll(self, now: float, ask: Callable[[], Future[list[RowT]]]) -> list[RowT] | None:
        """The rows, when they have come; asks when it is time to."""
        if self._answer is None:
            if now < self._ask_at:
                return None
            self._answer = ask()
        if not self._answer.done():
            return None
        answer, self._answer = self._answer, None
        try:
            return answer.result()
        except RateLimited as error:
            self._ask_at = now + error.wait  # no failure: it has not been asked
        except BfxStreamError as error:
            self.failed(now)
            # A refusal and a server that is none will not get any better.
            if getattr(error, "permanent", True):
                self._failures = self._policy.history_attempts
        return None

    def failed(self, now: float) -> None:
        """The answer did not help: ask later, the history may lag behind the stream."""
        self._failures += 1
        self._ask_at = now + self._failures * self._policy.history_retry

    def helped(self, now: float, *, whole: bool) -> None:
        """The answer was of use, but there is more: at once, unless it was `whole`."""
        self.begin(now)
        if whole:
            self._ask_at = now + self._policy.history_retry

    def is_vain(self, now: float) -> bool:
        """Whether there is no hope left."""
        return self._failures >= self._policy.history_attempts or now >= self._deadline
