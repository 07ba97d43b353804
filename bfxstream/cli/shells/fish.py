"""The completion script for fish. It offers each argument in every place: none is told apart."""

from __future__ import annotations

from collections.abc import Iterator

from bfxstream.cli.shells.quoting import quoted_for_fish as quoted
from bfxstream.cli.shells.tree import Command, Flag, Kind, Values
from bfxstream.protocol.channels import SPEC_STARTS
from bfxstream.protocol.symbols import EXAMPLES

_HEAD = """\
# Completion of bfxstream for fish: made by `bfxstream completion fish`, not by hand.

# The commands and arguments so far.
function __bfxstream_words
    set -l words (commandline -opc)
    string match -v -- '-*' $words[2..-1]
end

# Whether the line begins with these commands.
function __bfxstream_in
    set -l words (__bfxstream_words)
    set -l last (count $argv)
    test "$words[1..$last]" = "$argv"
end

# Whether it is these commands, and another one is to follow.
function __bfxstream_at
    set -l words (__bfxstream_words)
    test "$words" = "$argv"
end

# Every symbol in the list that `bfxstream symbols` keeps.
function __bfxstream_symbols
    set -l cache $HOME/.cache
    string match -q '/*' -- "$XDG_CACHE_HOME"
    and set cache $XDG_CACHE_HOME
    if test -r $cache/bfxstream/symbols.txt
        string trim <$cache/bfxstream/symbols.txt
    else
        string join \\n @EXAMPLES@
    end
end

function __bfxstream_specs
    set -l current (commandline -ct)
    for start in @SPEC_STARTS@
        if string match -q '*:' -- $start; and string match -q "$start*" -- $current
            __bfxstream_symbols | string replace -r '^' $start
            return
        end
    end
    string join \\n @SPEC_STARTS@
end

complete -c bfxstream -f
"""


def script(root: Command) -> str:
    """The whole file."""
    head = _HEAD.replace("@EXAMPLES@", " ".join(EXAMPLES))
    head = head.replace("@SPEC_STARTS@", " ".join(SPEC_STARTS))
    return head + "".join(f"{line}\n" for command in root.walk() for line in _lines(command))


def _lines(command: Command) -> Iterator[str]:
    path = "".join(f" {name}" for name in command.path)
    yield ""
    inside = f"complete -c bfxstream -n {quoted(f'__bfxstream_in{path}')}"
    here = f"complete -c bfxstream -n {quoted(f'__bfxstream_at{path}')}"
    for below in command.commands:
        yield f"{here} -a {below.path[-1]} -d {quoted(below.help)}"
    for flag in command.flags:
        # A group's own flags stand before the command that follows.
        yield f"{here if command.commands else inside}{_flag(flag)}"
    for values in command.arguments:
        if values.kind is not Kind.NOTHING:
            yield inside + _offered(values)


def _flag(flag: Flag) -> str:
    names = "".join(
        f" -l {name[2:]}" if name.startswith("--") else f" -s {name[1:]}" for name in flag.names
    )
    values = "" if flag.values is None else " -r" + _offered(flag.values)
    return f"{names}{values} -d {quoted(flag.help)}"


def _offered(values: Values) -> str:
    match values.kind:
        case Kind.WORDS:
            # Each with a description of its own, though empty: else fish repeats the option's.
            words = " ".join(f"{word}\\t" for word in values.words)
            return f" -f -a {quoted(words)}"
        case Kind.SYMBOLS:
            return " -f -a '(__bfxstream_symbols)'"
        case Kind.SPECS:
            return " -f -a '(__bfxstream_specs)'"
        case Kind.FILES:
            return " -F"
    return " -f"
