"""`bfxstream completion`: the completion script of a shell, printed or installed."""

from __future__ import annotations

from importlib import import_module

import click

from bfxstream.cli.options import flag
from bfxstream.cli.shells.install import place_for, what_is_left
from bfxstream.cli.shells.tree import read_tree
from bfxstream.cli.stderr import say
from bfxstream.errors import BfxStreamError


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@flag("--install", help="Write it where the shell looks, in your home.")
@click.pass_context
def completion(ctx: click.Context, shell: str, install: bool) -> None:
    """Print the script with which SHELL completes commands, options, their values and symbols.

    Symbols come from the list that `bfxstream symbols` keeps; completing asks nobody and starts
    no program.

    \b
    Examples:
      bfxstream completion bash --install
      bfxstream completion zsh > ~/.zfunc/_bfxstream
      source <(bfxstream completion bash)
    """
    script = script_for(shell, ctx.find_root().command)
    if install:
        _install(shell, script)
    else:
        click.echo(script, nl=False)


def script_for(shell: str, root: click.Command) -> str:
    """The completion script of this shell for the program whose commands hang on `root`."""
    script: str = import_module(f"bfxstream.cli.shells.{shell}").script(read_tree(root))
    return script


def _install(shell: str, script: str) -> None:
    place = place_for(shell)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(script, encoding="utf-8")
    except OSError as error:
        raise BfxStreamError(
            f"cannot write {place}: {error.strerror or error}",
            hint=f"print it with: bfxstream completion {shell}",
        ) from None
    say(f"wrote {place}; {what_is_left(shell, place)}")
