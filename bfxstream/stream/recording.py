"""A world that is written down: whoever reads it again meets the same, to the microsecond.

All that a run decides by is what came and when. So the clock stands still while a read is taken
in, and each of its steps is written with what the read brought. What is written is what has been
given out, in that order: a recording that breaks off is that of a run which ended there.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from random import Random
from typing import Any, NamedTuple

import msgspec
from msgspec import Raw

from bfxstream.capture.steps import (
    Answered,
    AnyStep,
    Ended,
    Failed,
    Lost,
    Opened,
    Question,
    Received,
    Recovered,
    Sent,
    Told,
    Warned,
    texts_of,
)
from bfxstream.capture.writer import CaptureWriter
from bfxstream.errors import BfxStreamError, ConnectionFailed, RateLimited
from bfxstream.protocol.auth import is_auth, without_identity
from bfxstream.stream.clock import Clock
from bfxstream.stream.connection import Connection, ConnectionLost
from bfxstream.stream.history import History
from bfxstream.stream.intake import Item
from bfxstream.stream.network import without_secrets
from bfxstream.stream.policy import Policy
from bfxstream.stream.readers import MOST_BYTES
from bfxstream.stream.recovery import History as AccountHistory
from bfxstream.stream.recovery import Missed, Recoveries, recovery_of
from bfxstream.stream.world import World

_STEP_BYTES = 300
"""What a step takes beside its frames' bytes, about."""


class Moment(NamedTuple):
    """Both clocks, as lines have them."""

    mts: int
    us: int


class SteppedClock:
    """Stands still between two steps: for each thread its own last, else the run's."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._own = threading.local()
        self._last = self._read()

    def step(self) -> Moment:
        """Let the time go on for this thread."""
        self._own.moment = self._last = moment = self._read()
        return moment

    def _read(self) -> Moment:
        return Moment(self._clock.wall_mts(), int(self._clock.now() * 1e6))

    def now(self) -> float:
        return self.moment().us / 1e6

    def wall_mts(self) -> int:
        return self.moment().mts

    def wait(self, seconds: float) -> None:
        self._clock.wait(seconds)
        self.step()

    def moment(self) -> Moment:
        """When this thread's last step was."""
        own: Moment | None = getattr(self._own, "moment", None)
        return self._last if own is None else own


class _Given(NamedTuple):
    """A batch, the steps that it was made of, and how many bytes they take, about."""

    batch: list[Item]
    steps: list[AnyStep]
    size: int


class Recorder:
    """Stands around a run's world, and writes when the run has given out what it brought."""

    def __init__(
        self, world: World, seed: int, hidden: Callable[[bytes], bytes] | None = None
    ) -> None:
        """`hidden` gives an account's frame as it may be shown."""
        self._around = world
        self._hidden = hidden
        self._seed = seed
        self._clock = SteppedClock(world.clock)
        self.begun = self._clock.moment()
        """When it all began."""
        self._writer: CaptureWriter | None = None
        self._changed = threading.Condition()
        self._steps: dict[int, list[AnyStep]] = {}
        """What each link has met since its last batch."""
        self._sizes: Counter[int] = Counter()
        """How many bytes that takes, about."""
        self._given: dict[int, deque[_Given]] = {}
        """Batches on their way, and what they were made of."""
        self._size = 0
        """How many bytes those take, about."""
        self._hurried: set[int] = set()
        """Links that are to hold back nothing, once: their stream ends."""
        self._history: RecordedHistory | None = None
        self._recoveries: dict[int, RecordedRecovery] = {}
        self.world = World(
            clock=self._clock,
            open=self._open,
            limiter=world.limiter,
            history=self._open_history,
            jitter=lambda number: jitter(seed, number),
            watched=self._watched,
            recovery=self._open_recovery,
        )

    def write_to(self, writer: CaptureWriter) -> None:
        """Write there from now on."""
        self._writer = writer

    def tap(self, number: int, direction: str, _mts: int, frames: list[bytes]) -> None:
        """Note what we say: not taken from the connection, which is given proofs, too."""
        shown = [frame for frame in frames if not is_auth(frame)]
        if direction == "sent" and shown:
            self.note(Sent(number, *self._clock.moment(), texts_of(shown)))

    def given_out(self, batch: list[Item]) -> None:
        """The run has given out this batch, empty or not: what it was made of is written.

        Signals are to be held back meanwhile: half of what is packed is no recording.
        """
        with self._changed:
            for given in self._given.values():
                if any(each.batch is batch for each in given):
                    self._write_until(given, batch)
                    break
            if self._writer is not None:
                self._writer.flush_if_due()

    def close(self, *, ended: bool) -> None:
        """End the recording; `ended` where its user wanted it to."""
        with self._changed:
            self._hurried.update(self._given)
            self._changed.notify_all()
            if self._writer is None:
                return
            if ended:
                self._writer.write([Ended(0, *self._clock.step())])
            self._writer.close()

    # What is met.

    def note(self, step: AnyStep) -> None:
        """Keep a step until what it led to is given out; in its link's thread."""
        number = step.connection
        self._steps.setdefault(number, []).append(step)
        self._sizes[number] += _STEP_BYTES

    def hurry(self, number: int) -> None:
        """Let this link's next batch come at once; from any thread."""
        with self._changed:
            self._hurried.add(number)
            self._changed.notify_all()

    def _watched(self, number: int, batches: Iterator[list[Item]]) -> Iterator[list[Item]]:
        for batch in batches:
            steps = self._steps.pop(number, [])
            if batch and not steps:
                steps = [Told(number, *self._clock.moment())]
            size = self._sizes.pop(number, 0)
            with self._changed:
                given = self._given.setdefault(number, deque())
                given.append(_Given(batch, steps, size))
                self._size += size
                if _is_in_a_thread() and not batch:
                    self._take_empty(number, given)
            yield batch

    def _take_empty(self, number: int, given: deque[_Given]) -> None:
        """Its reader says nothing of a batch that is empty: write it, or have it wait behind those
        that are to be given out, as long as there is room."""
        if not any(each.batch for each in given):
            self._write_until(given, given[-1].batch)
            return
        self._changed.wait_for(lambda: self._size <= MOST_BYTES or number in self._hurried)
        self._hurried.discard(number)

    def _write_until(self, given: deque[_Given], batch: list[Item]) -> None:
        steps: list[AnyStep] = []
        is_reached = False
        while given and not (is_reached and given[0].batch):
            each = given.popleft()
            is_reached = is_reached or each.batch is batch
            steps += each.steps
            self._size -= each.size
        self._changed.notify_all()
        if steps and self._writer is not None:
            self._writer.write(steps)

    def _open(self, url: str, timeout: float, number: int) -> Connection:
        try:
            connection = self._around.open(url, timeout, number)
        except ConnectionFailed as error:
            wait = error.wait if isinstance(error, RateLimited) else None
            mts, us = self._clock.step()
            self.note(Failed(number, mts, us, error.what, error.hint, error.permanent, wait))
            raise
        self.note(Opened(number, *self._clock.step(), without_secrets(url)))
        return RecordedConnection(connection, number, self)

    def _open_history(self, base: str, policy: Policy) -> History:
        self._history = RecordedHistory(self._around.history(base, policy))
        return self._history

    def _open_recovery(self, number: int, history: AccountHistory, policy: Policy) -> Recoveries:
        look_up = self._around.recovery or recovery_of
        recovery = RecordedRecovery(look_up(number, history, policy))
        self._recoveries[number] = recovery
        return recovery

    def arrived(self, number: int, frames: list[bytes]) -> None:
        """A read has brought this."""
        moment = self._clock.step()
        if self._history is not None:
            self._history.turn_of(number)
            for answer in self._history.come(number, moment):
                self.note(answer)
        if number in self._recoveries:
            for text in self._recoveries[number].come_warnings():
                self.note(Warned(number, *moment, text))
            for missed in self._recoveries[number].come():
                count, since, executions, orders = missed
                self.note(Recovered(number, *moment, count, since, executions, orders))
        if number in self._recoveries and self._hidden is not None:
            frames = list(map(self._hidden, frames))
        if any(frame[:1] != b"[" for frame in frames):
            frames = list(map(without_identity, frames))
        self.note(Received(number, *moment, texts_of(frames)))
        self._sizes[number] += sum(map(len, frames))

    def lost(self, number: int, reason: str) -> None:
        """The connection has ended."""
        self.note(Lost(number, *self._clock.step(), reason))


class RecordedConnection:
    """A connection whose every read is a step."""

    def __init__(self, connection: Connection, number: int, recorder: Recorder) -> None:
        self._connection = connection
        self._number = number
        self._recorder = recorder
        self.abandon = connection.abandon
        self.close = connection.close

    def read(self, patience: float) -> list[bytes]:
        try:
            frames = self._connection.read(patience)
        except ConnectionLost as loss:
            self._recorder.lost(self._number, str(loss))
            raise
        self._recorder.arrived(self._number, frames)
        return frames

    def interrupt(self) -> None:
        self._recorder.hurry(self._number)
        self._connection.interrupt()

    def send(self, requests: Sequence[bytes]) -> None:
        try:
            self._connection.send(requests)
        except ConnectionLost as loss:
            self._recorder.lost(self._number, str(loss))
            raise


class _Asked(NamedTuple):
    """A question of a link to the history: the answer under way, and the one that is waited for."""

    number: int
    question: tuple[Question, str, int, int, int]
    time: int
    under_way: Future[list[Any]]
    told: Future[list[Any]]


class RecordedHistory:
    """Answers that become known with a read of the link that has asked, and not between."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._asked: list[_Asked] = []
        self._times: Counter[tuple[Question, str, int, int, int]] = Counter()
        self._turn = threading.local()

    def turn_of(self, number: int) -> None:
        """What this thread asks from now on is asked by this link."""
        self._turn.number = number

    def trades(self, symbol: str, start: int, end: int, limit: int) -> Future[list[Any]]:
        answer = self._history.trades(symbol, start, end, limit)
        return self._note(("trades", symbol, start, end, limit), answer)

    def candles(self, key: str, start: int, end: int, limit: int) -> Future[list[Any]]:
        answer = self._history.candles(key, start, end, limit)
        return self._note(("candles", key, start, end, limit), answer)

    def _note(
        self, question: tuple[Question, str, int, int, int], under_way: Future[list[Any]]
    ) -> Future[list[Any]]:
        told: Future[list[Any]] = Future()
        self._times[question] += 1
        time = self._times[question]
        self._asked.append(_Asked(self._turn.number, question, time, under_way, told))
        return told

    def come(self, number: int, moment: Moment) -> Iterator[Answered]:
        """The answers to this link that have come since its last read; they are known now."""
        for asked in [each for each in self._asked if each.number == number]:
            if asked.under_way.done():
                self._asked.remove(asked)
                yield _tell(asked, moment)


def _tell(asked: _Asked, moment: Moment) -> Answered:
    what, key, start, end, limit = asked.question
    step = Answered(asked.number, *moment, what, key, start, end, limit, asked.time)
    try:
        rows = asked.under_way.result()
    except BfxStreamError as error:
        step.failure, step.hint = error.what, error.hint
        step.permanent = getattr(error, "permanent", True)
        step.wait = error.wait if isinstance(error, RateLimited) else None
        asked.told.set_exception(error)
    else:
        step.rows = Raw(msgspec.json.encode(rows))
        asked.told.set_result(rows)
    return step


class RecordedRecovery:
    """What an account did meanwhile, known with a read of its link and not between."""

    def __init__(self, recovery: Recoveries) -> None:
        self._recovery = recovery
        self._known: list[Missed] = []
        self._warnings: list[str] = []
        self.want = recovery.want
        self.close = recovery.close
        self.look_back = recovery.look_back  # for a table alone: no replay prints that
        self.take_past = recovery.take_past

    @property
    def looking_back(self) -> bool:
        return self._recovery.looking_back

    @property
    def done(self) -> bool:
        return self._recovery.done and not self._known

    def take(self) -> list[Missed]:
        known, self._known = self._known, []
        return known

    def take_warnings(self) -> list[str]:
        known, self._warnings = self._warnings, []
        return known

    def come_warnings(self) -> list[str]:
        """Why it had to be tried again since the last read."""
        found = self._recovery.take_warnings()
        self._warnings += found
        return found

    def come(self) -> list[Missed]:
        """What has become known since the last read."""
        found = self._recovery.take()
        self._known += found
        return found


def _is_in_a_thread() -> bool:
    """Whether no signal can come between here and the file."""
    return threading.current_thread() is not threading.main_thread()


def jitter(seed: int, number: int) -> Random:
    """Of the link of this number, in the recorded run and in its replays."""
    return Random(f"{seed}:{number}")
