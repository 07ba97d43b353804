"""Run by the official client's own Python: trades on the demo account, and prints what it saw.

Usage: python official_account.py URL KEY SECRET
"""

from __future__ import annotations

import json
import sys
from typing import Any

from bfxapi import Client
from bfxapi.websocket._handlers.auth_events_handler import AuthEventsHandler

PAIR = {"symbol": "tBTCUSD", "amount": "0.1"}
CLOSE = 512

seen: dict[str, Any] = {}
messages: list[Any] = []
sent: list[str] = []
url, key, secret = sys.argv[1:]
client = Client(api_key=key, api_secret=secret, wss_host=url)
wss = client.wss
handle = AuthEventsHandler.handle


def note_and_handle(self: Any, code: str, payload: Any) -> None:
    """Every message of the account, as the client takes it off the wire."""
    messages.append([code, payload])
    handle(self, code, payload)


AuthEventsHandler.handle = note_and_handle


@wss.on("authenticated")
async def on_authenticated(_event: Any) -> None:
    await wss.inputs.submit_order(**PAIR, type="EXCHANGE LIMIT", price="60000", cid=77)


@wss.on("wallet_snapshot")
def on_wallets(wallets: list[Any]) -> None:
    seen["wallets"] = [[each.wallet_type, each.currency, each.balance] for each in wallets]


@wss.on("on-req-notification")
def on_answer(notification: Any) -> None:
    seen.setdefault("answers", []).append([notification.status, notification.data.cid])


@wss.on("order_new")
async def on_new(order: Any) -> None:
    seen["new"] = [order.cid, order.order_status, order.price]
    await wss.inputs.update_order(order.id, price="60100")


@wss.on("order_update")
async def on_update(order: Any) -> None:
    seen["update"] = [order.cid, order.order_status, order.price]
    await wss.inputs.cancel_order(id=order.id)


@wss.on("order_cancel")
async def on_end(order: Any) -> None:
    seen.setdefault("ends", []).append([order.cid, order.order_status.split(" ")[0]])
    if order.cid == 77:
        await wss.inputs.submit_order(**PAIR, type="EXCHANGE MARKET", price="0", cid=78)


@wss.on("trade_execution_update")
async def on_execution(trade: Any) -> None:
    seen.setdefault("fees", []).append([trade.cid, trade.fee_currency])
    if trade.cid == 78 and "on margin" not in sent:
        sent.append("on margin")  # one order may have several executions
        await wss.inputs.submit_order(**PAIR, type="MARKET", price="0", cid=79)
    if trade.cid == 80:
        await wss.close()


@wss.on("position_new")
async def on_position(position: Any) -> None:
    seen["position"] = [position.symbol, position.status, position.amount > 0]
    await wss.inputs.submit_order(
        symbol="tBTCUSD", amount="-0.1", type="MARKET", price="0", flags=CLOSE, cid=80
    )


@wss.on("position_close")
def on_closed(position: Any) -> None:
    seen["closed"] = [position.symbol, position.status, position.amount]


wss.run()
print(json.dumps({"seen": seen, "messages": messages}))
