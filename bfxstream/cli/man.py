"""`bfxstream man`: the manual page, made from the commands, their options and the topics."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from inspect import cleandoc
from itertools import groupby

import click

from bfxstream import __version__
from bfxstream.cli.installing import install as install_file
from bfxstream.cli.options import flag, streaming_options
from bfxstream.cli.roff import bold, escaped, italic, item, paragraphs, section, subsection
from bfxstream.cli.topics import TOPICS, read_topic
from bfxstream.folders import user_folder

_DATE = "2026-11-23"
"""The day of this version, not of the run: a page that is made again must be the same."""

_SHARED_TITLE = "Options of streaming commands"
_TITLES = {"exit-codes": "Exit status", "python": "Use from Python", "recipes": "Examples"}
"""What the page calls a topic, where that is not the topic's name."""


@click.command()
@flag("--install", help="Write it where man looks, in your home.")
@click.pass_context
def man(ctx: click.Context, install: bool) -> None:
    """Print the manual page in the form that man reads.

    pip and pipx put it where man finds it by themselves.

    \b
    Examples:
      bfxstream man --install
      bfxstream man > bfxstream.1
    """
    page = man_page(ctx.find_root().command)
    if not install:
        click.echo(page, nl=False)
        return
    install_file(
        page,
        user_folder("XDG_DATA_HOME") / "man/man1/bfxstream.1",
        printed_by="bfxstream man",
        what_is_left="man looks there if ~/.local/bin is in your PATH",
    )


def man_page(root: click.Command) -> str:
    """The source of the page about the program whose commands hang on `root`."""
    context = click.Context(root, info_name="bfxstream", **root.context_settings)
    summary, *description = _blocks(root)
    name = rf"bfxstream \- {escaped(summary.rstrip('.'))}"
    synopsis = f"{bold('bfxstream')} {italic('COMMAND')} [{italic('OPTION')}]... "
    shared = _shared_options()
    commands = (_command(below, shared) for below in commands_below(context))
    return "".join(
        [
            f'.TH BFXSTREAM 1 {_DATE} "bfxstream {__version__}" "User Commands"\n',
            ".nh\n.ad l\n",
            section("Name", f"{name}\n"),
            section("Synopsis", f"{synopsis}[{italic('ARGUMENT')}]...\n"),
            section("Description", paragraphs(description)),
            section("Commands", "".join(commands)),
            section(_SHARED_TITLE, "".join(_options(shared, context))),
            *map(_topic, TOPICS),
        ]
    )


def _shared_options() -> list[click.Option]:
    command = click.command()(streaming_options(lambda: None))
    return [option for option in command.params if isinstance(option, click.Option)]


def commands_below(context: click.Context) -> Iterator[click.Context]:
    """Every command, each group before what is in it."""
    if not isinstance(context.command, click.Group):
        return
    for name in context.command.list_commands(context):
        command = context.command.get_command(context, name)
        if command is not None and not command.hidden:
            below = click.Context(command, context, info_name=name)
            yield below
            yield from commands_below(below)


def _command(context: click.Context, shared: list[click.Option]) -> str:
    command = context.command
    usage = " ".join(command.collect_usage_pieces(context))
    options = [option for option in command.params if isinstance(option, click.Option)]
    names = {option.name for option in options}
    blocks = _blocks(command)
    if names >= (common := {option.name for option in shared}):
        options = [option for option in options if option.name not in common]
        blocks.append(f"It has the {_SHARED_TITLE.lower()}, too.")
    return subsection(
        f"{context.command_path} {usage}",
        paragraphs(blocks) + "".join(_options(options, context)),
    )


def _options(options: Iterable[click.Option], context: click.Context) -> Iterator[str]:
    for option in options:
        record = option.get_help_record(context)
        if record is None:  # a hidden one
            continue
        # The names of it, such as `-n, --count`, and what it takes.
        names, value = re.split(r"(?<!,) |$", record[0], maxsplit=1)
        yield item(f"{bold(names)} {italic(value)}" if value else bold(names), record[1])


def _topic(name: str) -> str:
    topic = read_topic(name)
    title = _TITLES.get(name, name)
    return section(title, paragraphs([f"{topic.title}.", *topic.blocks()]))


def _blocks(command: click.Command) -> list[str]:
    """The paragraphs of a command's help; what is indented there, on its own."""
    blocks: list[str] = []
    for block in cleandoc(command.help or "").split("\n\n"):
        lines = block.removeprefix("\b\n").splitlines()
        for _, run in groupby(lines, key=lambda line: line.startswith(" ")):
            blocks.append("\n".join(run))
    return blocks
