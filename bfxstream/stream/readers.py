"""Several links at once: a thread for each, one consumer, bounded memory between them."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from time import monotonic
from typing import NamedTuple

from bfxstream.stream.intake import Item
from bfxstream.stream.link import Link

MOST_BATCHES = 128
MOST_BYTES = 4 << 20
"""What may wait for the consumer: then nothing more is read, until the exchange drops us."""

_ROW_BYTES = 300
"""What a row takes as a record beside its frame's bytes, about."""

_DRAIN_SECONDS = 5.0
"""For what has already arrived when one link has failed for good."""

_JOIN_SECONDS = 2.0
"""For the threads to say goodbye; one that is stuck in a connect is left behind."""


class _Handed(NamedTuple):
    """A batch of one link and whether it completed its feeds; or what ended the link."""

    link: Link
    batch: list[Item]
    complete: bool
    size: int
    error: BaseException | None = None


class Readers:
    """Iterates links, each in a thread of its own, and gives their batches in one order.

    The batches of one link stay in order. An error comes after everything that had arrived when
    it happened, over any link.
    """

    def __init__(self, *, once: bool, rows_an_item: int = 1) -> None:
        """`rows_an_item`: how many rows one item may have, as whole books have many."""
        self._once = once
        self._item_bytes = rows_an_item * _ROW_BYTES
        self._changed = threading.Condition()
        self._waiting: deque[_Handed] = deque()
        self._size = 0
        self._closing = False
        self._error: BaseException | None = None
        self._drained_by = float("inf")
        self._reading = 0
        self._threads: dict[Link, threading.Thread] = {}
        self._incomplete: set[Link] = set()

    @property
    def started(self) -> bool:
        """Whether there are any threads."""
        return bool(self._threads)

    @property
    def complete(self) -> bool:
        """Whether what was given completed the feeds of every link."""
        return not self._incomplete

    def start(self, link: Link, batches: Iterator[list[Item]]) -> None:
        """Begin with a link, or go on with one that the caller has iterated so far."""
        self._incomplete.add(link)
        self._reading += 1
        thread = threading.Thread(
            target=self._read, args=(link, batches), name=f"connection {link.number}", daemon=True
        )
        self._threads[link] = thread
        thread.start()

    def take(self, patience: float) -> list[Item]:
        """The next batch, or an empty one where none comes within the patience, in seconds.

        Raises what ended a link.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._over, patience)
            if not self._waiting:
                if self._over and self._error is not None:
                    raise self._error
                return []
            handed = self._waiting.popleft()
            self._size -= handed.size
            self._changed.notify_all()
        if handed.error is not None and self._error is None:
            self._error = handed.error
            self._drain()
        if handed.complete:
            self._incomplete.discard(handed.link)
        return handed.batch

    def end(self) -> list[list[Item]]:
        """End every link; the batches that were not taken yet."""
        self.close()
        with self._changed:
            waiting = [handed.batch for handed in self._waiting]
            self._waiting.clear()
        return waiting

    def close(self) -> None:
        """End every link, as far as that is possible within a short time."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._interrupt()
        deadline = monotonic() + _JOIN_SECONDS
        for thread in self._threads.values():
            thread.join(max(0.0, deadline - monotonic()))

    def _drain(self) -> None:
        """One link has failed for good: the others give what has arrived, and end."""
        self._drained_by = monotonic() + _DRAIN_SECONDS
        self._interrupt()

    def _interrupt(self) -> None:
        for link in self._threads:
            link.interrupt()

    @property
    def _over(self) -> bool:
        return self._error is not None and (not self._reading or monotonic() >= self._drained_by)

    # In the threads.

    def _read(self, link: Link, batches: Iterator[list[Item]]) -> None:
        complete = False
        try:
            for batch in batches:
                completed = self._once and link.complete and not complete
                if batch or completed:
                    complete = complete or completed
                    size = link.bytes_read + self._item_bytes * len(batch)
                    self._hand_over(_Handed(link, batch, complete, size))
                if self._closing or self._is_drained(batch):
                    break
        except BaseException as error:
            self._hand_over(_Handed(link, [], complete, 0, error))
        finally:
            link.close()
            with self._changed:
                self._reading -= 1
                self._changed.notify_all()

    def _is_drained(self, batch: list[Item]) -> bool:
        return self._error is not None and (not batch or monotonic() >= self._drained_by)

    def _hand_over(self, handed: _Handed) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._has_room_for(handed.size) or self._closing)
            self._waiting.append(handed)
            self._size += handed.size
            self._changed.notify_all()

    def _has_room_for(self, size: int) -> bool:
        waiting = len(self._waiting)
        return not waiting or (waiting < MOST_BATCHES and self._size + size <= MOST_BYTES)
