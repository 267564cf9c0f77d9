"""`rollbook init`."""

from __future__ import annotations

import click

from rollbook.cli import options
from rollbook.cli.output import print_json, say
from rollbook.text import printable


@click.command("init")
@click.option(
    "--remote",
    metavar="URL",
    help="Where artifacts go (DVC's default remote). Default: a folder beside the repository.",
)
@click.option(
    "--action",
    metavar="OWNER/REPO@COMMIT",
    help="The commit of Rollbook on GitHub that workflows run. Default: the one that is installed here.",
)
@click.option(
    "--mlflow",
    is_flag=True,
    help="A policy for MLflow's habits: its stages, and what its clients write lands.",
)
@click.option(
    "--pages", is_flag=True, help="A workflow that publishes the catalog on GitHub Pages, for every merge."
)
@click.option(
    "--commit", is_flag=True, help="Make the repository where there is none, and commit what is written."
)
@options.directory
@options.as_json
def command(
    remote: str | None, action: str | None, mlflow: bool, pages: bool, commit: bool, as_json: bool
) -> None:
    """Turn a git repository into a registry.

    Writes the policy, the schemas, DVC's configuration, the pre-commit hook and the workflows where they
    are missing. Nothing that exists is overwritten; nothing is committed. The registry is the whole
    repository: called in a subfolder, it writes at the top.
    """
    from rollbook.api.public_registry import Registry

    done = Registry.init(
        options.start(), remote=remote, action=action, mlflow=mlflow, pages=pages, commit=commit
    )
    if as_json:
        print_json(done)
        return
    if not options.start().resolve().samefile(done.root):
        say(f"the registry is the whole repository, {done.root}: one in a subfolder is not supported")
    for path in done.written:
        click.echo(f"wrote {path}")
    for path in done.kept if done.written else ():
        click.echo(f"kept {path}, which was there")
    if done.remote:
        click.echo(f"artifacts go to {done.remote} (DVC's default remote, seen from .dvc/)")
    if done.main:
        say(f"main is the branch {printable(done.main)}; approvals call the registry {done.registry}")
    for lack in done.missing:
        say(f"missing: {lack}")
    if not done.written:
        say("this is a registry already; nothing was changed")
        return
    say("")
    say("Next: look at registry/policy.yaml, then")
    if not commit:
        say("  git add . && git commit -m 'Start a model registry'")
    say("  pre-commit install")
    say("  rollbook register MODEL ARTIFACT")
