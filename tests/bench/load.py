"""The load: a stream of the exchange's frames, true to its own rules.

Three symbols by default, each with ticker, trades and book. Of the frames 76 % are book updates,
4 % checksums that match, 12 % trades (`te` and `tu`), 6 % tickers, 2 % heartbeats, about 40
bytes each. The same seed gives the same frames, however the client subscribes; deletes hit
levels that are there. Nothing here is taken from bfxstream, which it is there to test.
"""

from __future__ import annotations

import itertools
import random
import zlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

SYMBOLS = ("tBTCUSD", "tETHUSD", "tXRPUSD")
KINDS = ("ticker", "trades", "book")
_FIRST_ID = 1_900_000_000
_FIRST_MTS = 1_795_000_000_000
_CHECKSUM_EVERY = 19  # book updates: 76 % to 4 %
_SNAPSHOT_TRADES = 30


class Channel(NamedTuple):
    """One channel of the load: what a subscription must ask for, and its id."""

    name: str
    symbol: str
    chan_id: int


class Frame(NamedTuple):
    """One frame as far as it does not depend on the connection: the tail is still missing."""

    kind: str
    """`book`, `cs`, `te`, `tu`, `ticker`, `hb` or `snapshot`."""
    chan_id: int
    head: str
    rows: int = 1


def symbols(count: int) -> list[str]:
    """So many symbols that the exchange could have, the well-known ones first."""
    names = (f"t{''.join(letters)}USD" for letters in itertools.product("ABCDEFGHIJ", repeat=3))
    return [*SYMBOLS, *names][:count]


class Book:
    """One symbol's book of `length` levels a side, which moves by single updates."""

    def __init__(self, rng: random.Random, middle: int, length: int) -> None:
        self._rng = rng
        self._middle = middle
        self._length = length
        self._amounts: dict[int, str] = {}
        for price in (*self._window(-1), *self._window(1)):
            self._amounts[price] = self._amount()

    def _window(self, sign: int) -> range:
        first = self._middle + (sign > 0)
        return range(first, first + sign * self._length, sign)

    def _amount(self) -> str:
        return f"{self._rng.randint(1, 500_000_000) / 1e8:.8f}".rstrip("0").rstrip(".") or "1"

    def _row(self, price: int) -> str:
        sign = "-" if price > self._middle else ""
        return f"[{price},{self._rng.randint(1, 9)},{sign}{self._amounts[price]}]"

    def snapshot(self) -> str:
        """The rows, bids falling, then asks rising."""
        rows = [self._row(price) for price in (*self._window(-1), *self._window(1))]
        return f"[{','.join(rows)}]"

    def burst(self) -> list[str]:
        """The next updates: mostly a new amount near the top, now and then a tick's move."""
        if self._rng.random() < 0.05:
            return list(self._move(self._rng.choice((-1, 1))))
        depth = min(int(self._rng.expovariate(0.2)), self._length - 1)
        price = self._window(self._rng.choice((-1, 1)))[depth]
        self._amounts[price] = self._amount()
        return [self._row(price)]

    def _move(self, step: int) -> Iterator[str]:
        before = set(self._window(-1)), set(self._window(1))
        self._middle += step
        after = set(self._window(-1)), set(self._window(1))
        for unit, old, new in (("1", before[0], after[0]), ("-1", before[1], after[1])):
            for price in old - new:
                del self._amounts[price]
                yield f"[{price},0,{unit}]"
        for old, new in zip(before, after, strict=True):
            for price in new - old:
                self._amounts[price] = self._amount()
                yield self._row(price)

    def checksum(self) -> int:
        """Signed CRC-32 of the best 25 levels a side, bids and asks in turn."""
        levels = zip(self._window(-1)[:25], self._window(1)[:25], strict=True)
        tokens = (f"{b}:{self._amounts[b]}:{a}:-{self._amounts[a]}" for b, a in levels)
        crc = zlib.crc32(":".join(tokens).encode())
        return crc - (1 << 32) if crc >= 1 << 31 else crc


class Load:
    """The frames of all channels, in an order that does not depend on the client."""

    def __init__(
        self,
        symbols: Sequence[str] = SYMBOLS,
        *,
        kinds: Sequence[str] = KINDS,
        length: int = 25,
        seed: int = 1,
    ) -> None:
        self._rng = random.Random(seed)
        names = [(kind, symbol) for symbol in symbols for kind in kinds]
        ids = self._rng.sample(range(100_000, 999_999), len(names))
        self.channels = [Channel(*name, i) for name, i in zip(names, ids, strict=True)]
        self._by_kind = {
            kind: [channel for channel in self.channels if channel.name == kind] for kind in kinds
        }
        self._kinds = kinds
        self._length = length
        self._books = {
            channel.chan_id: Book(self._rng, 60_000 + 1_000 * i, length)
            for i, channel in enumerate(self._by_kind.get("book", ()))
        }
        self._since_checksum = dict.fromkeys(self._books, 0)
        self._last_trade = _FIRST_ID
        self._mts = _FIRST_MTS
        self.snapshots = {channel.chan_id: self._snapshot(channel) for channel in self.channels}
        """The first frame of each channel."""

    def _snapshot(self, channel: Channel) -> Frame:
        i = channel.chan_id
        if channel.name == "book":
            rows = self._books[i].snapshot()
            return Frame("snapshot", i, f"[{i},{rows}", 2 * self._length)
        if channel.name == "trades":
            trades = [self._trade() for _ in range(_SNAPSHOT_TRADES)]
            return Frame("snapshot", i, f"[{i},[{','.join(reversed(trades))}]", len(trades))
        return Frame("snapshot", i, f"[{i},{self._ticker()}")

    def frames(self) -> Iterator[Frame]:
        """For ever: frames in the mixture described above."""
        shares = {"book": 80, "trades": 6, "ticker": 6}
        weights = [shares[kind] for kind in self._kinds]
        while True:
            if self._rng.random() < 0.02:
                yield heartbeat(self._rng.choice(self.channels).chan_id)
            kind = self._rng.choices(self._kinds, weights)[0]
            yield from self._frames_of(self._rng.choice(self._by_kind[kind]))

    def _frames_of(self, channel: Channel) -> Iterator[Frame]:
        i = channel.chan_id
        if channel.name == "book":
            rows = self._books[i].burst()
            yield from (Frame("book", i, f"[{i},{row}") for row in rows)
            self._since_checksum[i] += len(rows)
            if self._since_checksum[i] >= _CHECKSUM_EVERY:
                self._since_checksum[i] = 0
                yield Frame("cs", i, f'[{i},"cs",{self._books[i].checksum()}')
        elif channel.name == "trades":
            trade = self._trade()
            yield Frame("te", i, f'[{i},"te",{trade}')
            yield Frame("tu", i, f'[{i},"tu",{trade}')
        else:
            yield Frame("ticker", i, f"[{i},{self._ticker()}")

    def _trade(self) -> str:
        self._last_trade += self._rng.randint(1, 3)
        self._mts += self._rng.randint(0, 40)
        amount = self._rng.uniform(-2, 2)
        return f"[{self._last_trade},{self._mts},{amount:.8f},{self._rng.randint(59_000, 61_000)}]"

    def _ticker(self) -> str:
        rng = self._rng
        bid = rng.randint(59_000, 61_000)
        return (
            f"[{bid},{rng.uniform(1, 50):.8f},{bid + 1},{rng.uniform(1, 50):.8f},"
            f"{rng.randint(-900, 900)},{rng.uniform(-0.02, 0.02):.8f},{bid},"
            f"{rng.uniform(900, 9000):.8f},61500,58750,null]"
        )


def heartbeat(chan_id: int) -> Frame:
    """What a channel says every 15 seconds."""
    return Frame("hb", chan_id, f'[{chan_id},"hb"')
