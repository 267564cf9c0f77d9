"""`rollbook dvc-artifacts`."""

from __future__ import annotations

import click

from rollbook.cli import options
from rollbook.cli.output import say


@click.command("dvc-artifacts")
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 when an entry is missing or drifted.")
@options.directory
def command(check: bool) -> None:
    """Write the newest artifact of each model into dvc.yaml, so that `dvc artifacts get` finds it.

    The working tree is read and written; the policy has to say `dvc_artifacts: true`. What else stands in
    the file stays as it is. `rollbook register` keeps the entries up to date by itself.
    """
    models = options.registry().dvc_artifacts(check=check)
    for model in models:
        click.echo(model)
    if check and models:
        say("dvc.yaml does not name the newest artifact of these models; run: rollbook dvc-artifacts")
        click.get_current_context().exit(1)
    if not check:
        say(f"wrote dvc.yaml: {len(models)} entries" if models else "dvc.yaml names every newest artifact")
