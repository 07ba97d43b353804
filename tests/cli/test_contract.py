"""The contract with scripts: each command takes its options, from the environment as well.

The tables are those of the interface.
"""

from __future__ import annotations

from typing import Any

import click
import pytest

from bfxstream.cli import cli, run_command

ON = None
"""The value of an option that takes none."""

LOOKING = {
    "-o, --output": "jsonl",
    "--json": ON,
    "--url": "wss://example.org/ws/2",
    "--rest-url": "https://example.org/v2",
    "--demo": ON,
    "--debug": ON,
    "--no-color": ON,
}
"""Of every command that prints what it has from the exchange."""

STREAMING = {
    **LOOKING,
    "--fields": "channel,symbol",
    "-n, --count": "3",
    "--duration": "5m",
    "--once": ON,
    "--until": "symbol == 'tBTCUSD'",
    "--timeout": "30s",
    "--no-snapshot": ON,
    "--timestamps": ON,
    "--seq": ON,
    "--events": ON,
    "--stats": ON,
    "--record": "capture.jsonl.gz",
    "--rotate": "1h",
    "--retry-for": "2h",
    "--no-reconnect": ON,
    "--strict": ON,
    "-q, --quiet": ON,
    "-v, --verbose": ON,
    "--svg": "picture.svg",
    "--size": "120x40",
}
"""Of every streaming command."""

BOOKS = {"--view": "full", "--every": "1s"}

COMMANDS: dict[str, tuple[list[str], dict[str, str | None]]] = {
    "ticker": (["tBTCUSD", "fUSD"], STREAMING),
    "trades": (["tBTCUSD"], STREAMING | {"--every-update": ON}),
    "book": (
        ["tBTCUSD"],
        STREAMING | BOOKS | {"--prec": "R0", "--freq": "F1", "--len": "100"},
    ),
    "candles": (["fUSD"], STREAMING | {"--timeframe": "1M", "--period": "p30", "--closed": ON}),
    "deriv": (["tBTCF0:USTF0"], STREAMING | {"--every-update": ON}),
    "liquidations": ([], STREAMING),
    "stream": (["liq:global"], STREAMING | BOOKS | {"--from": "specs", "--closed": ON}),
    "watch": (
        ["tBTCUSD"],
        {name: STREAMING[name] for name in ("--demo", "--url", "--duration", "--until", "--stats")}
        | {"--svg": "watch.svg", "--size": "120x40", "--layout": "tape"},
    ),
    "symbols": (["btc*"], LOOKING | {"--kind": "margin", "--fields": "symbol", "-q, --quiet": ON}),
    "account": ([], STREAMING | {"--filter": "wallet"}),
    "record": (
        ["capture.jsonl.gz", "trades:tBTCUSD"],
        {"--demo": ON, "--url": "wss://example.org/ws/2", "--duration": "1h", "--rotate": "1h"},
    ),
    "replay": (
        ["pyproject.toml"],  # a file that is there
        {
            **{name: STREAMING[name] for name in ("-o, --output", "--json", "--fields")},
            **{name: STREAMING[name] for name in ("-n, --count", "--once", "--until", "--stats")},
            "--speed": "10x",
        },
    ),
    "demo-exchange": (
        [],
        {
            "--port": "8080",
            "--seed": "7",
            "--rate": "500",
            "--fault": "drop:every=5s",
            "--log": "log",
            "--journal": "journal",
        },
    ),
    "completion": (["bash"], {"--install": ON}),
    "schema": (["trades"], {}),
    "doctor": ([], LOOKING | {"--timeout": "5s"}),
    "man": ([], {"--install": ON}),
    "help": ([], {}),
}
"""Each command with arguments that it takes, and its options, each with a value."""

ORDERS = {
    "new": ["tBTCUSD", "--side", "buy", "--amount", "1"],
    "update": ["5", "--price", "1"],
    "cancel": ["5"],
    "cancel-all": [],
    "list": [],
}

OPTIONS = [
    pytest.param(name, option, id=f"{name} {option}")
    for name in COMMANDS
    for option in COMMANDS[name][1]
]


def command_of(name: str) -> click.Command:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None, f"there is no {name}"
    return command


def orders() -> click.Group:
    command = command_of("order")
    assert isinstance(command, click.Group)
    return command


def parsed(name: str, *arguments: str) -> dict[str, Any]:
    """The parameters of a command as it understands these arguments."""
    with command_of(name).make_context(name, [*COMMANDS[name][0], *arguments]) as context:
        return context.params


def long_name(option: str) -> str:
    return option.rpartition(" ")[2]


@pytest.fixture(autouse=True)
def folder_of_the_project(monkeypatch, request):
    monkeypatch.chdir(request.config.rootpath)


def test_every_command_of_the_contract_is_there_and_no_other():
    assert set(cli.lazy_commands) == {*COMMANDS, "order"}
    assert set(orders().list_commands(click.Context(cli))) == set(ORDERS)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_takes_its_arguments(name):
    assert isinstance(parsed(name), dict)


@pytest.mark.parametrize("name", ORDERS)
def test_a_command_of_orders_takes_its_arguments(name):
    command = orders().get_command(click.Context(orders()), name)
    assert command is not None
    with command.make_context(name, ORDERS[name]) as context:
        assert context.params


@pytest.mark.parametrize(("name", "option"), OPTIONS)
def test_an_option_is_taken_from_the_command_line_and_from_the_environment(
    monkeypatch, name, option
):
    value = COMMANDS[name][1][option]
    before = parsed(name)
    for spelling in option.split(", "):
        given = parsed(name, spelling, *([] if value is ON else [value]))
        changed = {key for key in given if repr(given[key]) != repr(before[key])}
        assert len(changed) == 1, f"{spelling} changes {changed}"
    variable = "BFXSTREAM_" + long_name(option).strip("-").replace("-", "_").upper()
    monkeypatch.setenv(variable, "1" if value is ON else value)
    from_environment = parsed(name)
    (key,) = changed
    if hasattr(given[key], "text"):
        assert from_environment[key].text == given[key].text
    else:
        assert from_environment[key] == given[key]


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_names_each_of_its_options(capsys, name):
    assert run_command([name, "--help"]) == 0
    out = capsys.readouterr().out
    missing = [
        spelling
        for option in COMMANDS[name][1]
        for spelling in option.split(", ")
        if spelling not in out
    ]
    assert not missing
