"""`rollbook init`."""

from __future__ import annotations

import click

from rollbook.cli import options
from rollbook.cli.output import print_json, say


@click.command("init")
@click.option(
    "--remote",
    metavar="URL",
    help="Where artifacts go (DVC's default remote). Default: a folder beside the repository.",
)
@options.directory
@options.as_json
def command(remote: str | None, as_json: bool) -> None:
    """Turn a git repository into a registry.

    Writes the policy, the schemas, DVC's configuration, the pre-commit hook and the workflows where they
    are missing. Nothing that exists is overwritten; nothing is committed.
    """
    from rollbook.api.public_registry import Registry

    done = Registry.init(options.start(), remote=remote)
    if as_json:
        print_json(done)
        return
    for path in done.written:
        click.echo(f"wrote {path}")
    if done.remote:
        click.echo(f"artifacts go to {done.remote} (DVC's default remote, seen from .dvc/)")
    if done.main:
        click.echo(f"main is the branch {done.main}; approvals call the registry {done.registry}")
    if not done.written:
        say("this is a registry already; nothing was changed")
        return
    say("")
    say("Next: look at registry/policy.yaml, then")
    say("  git add . && git commit -m 'Start a model registry'")
    say("  pre-commit install")
    say("  rollbook register MODEL ARTIFACT")
