"""The completion script for zsh: a function to be loaded from `fpath`, or sourced."""

from __future__ import annotations

from bfxstream.cli.shells.quoting import quoted
from bfxstream.cli.shells.tree import Command, Flag, Kind, Values
from bfxstream.protocol.channels import SPEC_STARTS
from bfxstream.protocol.symbols import EXAMPLES

_HEAD = """\
#compdef bfxstream
# Completion of bfxstream for zsh: made by `bfxstream completion zsh`, not by hand.

# Every symbol in the list that `bfxstream symbols` keeps.
__bfxstream_symbols() {
    local cache=$HOME/.cache
    [[ ${XDG_CACHE_HOME-} == /* ]] && cache=$XDG_CACHE_HOME
    local -a expl symbols
    if [[ -r $cache/bfxstream/symbols.txt ]]; then
        symbols=("${(f)$(<$cache/bfxstream/symbols.txt)}")
    else
        symbols=(@EXAMPLES@)
    fi
    _wanted symbols expl symbol compadd -a symbols
}

__bfxstream_specs() {
    local start
    local -a expl starts=(@SPEC_STARTS@)
    for start in ${(M)starts:#*:}; do
        if compset -P $start; then
            __bfxstream_symbols
            return
        fi
    done
    # A symbol follows the colon.
    _wanted specs expl spec compadd -S '' -- ${(M)starts:#*:}
    _wanted specs expl spec compadd -- ${starts:#*:}
}

"""

_TAIL = """\
if [[ $funcstack[1] == _bfxstream ]]; then
    _bfxstream "$@"
else
    compdef _bfxstream bfxstream
fi
"""


def script(root: Command) -> str:
    """The whole file."""
    head = _HEAD.replace("@EXAMPLES@", " ".join(EXAMPLES))
    head = head.replace("@SPEC_STARTS@", " ".join(SPEC_STARTS))
    return head + "".join(map(_function, root.walk())) + _TAIL


def _function(command: Command) -> str:
    name = _name(command)
    flags = [text for flag in command.flags for text in _flag(flag)]
    if not command.commands:
        arguments = [_argument(values) for values in command.arguments]
        return f"{name}() {{\n{_call(['-s -S', *flags, *arguments])}}}\n\n"
    names = [
        f"        {quoted(_described(below.path[-1], below.help))}\n" for below in command.commands
    ]
    calls = [f"        {below.path[-1]}) {_name(below)} ;;\n" for below in command.commands]
    return (
        f"{name}() {{\n"
        "    local curcontext=$curcontext state\n"
        "    local -a line commands=(\n"
        f"{''.join(names)}"
        "    )\n"
        f"{_call(['-C', *flags, quoted(': :->command'), quoted('*:: :->arguments')])}"
        "    case $state in\n"
        "    command) _describe -t commands command commands ;;\n"
        "    arguments)\n"
        "        case $words[1] in\n"
        f"{''.join(calls)}"
        "        esac\n"
        "        ;;\n"
        "    esac\n"
        "}\n\n"
    )


def _name(command: Command) -> str:
    return "_".join(("_bfxstream", *command.path))


def _described(word: str, help: str) -> str:
    return f"{word}:{help}" if help else word


def _call(arguments: list[str]) -> str:
    return "    _arguments " + " \\\n        ".join(arguments) + "\n"


def _flag(flag: Flag) -> list[str]:
    """One specification for each name: none is offered when another name of it is there."""
    repeats = flag.values is not None and flag.values.repeats
    others = "*" if repeats else f"({' '.join(flag.names)})" if len(flag.names) > 1 else ""
    help = flag.help.replace("[", "\\[").replace("]", "\\]")
    return [
        quoted(f"{others}{name}{_joint(name, flag.values)}[{help}]{_action(flag.values)}")
        for name in flag.names
    ]


def _joint(name: str, values: Values | None) -> str:
    """How a value may follow the name: `--prec P0` and `--prec=P0`, `-n 5` and `-n5`."""
    if values is None:
        return ""
    return "=" if name.startswith("--") else "+"


def _argument(values: Values) -> str:
    return quoted(("*" if values.repeats else "") + _action(values))


def _action(values: Values | None) -> str:
    if values is None:
        return ""
    action = {
        Kind.NOTHING: " ",
        Kind.WORDS: f"({' '.join(values.words)})".replace(":", "\\:"),
        Kind.SYMBOLS: "__bfxstream_symbols",
        Kind.SPECS: "__bfxstream_specs",
        Kind.FILES: "_files",
    }[values.kind]
    return f":{values.label}:{action}"
