"""Run by the official client's own Python: trades on the demo account, and prints what it saw.

Usage: python official_account.py URL KEY SECRET
"""

from __future__ import annotations

import json
import sys
from typing import Any

from bfxapi import Client

seen: dict[str, Any] = {}
url, key, secret = sys.argv[1:]
client = Client(api_key=key, api_secret=secret, wss_host=url)
wss = client.wss


@wss.on("authenticated")
async def on_authenticated(_event: Any) -> None:
    order = {"type": "EXCHANGE LIMIT", "symbol": "tBTCUSD", "amount": "0.1", "price": "60000"}
    await wss.inputs.submit_order(**order, cid=77)


@wss.on("wallet_snapshot")
def on_wallets(wallets: list[Any]) -> None:
    seen["wallets"] = [[each.wallet_type, each.currency, each.balance] for each in wallets]


@wss.on("on-req-notification")
def on_answer(notification: Any) -> None:
    seen["answer"] = [notification.status, notification.data.cid]


@wss.on("order_new")
async def on_new(order: Any) -> None:
    seen["new"] = [order.cid, order.order_status, order.price]
    await wss.inputs.update_order(order.id, price="60100")


@wss.on("order_update")
async def on_update(order: Any) -> None:
    seen["update"] = [order.cid, order.order_status, order.price]
    await wss.inputs.cancel_order(id=order.id)


@wss.on("order_cancel")
async def on_cancel(order: Any) -> None:
    seen["cancel"] = [order.cid, order.order_status, order.price]
    await wss.close()


wss.run()
print(json.dumps(seen))
