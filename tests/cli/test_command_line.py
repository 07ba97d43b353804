"""The command line in process: commands, parameter types, limits, settings, errors."""

from __future__ import annotations

import io
import json
import re
import signal
import time
from types import SimpleNamespace

import click
import pytest

from bfxstream import __version__
from bfxstream.cli import cli, run_command
from bfxstream.cli.limits import ONCE_TIMEOUT, Limits
from bfxstream.cli.options import Settings, resolve_output
from bfxstream.cli.reporter import Reporter
from bfxstream.cli.signals import GRACE_SECONDS, Interrupted, Signals
from bfxstream.cli.specs import read_specs
from bfxstream.cli.stderr import say
from bfxstream.cli.time_scale import time_scale
from bfxstream.cli.types import DurationType, FieldsType, SpecType, SymbolType
from bfxstream.condition import Condition
from bfxstream.errors import CompletenessLost, ExitCode, NothingReceived, Refused, UsageError
from bfxstream.protocol import events
from bfxstream.protocol.channels import TradesSubscription
from bfxstream.protocol.schema import SCHEMAS

COMMANDS = list(cli.lazy_commands)


def settings(**changes) -> Settings:
    nothing = dict.fromkeys(Settings.__dataclass_fields__)
    return Settings(**(nothing | {"output": "auto", "json": False} | changes))


@pytest.fixture
def answer(capsys, monkeypatch):
    """Runs a command in process: its exit code, what it printed, what it said."""
    monkeypatch.setattr("bfxstream.cli.run.MarketStream", None)  # nothing may connect here

    def ask(*arguments: str) -> tuple[int, str, str]:
        code = run_command(list(arguments))
        return (code, *capsys.readouterr())

    return ask


# Commands.


@pytest.mark.parametrize("name", COMMANDS)
def test_every_listed_command_exists_under_its_name(name):
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    assert command.name == name


def test_an_unlisted_command_does_not_exist():
    assert cli.get_command(click.Context(cli), "nope") is None


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself_with_examples(answer, name):
    for flag in ("-h", "--help"):
        code, out, err = answer(name, flag)
        assert (code, err) == (0, "")
        assert f"Usage: bfxstream {name}" in out
        assert f"bfxstream {name}" in out.partition("Examples:")[2] or name == "schema"


def test_the_help_lists_every_command_and_every_exit_code(answer):
    code, out, _ = answer("--help")
    assert code == 0
    lines = [line.split(maxsplit=1) for line in re.findall(r"^ {2,4}\S.*", out, re.MULTILINE)]
    assert [[name, text] for name, (_, text) in cli.lazy_commands.items()] == [
        line for line in lines if line[0] in COMMANDS
    ]
    codes = [int(line[0]) for line in lines if line[0].isdecimal()]
    assert codes == sorted([*ExitCode, 129, 131, 141])  # and those of signals


def test_the_version_is_one_line(answer):
    for flag in ("-V", "--version"):
        assert answer(flag) == (0, f"bfxstream {__version__}\n", "")


@pytest.mark.parametrize(
    "name", ["ticker", "trades", "book", "candles", "deriv", "liquidations", "stream"]
)
def test_every_option_of_a_streaming_command_reads_its_environment_variable(name):
    command = cli.get_command(click.Context(cli), name)
    options = [p for p in command.params if isinstance(p, click.Option)]
    assert len(options) >= 22
    for option in options:
        long_name = next(text for text in option.opts if text.startswith("--"))
        variable = long_name.strip("-").replace("-", "_").upper()
        assert option.envvar == f"BFXSTREAM_{variable}"
        assert option.help


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["tickr", "tBTCUSD"], ["tickr"]),
        (["ticker"], ["SYMBOL"]),
        (["ticker", "BTC"], ["'BTC'", "tBTCUSD"]),
        (["ticker", "tBTCUSD", "--nope"], ["--nope"]),
        (["ticker", "tBTCUSD", "--count", "0"], ["--count"]),
        (["ticker", "tBTCUSD", "--duration", "soon"], ["soon", "30s"]),
        (["ticker", "tBTCUSD", "--fields", "bid,nope"], ["'nope'", "last_price"]),
        (["ticker", "tBTCUSD", "--until", "bid >"], ["--until", "'bid >'", "character 6"]),
        (["ticker", "tBTCUSD", "--until", '__import__("os")'], ["--until", "character 11"]),
        (["ticker", "tBTCUSD", "--until", "price > 1"], ["'price'", "--until", "last_price"]),
        (["ticker", "tBTCUSD", "--until", "seq > 1"], ["'seq'", "add --seq"]),
        (["ticker", "tBTCUSD", "--until", "symbol > 1"], ["symbol with 1"]),
        (["ticker", "tBTCUSD", "--until", "bid > 1", "-o", "raw"], ["--until", "raw"]),
        (["book", "tBTCUSD", "--view", "top", "--until", "count > 1"], ["'count'", "mid, spread"]),
        (["book", "tBTCUSD", "--view", "full", "--until", "bids > 1"], ["bids with 1"]),
        (["ticker", "tBTCUSD", "--tiemout", "3"], ["no option --tiemout: did you mean --timeout?"]),
        (["ticker", "tBTCUSD", "--xyzzy"], ["no option --xyzzy (see 'bfxstream ticker"]),
        (["ticker", "tBTCUSD", "--count"], ["'--count'", "(see 'bfxstream ticker --help')"]),
        (["ticker", "tBTCUSD", "--duration", "9" * 400 + "d"], ["--duration", "too long"]),
        (["ticker", "tBTCUSD", "--duration", "0"], ["--duration", "'0'"]),
        (["ticker", "tBTCUSD", "--timeout", "0s"], ["--timeout", "'0s'"]),
        (["ticker", "tBTCUSD", "--count", "x"], ["--count", "'x' is not a valid number"]),
        (["ticker", "tBTCUSD", "--fields", "seq"], ["'seq'", "add --seq"]),
        (["ticker", "tBTCUSD", "--fields", "server_mts"], ["'server_mts'", "add --timestamps"]),
        (["ticker", "tBTCUSD", "--json", "-o", "csv"], ["--json", "csv"]),
        (["ticker", "tBTCUSD", "--events", "-o", "csv"], ["--events", "csv"]),
        (["ticker", "tBTCUSD", "--fields", "bid", "-o", "raw"], ["--fields", "raw"]),
        (["ticker", "tBTCUSD", "--once", "--no-snapshot"], ["--once", "--no-snapshot"]),
        (["ticker", "tBTCUSD", "--url", "http://example.org"], ["'http://example.org'", "wss://"]),
        (["ticker", "tBTCUSD", "--demo", "--url", "ws://x"], ["--demo", "--url"]),
        (["book", "tBTCUSD", "--len", "50"], ["50"]),
        (["book", "tBTCUSD", "--every", "1s"], ["--every", "--view"]),
        (["stream", "trades:tBTCUSD", "--view", "top"], ["--view is for books", "add a book"]),
        (["account", "--filter", "wallet", "--fields", "id"], ["'id'", "wallet_type, currency"]),
        (["stream", "status:tBTCUSD"], ["status:tBTCUSD", "ticker:SYMBOL", "liq:global"]),
        (["stream", "candles:tBTCUSD"], ["candles:tBTCUSD", "time frame", "14D"]),
        (["stream", "candles:1m"], ["'candles:1m'", "no symbol", "candles:1m:tBTCUSD"]),
        (["stream", "book:tBTCUSD:P9"], ["'P9' is no option of a book", "P0…P4"]),
        (["stream", "book:tBTCUSD:f3:25"], ["'f3' is no option of a book", "F0 or F1"]),
        (["stream", "candles:1m:fUSD"], ["candles:1m:fUSD:p30"]),
        (["candles", "tBTCUSD", "--timeframe", "1d"], ["1d", "1D"]),
        (["candles", "fUSD"], ["--period p30", "a30:p2:p30"]),
        (["candles", "fUSD", "--period", "30"], ["'30'", "p30"]),
        (["candles", "tBTCUSD", "--period", "p30"], ["--period", "funding"]),
        (["candles", "tBTCUSD", "--closed", "-o", "raw"], ["--closed", "raw"]),
        (["deriv", "tBTCUSD"], ["tBTCUSD", "tBTCF0:USTF0"]),
        (["liquidations", "tBTCUSD"], ["tBTCUSD"]),
        (["schema", "nope"], ["nope", "ticker"]),
    ],
)
def test_bad_usage_is_one_line_that_names_it_and_exit_2(answer, arguments, words):
    code, out, err = answer(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("bfxstream")
    assert err.count("\n") == 1
    for word in words:
        assert word in err


@pytest.mark.parametrize(
    ("arguments", "specs", "options"),
    [
        (["candles", "btcusd"], ["candles:1m:tBTCUSD"], {"closed": False}),
        (
            ["candles", "tBTCUSD", "fUSD", "--period", "p30", "--timeframe", "1h", "--closed"],
            ["candles:1h:tBTCUSD", "candles:1h:fUSD:p30"],
            {"closed": True},
        ),
        (["deriv", "btcf0:ustf0"], ["deriv:tBTCF0:USTF0"], {"every_update": False}),
        (["liquidations"], ["liq:global"], {}),
        (["stream", "candles:1M:tBTCUSD", "liq:global", "--closed"],
         ["candles:1M:tBTCUSD", "liq:global"], {"closed": True}),
    ],
)  # fmt: skip
def test_a_command_asks_for_what_its_arguments_say(monkeypatch, arguments, specs, options):
    asked = []

    def note(subscriptions, _, **options) -> int:
        asked.append((subscriptions, options))
        return 0

    monkeypatch.setattr("bfxstream.cli.market.run_stream", note)
    assert run_command(arguments) == 0
    [(subscriptions, given_options)] = asked
    assert [subscription.spec for subscription in subscriptions] == specs
    assert options.items() <= given_options.items()


def test_a_period_from_the_environment_is_for_funding_alone(monkeypatch):
    monkeypatch.setenv("BFXSTREAM_PERIOD", "p30")
    asked = []
    monkeypatch.setattr(
        "bfxstream.cli.market.run_stream",
        lambda subscriptions, *_, **__: asked.extend(subscriptions),
    )
    run_command(["candles", "tBTCUSD"])
    run_command(["candles", "fUSD"])
    assert [wish.spec for wish in asked] == ["candles:1m:tBTCUSD", "candles:1m:fUSD:p30"]


@pytest.mark.parametrize("arguments", [[], ["order"]])
def test_a_group_without_a_command_shows_its_help(answer, arguments):
    code, out, err = answer(*arguments)
    assert (code, err) == (0, "")
    assert "Commands:" in out


@pytest.mark.parametrize("arguments", [["ticker", "tBTCUSD"], ["schema"], ["--help"]])
def test_a_closed_standard_output_is_an_error(answer, monkeypatch, arguments):
    monkeypatch.setattr("sys.stdout", None)
    code, _, err = answer(*arguments)
    assert (code, err.count("\n")) == (1, 1)
    assert "standard output is closed" in err


@pytest.mark.parametrize(
    ("option", "value"),
    [("COUNT", "x"), ("ONCE", "maybe"), ("OUTPUT", "xml"), ("FIELDS", ","), ("UNTIL", "bid")],
)
def test_a_bad_value_from_the_environment_names_its_variable(answer, monkeypatch, option, value):
    monkeypatch.setenv(f"BFXSTREAM_{option}", value)
    code, out, err = answer("ticker", "tBTCUSD")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert f"--{option.lower()}" in err
    assert f"(from BFXSTREAM_{option}): " in err
    code, _, err = answer("ticker", "tBTCUSD", f"--{option.lower()}={value}")
    assert (code, "BFXSTREAM" in err) == (2, False)


# Subscriptions from a file.


def test_specs_come_a_line_each_with_comments_and_blank_lines(tmp_path):
    file = tmp_path / "specs"
    file.write_text(
        "\ufeff# what I trade\n\ntrades:tBTCUSD # the main one\r\n\ufeff  ticker:fUSD\n#\n"
    )
    assert [wish.spec for wish in read_specs(str(file))] == ["trades:tBTCUSD", "ticker:fUSD"]


def test_specs_may_come_through_standard_input(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"trades:tBTCUSD\n")))
    assert [wish.spec for wish in read_specs("-")] == ["trades:tBTCUSD"]


def test_who_is_to_type_specs_is_told_how(monkeypatch, capsys):
    class Terminal(io.TextIOWrapper):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdin", Terminal(io.BytesIO(b"trades:tBTCUSD\n")))
    read_specs("-")
    assert "Ctrl-D" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"trades:tBTCUSD\n\nbogus\n", ["line 3", "'bogus'", "trades:SYMBOL"]),
        (b"# nothing\n", ["no subscription"]),
        (b"trades:t\xff\n", ["UTF-8"]),
        (None, ["cannot read", "No such file"]),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_the_line_at_fault(
    answer, tmp_path, content, words
):
    file = tmp_path / "specs"
    if content is not None:
        file.write_bytes(content)
    code, out, err = answer("stream", "--from", str(file))
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert all(word in err for word in [*words, str(file)])


def test_a_stream_of_nothing_is_a_usage_error(answer):
    code, _, err = answer("stream")
    assert code == 2
    assert "--from" in err


# Schemas.


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_a_schema_is_printed_by_its_name(answer, name):
    code, out, err = answer("schema", name)
    assert (code, err) == (0, "")
    assert json.loads(out)["title"] == name


@pytest.mark.parametrize("name", ["trade", "candle"])
def test_one_record_has_the_schema_of_its_channel(answer, name):
    assert answer("schema", name) == answer("schema", f"{name}s")


def test_without_a_name_every_schema_is_printed(answer):
    assert list(json.loads(answer("schema")[1])) == list(SCHEMAS)


# Errors to exit codes.


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (NothingReceived("silence"), 1, "silence"),
        (UsageError("bad"), 2, "bad"),
        (Refused("no", hint="ask for less"), 3, "no; ask for less"),
        (CompletenessLost("a gap"), 5, "a gap"),
        (click.UsageError("no such option"), 2, "no such option (see 'bfxstream --help')"),
        (OSError(28, "No space left on device"), 1, "No space left on device"),
        (RuntimeError("oops"), 1, "internal error: RuntimeError: oops"),
    ],
)
def test_every_error_is_one_line_and_a_code(capsys, raising, error, code, words):
    raising(error)
    assert run_command([]) == code
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1


def test_an_aborted_question_counts_as_interrupted(raising):
    raising(click.Abort())
    assert run_command([]) == 130


@pytest.mark.parametrize("value", ["0", "false", "", "off"])
def test_debug_that_the_environment_switches_off_is_off(raising, monkeypatch, value):
    raising(ValueError("boom"))
    monkeypatch.setenv("BFXSTREAM_DEBUG", value)
    assert run_command([]) == 1
    monkeypatch.setenv("BFXSTREAM_DEBUG", "yes")
    with pytest.raises(ValueError, match="boom"):
        run_command([])


def test_with_debug_an_internal_error_keeps_its_traceback_and_a_known_one_has_none(raising):
    raising(RuntimeError("oops"))
    with pytest.raises(RuntimeError):
        run_command(["--debug"])
    raising(Refused("no"))
    assert run_command(["--debug"]) == 3


@pytest.fixture
def raising(monkeypatch):
    """Makes every command end with this error."""

    def set_error(error: BaseException) -> None:
        def break_down(*_, **__):
            raise error

        monkeypatch.setattr(cli, "main", break_down)

    return set_error


# What is said on standard error.


def test_control_characters_of_the_exchange_never_reach_a_terminal(capsys):
    say("a\x1b[31mred\x07\nb\x9b2J")
    assert capsys.readouterr().err == "bfxstream: ared b\n"


@pytest.mark.parametrize("stream", [None, "closed"])
def test_nobody_is_told_where_standard_error_is_closed(monkeypatch, tmp_path, stream):
    file = (tmp_path / "x").open("w")
    file.close()
    monkeypatch.setattr("sys.stderr", file if stream == "closed" else None)
    say("hello")


# Values of flags.


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30s", 30),
        ("5m", 300),
        ("2h", 7200),
        ("1d", 86400),
        ("500ms", 0.5),
        ("1.5s", 1.5),
        ("10", 10),
        (" 3s ", 3),
        (7, 7),
    ],
)
def test_a_time_has_a_unit_or_is_seconds(text, seconds):
    assert DurationType().convert(text, None, None) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "s", "5x", "-5s", "5 s", "1e3", "5m30s", "inf", ".5s"])
def test_what_is_no_time_is_refused_by_name(text):
    with pytest.raises(click.BadParameter, match="not a time"):
        DurationType().convert(text, None, None)


def test_a_symbol_is_understood_in_any_spelling_and_refused_by_name():
    assert SymbolType().convert("btc/usd", None, None) == "tBTCUSD"
    with pytest.raises(click.BadParameter, match="'BTC'"):
        SymbolType().convert("BTC", None, None)


def test_a_spec_becomes_a_subscription_and_is_refused_by_name():
    wish = SpecType().convert("trades:btcusd", None, None)
    assert wish == TradesSubscription("tBTCUSD")
    assert SpecType().convert(wish, None, None) is wish
    with pytest.raises(click.BadParameter, match="'nope'"):
        SpecType().convert("nope", None, None)


@pytest.mark.parametrize(
    ("text", "names"), [("bid", ("bid",)), ("ask, bid ,id", ("ask", "bid", "id"))]
)
def test_fields_are_names_between_commas(text, names):
    assert FieldsType().convert(text, None, None) == names
    assert FieldsType().convert(names, None, None) is names


@pytest.mark.parametrize("text", ["", ",", "bid,", "bid,,ask", "bid,bid"])
def test_a_field_without_a_name_or_given_twice_is_refused(text):
    with pytest.raises(click.BadParameter, match="once"):
        FieldsType().convert(text, None, None)


@pytest.mark.parametrize(
    ("output", "json", "terminal", "resolved"),
    [
        ("auto", False, True, "table"),
        ("auto", False, False, "jsonl"),
        ("auto", True, True, "jsonl"),
        ("jsonl", True, True, "jsonl"),
        ("csv", False, True, "csv"),
        ("table", False, False, "table"),
    ],
)
def test_the_format_is_decided_by_the_flags_and_the_terminal_alone(
    output, json, terminal, resolved
):
    assert resolve_output(output, json, terminal) == resolved


# When a run is done.


def limits(**flags) -> Limits:
    return Limits(settings(**flags), now=1000.0)


def test_a_count_admits_as_many_records_and_then_the_run_is_done():
    three = limits(count=3)
    assert three.admit(["a", "b"]) == ["a", "b"]
    assert not three.reached(True, 1000)
    assert three.admit(["c", "d"]) == ["c"]
    assert three.reached(True, 1000)
    assert three.admit(["e"]) == []
    assert three.printed == 3


def test_events_do_not_count_and_none_comes_after_the_last_record():
    one = limits(count=1)
    connected, notice = events.Connected(url="x"), events.Notice("y")
    assert one.admit([connected]) == [connected]
    assert not one.reached(True, 1000)
    assert one.admit([notice, "a", notice]) == [notice, "a"]


def test_a_condition_admits_the_record_for_which_it_holds_as_the_last():
    until = limits(until=Condition("id > 2"))
    one, two, three, four = (SimpleNamespace(id=number) for number in (1, 2, 3, 4))
    other = SimpleNamespace(bid=5)
    assert until.admit([one, events.Notice("x"), other]) == [one, events.Notice("x"), other]
    assert not until.reached(True, 1000)
    assert until.admit([two, three, four]) == [two, three]
    assert until.reached(True, 1000)
    assert until.admit([four]) == []
    assert until.printed == 4


def test_a_condition_and_a_count_end_the_run_whichever_comes_first():
    both = limits(until=Condition("id > 2"), count=2)
    assert len(both.admit([SimpleNamespace(id=1)] * 3)) == 2
    assert both.reached(True, 1000)


def test_a_duration_ends_the_run_by_the_clock():
    five_seconds = limits(duration=5.0)
    assert not five_seconds.reached(True, 1004.9)
    assert five_seconds.reached(True, 1005)


@pytest.mark.parametrize(
    ("specs", "words"),
    [
        ([], "nothing was received within 2 s;"),
        (["deriv:tBTXF0:USTF0"], "received of deriv:tBTXF0:USTF0 within 2 s;"),
        ([f"ticker:t{a}USD" for a in ("AAA", "BBB", "CCC", "DDD", "EEE", "FFF", "GGG")],
         "ticker:tEEEUSD and 2 more within 2 s;"),
    ],
)  # fmt: skip
def test_what_was_silent_until_the_timeout_is_named(specs, words):
    silent = [SpecType().convert(spec, None, None) for spec in specs]
    with pytest.raises(NothingReceived) as caught:
        limits(timeout=2.0).reached(False, 1002, lambda: silent)
    assert words in str(caught.value)
    assert caught.value.symbols == [each.symbol for each in silent[:5]]


def test_a_timeout_raises_after_so_long_without_anything_received():
    patient = limits(timeout=2.0)
    assert not patient.reached(True, 1001)
    assert not patient.reached(False, 1002.9)
    with pytest.raises(NothingReceived, match="2 s"):
        patient.reached(False, 1003)


def test_a_run_is_overdue_some_time_after_its_end():
    timed = limits(duration=10)
    assert not timed.overdue(1011.9, grace=2)
    assert timed.overdue(1012, grace=2)
    assert not limits().overdue(1e9, grace=2)


def test_once_has_a_timeout_of_its_own_and_a_plain_run_has_none():
    with pytest.raises(NothingReceived):
        limits(once=True).reached(False, 1000 + ONCE_TIMEOUT)
    assert not limits().reached(False, 1e9)
    replayed = Limits(settings(once=True), now=1000.0, gives_up=False)
    assert not replayed.reached(False, 1e9)


# What is reported while it runs.

ROUTINE = [
    events.Connected(url="x"),
    events.Subscribed("trades:tBTCUSD", 5),
    events.Backfilling("trades:tBTCUSD", 5, 9, 100, 200),
    events.Backfilled("trades:tBTCUSD", 3),
]
TELLING = [
    events.Gap(None, 5, 9),
    events.Resync("book:tBTCUSD", "why"),
    events.Maintenance("started"),
    events.Reconnected(url="x", after=1.5),
    events.BadFrame("why", 1),
]


def reported(capsys, happened, **flags) -> list[str]:
    reporter = Reporter(settings(**flags), silent=flags.get("silent", False))
    for event in happened:
        reporter.report(event)
    return capsys.readouterr().err.splitlines()


def test_what_goes_wrong_is_said_and_routine_is_not(capsys):
    lines = reported(capsys, ROUTINE + TELLING)
    assert lines == [f"bfxstream: {event.sentence()}" for event in TELLING]


def test_with_verbose_everything_is_said_and_with_quiet_nothing(capsys):
    assert len(reported(capsys, ROUTINE + TELLING, verbose=True)) == len(ROUTINE + TELLING)
    assert len(reported(capsys, ROUTINE + TELLING, debug=True)) == len(ROUTINE + TELLING)
    assert reported(capsys, ROUTINE + TELLING, quiet=True) == []


def test_attempts_before_the_first_connection_are_not_said_those_after_it_are(capsys):
    attempt = events.Reconnecting("connection refused", 1.0, 1)
    assert reported(capsys, [attempt]) == []
    assert len(reported(capsys, [ROUTINE[0], attempt])) == 1


def test_of_several_connections_it_is_said_which(capsys):
    spread = events.Spread(50, 2, 0.0)
    lost = events.Reconnecting("lost", 1.0, 1, connection=2)
    lines = reported(capsys, [ROUTINE[0], spread, lost])
    assert lines == [
        "bfxstream: 50 subscriptions over 2 connections",
        f"bfxstream: connection 2: {lost.sentence()}",
    ]


def test_frames_are_shown_with_their_direction(capsys):
    reporter = Reporter(settings(debug=True), silent=False)
    reporter.frames(1, "sent", 1700, [b"{}"])
    reporter.frames(2, "received", 1700, [b"[1]", b"[2]"])
    assert capsys.readouterr().err.splitlines() == [
        "bfxstream: sent {}",
        "bfxstream: received [1]",
        "bfxstream: received [2]",
    ]


# A faster clock.


@pytest.mark.parametrize(("text", "scale"), [("", 1), ("0.1", 0.1), ("2", 2)])
def test_a_time_scale_is_a_factor(monkeypatch, text, scale):
    monkeypatch.setenv("BFXSTREAM_TIME_SCALE", text)
    assert time_scale() == scale


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "fast"])
def test_what_is_no_factor_is_refused(monkeypatch, text):
    monkeypatch.setenv("BFXSTREAM_TIME_SCALE", text)
    with pytest.raises(UsageError, match="BFXSTREAM_TIME_SCALE"):
        time_scale()


# Signals.


def test_a_signal_ends_a_wait_at_once_with_its_exit_code(raised_signals):
    ends = [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
    for number, code in ends:
        with Signals(), pytest.raises(Interrupted) as interrupted:
            signal.raise_signal(number)
        assert interrupted.value.exit_code == code


def test_a_signal_during_a_write_is_held_until_its_end(raised_signals):
    written = []
    with Signals() as signals, pytest.raises(Interrupted):
        with signals.held:
            signal.raise_signal(signal.SIGINT)
            written.append("the whole line")
        written.append("never")
    assert written == ["the whole line"]


def test_a_reader_that_takes_nothing_is_waited_for_no_longer_than_a_while(raised_signals):
    with Signals() as signals, pytest.raises(Interrupted), signals.held:
        now = time.monotonic()
        assert not signals.overdue(now + 1e9)
        signal.raise_signal(signal.SIGTERM)
        assert not signals.overdue(now + GRACE_SECONDS - 0.5)
        assert signals.overdue(time.monotonic() + GRACE_SECONDS)


def test_a_last_resort_is_set_for_the_time_of_a_run_and_no_longer(raised_signals):
    with Signals() as signals:
        with signals.ending_in(3600):
            assert signal.getitimer(signal.ITIMER_REAL)[0] > 3600
        assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


@pytest.fixture
def raised_signals():
    """Gives the signals back to whoever had them."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGALRM)
    before = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)
