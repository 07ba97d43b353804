"""The completion script for bash, 3.2 or newer; it needs no other package and starts no program."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bfxstream.cli.shells.quoting import quoted
from bfxstream.cli.shells.tree import Command, Flag, Kind, Values
from bfxstream.protocol.channels import SPEC_STARTS
from bfxstream.protocol.symbols import EXAMPLES

_HEAD = """\
# Completion of bfxstream for bash: made by `bfxstream completion bash`, not by hand.

# What the command at a path knows. Sets the variables of _bfxstream: the commands below it, its
# flags, those that take a value, the kinds of its arguments by their place, and the kind of value
# that $option takes. A kind is `symbols`, `specs`, `files`, or the words themselves behind `:`.
__bfxstream_command() {
    commands='' flags='' valued='' arguments=() repeats='' values=''
    case $1 in
"""

_TAIL = """\
    esac
}

# Every symbol in the list that `bfxstream symbols` keeps, each behind $1.
__bfxstream_symbols() {
    local cache=$HOME/.cache symbol
    [[ ${XDG_CACHE_HOME-} == /* ]] && cache=$XDG_CACHE_HOME
    if [[ -r $cache/bfxstream/symbols.txt ]]; then
        while read -r symbol; do
            __bfxstream_offer "$1$symbol"
        done <"$cache/bfxstream/symbols.txt"
    else
        for symbol in @EXAMPLES@; do
            __bfxstream_offer "$1$symbol"
        done
    fi
}

__bfxstream_specs() {
    local start
    for start in @SPEC_STARTS@; do
        if [[ $start == *: && $current == "$start"* ]]; then
            __bfxstream_symbols "$start"
            return
        fi
    done
    for start in @SPEC_STARTS@; do
        __bfxstream_offer "$start"
    done
    # A symbol follows the colon.
    [[ ${COMPREPLY[0]-} == *: ]] && compopt -o nospace 2>/dev/null
}

__bfxstream_offer() {
    [[ $1 == "$current"* ]] && COMPREPLY+=("$1")
}

_bfxstream() {
    local IFS=$' \\t\\n' path='' option='' place=0 kind='' word current head='' breaks='' i
    local commands flags valued arguments repeats values
    local line=${COMP_LINE:0:COMP_POINT} words
    COMPREPLY=()
    # By white space, not COMP_WORDS: bash also breaks those at the colons of symbols.
    read -r -a words <<<"$line"
    [[ $line == *[[:space:]] ]] && words+=('')
    # Behind the program's name, before which assignments may stand.
    for ((i = 0; i < ${#words[@]}; i++)); do
        [[ ${words[i]} == "${COMP_WORDS[0]}" ]] && break
    done
    __bfxstream_command ''
    for ((i++; i < ${#words[@]} - 1; i++)); do
        word=${words[i]}
        if [[ $option ]]; then
            option=''
        elif [[ $word == -?* ]]; then
            [[ " $valued " == *" $word "* ]] && option=$word
        elif [[ $commands ]]; then
            path+=" $word"
            __bfxstream_command "$path"
        else
            ((place += 1))
        fi
    done
    word=${words[i]-}
    current=$word
    if [[ -z $option && $word == --*=* ]]; then
        option=${word%%=*}
        head=$option=
        current=${word#*=}
    fi
    if [[ $option ]]; then
        __bfxstream_command "$path"
        kind=$values
    elif [[ $current == -* ]]; then
        kind=:$flags
    elif [[ $commands ]]; then
        kind=:$commands
    elif [[ $place -lt ${#arguments[@]} ]]; then
        kind=${arguments[place]}
    else
        kind=$repeats
    fi
    case $kind in
    :*) for word in ${kind#:}; do __bfxstream_offer "$word"; done ;;
    symbols) __bfxstream_symbols '' ;;
    specs) __bfxstream_specs ;;
    files) compopt -o default 2>/dev/null ;;
    esac
    # Readline replaces only what follows the last of its word breaks in the word.
    [[ $COMP_WORDBREAKS == *:* ]] && breaks+=':'
    [[ $COMP_WORDBREAKS == *=* ]] && breaks+='='
    word=$head$current
    for ((i = 0; i < ${#COMPREPLY[@]}; i++)); do
        COMPREPLY[i]=$head${COMPREPLY[i]}
        [[ $breaks ]] && COMPREPLY[i]=${COMPREPLY[i]#"${word%"${word##*[$breaks]}"}"}
    done
}

complete -F _bfxstream bfxstream
"""


def script(root: Command) -> str:
    """The whole file."""
    tail = _TAIL.replace("@EXAMPLES@", " ".join(EXAMPLES))
    tail = tail.replace("@SPEC_STARTS@", " ".join(SPEC_STARTS))
    return _HEAD + "".join(map(_case, root.walk())) + tail


def _case(command: Command) -> str:
    lines = [f"    {quoted(''.join(f' {name}' for name in command.path))})"]
    if command.commands:
        lines.append(f"        commands={_words(below.path[-1] for below in command.commands)}")
    lines.append(f"        flags={_words(n for f in command.flags for n in f.names)}")
    valued = [flag for flag in command.flags if flag.values is not None]
    if valued:
        lines.append(f"        valued={_words(name for flag in valued for name in flag.names)}")
    lines += _arguments(command.arguments)
    lines += _options(valued)
    lines.append("        ;;\n")
    return "\n".join(lines)


def _arguments(arguments: Sequence[Values]) -> list[str]:
    if not arguments:
        return []
    once = [argument for argument in arguments if not argument.repeats]
    lines = [f"        arguments=({' '.join(map(_kind, once))})"] if once else []
    if len(once) < len(arguments):
        lines.append(f"        repeats={_kind(arguments[-1])}")
    return lines


def _options(valued: Sequence[Flag]) -> list[str]:
    known = [flag for flag in valued if flag.values and flag.values.kind is not Kind.NOTHING]
    if not known:
        return []
    lines = ["        case $option in"]
    for flag in known:
        if flag.values is not None:
            lines.append(f"        {' | '.join(flag.names)}) values={_kind(flag.values)} ;;")
    return [*lines, "        esac"]


def _kind(values: Values) -> str:
    if values.kind is Kind.WORDS:
        return quoted(":" + " ".join(values.words))
    return values.kind.value if values.kind is not Kind.NOTHING else "''"


def _words(words: Iterable[str]) -> str:
    return quoted(" ".join(words))
