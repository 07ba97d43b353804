"""What can be completed: the commands, their flags and what these take, read from click."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass

import click

from bfxstream.cli.group import LazyGroup
from bfxstream.cli.types import SpecType, SymbolType


class Kind(enum.Enum):
    """What may stand in one place of a command line."""

    NOTHING = "nothing"  # that we could know: a number, a time, a URL
    WORDS = "words"
    SYMBOLS = "symbols"
    SPECS = "specs"
    FILES = "files"


@dataclass(frozen=True)
class Values:
    """One place: its kind, the words where these are known, and what help calls it."""

    kind: Kind
    label: str
    words: tuple[str, ...] = ()
    repeats: bool = False


@dataclass(frozen=True)
class Flag:
    """An option by all its names; `values` None where it takes none."""

    names: tuple[str, ...]
    help: str
    values: Values | None


@dataclass(frozen=True)
class Command:
    """A command by its path (`()` is the program itself); it has arguments, or commands."""

    path: tuple[str, ...]
    help: str
    flags: tuple[Flag, ...]
    arguments: tuple[Values, ...]
    commands: tuple[Command, ...]

    def walk(self) -> Iterator[Command]:
        """The command and everything below it."""
        yield self
        for command in self.commands:
            yield from command.walk()


def read_tree(root: click.Command) -> Command:
    """Everything that can be completed behind the program's name."""
    return _command(root, None, (), "")


def _command(
    command: click.Command, parent: click.Context | None, path: tuple[str, ...], help: str
) -> Command:
    context = click.Context(command, parent, **command.context_settings)
    parameters = [p for p in command.get_params(context) if not getattr(p, "hidden", False)]
    return Command(
        path=path,
        help=help,
        flags=tuple(_flag(p, context) for p in parameters if isinstance(p, click.Option)),
        arguments=tuple(_values(p, context) for p in parameters if isinstance(p, click.Argument)),
        commands=tuple(_commands(command, context, path)),
    )


def _commands(
    command: click.Command, context: click.Context, path: tuple[str, ...]
) -> Iterator[Command]:
    if not isinstance(command, click.Group):
        return
    for name in command.list_commands(context):
        below = command.get_command(context, name)
        if below is not None and not below.hidden:
            yield _command(below, context, (*path, name), _help(command, below, name))


def _help(group: click.Group, command: click.Command, name: str) -> str:
    if isinstance(group, LazyGroup):
        return group.lazy_commands[name][1]
    return command.get_short_help_str(limit=100)


def _flag(option: click.Option, context: click.Context) -> Flag:
    values = None if option.is_flag or option.count else _values(option, context)
    return Flag(
        (*option.opts, *option.secondary_opts), " ".join((option.help or "").split()), values
    )


def _values(parameter: click.Parameter, context: click.Context) -> Values:
    label = (parameter.human_readable_name or "").lower().rstrip(".")
    repeats = parameter.nargs == -1 or parameter.multiple
    known = parameter.shell_complete(context, "")
    words = tuple(item.value for item in known if item.type == "plain")
    if words:
        return Values(Kind.WORDS, label, words, repeats)
    return Values(_kind(parameter.type), label, repeats=repeats)


def _kind(type_: click.ParamType[object]) -> Kind:
    if isinstance(type_, SymbolType):
        return Kind.SYMBOLS
    if isinstance(type_, SpecType):
        return Kind.SPECS
    if isinstance(type_, (click.Path, click.File)):
        return Kind.FILES
    return Kind.NOTHING
