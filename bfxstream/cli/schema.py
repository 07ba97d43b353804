"""`bfxstream schema`: the contract of the output, as JSON Schema made from the records."""

from __future__ import annotations

import json

import click

from bfxstream.protocol.schema import SCHEMAS, schema_of


@click.command()
@click.argument("record", metavar="[RECORD]", required=False, type=click.Choice(sorted(SCHEMAS)))
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
