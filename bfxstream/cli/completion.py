"""`bfxstream completion`: the completion script of a shell, printed or installed."""

from __future__ import annotations

from importlib import import_module

import click

from bfxstream.cli.installing import install as install_file
from bfxstream.cli.options import flag
from bfxstream.cli.shells.install import place_for, what_is_left
from bfxstream.cli.shells.tree import read_tree


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
      bfxstream completion zsh > _bfxstream
    """
    script = script_for(shell, ctx.find_root().command)
    if install:
        place = place_for(shell)
        install_file(
            script,
            place,
            printed_by=f"bfxstream completion {shell}",
            what_is_left=what_is_left(shell, place),
        )
    else:
        click.echo(script, nl=False)


def script_for(shell: str, root: click.Command) -> str:
    """The completion script of this shell for the program whose commands hang on `root`."""
    script: str = import_module(f"bfxstream.cli.shells.{shell}").script(read_tree(root))
    return script
