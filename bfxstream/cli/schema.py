"""`bfxstream schema`: the contract of the output, as JSON Schema made from the records."""

from __future__ import annotations

import json
from typing import Any

import click

from bfxstream.protocol.schema import SCHEMAS, schema_of

_ONE_OF = {"trade": "trades", "candle": "candles"}
"""A record's own name, and that of its channel."""


class _RecordType(click.Choice[str]):
    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        return super().convert(_ONE_OF.get(value, value), param, ctx)


@click.command()
@click.argument("record", metavar="[RECORD]", required=False, type=_RecordType(sorted(SCHEMAS)))
def schema(record: str | None) -> None:
    """Print the JSON Schema of a RECORD, or of every one by its name.

    `ticker`, `trades` and `book` hold for every line that the command of that name prints, but for
    those of --events, which are `event`; `stream` holds for all of them.

    \b
    Examples:
      bfxstream schema trades
      bfxstream schema | jq keys
    """
    found = schema_of(record) if record else {name: schema_of(name) for name in SCHEMAS}
    click.echo(json.dumps(found, indent=2))
