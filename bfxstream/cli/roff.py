"""Text as the source of a man page: man(7) macros, in ASCII alone."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable

# Characters that roff would take for a command, or print as another one.
_ESCAPES = {
    "\\": r"\e",
    "-": r"\-",
    "'": r"\(aq",
    "`": r"\(ga",
    "^": r"\(ha",
    "~": r"\(ti",
    "|": r"|\:",  # a line may end behind it: alternatives have no blanks between them
}

_PARAGRAPH = ".PP\n"
_LINE = 78


def escaped(text: str) -> str:
    """The text as roff prints it, character for character."""
    escaped = "".join(_ESCAPES.get(character, character) for character in text)
    return re.sub(r"[^\x00-\x7f]", lambda found: f"\\[u{ord(found[0]):04X}]", escaped)


def bold(text: str) -> str:
    """The text in bold."""
    return rf"\fB{escaped(text)}\fR"


def italic(text: str) -> str:
    """The text in italics: what stands for something else."""
    return rf"\fI{escaped(text)}\fR"


def section(title: str, text: str) -> str:
    """A section; its first paragraph needs no mark."""
    return f".SH {escaped(title.upper())}\n{text.removeprefix(_PARAGRAPH)}"


def subsection(title: str, text: str) -> str:
    """A part of a section."""
    return f".SS {escaped(title)}\n{text.removeprefix(_PARAGRAPH)}"


def paragraphs(blocks: Iterable[str]) -> str:
    """Blocks of text: an indented one stands as it is, any other is filled."""
    return "".join(map(_block, blocks))


def _block(block: str) -> str:
    lines = block.splitlines()
    indent = min(len(line) - len(line.lstrip()) for line in lines)
    if indent == 0:
        return _PARAGRAPH + _filled(block)
    kept = "\n".join(_line(escaped(line[indent:])) for line in lines)
    return f"{_PARAGRAPH}.RS 2\n.nf\n{kept}\n.fi\n.RE\n"


def item(tag: str, text: str) -> str:
    """What a list says of `tag`, which is roff already."""
    return f".TP\n{tag}\n{_filled(text)}"


def _filled(text: str) -> str:
    """The text in lines of a length that people can edit, whose ends mean nothing."""
    lines = textwrap.wrap(escaped(text), _LINE, break_long_words=False, break_on_hyphens=False)
    return "".join(f"{_line(line)}\n" for line in lines)


def _line(text: str) -> str:
    """A line of text: one that begins with a dot would be a request."""
    return rf"\&{text}" if text.startswith(".") else text
