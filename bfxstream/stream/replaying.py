"""A world that was written down: what every connection met, when, and in what order.

The links run as they did, on the recording's clock, so that all they decide is decided again. A
run that is told something else (another view, other options) may decide otherwise than the
recorded one did: then it takes up the recording again where that has its next connection.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

from bfxstream.capture.reader import Capture
from bfxstream.capture.steps import (
    Answered,
    AnyStep,
    Failed,
    Lost,
    Opened,
    Received,
    Recovered,
    Sent,
    Told,
    Warned,
    frames_of,
)
from bfxstream.errors import BfxStreamError, ConnectionFailed, RateLimited
from bfxstream.stream.connection import Connection, ConnectionLost
from bfxstream.stream.history import History
from bfxstream.stream.intake import Item
from bfxstream.stream.limiter import RateLimiter
from bfxstream.stream.link import Link
from bfxstream.stream.policy import Policy
from bfxstream.stream.recording import Moment, jitter
from bfxstream.stream.recovery import Missed
from bfxstream.stream.stand_ins import ReplayedAccount, ReplayedHistory, ReplayedRecovery
from bfxstream.stream.world import World


class EndOfCapture(Exception):
    """Everything that was recorded has been played."""


class ReplayClock:
    """The time of the step that is played, for each link its own."""

    def __init__(self, begun: Moment) -> None:
        self._begun = begun
        self._moments: dict[int, Moment] = {}
        self._number = 0

    def turn_of(self, number: int) -> None:
        """The time is this link's from now on."""
        self._number = number

    def set(self, moment: Moment) -> None:
        """The link whose turn it is has come so far."""
        self._moments[self._number] = moment

    def now(self) -> float:
        return self._moment().us / 1e6

    def wall_mts(self) -> int:
        return self._moment().mts

    def wait(self, seconds: float) -> None:
        """Let the time of the link pass, a little more than it must."""
        moment = self._moment()
        self.set(Moment(moment.mts + round(seconds * 1000), moment.us + int(seconds * 1e6) + 1))

    def _moment(self) -> Moment:
        return self._moments.get(self._number, self._begun)


class Pace:
    """Holds the steps back until their time has come."""

    def __init__(
        self,
        speed: float,
        *,
        begin_mts: float = float("-inf"),
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        """`speed`: how many times as fast as it was, from the beginning on (ms since 1970);
        infinity for as fast as it goes."""
        self._speed = speed
        self._begin_mts = begin_mts
        self._clock = clock
        self._wait = wait
        self._begun: tuple[float, int] | None = None

    def __str__(self) -> str:
        return "max" if self._speed == float("inf") else f"{self._speed:g}x"

    def keep(self, mts: int, us: int) -> None:
        """Wait for the time of a step."""
        if self._speed == float("inf") or mts < self._begin_mts:
            return
        now = self._clock()
        if self._begun is None:
            self._begun = (now, us)
        real, recorded = self._begun
        left = real + (us - recorded) / 1e6 / self._speed - now
        if left > 0:
            self._wait(left)


def _without_id(frame: bytes) -> bytes:
    return frame.replace(b'"subId"', b'"_subId"', 1) if frame.startswith(b"{") else frame


class Replay:
    """Plays one recording; `world` goes with one stream."""

    def __init__(
        self,
        capture: Capture,
        pace: Pace,
        *,
        tells_silence: bool = True,
        keeps_ids: bool = True,
    ) -> None:
        """`tells_silence`: whether reads that brought nothing are among the steps. Without
        `keeps_ids` the exchange's answers do not tell which request they answer: other clients
        number theirs otherwise."""
        told = capture.begun
        begun = Moment(told.mts, told.us)
        self.account = (
            ReplayedAccount(told.account_url, told.account_filters) if told.account_url else None
        )
        """The account that was recorded, if one was."""
        self.clock = ReplayClock(begun)
        self.pace = pace
        self._tells_silence = tells_silence
        self._keeps_ids = keeps_ids
        self._steps = capture.steps()
        self._next: AnyStep | None = None
        self._turns = Turns(self)
        self._taken = 0
        self._history = ReplayedHistory()
        self._recovery = ReplayedRecovery()
        seed = told.seed
        self.world = World(
            clock=self.clock,
            open=self._open,
            limiter=RateLimiter(),
            history=self._open_history,
            jitter=lambda number: jitter(seed, number),
            readers=lambda: self._turns,
            recovery=lambda *_: self._recovery,
        )

    @property
    def taken(self) -> int:
        """How many steps have been played."""
        return self._taken

    def follow(self, batches: Iterator[list[Item]]) -> Iterator[list[Item]]:
        """What a stream in this world gives, until the recording ends.

        What is due by the clock behind the last read was not given out any more: it would stand
        in the recording.
        """
        taken = -1
        with suppress(EndOfCapture):
            for batch in batches:
                if batch and self._taken == taken and self._is_over():
                    return
                taken = self._taken
                yield batch

    def _is_over(self) -> bool:
        try:
            self.peek()
        except EndOfCapture:
            return True
        return False

    def peek(self) -> AnyStep:
        """What is played next. Raises EndOfCapture."""
        if self._next is None:
            self._next = next(self._steps, None)
            if self._next is None:
                raise EndOfCapture
        return self._next

    def read(self, number: int, patience: float) -> list[bytes]:
        """What the next read of this link has brought. Raises ConnectionLost, EndOfCapture."""
        while True:
            step = self.peek()
            if step.connection != number:
                if not self._turns.started:
                    self.skip()  # there is nobody else
                    continue
                self.clock.wait(patience)
                return []
            if isinstance(step, (Opened, Failed)):
                raise ConnectionLost("the recording goes on with another connection")
            if not self._tells_silence and self._is_far(step, patience):
                self.clock.wait(patience)
                self.pace.keep(self.clock.wall_mts(), round(self.clock.now() * 1e6))
                return []
            self._take()
            if isinstance(step, Answered):
                self._history.answer(step)
            elif isinstance(step, Recovered):
                self._recovery.come(Missed(step.number, step.since, step.executions, step.orders))
            elif isinstance(step, Warned):
                self._recovery.warn(step.text)
            elif isinstance(step, Lost):
                raise ConnectionLost(step.reason)
            elif isinstance(step, Received):
                frames = frames_of(step.frames)
                return frames if self._keeps_ids else [_without_id(frame) for frame in frames]

    def skip(self) -> None:
        """Pass over a step that nobody takes."""
        self.peek()
        self._next = None

    def passes_told(self) -> bool:
        """Whether a link gives something next that nothing has come for."""
        told = isinstance(self.peek(), Told)
        if told:
            self.skip()
            self._taken += 1
        return told

    def _is_far(self, step: AnyStep, patience: float) -> bool:
        return step.us > (self.clock.now() + patience) * 1e6

    def _take(self) -> AnyStep:
        step = self.peek()
        self._next = None
        self._taken += 1
        if not isinstance(step, Sent):
            self.pace.keep(step.mts, step.us)
        self.clock.turn_of(step.connection)
        self.clock.set(Moment(step.mts, step.us))
        return step

    def _open(self, url: str, timeout: float, number: int) -> Connection:
        self.clock.turn_of(number)
        while self.peek().connection == number:
            step = self._take()
            if isinstance(step, Opened):
                return ReplayedConnection(self, number)
            if isinstance(step, Failed) and step.wait is not None:
                raise RateLimited(step.what, hint=step.hint, wait=step.wait)
            if isinstance(step, Failed):
                raise ConnectionFailed(step.what, hint=step.hint, permanent=step.permanent)
        raise ConnectionFailed("the recording has no connection here")

    def _open_history(self, base: str, policy: Policy) -> History:
        return self._history


class ReplayedConnection:
    """A connection of the recording; what is said to it has been said."""

    def __init__(self, replay: Replay, number: int) -> None:
        self._replay = replay
        self._number = number

    def read(self, patience: float) -> list[bytes]:
        return self._replay.read(self._number, patience)

    def send(self, requests: Sequence[bytes]) -> None:
        pass

    def interrupt(self) -> None:
        pass

    def abandon(self) -> None:
        pass

    def close(self) -> None:
        pass


class Turns:
    """Several links in one thread, each in its turn: the recording has their order."""

    def __init__(self, replay: Replay) -> None:
        self._replay = replay
        self._links: dict[int, tuple[Link, Iterator[list[Item]]]] = {}
        self._error: BfxStreamError | None = None

    @property
    def started(self) -> bool:
        return bool(self._links)

    @property
    def complete(self) -> bool:
        return all(link.complete for link, _ in self._links.values())

    def start(self, link: Link, batches: Iterator[list[Item]]) -> None:
        self._links[link.number] = (link, batches)

    def take(self, patience: float) -> list[Item]:
        """The next batch of the link that the next step belongs to.

        Raises what has ended a link for good when the others have come to their end, too, and
        EndOfCapture.
        """
        replay = self._replay
        while (number := self._number()) not in self._links:
            replay.skip()
        replay.clock.turn_of(number)
        link, batches = self._links[number]
        taken = replay.taken
        batch: list[Item] = []
        try:
            if replay.passes_told():
                return next(batches)
            while replay.taken == taken:
                batch += next(batches)
        except BfxStreamError as error:
            self._error = self._error or error
            del self._links[number]
            link.close()
        return batch

    def _number(self) -> int:
        try:
            return self._replay.peek().connection
        except EndOfCapture:
            if self._error is not None:
                raise self._error from None
            raise

    def end(self) -> list[list[Item]]:
        """End every link; nothing waits that was not taken."""
        self.close()
        return []

    def close(self) -> None:
        for link, _ in self._links.values():
            link.close()
