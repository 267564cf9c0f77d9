"""The options of the commands that run a model."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    Command = Callable[..., Any]


def run_options(command: Command) -> Command:
    """Add what may be trusted, the limits, and which environment."""
    environment = click.option(
        "--environment", type=click.Choice(["current", "declared"]), default="current", show_default=True,
        help="Where it runs: here, or in what its pinned requirements make, which is kept.",
    )  # fmt: skip
    return bounds(environment(command))


def bounds(command: Command) -> Command:
    """Add what may be trusted, and the limits."""
    added = (
        click.option(
            "--timeout", metavar="SECONDS", type=float, default=60.0, show_default=True,
            help="After how long the model is ended.",
        ),
        click.option(
            "--memory", metavar="MIB", type=int, default=4096, show_default=True,
            help="How much memory the model may take.",
        ),
        click.option(
            "--trust", is_flag=True,
            help="Run it although it is unpickled, which runs whatever the file says: you know who made it.",
        ),
        click.option(
            "--trusted-type", "trusted_types", metavar="NAME", multiple=True,
            help="A type in a skops file that may be loaded. Repeatable.",
        ),
    )  # fmt: skip
    return reduce(lambda made, option: option(made), reversed(added), command)
