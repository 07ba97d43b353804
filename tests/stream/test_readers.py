"""Several links at once: one order, bounded memory, errors behind what was received."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from bfxstream.errors import ConnectionFailed
from bfxstream.stream import readers
from bfxstream.stream.readers import Readers

PATIENCE = 10.0


class FakeLink:
    """What a thread iterates: the batches that a test puts there."""

    def __init__(self, number: int, *batches: list[int] | Exception) -> None:
        self.number = number
        self.bytes_read = 100
        self.complete = False
        self.given = 0
        """Batches taken by the thread."""
        self.closed = threading.Event()
        self.interrupted = threading.Event()
        self._batches = batches

    def batches(self) -> Iterator[list[int]]:
        for batch in self._batches:
            if isinstance(batch, Exception):
                raise batch
            self.given += 1
            yield batch
        while not self.interrupted.wait(PATIENCE):
            pass
        while True:
            yield []

    def interrupt(self) -> None:
        self.interrupted.set()

    def close(self) -> None:
        self.closed.set()


@pytest.fixture
def start():
    """Starts readers of these links, and ends them after the test."""
    made: list[Readers] = []

    def begin(*links: FakeLink, **options) -> Readers:
        reading = Readers(**{"once": False, **options})
        made.append(reading)
        for link in links:
            reading.start(link, link.batches())
        return reading

    yield begin
    for reading in made:
        reading.close()


def take(reading: Readers, count: int) -> list[list[int]]:
    """The next batches that are not empty."""
    taken: list[list[int]] = []
    while len(taken) < count:
        if batch := reading.take(PATIENCE):
            taken.append(batch)
    return taken


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.001)


def test_the_batches_of_each_link_come_in_its_order(start):
    links = [FakeLink(n, *([n, i] for i in range(200))) for n in range(5)]
    taken = take(start(*links), 1000)
    for n in range(5):
        assert [batch[1] for batch in taken if batch[0] == n] == list(range(200))


def test_where_nothing_comes_an_empty_batch_does(start):
    reading = start(FakeLink(1))
    assert reading.take(0.001) == []


def test_empty_batches_wake_nobody(start):
    reading = start(FakeLink(1, [], [], [7], []))
    assert reading.take(PATIENCE) == [7]


def test_an_error_comes_behind_what_was_received_over_any_link(start):
    failure = ConnectionFailed("for a test")
    failing = FakeLink(1, [1], [2], failure)
    other = FakeLink(2, *([10 + i] for i in range(50)))
    reading = start(failing, other)
    wait_until(lambda: failing.closed.is_set() and other.given == 50)
    assert sorted(batch[0] for batch in take(reading, 52)) == [1, 2, *range(10, 60)]
    with pytest.raises(ConnectionFailed) as raised:
        take(reading, 1)
    assert raised.value is failure
    assert other.closed.is_set()


def test_a_consumer_that_takes_nothing_stops_the_threads(start):
    links = [FakeLink(n, *([n] for _ in range(10_000))) for n in range(3)]
    reading = start(*links)
    wait_until(lambda: sum(link.given for link in links) >= readers.MOST_BATCHES)
    time.sleep(0.05)  # nothing is to happen: there is no condition for that
    assert sum(link.given for link in links) <= readers.MOST_BATCHES + len(links)
    assert len(take(reading, 30_000)) == 30_000


def test_a_few_large_batches_are_too_many(start):
    link = FakeLink(1, *([n] for n in range(100)))
    link.bytes_read = readers.MOST_BYTES // 3
    start(link)
    wait_until(lambda: link.given == 3)
    time.sleep(0.05)  # as above
    assert link.given == 3


def test_records_of_many_rows_count_for_more(start):
    link = FakeLink(1, *([n] * 10 for n in range(100)))
    start(link, rows_an_item=500)
    wait_until(lambda: link.given >= 2)
    time.sleep(0.05)  # as above
    assert link.given < 10


def test_one_batch_is_taken_however_large_it_is(start):
    link = FakeLink(1, [1], [2])
    link.bytes_read = 2 * readers.MOST_BYTES
    assert take(start(link), 2) == [[1], [2]]


def test_closing_ends_threads_that_wait_for_the_exchange_or_for_the_consumer(start):
    idle, busy = FakeLink(1), FakeLink(2, *([n] for n in range(10_000)))
    reading = start(idle, busy)
    wait_until(lambda: busy.given >= readers.MOST_BATCHES)
    reading.close()
    assert idle.closed.is_set()
    assert busy.closed.is_set()


def test_it_is_complete_when_what_was_given_completed_every_link(start):
    first, second = FakeLink(1, [1]), FakeLink(2, [2])
    first.complete = True
    reading = start(first, second, once=True)
    take(reading, 2)
    assert not reading.complete
    second.complete = True
    second.interrupt()
    wait_until(lambda: reading.take(0.01) == [] and reading.complete)


def test_a_link_that_was_iterated_before_is_gone_on_with(start):
    link = FakeLink(1, [1], [2], [3])
    batches = link.batches()
    assert next(batches) == [1]
    reading = start()
    reading.start(link, batches)
    assert take(reading, 2) == [[2], [3]]
