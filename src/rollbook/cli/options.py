"""Options that several commands share, under one name each."""

from __future__ import annotations

from functools import reduce, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from collections.abc import Callable

    from rollbook.api.public_registry import Registry
    from rollbook.git.repository import Repository

    Command = Callable[..., Any]


def _set_directory(ctx: click.Context, _: click.Parameter, value: str | None) -> None:
    if value is None:
        return
    # As with `git -C a -C b`; a directory from the environment is replaced, as `-C` before the command does.
    before = ctx.find_root().params.get("directory", ".")
    source = ctx.find_root().get_parameter_source("directory")
    ctx.obj = value if source is ParameterSource.ENVIRONMENT else str(Path(before) / value)


def directory(command: Command) -> Command:
    """`-C DIR`, after the command as well as before it."""
    return click.option(
        "-C",
        metavar="DIR",
        callback=_set_directory,
        expose_value=False,
        help="Use the registry in DIR. Other paths stay relative to where you are.",
    )(command)


def as_json(command: Command) -> Command:
    """`--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")(command)


def snapshot(command: Command) -> Command:
    """`--rev REV` and `--at DATE`: which state of the registry to read."""
    at = click.option("--at", metavar="DATE", help="As main stood at DATE, e.g. 2026-03-01 (its end, UTC).")
    rev = click.option(
        "--rev", metavar="REV", help="As at a branch, tag or commit. Default: what is checked out."
    )
    return rev(at(command))


def direction(command: Command) -> Command:
    """`--lower-is-better` and `--higher-is-better`: which way a metric gets better."""
    lower = click.option(
        "--lower-is-better", metavar="NAME", multiple=True,
        help="This metric is better when lower. Repeatable.",
    )  # fmt: skip
    higher = click.option(
        "--higher-is-better", metavar="NAME", multiple=True,
        help="This metric is better when higher. Repeatable.",
    )  # fmt: skip
    return lower(higher(command))


def evidence(command: Command) -> Command:
    """`--evidence KIND`: where metrics come from, if not from the manifests."""
    from rollbook.records.evidence import KINDS

    return click.option(
        "--evidence",
        type=click.Choice(KINDS),
        help="Take the metrics of the newest evidence of this kind. Default: those of the manifests.",
    )(command)


def reason(command: Command) -> Command:
    """`--reason` and `--draft`: what every stage change is asked for."""
    why = click.option("--reason", required=True, help="Why; it goes on record.")
    draft = click.option("--draft", is_flag=True, help="Propose it although the check fails now.")
    return why(draft(command))


def override(command: Command) -> Command:
    """`--override`: why a freeze is set aside."""
    return click.option(
        "--override", metavar="REASON", help="Set a freeze aside, and why; needs the role that it names."
    )(command)


def despite(command: Command) -> Command:
    """`--despite`: why failed evidence of monitoring does not keep a version out."""
    return click.option(
        "--despite", metavar="REASON", help="Set failed evidence of monitoring aside, all there is, and why."
    )(command)


def displaced(command: Command) -> Command:
    """`--displaced`, `--sunset` and `--migration`: what becomes of the version that makes room."""
    stage = click.option(
        "--displaced", metavar="STAGE", help="Where the version goes that makes room. Default: by the policy."
    )
    sunset = click.option("--sunset", metavar="DATE", help="The last day of the version that makes room.")
    migration = click.option(
        "--migration", metavar="TEXT", help="What the users of the version that makes room have to do."
    )
    return stage(sunset(migration(command)))


def proposal(command: Command) -> Command:
    """`--push`, `--pr` and `--land`: what to do with a proposal at once, as the parameter `then`."""

    @wraps(command)
    def with_then(*args: Any, push: bool, pr: bool, land: bool, **given: Any) -> Any:
        if pr and land:
            raise click.UsageError("Give either --pr or --land.")
        if pr:
            from rollbook.integrations.forge.configured_forge import forge_of

            forge_of(repository())  # says now, before anything is made, that none can be opened
        return command(*args, then="land" if land else "pr" if pr else "push" if push else None, **given)

    options = (
        click.option("--push", is_flag=True, help="Push the proposal's branch to the remote."),
        click.option("--pr", is_flag=True, help="Push it, and open a pull request on GitHub."),
        click.option("--land", is_flag=True, help="Check, merge and record at once."),
    )
    return reduce(lambda made, option: option(made), reversed(options), with_then)


def registry() -> Registry:
    """Return the registry around the directory that `-C` names, of which nothing is read yet."""
    from rollbook.api.public_registry import Registry

    return Registry(repository())


def repository() -> Repository:
    """Return the repository that `-C` names, around the current directory by default."""
    from rollbook.git.repository import discover

    return discover(start())


def start() -> Path:
    """Return the directory that `-C` names."""
    return Path(click.get_current_context().find_object(str) or ".")
