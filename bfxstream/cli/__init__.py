"""The command line: parses, wires the rooms together, turns errors into one line and a code."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from typing import NoReturn

import click

from bfxstream.cli.group import LazyGroup
from bfxstream.cli.signals import Interrupted
from bfxstream.cli.stderr import say
from bfxstream.cli.topics import exit_codes
from bfxstream.errors import BfxStreamError, ConnectionFailed, ExitCode, ReaderGone

_COMMANDS = {
    "ticker": ("bfxstream.cli.market", "Best prices, last price and the day's figures."),
    "trades": ("bfxstream.cli.market", "Every trade, exactly once."),
    "book": ("bfxstream.cli.market", "The order book, verified by checksum."),
    "candles": ("bfxstream.cli.market", "Open, high, low, close and volume of each interval."),
    "deriv": ("bfxstream.cli.market", "The state of derivatives: mark price, funding, interest."),
    "liquidations": ("bfxstream.cli.market", "Every liquidation of the exchange."),
    "stream": ("bfxstream.cli.market", "Any mix of channels in one run and one output."),
    "watch": ("bfxstream.cli.watch", "One symbol on the whole screen: price, book, chart, tape."),
    "account": ("bfxstream.cli.account", "Your wallets, orders and executions, live."),
    "order": ("bfxstream.cli.order", "Send, change, cancel and list your orders."),
    "record": ("bfxstream.cli.record", "Record what the exchange sends, to be replayed."),
    "replay": ("bfxstream.cli.replay", "Play a recording as if it were live, or check it."),
    "symbols": ("bfxstream.cli.symbols", "The exchange's symbols, by pattern and kind."),
    "demo-exchange": ("bfxstream.cli.demo", "Run the demo exchange alone, for any client."),
    "doctor": ("bfxstream.cli.doctor", "Check machine, network, exchange and key."),
    "completion": ("bfxstream.cli.completion", "The completion script of bash, zsh or fish."),
    "schema": ("bfxstream.cli.schema", "The JSON Schema of each kind of record."),
    "help": ("bfxstream.cli.help", "The help of a command, or the text of a topic."),
    "man": ("bfxstream.cli.man", "The manual page."),
}

_ALIKE = 0.7
"""How much of an option must be right for another to be meant."""


def _show_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        from bfxstream import __version__  # noqa: PLC0415

        click.echo(f"bfxstream {__version__}")
        ctx.exit()


class _Root(LazyGroup):
    """The program itself: its help ends with the exit codes."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        # Not the group's `epilog`: every start of every command would read the topic.
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_text(f"\b\nExit codes:\n{exit_codes()}")


@click.group(
    cls=_Root,
    lazy_commands=_COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    invoke_without_command=True,
)
@click.option(
    "-V",
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_show_version,
    help="Show the version and exit.",
)
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Bitfinex market data: live tables in a terminal, JSON Lines in a pipe.

    With --demo a command uses an exchange of its own, without internet or account. The long parts
    are told by 'bfxstream help TOPIC': 'bfxstream help' lists them.

    \b
    Examples:
      bfxstream ticker tBTCUSD tETHUSD        # a live table
      bfxstream trades tBTCUSD | jq .price    # one JSON object a line
      bfxstream book tBTCUSD --demo           # on the demo exchange
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def main() -> NoReturn:
    """Run the command line and leave the process with its exit code."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        # Until a command has handlers of its own, Ctrl-C ends it without a word.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    code = run_command(sys.argv[1:])
    if code == -signal.SIGPIPE:
        # Nobody reads any more: end as the shell expects of any Unix tool.
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGPIPE)
    _leave_threads_behind(code)
    sys.exit(code)


def _leave_threads_behind(code: int) -> None:
    """Leave at once where a look-up is under way that nobody waits for any more.

    One order in 210 ended in a crash, most likely of the interpreter's end under such a thread.
    """
    threading = sys.modules.get("threading")
    if threading is None or not any(thread.daemon for thread in threading.enumerate()):
        return
    with contextlib.suppress(OSError):
        for stream in filter(None, (sys.stdout, sys.stderr)):
            stream.flush()
        os._exit(code)


def run_command(arguments: list[str]) -> int:
    """Run one command; its exit code. Says every error in one line on standard error."""
    debug = "--debug" in arguments or _is_on("BFXSTREAM_DEBUG")
    if sys.stdout is None:
        say("standard output is closed: there is nowhere to print to; redirect it: >/dev/null")
        return ExitCode.CONNECTION
    try:
        result = cli.main(arguments, prog_name="bfxstream", standalone_mode=False)
    except ReaderGone:
        return _nobody_reads()
    except Interrupted as interrupted:
        return interrupted.exit_code
    except SystemExit as leaving:
        # click's own answer to a closed pipe, met while it printed a help text.
        if isinstance(leaving.__context__, BrokenPipeError):
            return _nobody_reads()
        raise
    except Exception as error:
        if debug and not isinstance(error, (click.ClickException, BfxStreamError)):
            raise
        return _report(error, arguments)
    return result if isinstance(result, int) else ExitCode.OK


def _is_on(variable: str) -> bool:
    """Whether a flag is set in the environment, as click reads it; nonsense it refuses itself."""
    try:
        return bool(click.BOOL(os.environ.get(variable) or "0"))
    except click.BadParameter:
        return False


def _nobody_reads() -> int:
    # What is left in Python's buffer must not fail again at the exit.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return -signal.SIGPIPE


def _report(error: Exception, arguments: list[str]) -> int:
    """Say the error in one line; its exit code."""
    if isinstance(error, click.UsageError):
        # An option that lacks its value is an error that knows of no command.
        named = arguments[0] if arguments and arguments[0] in _COMMANDS else ""
        command = error.ctx.command_path if error.ctx else f"bfxstream {named}".rstrip()
        say(f"{_sentence(error)} (see '{command} --help')", command)
        return ExitCode.USAGE
    if isinstance(error, BfxStreamError):
        say(_with_way_out(error))
        return error.exit_code
    if isinstance(error, click.Abort):
        return ExitCode.INTERRUPTED
    if isinstance(error, OSError):
        reason = error.strerror or error
        say(f"cannot write the output: {reason}; make room, or let it go elsewhere")
        return ExitCode.CONNECTION
    say(f"internal error: {type(error).__name__}: {error}; run again with --debug for a report")
    return ExitCode.CONNECTION


def _sentence(error: click.UsageError) -> str:
    """What click says, with the nearest option, or the variable that the value came from."""
    if isinstance(error, click.NoSuchOption):
        import difflib  # noqa: PLC0415  only who mistypes needs it

        known = error.ctx.command.params if error.ctx else []
        names = [name for each in known for name in each.opts if name.startswith("--")]
        near = difflib.get_close_matches(error.option_name, names, n=1, cutoff=_ALIKE)
        return f"no option {error.option_name}" + (f": did you mean {near[0]}?" if near else "")
    if isinstance(error, click.BadParameter) and error.ctx is not None and error.param is not None:
        source = error.ctx.get_parameter_source(error.param.name or "")
        if source is click.core.ParameterSource.ENVIRONMENT:
            hint = error.param.get_error_hint(error.ctx)
            error.param_hint = f"{hint} (from {error.param.envvar})"
    return error.format_message().rstrip(".")


def _with_way_out(error: BfxStreamError) -> str:
    if isinstance(error, ConnectionFailed) and not error.hint:
        return (
            f"{error}; check the network and --url, bfxstream doctor looks for the reason; "
            "--demo works offline"
        )
    return str(error)
