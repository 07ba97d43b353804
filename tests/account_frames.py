"""Frames of an account as the exchange sends them: each row by the index that the API gives it."""

from __future__ import annotations

from typing import Any

from frames import encode, with_tail

from bfxstream.protocol.account.messages import AccountDecoder, AccountMessage
from bfxstream.protocol.codes import Conf

# The tables of ws-auth: length of a row, then name and index of each field.
LENGTHS = {
    "order": 32,
    "position": 20,
    "trade": 12,
    "wallet": 7,
    "balance": 2,
    "funding_offer": 21,
    "funding_credit": 22,
    "funding_loan": 21,
    "funding_trade": 8,
    "notification": 8,
}
INDEX = {
    "order": "id:0 gid:1 cid:2 symbol:3 mts_create:4 mts_update:5 amount:6 amount_orig:7 "
    "order_type:8 type_prev:9 mts_tif:10 flags:12 status:13 price:16 price_avg:17 "
    "price_trailing:18 price_aux_limit:19 notify:23 hidden:24 placed_id:25 routing:28 meta:31",
    "position": "symbol:0 status:1 amount:2 base_price:3 margin_funding:4 margin_funding_type:5 "
    "pl:6 pl_perc:7 price_liq:8 leverage:9 position_id:11 mts_create:12 mts_update:13 "
    "position_type:15 collateral:17 collateral_min:18 meta:19",
    "trade": "id:0 symbol:1 mts_create:2 order_id:3 exec_amount:4 exec_price:5 order_type:6 "
    "order_price:7 maker:8 fee:9 fee_currency:10 cid:11",
    "wallet": "wallet_type:0 currency:1 balance:2 unsettled_interest:3 balance_available:4 "
    "description:5 meta:6",
    "balance": "aum:0 aum_net:1",
    "funding_offer": "id:0 symbol:1 mts_create:2 mts_update:3 amount:4 amount_orig:5 "
    "offer_type:6 flags:9 status:10 rate:14 period:15 notify:16 hidden:17 renew:19 rate_real:20",
    "funding_credit": "id:0 symbol:1 side:2 mts_create:3 mts_update:4 amount:5 flags:6 status:7 "
    "rate_type:8 rate:11 period:12 mts_opening:13 mts_last_payout:14 notify:15 hidden:16 "
    "renew:18 rate_real:19 no_close:20 position_pair:21",
    "funding_loan": "id:0 symbol:1 side:2 mts_create:3 mts_update:4 amount:5 flags:6 status:7 "
    "rate_type:8 rate:11 period:12 mts_opening:13 mts_last_payout:14 notify:15 hidden:16 "
    "renew:18 rate_real:19 no_close:20",
    "funding_trade": "id:0 symbol:1 mts_create:2 offer_id:3 amount:4 rate:5 period:6 maker:7",
    "notification": "mts:0 notification_type:1 message_id:2 notify_info:4 code:5 status:6 text:7",
}
EXAMPLES: dict[str, dict[str, Any]] = {
    "order": {
        "id": 7,
        "cid": 1_790_000_000_123,
        "symbol": "tBTCUSD",
        "mts_create": 1_790_000_000_200,
        "mts_update": 1_790_000_000_201,
        "amount": 0.25,
        "amount_orig": 0.5,
        "order_type": "EXCHANGE LIMIT",
        "flags": 0,
        "status": "ACTIVE",
        "price": 69800,
        "price_avg": 0,
        "notify": 0,
        "hidden": 0,
        "routing": "API>BFX",
        "meta": {"aff_code": "x"},
    },
    "position": {
        "symbol": "tBTCF0:USTF0",
        "status": "ACTIVE",
        "amount": -0.5,
        "base_price": 69000.5,
        "margin_funding": 0,
        "margin_funding_type": 0,
        "position_id": 77,
        "position_type": 1,
        "collateral": 350,
        "meta": {"leverage": 10},
    },
    "trade": {
        "id": 501,
        "symbol": "tBTCUSD",
        "mts_create": 1_790_000_000_300,
        "order_id": 7,
        "exec_amount": -0.25,
        "exec_price": 69801.5,
        "order_type": "EXCHANGE LIMIT",
        "order_price": 69800,
        "maker": -1,
        "cid": 1_790_000_000_123,
    },
    "wallet": {
        "wallet_type": "exchange",
        "currency": "USD",
        "balance": 10000.12345678,
        "unsettled_interest": 0,
    },
    "balance": {"aum": 4131.85, "aum_net": 4100},
    "funding_offer": {
        "id": 9,
        "symbol": "fUSD",
        "mts_create": 1_790_000_000_000,
        "amount": 150,
        "amount_orig": 200,
        "offer_type": "LIMIT",
        "status": "ACTIVE",
        "rate": 0.0002,
        "period": 30,
        "notify": False,
        "renew": 0,
    },
    "funding_credit": {
        "id": 10,
        "symbol": "fUSD",
        "side": 1,
        "amount": 350,
        "status": "ACTIVE",
        "rate_type": "FIXED",
        "rate": 0.0002,
        "period": 30,
        "no_close": 0,
        "position_pair": "tBTCUSD",
    },
    "funding_loan": {"id": 11, "symbol": "fUST", "side": -1, "amount": 20, "status": "ACTIVE"},
    "funding_trade": {
        "id": 601,
        "symbol": "fUSD",
        "mts_create": 1_790_000_000_300,
        "offer_id": 9,
        "amount": 50,
        "rate": 2e-7,
        "period": 30,
    },
    "notification": {
        "mts": 1_790_000_000_400,
        "notification_type": "on-req",
        "notify_info": None,
        "status": "SUCCESS",
        "text": "Submitting exchange limit buy order for 0.5 BTC.",
    },
}


def row(kind: str, **fields: Any) -> list[Any]:
    """A row of the wire: the example's values, these in their place."""
    places = dict(word.split(":") for word in INDEX[kind].split())
    values = EXAMPLES[kind] | fields
    cells: list[Any] = [None] * LENGTHS[kind]
    for name, value in values.items():
        cells[int(places[name])] = value
    return cells


def decode(*frame: Any, conf: Conf = Conf.NONE) -> AccountMessage:
    """The message of a frame of channel 0, whose code, payload and tail these are."""
    return AccountDecoder(conf).decode(encode([0, *frame]))


def message(code: str, kind: str, **fields: Any) -> AccountMessage:
    """A message of one row."""
    return decode(code, row(kind, **fields))


def record(code: str, kind: str, **fields: Any) -> Any:
    """The record of such a message, or of a snapshot of one row."""
    in_snapshot = code in ("os", "ps", "ws", "fos", "fcs", "fls")
    arrived = snapshot(code, kind, fields) if in_snapshot else message(code, kind, **fields)
    return arrived.payload[0]


def snapshot(code: str, kind: str, *rows: dict[str, Any]) -> AccountMessage:
    """A snapshot with a row for each of these."""
    return decode(code, [row(kind, **fields) for fields in rows])


def notification(kind: str, status: str, info: Any, text: str = "") -> Any:
    """The record of a notification about this."""
    return record(
        "n", "notification", notification_type=kind, status=status, notify_info=info, text=text
    )


def tailed(*frame: Any, seq: int | None = None, mts: int | None = None) -> bytes:
    """A frame of channel 0 with its tail."""
    return with_tail(0, *frame, seq=seq, mts=mts)
