"""`bfxstream help`: the help of a command, or the text of a topic."""

from __future__ import annotations

import difflib
import shutil
import signal
import sys
from collections.abc import Sequence

import click

from bfxstream.cli.topics import TOPICS, read_topic
from bfxstream.errors import UsageError


def _names(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """What may be asked for; completion offers it."""
    commands = _root(ctx).list_commands(ctx)
    return [name for name in dict.fromkeys([*commands, *TOPICS]) if name.startswith(incomplete)]


@click.command(name="help")
@click.argument("name", metavar="[TOPIC | COMMAND]", nargs=-1, shell_complete=_names)
@click.pass_context
def help_(ctx: click.Context, name: tuple[str, ...]) -> None:
    """Show the text of a TOPIC, or the help of a COMMAND; without a name, list both.

    A text that is longer than the terminal goes through PAGER.

    \b
    Examples:
      bfxstream help
      bfxstream help guarantees
      bfxstream help order new
    """
    _show("\n\n".join(_texts(ctx, name)) if name else _overview(ctx))


def _texts(ctx: click.Context, name: Sequence[str]) -> list[str]:
    """The help of the command and the text of the topic, where there are both of that name."""
    texts = []
    if len(name) == 1 and name[0] in TOPICS:
        topic = read_topic(name[0])
        texts.append(f"{topic.title}\n\n{topic.text}")
    if (found := _help_of_command(ctx, name)) is not None:
        texts.append(found)
    if not texts:
        raise _unknown(ctx, " ".join(name))
    return texts


def _help_of_command(ctx: click.Context, path: Sequence[str]) -> str | None:
    """What `--help` behind this path of commands prints; None where there is no such command."""
    context = ctx.find_root()
    for name in path:
        group = context.command
        command = group.get_command(context, name) if isinstance(group, click.Group) else None
        if command is None:
            return None
        context = click.Context(command, context, info_name=name)
    return context.get_help()


def _overview(ctx: click.Context) -> str:
    formatter = ctx.make_formatter()
    formatter.write_usage("bfxstream help", "[TOPIC | COMMAND]")
    with formatter.section("Topics"):
        formatter.write_dl([(name, read_topic(name).title) for name in TOPICS])
    _root(ctx).format_commands(ctx, formatter)
    return formatter.getvalue().rstrip("\n")


def _unknown(ctx: click.Context, name: str) -> UsageError:
    known = _names(ctx, ctx.command.params[0], "")
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else "'bfxstream help' lists them all"
    return UsageError(f"{name!r} is neither a topic nor a command", hint=hint)


def _root(ctx: click.Context) -> click.Group:
    root = ctx.find_root().command
    assert isinstance(root, click.Group)
    return root


def _show(text: str) -> None:
    """Print it; through the user's pager where a terminal is too small for it."""
    height = shutil.get_terminal_size().lines
    if sys.stdout.isatty() and text.count("\n") + 2 > height:
        # Ctrl-C is the pager's: what it does not end by must not leave it without us. click waits.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        click.echo_via_pager(text)
    else:
        click.echo(text)
