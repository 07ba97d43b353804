"""One connection's conversation: requests, confirmations, numbering, maintenance, refusals."""

from __future__ import annotations

import contextlib
import json
from functools import partial

import pytest
from frames import (
    ALL_FLAGS,
    Conversation,
    confirmed_conf,
    encode,
    error,
    event,
    hello,
    info,
    rows_of,
    subscribed,
    with_tail,
)
from hypothesis import given
from hypothesis import strategies as st

from bfxstream.errors import ConnectionFailed
from bfxstream.protocol.channel_state import ChannelState
from bfxstream.protocol.channels import parse_spec
from bfxstream.protocol.codes import Conf
from bfxstream.protocol.decode import Kind, Message
from bfxstream.protocol.events import (
    BadFrame,
    Gap,
    Maintenance,
    Notice,
    Rejected,
    Resync,
    Subscribed,
)
from bfxstream.protocol.patience import Patience
from bfxstream.protocol.session import BAD_FRAMES_A_REPORT, MOST_REPEATS, Session

PATIENCE = Patience()

BOOK, TRADES, TICKER = "book:tBTCUSD:P0:F0:25", "trades:tBTCUSD", "ticker:tETHUSD"
CANDLES, DERIV, LIQUIDATIONS = "candles:1m:tBTCUSD", "deriv:tBTCF0:USTF0", "liq:global"
TRADE = [5, 1564617600709, 0.1, 100]
POSITION = ["pos", 7, 1574697680828, None, "tBTCF0:USTF0", -2, 91, None, 1, 1, None, 112]


def states(talk: Conversation) -> list[ChannelState]:
    return [channel.state for channel in talk.channels]


# The beginning.


def test_nothing_is_sent_before_the_exchange_has_said_hello():
    assert Conversation(BOOK).requests() == []


def test_the_flags_are_asked_for_before_any_channel():
    talk = Conversation(BOOK, TRADES)
    talk.say(hello())
    first, *wishes = talk.requests()
    assert first == {"event": "conf", "flags": 65536 + 131072 + 536870912}
    assert [wish["channel"] for wish in wishes] == ["book", "trades"]
    assert {wish["event"] for wish in wishes} == {"subscribe"}
    assert len({wish["subId"] for wish in wishes}) == 2


@pytest.mark.parametrize(
    ("specs", "timestamps", "flags"),
    [
        ([TICKER], False, 65536),
        ([TRADES], True, 65536 + 32768),
        (["book:fUSD"], False, 65536 + 536870912),
        (["book:tBTCUSD:1"], False, 65536 + 536870912),
        ([BOOK], False, 65536 + 131072 + 536870912),
        (["book:fUSD", "book:tBTCUSD:R0"], True, ALL_FLAGS),
    ],
)
def test_only_the_flags_that_the_subscriptions_need_are_asked_for(specs, timestamps, flags):
    talk = Conversation(*specs, timestamps=timestamps)
    talk.say(hello())
    assert talk.requests()[0]["flags"] == flags


@pytest.mark.parametrize("version", [1, 3])
def test_another_version_of_the_api_ends_the_connection_for_good(version):
    with pytest.raises(ConnectionFailed, match=f"version {version}") as raised:
        Conversation(BOOK).say(hello(version=version))
    assert raised.value.permanent


# Confirmations.


def test_a_confirmation_finds_its_request_by_sub_id():
    talk = Conversation(TRADES, "trades:tETHUSD")
    first, second = talk.greet()
    talk.say(event("subscribed", chanId=21, subId=second["subId"], channel="trades"))
    talk.say(event("subscribed", chanId=20, subId=first["subId"], channel="trades"))
    assert [channel.chan_id for channel in talk.channels] == [20, 21]
    assert talk.events() == [Subscribed("trades:tETHUSD", 21), Subscribed(TRADES, 20)]


def test_a_confirmation_without_sub_id_finds_its_request_by_what_it_echoes():
    talk = Conversation("book:tBTCUSD:P0", "book:tBTCUSD:R0", TRADES)
    for request, chan_id in zip(reversed(talk.greet()), (12, 11, 10), strict=True):
        del request["subId"]
        talk.say(subscribed(request, chan_id))
    assert [channel.chan_id for channel in talk.channels] == [10, 11, 12]


@pytest.mark.parametrize("sub_id", ["not ours", 99, [1], None])
def test_a_confirmation_with_a_foreign_sub_id_finds_its_request_by_what_it_echoes(sub_id):
    talk = Conversation(TRADES)
    [request] = talk.greet()
    talk.say(subscribed({**request, "subId": sub_id}, 10))
    assert talk.channels[0].chan_id == 10


@pytest.mark.parametrize(
    "frame",
    [
        event("subscribed", channel="trades", symbol="tXRPUSD", chanId=9),
        event("subscribed", channel="trades", symbol="tXRPUSD", chanId=9, subId=99),
        event("subscribed", channel="trades", symbol="tBTCUSD"),
        event("subscribed", chanId=9),
    ],
)
def test_a_confirmation_of_what_was_not_asked_changes_nothing(frame):
    talk = Conversation(TRADES)
    talk.greet()
    talk.say(frame)
    assert states(talk) == [ChannelState.ASKED]
    assert talk.events() == []


@pytest.mark.parametrize("chan_id", [-1, 2**63, 10**30])
def test_a_confirmation_with_an_id_that_cannot_be_is_a_bad_frame(chan_id):
    talk = Conversation(TRADES)
    [request] = talk.greet()
    talk.say(subscribed(request, chan_id))
    assert states(talk) == [ChannelState.ASKED]
    assert [type(e) for e in talk.events()] == [BadFrame]


def test_frames_reach_the_channel_of_their_id():
    talk = Conversation(TRADES, TICKER)
    talk.start()
    [(channel, message)] = talk.data(11, [1] * 10)
    assert (channel.subscription.spec, message.kind) == (TICKER, Kind.ROW)
    [(channel, message)] = talk.data(10, "te", TRADE)
    assert (channel.subscription.spec, message.kind) == (TRADES, Kind.EXECUTED)


def test_a_channel_is_fresh_from_its_confirmation_on():
    talk = Conversation(BOOK)
    talk.start()
    [(channel, _)] = talk.data(10, [[1, 1, 1]])
    assert talk.was_fresh
    talk.data(10, [[1, 2, 1]])
    assert not talk.was_fresh
    talk.session.resubscribe(channel, "for a test")
    talk.say(event("unsubscribed", status="OK", chanId=10))
    *_, request = talk.requests()
    talk.say(subscribed(request, 30))
    talk.data(30, [[1, 1, 1]])
    assert talk.was_fresh


# The sequence.


def test_a_heartbeat_before_confirmation_is_counted_and_ignored():
    talk = Conversation(TRADES)
    [request] = talk.greet()
    assert talk.data(10, "hb") == []
    talk.say(subscribed(request, 10))
    assert len(talk.data(10, [TRADE])) == 1
    assert not [e for e in talk.events() if isinstance(e, Gap)]


@pytest.mark.parametrize("content", [["hb"], [[1, 2, 3]], [[[1, 2]]], ["n", [1, {}]], ["cs", 4]])
def test_any_frame_of_an_unknown_channel_is_counted_and_ignored(content):
    talk = Conversation(TRADES)
    talk.start()
    assert talk.data(999, *content) == []
    assert len(talk.data(10, "te", TRADE)) == 1
    assert talk.events() == []


def test_a_frame_that_comes_twice_is_dropped():
    talk = Conversation(TRADES)
    talk.start()
    assert len(talk.data(10, "te", TRADE)) == 1
    assert talk.data(10, "te", TRADE, skip=-1) == []
    assert talk.events() == []


def test_a_hole_in_the_sequence_is_a_gap_and_every_channel_is_subscribed_afresh():
    talk = Conversation(BOOK, TRADES)
    talk.start()
    talk.data(10, [[1, 1, 1]])
    talk.data(10, "hb", skip=2)
    [gap] = talk.events()
    assert gap == Gap(None, 1, 4)
    assert [(r["event"], r["chanId"]) for r in talk.requests()] == [
        ("unsubscribe", 10),
        ("unsubscribe", 11),
    ]


def test_after_a_gap_frames_of_the_old_channels_are_only_counted():
    talk = Conversation(BOOK)
    talk.start()
    talk.data(10, [[1, 1, 1]])
    assert talk.data(10, [[2, 1, 1]], skip=1) == []
    assert talk.data(10, [3, 1, 1]) == []
    assert len(talk.events()) == 1


def test_after_a_gap_numbering_goes_on_from_the_new_number():
    talk = Conversation(TRADES)
    talk.start()
    talk.data(10, "hb", skip=5)
    talk.events()
    talk.say(event("unsubscribed", status="OK", chanId=10))
    *_, request = talk.requests()
    talk.say(subscribed(request, 40))
    assert len(talk.data(40, [TRADE])) == 1
    assert talk.events() == [Subscribed(TRADES, 40)]


def test_without_the_flag_nothing_is_numbered():
    talk = Conversation(TRADES, flags=0)
    talk.start()
    assert len(talk.say(b"[10,[]]", with_tail(10, "te", TRADE), b'[10,"hb"]')) == 3
    assert talk.events() == []


# The flags.


def test_a_server_that_activates_fewer_flags_is_read_by_those():
    talk = Conversation(BOOK, timestamps=True, flags=int(Conf.SEQ_ALL))
    talk.start()
    [(_, message)] = talk.say(b"[10,[[1,1,1]],1]")
    assert (message.seq, message.server_mts) == (1, None)
    assert talk.events() == []


def test_a_server_with_the_time_alone_has_it_first_in_the_tail():
    talk = Conversation(BOOK, timestamps=True, flags=int(Conf.TIMESTAMP))
    talk.start()
    [(_, message)] = talk.say(b"[10,[[1,1,1]],1564617600784]")
    assert (message.seq, message.server_mts) == (None, 1564617600784)


def test_an_old_server_that_does_not_echo_the_flags_is_taken_at_its_word():
    talk = Conversation(TRADES)
    talk.greet()
    talk.say(event("conf", status="OK"))
    assert talk.session.conf == Conf.SEQ_ALL


def test_flags_that_we_do_not_know_are_ignored():
    talk = Conversation(TRADES)
    talk.greet()
    talk.say(confirmed_conf(65536 + 8 + 32 + 1024))
    assert talk.session.conf == Conf.SEQ_ALL


def test_refused_flags_leave_the_stream_unnumbered_and_are_told():
    talk = Conversation(TRADES)
    [request] = talk.greet()
    talk.say(event("conf", status="FAILED"), subscribed(request, 10))
    assert len(talk.say(with_tail(10, "te", TRADE))) == 1
    notice, *_ = talk.events()
    assert isinstance(notice, Notice)
    assert "flags" in notice.text


# What the exchange announces.


def test_a_stopping_server_asks_for_another_connection():
    talk = Conversation(TRADES)
    talk.start()
    assert not talk.session.reconnect_reason
    talk.say(info(20051, "Stopping. Please try to reconnect"))
    assert "20051" in talk.session.reconnect_reason


def test_maintenance_is_told_once_and_its_end_subscribes_afresh():
    talk = Conversation(BOOK, TRADES)
    talk.start()
    talk.say(info(20060), info(20060))
    assert talk.events() == [Maintenance("started")]
    assert talk.session.in_maintenance
    assert talk.requests() == []
    talk.say(info(20061))
    assert talk.events() == [Maintenance("ended")]
    assert not talk.session.in_maintenance
    assert [r["chanId"] for r in talk.requests()] == [10, 11]


def test_a_server_in_maintenance_at_connect_is_subscribed_to_when_it_is_back():
    talk = Conversation(BOOK, TRADES)
    talk.say(hello(status=0))
    assert [r["event"] for r in talk.requests()] == ["conf"]
    assert talk.events() == [Maintenance("started")]
    talk.session.tick(1e9)
    assert talk.requests() == []
    talk.say(info(20061))
    assert [r["event"] for r in talk.requests()] == ["subscribe", "subscribe"]


def test_an_announcement_with_a_text_is_passed_on():
    talk = Conversation(TRADES)
    talk.start()
    talk.say(info(5000, "a message to all"), info(5001))
    [notice] = talk.events()
    assert "a message to all" in notice.sentence()


def test_an_unknown_event_is_noticed_and_harms_nothing():
    talk = Conversation(TRADES)
    talk.start()
    talk.say(event("surprise", value=[1, {}]))
    [notice] = talk.events()
    assert "surprise" in notice.sentence()
    assert len(talk.data(10, "te", TRADE)) == 1


def test_a_pong_is_no_news_and_a_ping_carries_its_number():
    talk = Conversation(TRADES)
    talk.start()
    talk.session.ping(77)
    assert talk.requests() == [{"event": "ping", "cid": 77}]
    talk.say(event("pong", ts=1564617600784, cid=77))
    assert talk.events() == []


# Errors.


def test_a_wrong_request_is_rejected_with_the_exchanges_words():
    talk = Conversation(TRADES, TICKER)
    wish, _ = talk.greet()
    talk.say(error(wish, 10300, "symbol: invalid"))
    [rejected] = talk.events()
    assert isinstance(rejected, Rejected)
    assert (rejected.spec, rejected.code) == (TRADES, 10300)
    assert "symbol: invalid" in rejected.sentence()
    assert rejected.remedy
    assert states(talk) == [ChannelState.REFUSED, ChannelState.ASKED]


def test_an_error_without_sub_id_finds_its_request_by_what_it_echoes():
    talk = Conversation(TRADES, BOOK)
    _, wish = talk.greet()
    del wish["subId"]
    talk.say(error(wish, 10300, "symbol: invalid", pair="BTCUSD"))
    [rejected] = talk.events()
    assert rejected.spec == BOOK


def test_what_a_full_connection_refuses_is_displaced_once_all_is_answered():
    talk = Conversation(TRADES, TICKER, BOOK)
    first, second, third = talk.greet()
    talk.say(subscribed(first, 10), error(second, 10305, "subscribe: limit"))
    assert talk.session.take_displaced() == []
    talk.say(error(third, 10305, "subscribe: limit"))
    assert [c.subscription.spec for c in talk.session.take_displaced()] == [TICKER, BOOK]
    assert talk.session.take_displaced() == []
    assert [channel.subscription.spec for channel in talk.channels] == [TRADES]
    assert [type(e) for e in talk.events()] == [Subscribed, Notice, Notice]


def test_a_request_that_is_never_answered_does_not_hold_up_what_is_displaced():
    talk = Conversation(TRADES, TICKER)
    talk.session.tick(100.0)
    _, second = talk.greet()
    talk.say(error(second, 10305, "subscribe: limit"))
    assert talk.session.take_displaced() == []
    talk.session.tick(100.0 + PATIENCE.confirm)
    assert [c.subscription.spec for c in talk.session.take_displaced()] == [TICKER]


def test_what_was_refused_for_the_moment_is_asked_again_after_a_while():
    talk = Conversation(TRADES)
    talk.session.tick(100.0)
    [wish] = talk.greet()
    talk.say(error(wish, 11000, "ready: error"))
    talk.session.tick(100.0 + PATIENCE.retry - PATIENCE.look)
    assert talk.requests() == []
    talk.session.tick(100.0 + PATIENCE.retry)
    [again] = talk.requests()
    assert (again["channel"], again["symbol"]) == ("trades", "tBTCUSD")
    assert again["subId"] != wish["subId"]
    talk.session.tick(110.0)
    assert talk.requests() == []
    talk.say(subscribed(again, 10))
    assert states(talk) == [ChannelState.ACTIVE]


def test_what_is_refused_again_and_again_is_asked_for_ever_more_seldom():
    talk = Conversation(TRADES)
    now = 100.0
    talk.session.tick(now)
    [wish] = talk.greet()
    waits = []
    for _ in range(5):
        talk.say(error(wish, 11000, "ready: error"))
        refused_at = now
        while not (asked := talk.requests()):
            now += PATIENCE.look
            talk.session.tick(now)
        waits.append(now - refused_at)
        [wish] = asked
    assert waits == [5.0, 10.0, 20.0, 30.0, 30.0]


def test_after_too_many_requests_a_minute_is_kept_quiet():
    talk = Conversation(TRADES)
    talk.session.tick(100.0)
    [wish] = talk.greet()
    talk.say(error(wish, 11010, "ratelimit: error"))
    talk.session.tick(100.0 + PATIENCE.rate_limit - PATIENCE.look)
    assert talk.requests() == []
    talk.session.tick(100.0 + PATIENCE.rate_limit)
    assert [r["event"] for r in talk.requests()] == ["subscribe"]


@pytest.mark.parametrize("cause", ["gap", "maintenance"])
def test_what_was_put_off_for_a_minute_is_not_asked_for_with_the_others(cause):
    talk = Conversation(TRADES, TICKER)
    talk.session.tick(100.0)
    first, second = talk.greet()
    talk.say(subscribed(first, 10), error(second, 11010, "ratelimit: error"))
    if cause == "gap":
        talk.data(10, "hb", skip=3)
    else:
        talk.say(info(20060), info(20061))
    assert talk.requests() == [{"event": "unsubscribe", "chanId": 10}]
    talk.session.tick(100.0 + PATIENCE.rate_limit)
    assert [r["channel"] for r in talk.requests() if r["event"] == "subscribe"] == ["ticker"]


def test_nothing_is_asked_again_during_maintenance():
    talk = Conversation(TRADES)
    [wish] = talk.greet()
    talk.say(error(wish, 11000, "ready: error"), info(20060))
    talk.session.tick(100.0)
    talk.session.tick(200.0)
    assert talk.requests() == []
    talk.say(info(20061))
    assert [r["event"] for r in talk.requests()] == ["subscribe"]


def test_a_channel_that_is_subscribed_already_is_left_and_joined_for_its_snapshot():
    talk = Conversation(TRADES)
    [wish] = talk.greet()
    talk.say(error(wish, 10301, "subscribe: dup", chanId=55))
    assert talk.requests() == [{"event": "unsubscribe", "chanId": 55}]
    assert talk.data(55, "te", TRADE) == []
    talk.say(event("unsubscribed", status="OK", chanId=55))
    [again] = talk.requests()
    talk.say(subscribed(again, 56))
    assert len(talk.data(56, [TRADE])) == 1


def test_a_duplicate_whose_channel_is_unknown_needs_another_connection():
    talk = Conversation(TRADES)
    [wish] = talk.greet()
    talk.say(error(wish, 10301, "subscribe: dup"))
    assert TRADES in talk.session.reconnect_reason


@pytest.mark.parametrize("code", [10400, 10401])
def test_a_channel_that_is_gone_before_it_is_left_is_joined_again(code):
    talk = Conversation(TRADES)
    talk.start()
    talk.session.resubscribe(talk.channels[0], "for a test")
    assert talk.requests() == [{"event": "unsubscribe", "chanId": 10}]
    talk.say(event("error", code=code, msg="unsubscribe: invalid", chanId=10))
    assert [r["event"] for r in talk.requests()] == ["subscribe"]


def test_an_error_that_belongs_to_no_request_is_noticed():
    talk = Conversation(TRADES)
    talk.start()
    talk.say(event("error", code=10000, msg="event: invalid (nope)"))
    [notice] = talk.events()
    assert "event: invalid (nope)" in notice.sentence()
    assert states(talk) == [ChannelState.ACTIVE]


# Resubscribing.


def test_a_channel_is_resubscribed_alone_and_once():
    talk = Conversation(BOOK, TRADES)
    talk.start()
    for _ in range(2):
        talk.session.resubscribe(talk.channels[0], "the book's checksum does not match")
    assert talk.events() == [Resync(BOOK, "the book's checksum does not match")]
    assert talk.requests() == [{"event": "unsubscribe", "chanId": 10}]
    assert talk.data(10, [[1, 1, 1]]) == []
    assert len(talk.data(11, "te", TRADE)) == 1
    talk.say(event("unsubscribed", status="OK", chanId=10))
    [request] = talk.requests()
    assert (request["event"], request["channel"]) == ("subscribe", "book")


def test_a_channel_that_the_exchange_closes_by_itself_is_joined_again():
    talk = Conversation(TRADES)
    talk.start()
    talk.say(event("unsubscribed", status="OK"), event("unsubscribed", status="OK", chanId=99))
    assert states(talk) == [ChannelState.ACTIVE]
    talk.say(event("unsubscribed", status="OK", chanId=10))
    assert [type(e) for e in talk.events()] == [Resync]
    assert [r["event"] for r in talk.requests()] == ["subscribe"]


def test_trades_are_taken_until_their_channel_is_left():
    talk = Conversation(TRADES)
    talk.start()
    talk.session.resubscribe(talk.channels[0], "for a test")
    assert len(talk.data(10, "te", TRADE)) == 1


def test_liquidations_are_taken_until_their_channel_is_left_and_are_no_snapshot():
    talk = Conversation(LIQUIDATIONS)
    talk.start()
    talk.data(10, [POSITION])
    talk.session.resubscribe(talk.channels[0], "for a test")
    assert len(talk.data(10, [POSITION])) == 1
    assert not talk.was_fresh


# Keys.


@pytest.mark.parametrize("spec", [CANDLES, DERIV, LIQUIDATIONS])
@pytest.mark.parametrize("with_sub_id", [True, False])
def test_a_channel_is_confirmed_by_its_key(spec, with_sub_id):
    talk = Conversation("candles:5m:tBTCUSD", "deriv:tETHF0:USTF0", spec)
    *_, request = talk.greet()
    if not with_sub_id:
        del request["subId"]
    talk.say(subscribed(request, 10))
    assert states(talk) == [ChannelState.ASKED, ChannelState.ASKED, ChannelState.ACTIVE]


@pytest.mark.parametrize("first", ["1W", "7D"])
def test_a_week_that_is_refused_is_asked_for_by_its_other_name(first):
    talk = Conversation(f"candles:{first}:tBTCUSD")
    [request] = talk.greet()
    talk.say(error(request, 10300, "key: invalid"))
    assert talk.events() == []
    [again] = talk.requests()
    assert {request["key"], again["key"]} == {"trade:1W:tBTCUSD", "trade:7D:tBTCUSD"}
    talk.say(error(again, 10300, "key: invalid"))
    [refusal] = talk.events()
    assert refusal.spec == f"candles:{first}:tBTCUSD"
    assert states(talk) == [ChannelState.REFUSED]


def test_an_unreadable_status_needs_no_snapshot_but_a_candle_does():
    talk = Conversation(DERIV, CANDLES)
    talk.start()
    talk.session.tick(PATIENCE.heal)
    talk.data(10, ["soon"])
    assert talk.requests() == []
    talk.data(11, ["soon"])
    assert [r["event"] for r in talk.requests()] == ["unsubscribe"]


CANDLE = [60, 1, 2, 3, 1, 5]


class Noting:
    """A taker that notes whose messages came, and of which kind."""

    def __init__(self, spec: str, told: list[tuple]) -> None:
        self._spec = spec
        self._told = told

    def take(self, kind: Kind, payload: object) -> None:
        self._told.append((self._spec, kind))

    def row_taker(self, kind: Kind):
        return partial(self.take, kind)


@pytest.mark.parametrize(
    ("third", "taken"),
    [
        ([12, [POSITION]], 3),
        ([12, [["adl", *POSITION[1:]]]], 0),  # not a position: for the path that leaves it out
        ([12, [["pos", 7, "soon", *POSITION[3:]]]], 2),
        ([11, [2000, None, "5"]], 2),
        ([10, [120, 1, 2, 3, 1, None]], 2),
    ],
)
def test_frames_of_candles_and_status_are_read_together_as_far_as_they_are_sound(third, taken):
    wanted = [parse_spec(spec) for spec in (CANDLES, DERIV, LIQUIDATIONS)]
    told: list[tuple] = []
    takers = [Noting(spec, told) for spec in (CANDLES, DERIV, LIQUIDATIONS)]
    session = Session(wanted, [lambda message, fresh: None] * 3, takers)
    session.receive(hello())
    _, *requests = map(json.loads, session.frames_to_send())
    session.receive(confirmed_conf(int(session.conf)))
    for chan_id, request in enumerate(requests, start=10):
        session.receive(subscribed(request, chan_id))
    for seq, first in enumerate([[10, [CANDLE]], [11, [1000]], [12, []]], start=1):
        session.receive(with_tail(*first, seq=seq))
    session.take_events()
    frames = [with_tail(10, CANDLE, seq=4), with_tail(11, [1000], seq=5), with_tail(*third, seq=6)]
    assert session.receive_together(frames) == taken
    kinds = [(CANDLES, Kind.ROW), (DERIV, Kind.ROW), (LIQUIDATIONS, Kind.ROWS)]
    assert told == kinds[:taken]


def test_an_id_that_the_exchange_gives_twice_is_the_later_channels():
    specs = [TRADES, "trades:tETHUSD"]
    told: list[tuple] = []
    takers = [Noting(spec, told) for spec in specs]
    session = Session(list(map(parse_spec, specs)), [lambda message, fresh: None] * 2, takers)
    session.receive(hello())
    _, *requests = map(json.loads, session.frames_to_send())
    for seq, request in enumerate(requests, start=1):
        session.receive(subscribed(request, 10))
        session.receive(with_tail(10, [TRADE], seq=seq))
    session.take_events()
    assert session.receive_together([with_tail(10, "te", TRADE, seq=3)]) == 1
    assert told == [("trades:tETHUSD", Kind.EXECUTED)]


# Patience.


def test_a_request_that_is_not_answered_is_made_once_more_then_needs_another_connection():
    talk = Conversation(BOOK)
    talk.session.tick(100.0)
    talk.greet()
    talk.session.tick(100.0 + PATIENCE.confirm - PATIENCE.look)
    assert talk.requests() == []
    talk.session.tick(100.0 + PATIENCE.confirm)
    assert [r["event"] for r in talk.requests()] == ["subscribe"]
    assert "not confirmed" in talk.events()[0].sentence()
    talk.session.tick(100.0 + 2 * PATIENCE.confirm)
    assert BOOK in talk.session.reconnect_reason


def test_a_request_that_is_never_answered_leaves_the_others_alone_and_is_made_again():
    talk = Conversation(BOOK, TRADES)
    talk.session.tick(100.0)
    _, second = talk.greet()
    talk.say(subscribed(second, 11))
    for turn in range(1, 4):
        talk.data(11, "hb")
        talk.session.tick(100.0 + turn * PATIENCE.confirm)
        assert [r["channel"] for r in talk.requests()] == ["book"]
        assert "not confirmed" in talk.events()[-1].sentence()
    assert not talk.session.reconnect_reason


def test_a_late_answer_to_a_first_request_is_as_good_as_one_to_the_second():
    talk = Conversation(BOOK, TRADES)
    talk.session.tick(100.0)
    first, _ = talk.greet()
    talk.session.tick(100.0 + PATIENCE.confirm)
    [second, _] = talk.requests()
    talk.say(subscribed(first, 10), error(second, 10301, "subscribe: dup", chanId=10))
    assert states(talk)[0] is ChannelState.ACTIVE
    assert not talk.session.reconnect_reason


def test_a_status_key_that_is_never_confirmed_while_a_ping_is_answered_is_refused():
    talk = Conversation(DERIV)
    talk.session.tick(100.0)
    talk.greet()
    talk.session.tick(100.0 + PATIENCE.status_confirm)
    assert [r["event"] for r in talk.requests()] == ["subscribe", "ping"]
    assert "not confirmed" in talk.events()[0].sentence()
    talk.session.tick(101.0 + PATIENCE.status_confirm)
    talk.say(event("pong", cid=2, ts=1))
    talk.session.tick(100.0 + 2 * PATIENCE.status_confirm)
    [refusal] = talk.events()
    assert (refusal.spec, refusal.code) == (DERIV, None)
    assert refusal.sentence().endswith("not confirmed, while other requests are answered")
    assert states(talk) == [ChannelState.REFUSED]
    assert not talk.session.reconnect_reason


def test_a_status_key_is_not_refused_by_a_connection_that_answers_nothing():
    talk = Conversation(DERIV)
    talk.greet()
    talk.say(event("pong", cid=1, ts=1))
    talk.session.tick(PATIENCE.status_confirm)
    talk.session.tick(2 * PATIENCE.status_confirm)
    assert DERIV in talk.session.reconnect_reason
    assert not [happened for happened in talk.events() if isinstance(happened, Rejected)]


def test_a_status_key_that_is_confirmed_late_is_welcome():
    talk = Conversation(DERIV)
    talk.greet()
    talk.session.tick(PATIENCE.status_confirm)
    [request, _] = talk.requests()
    talk.say(subscribed(request, 10))
    talk.session.tick(5 * PATIENCE.status_confirm)
    assert states(talk) == [ChannelState.ACTIVE]


def test_a_channel_that_cannot_be_left_needs_another_connection():
    talk = Conversation(BOOK)
    talk.start()
    talk.session.resubscribe(talk.channels[0], "for a test")
    talk.session.tick(PATIENCE.leave - PATIENCE.look)
    assert not talk.session.reconnect_reason
    talk.session.tick(PATIENCE.leave)
    assert BOOK in talk.session.reconnect_reason


def test_a_channel_without_heartbeats_is_joined_anew_while_the_others_live():
    talk = Conversation(BOOK, TRADES)
    talk.start()
    talk.session.tick(1.0)
    for now in range(10, int(PATIENCE.silence) + 10, 5):
        talk.data(11, "hb")
        talk.session.tick(float(now))
    assert [(e.spec, "45 s" in e.reason) for e in talk.events()] == [(BOOK, True)]
    assert states(talk) == [ChannelState.LEAVING, ChannelState.ACTIVE]


def test_maintenance_that_does_not_end_needs_another_connection():
    talk = Conversation(BOOK)
    talk.session.tick(50.0)
    talk.start()
    talk.say(info(20060))
    talk.session.tick(50.0 + PATIENCE.maintenance - PATIENCE.look)
    assert not talk.session.reconnect_reason
    talk.session.tick(50.0 + PATIENCE.maintenance)
    assert "maintenance" in talk.session.reconnect_reason


def test_nothing_is_left_or_joined_during_maintenance():
    talk = Conversation(BOOK)
    talk.start()
    talk.say(info(20060))
    talk.session.resubscribe(talk.channels[0], "for a test")
    talk.data(10, [[1, 1, 1]], skip=3)
    assert talk.requests() == []


def test_after_a_gap_in_maintenance_nothing_is_trusted_until_the_channels_are_joined_anew():
    talk = Conversation(BOOK, TRADES)
    talk.start()
    talk.data(10, [[1, 1, 1]])
    talk.data(11, [TRADE])
    talk.say(info(20060))
    talk.data(10, "hb", skip=3)
    assert talk.data(10, [[2, 1, 1]]) == []
    assert len(talk.data(11, "te", TRADE)) == 1
    assert talk.was_fresh  # held until it is known what came before
    assert talk.requests() == []

    talk.say(info(20061))
    assert [(r["event"], r["chanId"]) for r in talk.requests()] == [
        ("unsubscribe", 10),
        ("unsubscribe", 11),
    ]
    talk.say(*[event("unsubscribed", status="OK", chanId=chan_id) for chan_id in (10, 11)])
    talk.say(*[subscribed(r, chan_id) for chan_id, r in enumerate(talk.requests(), start=20)])
    assert len(talk.data(20, [[1, 1, 1]])) == len(talk.data(21, [TRADE])) == 1
    assert len(talk.data(20, [[2, 1, 1]])) == 1


def test_a_channel_that_is_subscribed_already_is_left_behind_the_maintenance():
    talk = Conversation(TRADES)
    [wish] = talk.greet()
    talk.say(info(20060), error(wish, 10301, "subscribe: dup", chanId=55))
    assert talk.requests() == []
    talk.say(info(20061))
    assert talk.requests() == [{"event": "unsubscribe", "chanId": 55}]


def test_numbers_that_begin_anew_need_another_connection():
    talk = Conversation(TRADES)
    talk.start()
    talk.data(10, "hb", skip=MOST_REPEATS * 2)
    talk.seq = 0
    for _ in range(MOST_REPEATS):
        talk.data(10, "hb")
    assert "anew" in talk.session.reconnect_reason


def test_old_numbers_now_and_then_are_no_new_numbering():
    talk = Conversation(TRADES)
    talk.start()
    for _ in range(MOST_REPEATS):
        talk.data(10, "hb")
        talk.data(10, "hb", skip=-1)
    assert not talk.session.reconnect_reason


def test_an_older_frame_that_comes_again_is_no_gap():
    talk = Conversation(TRADES)
    talk.start()
    for skip in (0, 0, 0, -2, 1):
        talk.data(10, "te", TRADE, skip=skip)
    assert talk.events() == []


def test_flags_refused_by_an_error_leave_the_stream_unnumbered():
    talk = Conversation(TRADES)
    [request] = talk.greet()
    talk.say(event("error", code=10050, msg="conf: invalid"), subscribed(request, 10))
    assert len(talk.say(with_tail(10, "te", TRADE))) == 1


def test_an_error_without_words_is_understood():
    talk = Conversation(TRADES)
    [wish] = talk.greet()
    talk.say(error(wish, 10300, None))
    assert states(talk) == [ChannelState.WANTED] or states(talk) == [ChannelState.REFUSED]
    assert talk.session.bad_frames == 0


# Frames that cannot be read.

BAD = [b"", b"x", b"[10,", b'[10,{"a":1}]', b'{"event":7}', b'{"event":"\xff"}', b"{", b"[10]"]


@pytest.mark.parametrize("frame", BAD)
def test_a_frame_that_cannot_be_read_is_counted_and_told(frame):
    talk = Conversation(TICKER)
    talk.start()
    assert talk.say(frame) == []
    assert talk.session.bad_frames == 1
    [bad] = talk.events()
    assert isinstance(bad, BadFrame)
    assert bad.count == 1


@pytest.mark.parametrize(
    ("frame", "sentence"),
    [
        (b"[10,[1,2],1,2]", "at least 10 values are due, not 2 at position [1]"),
        (b'[10,"hb"]', "at least 3 values are due, not 2"),
        (b'[10,"hb","x",5]', "int is due, not str at position [2]"),
    ],
)
def test_an_unreadable_frame_is_told_in_words(frame, sentence):
    talk = Conversation(TICKER)
    talk.start()
    talk.say(frame)
    [bad] = talk.events()
    assert bad.sentence() == f"a frame could not be read and was skipped (1 so far): {sentence}"


def test_unreadable_frames_are_told_once_in_a_while_and_all_counted():
    talk = Conversation(TICKER)
    talk.start()
    talk.say(*[b"[10,"] * (BAD_FRAMES_A_REPORT + 1))
    assert talk.session.bad_frames == BAD_FRAMES_A_REPORT + 1
    assert [bad.count for bad in talk.events()] == [1, BAD_FRAMES_A_REPORT + 1]


def test_an_unreadable_frame_of_a_channel_keeps_its_place_in_the_sequence():
    talk = Conversation(TRADES)
    talk.start()
    assert talk.data(10, "te", ["not", "a", "trade"]) == []
    assert len(talk.data(10, "te", TRADE)) == 1
    assert [type(e) for e in talk.events()] == [BadFrame, Resync]


@pytest.mark.parametrize("frame", [b"[10,[[1,2,1,-1]],1]", b"[10, [[1,2,1,-1]], 1]"])
def test_a_frame_whose_rows_are_of_no_use_is_counted_and_its_rows_are_not_taken_again(frame):
    refused = []

    def refuse(message: Message, fresh: bool) -> None:
        refused.append(message.seq)
        raise ValueError("<an object that no reader should see>")

    talk = Conversation("book:fUSD:P0")
    talk.channels[0].receiver = refuse
    talk.after_start(frame)
    assert refused == [1]
    assert talk.session.bad_frames == 1
    bad, resync = talk.events()
    assert "object" not in bad.sentence()
    assert isinstance(resync, Resync)


def test_unreadable_trades_are_made_up_for_by_a_snapshot_but_not_in_a_storm():
    talk = Conversation(TRADES)
    talk.session.tick(100.0)
    talk.start()
    for _ in range(5):
        talk.data(10, "te", ["no", "trade"])
    talk.say(event("unsubscribed", status="OK", chanId=10))
    *_, request = talk.requests()
    talk.say(subscribed(request, 10))
    talk.data(10, "te", ["no", "trade"])
    assert [type(e) for e in talk.events()] == [BadFrame, Resync, Subscribed]
    talk.session.tick(100.0 + PATIENCE.heal)
    talk.data(10, "te", ["no", "trade"])
    assert [type(e) for e in talk.events()] == [Resync]


def funding_book_with_a_second_frame_unreadable() -> Conversation:
    """Its second snapshot has come at 100.0, and a bad update behind that."""
    talk = Conversation("book:fUSD:P0")
    talk.session.tick(100.0)
    talk.start()
    talk.data(10, [[0.01, 2, 1, 5]])
    talk.data(10, [["x"]])
    talk.say(event("unsubscribed", status="OK", chanId=10))
    *_, request = talk.requests()
    talk.say(subscribed(request, 11))
    talk.data(11, [[0.01, 2, 1, 5]])
    talk.events()
    talk.data(11, [["x"]])
    return talk


def test_a_second_unreadable_frame_is_made_up_for_as_soon_as_a_snapshot_may_be_asked_for():
    talk = funding_book_with_a_second_frame_unreadable()
    assert talk.data(11, [0.02, 2, 1, 5]) == []  # nothing is built on what is lost
    talk.session.tick(100.0 + PATIENCE.heal - PATIENCE.look)
    assert talk.requests() == talk.events() == []
    talk.session.tick(100.0 + PATIENCE.heal)
    talk.session.tick(100.0 + PATIENCE.heal + PATIENCE.look)
    assert talk.requests() == [{"event": "unsubscribe", "chanId": 11}]
    assert [type(e) for e in talk.events()] == [Resync]
    talk.say(event("unsubscribed", status="OK", chanId=11))
    talk.say(subscribed(*talk.requests(), 12))
    assert len(talk.data(12, [[0.01, 2, 1, 5]])) == 1


def test_a_snapshot_that_came_for_another_reason_meanwhile_makes_up_for_it_too():
    talk = funding_book_with_a_second_frame_unreadable()
    talk.data(11, "hb", skip=1)
    assert [r["event"] for r in talk.requests()] == ["unsubscribe"]
    talk.say(event("unsubscribed", status="OK", chanId=11))
    talk.say(subscribed(*talk.requests(), 12))
    assert len(talk.data(12, [[0.01, 2, 1, 5]])) == 1
    talk.session.tick(100.0 + PATIENCE.heal)
    assert talk.requests() == []


@pytest.mark.parametrize(
    ("spec", "heals"), [(BOOK, False), ("book:fUSD:P0", True), (TICKER, False)]
)
def test_an_unreadable_update_needs_a_snapshot_where_nothing_else_tells(spec, heals):
    talk = Conversation(spec)
    talk.start()
    talk.data(10, [])
    talk.data(10, [["x"]])
    assert (Resync in map(type, talk.events())) is heals


def test_an_unreadable_snapshot_of_a_book_is_asked_for_again():
    talk = Conversation(BOOK)
    talk.start()
    assert talk.data(10, [["not", "a", "row"]]) == []
    assert [type(e) for e in talk.events()] == [BadFrame, Resync]
    assert talk.data(10, [[1, 1, 1]]) == []


@pytest.mark.parametrize("value", [[10, [[1, 2, 3]] * 2, 1], [10, [1, 2, 3], 1], [10, "hb", 1]])
def test_white_space_anywhere_changes_nothing(value):
    talk = Conversation(BOOK)
    talk.start()
    spaced = json.dumps(value, indent=1).replace(",", " ,\t").encode()
    [(_, message)] = talk.say(spaced)
    [(_, plain)] = Conversation(BOOK).after_start(encode(value))
    assert (message.kind, message.seq) == (plain.kind, 1)
    assert rows_of(message) == rows_of(plain)


@pytest.mark.parametrize("frame", [b'[ 10 ,"te", [5,1,0.1,100], 1 ]', b'\n [10,"te",[5,1,1,1],1]'])
def test_white_space_does_not_lose_a_frame(frame):
    talk = Conversation(TRADES)
    talk.start()
    assert len(talk.say(frame)) == 1


def test_white_space_does_not_lose_an_event():
    talk = Conversation(TRADES)
    talk.say(b' \r\n { "event" : "info", "version" : 2 }')
    assert [r["event"] for r in talk.requests()] == ["conf", "subscribe"]


# Anything at all.

small_ids = st.integers(-1, 13)
texts = st.sampled_from(["trades", "book", "ticker", "tBTCUSD", "tETHUSD", "OK", "FAILED", "25"])
anything = st.none() | small_ids | st.integers() | texts | st.text(max_size=3) | st.lists(small_ids)
event_names = st.sampled_from(
    ["info", "conf", "subscribed", "unsubscribed", "error", "pong", "auth", "x"]
)
sensible_fields = st.fixed_dictionaries(
    {"event": event_names},
    optional={
        "version": st.just(2) | anything,
        "platform": st.just({"status": 0}) | anything,
        "code": st.sampled_from([20051, 20060, 20061, 10300, 10301, 10305, 10400, 11000]),
        "msg": texts | st.just("symbol: invalid"),
        "status": texts,
        "flags": st.sampled_from([0, 65536, ALL_FLAGS]) | anything,
        "chanId": small_ids | anything,
        "subId": small_ids | anything,
        "channel": texts | anything,
        "symbol": texts | anything,
        "len": anything,
    },
)
rows = st.lists(st.sampled_from([5, 100.5, 1, -1, 0, None]), max_size=5)
array_frames = st.builds(
    lambda chan_id, content, seq: encode([chan_id, *content, *seq]),
    small_ids,
    st.sampled_from([["hb"], ["te", TRADE], ["cs", 5], ["zz", {}], [[[1, 1, 1]]]])
    | rows.map(lambda row: [row]),
    st.lists(st.integers(0, 20), max_size=2),
)
steps = st.lists(
    sensible_fields.map(encode) | array_frames | st.binary(max_size=20) | st.floats(0, 100),
    max_size=40,
)


@given(steps)
def test_no_frames_in_any_order_raise_or_send_what_is_no_request(frames):
    talk = Conversation(BOOK, TRADES, TICKER)
    talk.start()
    for frame in frames:
        if isinstance(frame, float):
            talk.session.tick(frame)
            continue
        try:
            talk.say(frame)
        except ConnectionFailed as failure:
            assert "version" in failure.what
            assert json.loads(frame)["version"] != 2
        for request in talk.requests():
            assert request["event"] in ("conf", "subscribe", "unsubscribe")
        for happened in talk.events():
            assert happened.sentence()
    active = [c.chan_id for c in talk.channels if c.state is ChannelState.ACTIVE]
    assert None not in active


@given(st.binary(max_size=60))
def test_no_bytes_as_a_first_frame_raise(frame):
    with contextlib.suppress(ConnectionFailed):
        Conversation(BOOK).say(frame)
