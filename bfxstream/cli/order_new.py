"""`bfxstream order new`: checked, shown, sent once, and followed to its outcome."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import click

from bfxstream.cli.offering import offering
from bfxstream.cli.order import (
    carry_out,
    conclude,
    confirm,
    new_client_id,
    order_desk,
    order_settings,
    sending_options,
    shared_options,
)
from bfxstream.cli.types import SymbolType
from bfxstream.errors import Refused
from bfxstream.protocol.account.answers import Outcome, Pending, Verdict, Wait, is_filled
from bfxstream.protocol.account.orders import (
    ORDER_TYPES,
    NewOrder,
    OrderFlag,
    parse_meta,
    parse_order_type,
)
from bfxstream.protocol.account.quantities import parse_number

_PRICES = ("price", "price_aux_limit", "price_trailing", "price_oco_stop")


@click.command()
@click.argument("symbol", type=SymbolType())
@click.option("--side", type=click.Choice(["buy", "sell"]), required=True, help="Which way.")
@click.option("--amount", required=True, help="How much, of the base currency.")
@click.option("--price", help="The limit, or the price that sets a stop off.")
@click.option(
    "--type",
    "order_type",
    default="EXCHANGE LIMIT",
    show_default=True,
    shell_complete=offering(lambda: [name.lower().replace(" ", "-") for name in ORDER_TYPES]),
    help="The type of order; in any case, with spaces or -.",
)
@click.option("--price-aux-limit", help="The limit of a STOP LIMIT.")
@click.option("--price-trailing", help="The distance of a TRAILING STOP.")
@click.option("--price-oco-stop", help="The stop that makes a LIMIT an OCO pair.")
@click.option("--cid-oco", type=int, help="The client id of that stop.")
@click.option("--hidden", is_flag=True, help="Not shown in the book.")
@click.option("--post-only", is_flag=True, help="Cancelled rather than executed at once.")
@click.option("--reduce-only", is_flag=True, help="Only makes a position smaller.")
@click.option("--close", is_flag=True, help="Closes the position.")
@click.option("--no-var-rates", is_flag=True, help="No funding at variable rates.")
@click.option("--tif", help="Good until this time: '2030-01-31 23:59:00', UTC.")
@click.option("--cid", type=int, help="Your own id of the order; one is made where none is given.")
@click.option("--gid", type=int, help="A number that groups orders.")
@click.option("--lev", type=int, help="Leverage, of derivatives.")
@click.option("--meta", help="A JSON object that goes with the order.")
@click.option(
    "--wait",
    type=click.Choice([wait.value for wait in Wait]),
    default=Wait.ANSWER.value,
    show_default=True,
    help="How far to follow it: until the exchange has taken it, it is filled, or it has ended; "
    "once it is taken, for as long as that takes, whatever --timeout says.",
)
@sending_options
@shared_options
def new(
    symbol: str, order_type: str, wait: str, yes: bool, dry_run: bool, **options: Any
) -> int | None:
    """Send a new order of SYMBOL and print it as the exchange has it.

    It is checked before it is sent, and sent once: if no answer comes within 5 s, or the
    connection is lost, it is looked for by its client id, and never sent again. --wait follows it
    over lost connections, too. One whose outcome is unknown may rest or have been executed:
    'order list --cid' tells when it can be known.

    \b
    Examples:
      bfxstream order new btcusd --side buy --amount 1 --price 9000 --dry-run
      bfxstream order new ethusd --side buy --amount 1 --type 'EXCHANGE MARKET' -y
      bfxstream order new tETHUSD --side buy --amount 1 --price 900 --cid 42 -y
    """
    order = _order(symbol, order_type, options)
    settings = order_settings(**options)
    if not confirm(order, yes=yes, dry_run=dry_run):
        return None
    with order_desk(settings, "trading", "notify") as desk:
        order.check_size(*desk.sizes(symbol))
        follow = Wait(wait) is not Wait.ANSWER
        outcome = carry_out(desk, order, Pending(order, Wait(wait)), settings, follow=follow)
        code = conclude(outcome, order, settings)
    _check_filled(outcome, Wait(wait))
    return code


def _check_filled(outcome: Outcome, wait: Wait) -> None:
    """Raise Refused for an order that has ended otherwise than was waited for."""
    if wait is Wait.FILLED and outcome.verdict is Verdict.ACCEPTED:
        for order in outcome.orders:
            if order.type == "oc" and not is_filled(order):
                raise Refused(f"order {order.id} has ended unfilled: {order.status}")


def _order(symbol: str, order_type: str, options: dict[str, Any]) -> NewOrder:
    """The order that the options describe, which are taken out of them. Raises UsageError."""
    flags = OrderFlag.NONE
    for flag in OrderFlag:
        if options.pop((flag.name or "").lower(), False):
            flags |= flag
    prices: dict[str, Any] = {name: _number(options.pop(name), name) for name in _PRICES}
    meta = options.pop("meta")
    cid = options.pop("cid")
    return NewOrder(
        symbol=symbol,
        type=parse_order_type(order_type),
        side=options.pop("side"),
        amount=parse_number(options.pop("amount"), "amount"),
        cid=new_client_id() if cid is None else cid,
        flags=flags,
        meta=None if meta is None else parse_meta(meta),
        **prices,
        **{name: options.pop(name) for name in ("cid_oco", "gid", "lev", "tif")},
    )


def _number(text: str | None, name: str) -> Decimal | None:
    return None if text is None else parse_number(text, name)
