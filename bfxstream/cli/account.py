"""`bfxstream account`: what concerns the user's own account, live."""

from __future__ import annotations

from typing import Any

import click

from bfxstream.cli.offering import offering
from bfxstream.cli.options import Settings, flag, option, streaming_options
from bfxstream.cli.run import run_stream
from bfxstream.protocol.channels import AccountSubscription


def _words() -> tuple[str, ...]:
    from bfxstream.protocol.account.filters import WORDS  # noqa: PLC0415  for completion alone

    return WORDS


@click.command()
@option(
    "--filter",
    "filters",
    multiple=True,
    metavar="WORD",
    shell_complete=offering(_words),
    help="Only this: trading, wallet, funding, notify, trading-tBTCUSD, wallet-exchange-BTC, "
    "or a kind of record such as order or trade. May be given several times.",
)
@flag("--dms", help="Dead-man switch: the exchange cancels all open orders when this run ends.")
@streaming_options
def account(filters: tuple[str, ...], dms: bool, **shared: Any) -> int:
    """Wallets, orders, positions, executions and notifications of an account.

    On a terminal they are tables, each kept up to date in its place; in a pipe a record a line.

    The key and its secret come from BFX_API_KEY and BFX_API_SECRET, or from the files that
    BFX_API_KEY_FILE and BFX_API_SECRET_FILE name. An execution is printed as it happens (type
    te) and again with its fee (tu); one that happened while there was no connection is printed
    once, with its fee (backfill).

    \b
    Examples:
      bfxstream account --demo --once
      bfxstream account --filter wallet --once | jq -r .balance
      bfxstream account --filter trade >> executions.jsonl
    """
    return run_stream([AccountSubscription()], Settings(**shared), account_filters=filters, dms=dms)
