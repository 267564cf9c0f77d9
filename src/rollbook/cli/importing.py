"""`rollbook import gto` and `rollbook import bundle`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from rollbook.cli import options
from rollbook.cli.output import progress_bar

_MANY: dict[str, Any] = {"multiple": True}
_FILE = click.Path(dir_okay=False, path_type=Path)


@click.group("import")
def command() -> None:
    """Take models over from elsewhere."""


@command.command("gto")
@click.option("--model", "models", metavar="NAME", **_MANY, help="Take over this artifact only. Repeatable.")
@click.option(
    "--stage",
    "stages",
    metavar="OLD=NEW",
    **_MANY,
    help="What a stage of GTO's is called in the policy, e.g. prod=production. Repeatable.",
)
@click.option(
    "--rename",
    "names",
    metavar="OLD=NEW",
    **_MANY,
    help="Another name for an artifact, or for a version: risk:fraud=fraud, fraud@1.0.0+gpu=1.0.0-gpu. "
    "Repeatable.",
)
@click.option(
    "--path",
    "paths",
    metavar="NAME=PATH",
    **_MANY,
    help="Where an artifact's file is, when no dvc.yaml or artifacts.yaml tells. Repeatable.",
)
@click.option("--skip-missing", is_flag=True, help="Leave out the versions whose bytes can't be had.")
@click.option("--dry-run", is_flag=True, help="Print what would be taken over, and change nothing.")
@options.proposal
@options.directory
@options.as_json
def gto(dry_run: bool, skip_missing: bool, then: str | None, as_json: bool, **given: Any) -> None:
    """Take over the models that this repository keeps with GTO.

    Read from GTO's tags, which stay as they are: versions, stages, dates and who made them. The bytes go to
    the DVC remote, from git or from DVC's storage; everything else becomes one commit on a branch of its own.
    """
    from rollbook.cli.takeover import report_plan, report_takeover
    from rollbook.propose.manifest_facts import pairs
    from rollbook.transfer.gto.takeover import plan_from_gto, take_over
    from rollbook.transfer.gto.takeover_plan import Wanted

    if dry_run and then:
        raise click.UsageError("--dry-run changes nothing: leave out --push, --pr and --land.")
    repository = options.repository()
    wanted = Wanted(
        models=given["models"],
        stages=pairs("--stage", given["stages"]),
        names=pairs("--rename", given["names"]),
        paths=pairs("--path", given["paths"]),
        skip_missing=skip_missing,
    )
    if dry_run:
        report_plan(plan_from_gto(repository, wanted), as_json=as_json)
        return
    with progress_bar("taking over", None) as progress:
        taken = take_over(repository, wanted, progress)
    report_takeover(repository, taken, then=then, as_json=as_json)


@command.command("bundle")
@click.argument("file", type=_FILE)
@click.option(
    "--allowed-signers",
    type=_FILE,
    metavar="FILE",
    help="Who may have signed there (ssh-keygen's ALLOWED SIGNERS); nothing unsigned passes then.",
)
@click.option("--require-signature", is_flag=True, help="Refuse what nobody has signed who may.")
@options.proposal
@options.directory
@options.as_json
def bundle(
    file: Path, allowed_signers: Path | None, require_signature: bool, then: str | None, as_json: bool
) -> None:
    """Bring a version over from another registry, in a FILE of `rollbook export REF --bundle`.

    What is in it is held against the tags that registered it there; its artifact goes to this registry's DVC
    remote, and everything else becomes one commit on a branch of its own.
    """
    from rollbook.cli.brought import report_brought
    from rollbook.propose.manifest_facts import small_file
    from rollbook.transfer.bundle.bundle_import import import_bundle

    repository = options.repository()
    signers = small_file(allowed_signers) if allowed_signers else None
    with progress_bar("importing", None) as progress:
        brought = import_bundle(
            repository,
            file,
            allowed_signers=signers,
            require_signature=require_signature,
            progress=progress,
        )
    report_brought(repository, brought, then=then, as_json=as_json)
