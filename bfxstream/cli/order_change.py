"""`bfxstream order update`, `cancel`, `cancel-all` and `list`: what is done to open orders."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import Any

import click

from bfxstream.cli.order import (
    OrderSettings,
    carry_out,
    conclude,
    confirm,
    order_desk,
    order_settings,
    print_orders,
    sending_options,
    shared_options,
)
from bfxstream.cli.stderr import say
from bfxstream.cli.types import SymbolType
from bfxstream.errors import ExitCode, Refused, UsageError
from bfxstream.protocol.account.answers import Pending, PendingCancels
from bfxstream.protocol.account.orders import CancelOrder, CancelOrders, OrderName, UpdateOrder
from bfxstream.protocol.account.quantities import parse_number

_CID = click.option("--cid", type=int, help="The order of this client id, with --date.")
_DATE = click.option("--date", help="The UTC day on which it was sent: 2030-01-31.")


@click.command()
@click.argument("order_id", metavar="[ID]", type=int, required=False)
@_CID
@_DATE
@click.option("--amount", help="The new amount, negative for a sale.")
@click.option("--delta", help="What is added to the amount.")
@click.option("--price", help="The new price.")
@click.option("--price-aux-limit", help="The new limit of a STOP LIMIT.")
@click.option("--price-trailing", help="The new distance of a TRAILING STOP.")
@click.option("--gid", type=int, help="The new group.")
@click.option("--lev", type=int, help="The new leverage, of derivatives.")
@click.option("--tif", help="Good until this time: '2030-01-31 23:59:00', UTC.")
@sending_options
@shared_options
def update(
    order_id: int | None,
    cid: int | None,
    date: str | None,
    yes: bool,
    dry_run: bool,
    **options: Any,
) -> int | None:
    """Change the open order of this ID, or of a client id and its day.

    \b
    Examples:
      bfxstream order update 123456 --price 60100 --dry-run
      bfxstream order update --cid 42 --date 2030-01-31 --delta 0.01 --dry-run
    """
    numbers = ("amount", "delta", "price", "price_aux_limit", "price_trailing")
    changes: dict[str, Any] = {name: _number(options.pop(name), name) for name in numbers}
    request = UpdateOrder(
        order=OrderName(id=order_id, cid=cid, cid_date=date),
        **changes,
        **{name: options.pop(name) for name in ("gid", "lev", "tif")},
    )
    return _send(request, order_settings(**options), yes=yes, dry_run=dry_run)


@click.command()
@click.argument("ids", metavar="[ID]...", type=int, nargs=-1)
@_CID
@_DATE
@click.option("--gid", "gids", type=int, multiple=True, help="All orders of this group.")
@sending_options
@shared_options
def cancel(
    ids: tuple[int, ...],
    cid: int | None,
    date: str | None,
    gids: tuple[int, ...],
    yes: bool,
    dry_run: bool,
    **options: Any,
) -> int | None:
    """Cancel the open orders of these IDs, of a client id and its day, or of a group.

    \b
    Examples:
      bfxstream order cancel 123456 --dry-run
      bfxstream order cancel --cid 42 --date 2030-01-31 --dry-run
      bfxstream order cancel --gid 7 --dry-run
    """
    request: CancelOrder | CancelOrders
    if (cid is not None or date is not None) and (ids or gids):
        raise UsageError("--cid names one order: no ID and no --gid goes with it")
    if len(ids) > 1 or gids:
        request = CancelOrders(ids=ids, gids=gids)
    else:
        request = CancelOrder(OrderName(id=ids[0] if ids else None, cid=cid, cid_date=date))
    return _send(request, order_settings(**options), yes=yes, dry_run=dry_run)


@click.command()
@sending_options
@shared_options
def cancel_all(yes: bool, dry_run: bool, **options: Any) -> int | None:
    """Cancel every open order of the account.

    \b
    Examples:
      bfxstream order cancel-all --yes
    """
    request = CancelOrders(all=True)
    return _send(request, order_settings(**options), yes=yes, dry_run=dry_run)


@click.command(name="list")
@click.argument("symbols", metavar="[SYMBOL]...", type=SymbolType(), nargs=-1)
@click.option("--cid", type=int, help="The order of this client id, open or ended, of two days.")
@shared_options
def list_(symbols: tuple[str, ...], cid: int | None, **options: Any) -> int:
    """List the open orders, of these SYMBOLs or all.

    With --cid what has ended is looked up, too: it tells what became of an order. Exit code 3
    where the exchange has none of this client id.

    \b
    Examples:
      bfxstream order list
      bfxstream order list --cid 42 | jq -r .status
      bfxstream order list tBTCUSD --fields id,amount,price
    """
    settings = order_settings(**options)
    with order_desk(settings, "trading", "notify") as desk:
        if cid is None:
            found = desk.open_orders(settings.timeout)
        else:
            found = desk.orders_with(cid, settings.timeout)
    found = [order for order in found if not symbols or order.symbol in symbols]
    if cid is not None and not found:
        raise Refused(f"the exchange has no order with cid {cid}, neither open nor ended")
    print_orders(found, settings)
    if not found and settings.output == "table" and not settings.quiet:
        say("no open orders")
    return ExitCode.OK


def _send(
    request: UpdateOrder | CancelOrder | CancelOrders,
    settings: OrderSettings,
    *,
    yes: bool,
    dry_run: bool,
) -> int | None:
    all_of_them = isinstance(request, CancelOrders) and request.all
    more = partial(_how_many, settings) if all_of_them else str
    if not confirm(request, yes=yes, dry_run=dry_run, more=more):
        return None
    pending = PendingCancels(request) if isinstance(request, CancelOrders) else Pending(request)
    with order_desk(settings, "trading", "notify") as desk:
        outcome = carry_out(desk, request, pending, settings)
        return conclude(outcome, request, settings)


def _how_many(settings: OrderSettings) -> str:
    """Of orders that are open: a connection of its own, as an answer may take its time."""
    with order_desk(settings, "trading", "notify") as desk:
        return f" ({len(desk.open_orders(settings.timeout))} now)"


def _number(text: str | None, name: str) -> Decimal | None:
    return None if text is None else parse_number(text, name)
