"""The contract of the output: each record's keys in their order, and its JSON Schema."""

from __future__ import annotations

import json

import jsonschema
import msgspec
import pytest
from msgspec import UNSET, Raw

from bfxstream.protocol import events, records
from bfxstream.protocol.channels import parse_spec
from bfxstream.protocol.schema import SCHEMAS, schema_of
from bfxstream.protocol.views import BookView, record_type

# The table of the interface, section "JSON Lines"; funding books: the API's fields in wire order.
KEYS = {
    ("ticker:tBTCUSD", "levels"): "channel symbol bid bid_size ask ask_size daily_change "
    "daily_change_relative last_price volume high low first_trade",
    ("ticker:fUSD", "levels"): "channel symbol frr bid bid_period bid_size ask ask_period "
    "ask_size daily_change daily_change_relative last_price volume high low "
    "frr_amount_available first_trade",
    ("trades:tBTCUSD", "levels"): "channel symbol type id mts amount price",
    ("trades:fUSD", "levels"): "channel symbol type id mts amount rate period",
    ("book:tBTCUSD:P0", "levels"): "channel symbol type side price count amount",
    ("book:tBTCUSD:R0", "levels"): "channel symbol type side order_id price amount",
    ("book:fUSD:P0", "levels"): "channel symbol type side rate period count amount",
    ("book:fUSD:R0", "levels"): "channel symbol type side offer_id period rate amount",
    ("book:tBTCUSD:P0", "full"): "channel symbol mts bids asks checksum",
    ("book:fUSD:R0", "full"): "channel symbol mts bids asks checksum",
    ("book:tBTCUSD:P0", "top"): "channel symbol bid bid_amount ask ask_amount mid spread",
    (
        "candles:1m:tBTCUSD",
        "levels",
    ): "channel symbol timeframe type mts open close high low volume",
    ("candles:1h:fUSD:p30", "levels"): "channel symbol timeframe period type mts open close high "
    "low volume",
    ("deriv:tBTCF0:USTF0", "levels"): "channel symbol mts deriv_price spot_price "
    "insurance_fund_balance next_funding_evt_mts next_funding_accrued next_funding_step "
    "current_funding mark_price open_interest clamp_min clamp_max",
    ("liq:global", "levels"): "channel pos_id mts symbol amount base_price is_match "
    "is_market_sold liquidation_price",
}
STAMPS = {"seq": 7, "received_mts": 1700, "server_mts": None}
VALUES = {
    "type": "snapshot",
    "side": "ask",
    "id": 5,
    "pos_id": 5,
    "mts": 1700,
    "order_id": 6,
    "offer_id": 6,
    "period": 30,
    "count": 0,
    "bids": [(Raw(b"1.50"), 2, Raw(b"3"))],
    "asks": [],
    "checksum": "ok",
}


def example(spec: str, view: str, **more):
    """A record of this kind, its numbers as tokens."""
    subscription = parse_spec(spec)
    kind = record_type(subscription, BookView(view))
    names = KEYS[spec, view].split()
    known = VALUES | {"channel": subscription.channel, "symbol": subscription.symbol} | more
    if subscription.channel == "trades":
        known["type"] = "te"
    if subscription.channel == "candles":
        known |= {"timeframe": subscription.timeframe, "period": subscription.period}
    return kind(**{name: known.get(name, Raw(b"-1e-7")) for name in names}, **more)


def validate(name: str, record) -> None:
    schema = schema_of(name)
    jsonschema.Draft202012Validator.check_schema(schema)
    value = json.loads(msgspec.json.encode(record))
    jsonschema.validate(value, schema, jsonschema.Draft202012Validator)


def schema_names(spec: str, view: str) -> list[str]:
    kind = record_type(parse_spec(spec), BookView(view))
    return [name for name, kinds in SCHEMAS.items() if kind in kinds]


@pytest.mark.parametrize(("spec", "view"), KEYS)
def test_a_records_keys_are_those_of_the_interface_in_its_order(spec, view):
    line = msgspec.json.encode(example(spec, view))
    assert list(json.loads(line)) == KEYS[spec, view].split()


@pytest.mark.parametrize(("spec", "view"), KEYS)
def test_the_stamps_come_last(spec, view):
    line = msgspec.json.encode(example(spec, view, **STAMPS))
    assert list(json.loads(line)) == KEYS[spec, view].split() + list(STAMPS)


@pytest.mark.parametrize(("spec", "view"), KEYS)
@pytest.mark.parametrize("stamps", [{}, STAMPS])
def test_a_record_holds_to_every_schema_that_may_mean_it(spec, view, stamps):
    names = schema_names(spec, view)
    assert parse_spec(spec).channel in names
    for name in names:
        validate(name, example(spec, view, **stamps))


@pytest.mark.parametrize(("spec", "view"), KEYS)
@pytest.mark.parametrize("change", [{"symbol": 5}, {"channel": "nope"}, {"more": 1}, "less"])
def test_what_is_no_such_record_does_not_hold_to_its_schema(spec, view, change):
    value = json.loads(msgspec.json.encode(example(spec, view)))
    if change == "less":
        del value[KEYS[spec, view].split()[-1]]
    else:
        value |= change
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(value, schema_of(schema_names(spec, view)[0]))


@pytest.mark.parametrize("name", ["bid", "ask", "mid", "spread"])
def test_figures_of_an_empty_book_may_be_null_and_nothing_else_but_numbers(name):
    top = json.loads(msgspec.json.encode(example("book:tBTCUSD:P0", "top")))
    jsonschema.validate(top | {name: None}, schema_of("book-top"))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(top | {name: "1"}, schema_of("book-top"))


EVENTS = [
    events.Spread(50, 2, 0.0),
    events.Spread(600, 24, 61.0),
    events.Moved(5, 20),
    events.Connected(url="ws://x"),
    events.Reconnecting("lost", 1.5, 2),
    events.Reconnected(url="ws://x", after=2.0),
    events.Subscribed("trades:tBTCUSD", 5),
    events.Gap(None, 5, 9),
    events.Gap("trades:tBTCUSD", 5, 9, 100, 200),
    events.Gap("candles:1m:tBTCUSD", 100, 200, 100, 200),
    events.Gap("liq:global", 5, 9, 100, 200),
    events.Backfilling("trades:tBTCUSD", 5, 9, 100, 200),
    events.Backfilled("trades:tBTCUSD", 3),
    events.Resync("book:tBTCUSD", "why"),
    events.Maintenance("started"),
    events.Maintenance("ended"),
    events.BadFrame("why", 3),
    events.Notice("a word"),
    events.Rejected("trades:tX", 10300, "symbol: invalid", "check it"),
    events.Rejected("deriv:tX", None, "not confirmed", "check it"),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_an_event_holds_to_the_schema_and_says_itself_in_one_line(event):
    validate("event", event)
    validate("stream", event)
    assert next(iter(json.loads(msgspec.json.encode(event)))) == "event"
    assert event.sentence()
    assert "\n" not in event.sentence()


def test_every_event_is_among_those_tested():
    assert {type(event) for event in EVENTS} == set(events.Event.__subclasses__())


def test_the_counters_hold_to_their_schema_from_the_beginning_to_the_end():
    validate("stats", records.Stats())
    validate("stats", records.Stats(messages=5, uptime=1.5, latency_p50=3.0, latency_p99=9.0))


def test_every_record_has_a_schema():
    kinds = {kind for known in SCHEMAS.values() for kind in known}
    assert set(records.Record.__subclasses__()) <= kinds


def test_stamps_are_unset_until_they_are_asked_for():
    record = example("trades:tBTCUSD", "levels")
    assert (record.seq, record.received_mts, record.server_mts) == (UNSET, UNSET, UNSET)
