"""What is added to records is added to records alone."""

from __future__ import annotations

from frames import decode
from msgspec import Raw

from bfxstream.protocol.channels import parse_spec
from bfxstream.protocol.codes import Conf
from bfxstream.protocol.events import Gap
from bfxstream.protocol.records import Stats, Trade
from bfxstream.stream.feed import Context, Feed, FeedOptions
from bfxstream.stream.stamps import Stamper

TRADE = Trade("trades", "tBTCUSD", "te", 7, 1700, Raw(b"1"), Raw(b"100"))
STAMPED = Conf.SEQ_ALL | Conf.TIMESTAMP
GAP = Gap("trades:tBTCUSD", 1, 5)


class Telling(Feed):
    """Tells of a hole, then gives a record."""

    def receive(self, message, fresh):
        self.context.out += [GAP, TRADE]


def test_an_event_that_a_message_brings_about_has_no_number():
    context = Context(FeedOptions(), Stats(), lambda event: None, lambda *args: None, lambda: 0)
    stamper = Stamper(context.out, seq=True, timestamps=True)
    receive = stamper.around(Telling(0, parse_spec("trades:tBTCUSD"), context))
    message = decode("trades:tBTCUSD", b'[1,"te",[7,1700,1,100],3,1800]', STAMPED)
    receive(message, False)
    assert context.out == [GAP, TRADE]
    assert (TRADE.seq, TRADE.server_mts) == (3, 1800)
