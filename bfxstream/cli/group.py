"""A click group that imports a command only when it is called: `--help` stays instant."""

from __future__ import annotations

import importlib
from typing import Any

import click


class LazyGroup(click.Group):
    """Knows each command's name, module and short help; a test holds them to the commands."""

    def __init__(
        self, *args: Any, lazy_commands: dict[str, tuple[str, str]] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.lazy_commands = lazy_commands or {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.lazy_commands)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.lazy_commands:
            return None
        module = importlib.import_module(self.lazy_commands[cmd_name][0])
        name = cmd_name.replace("-", "_")
        # A name of Python's own has an underscore behind it: `list_`.
        command: click.Command = getattr(module, name, None) or getattr(module, f"{name}_")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in self.lazy_commands and not args[0].startswith("-"):
            import difflib  # noqa: PLC0415  only who mistypes needs it

            near = difflib.get_close_matches(args[0], self.lazy_commands, n=1)
            known = f"did you mean {near[0]!r}?" if near else f"use {self._known_commands()}"
            ctx.fail(f"{args[0]!r} is not a command: {known}")
        return super().resolve_command(ctx, args)

    def _known_commands(self) -> str:
        return ", ".join(self.lazy_commands)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in self.lazy_commands.items()])
