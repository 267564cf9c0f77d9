"""Commands of which an unknown one is answered with the nearest."""

from __future__ import annotations

import click

from rollbook.text import printable


class NearCommands(click.Group):
    """A group of commands that says which was perhaps meant, where there is none of a name."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = click.utils.make_str(args[0])
        known = self.list_commands(ctx)
        if name not in known and not name.startswith("-") and not ctx.resilient_parsing:
            from rollbook.errors import nearest

            ctx.fail(f"No such command {printable(name[:200])!r}. {nearest(name, known)}")
        return super().resolve_command(ctx, args)
