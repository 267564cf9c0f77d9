"""`rollbook import gto` and `rollbook import bundle`; `rollbook import mlflow` stands beside."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rollbook.cli import options
from rollbook.cli.importing_mlflow import mlflow
from rollbook.cli.near_commands import NearCommands
from rollbook.cli.output import print_json, print_table, progress_bar, say, size, warn
from rollbook.cli.proposed import carry_on
from rollbook.cli.takeover_report import exit_undecided, pairs_typed, say_notes, say_remarks

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sized

    from rollbook.api.public_registry import Registry
    from rollbook.transfer.bundle.bundle_import import Brought
    from rollbook.transfer.gto.gto_plan import Plan, PlannedModel, PlannedVersion
    from rollbook.transfer.gto.takeover import TakenOver

_MANY: dict[str, Any] = {"multiple": True}
_PAIRS = (("--stage", "stages"), ("--rename", "renames"), ("--path", "paths"))
_FILE = click.Path(dir_okay=False, path_type=Path)


@click.group("import", cls=NearCommands)
def command() -> None:
    """Take models over from elsewhere."""


command.add_command(mlflow)


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
    "renames",
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
def gto(dry_run: bool, then: str | None, as_json: bool, **given: Any) -> None:
    """Take over the models that this repository keeps with GTO.

    Read from GTO's tags, which stay as they are: versions, stages, dates and who made them. The bytes go to
    the DVC remote, from git or from DVC's storage; everything else becomes one commit on a branch of its own.
    """
    from rollbook.propose.manifest_facts import pairs
    from rollbook.transfer.takeover_notes import Undecided

    if dry_run and then:
        raise click.UsageError("--dry-run changes nothing: leave out --push, --pr and --land.")
    registry = options.registry()
    for option, name in _PAIRS:
        given[name] = pairs(option, given[name])
    if dry_run:
        _report_plan(registry.plan_gto(**given), given, as_json=as_json)
        return
    try:
        with progress_bar("taking over", "what GTO keeps") as progress:
            takeover = registry.import_gto(progress=progress, **given)
    except Undecided as undecided:
        if as_json:
            raise
        _say_notes(undecided.plan, given)
        raise click.exceptions.Exit(1) from None
    _report_takeover(registry, takeover, then=then, as_json=as_json)


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
    registry = options.registry()
    with progress_bar("importing", file.name) as progress:
        brought = registry.import_bundle(
            file, allowed_signers=allowed_signers, require_signature=require_signature, progress=progress
        )
    if not as_json:
        _tell_brought(brought)
    carried: dict[str, object] = {}
    if brought.branch:
        carried = carry_on(registry, brought.branch, then=then, quiet=as_json)
    if as_json:
        print_json({**brought.as_document(), **carried})


def _report_plan(plan: Plan, given: Mapping[str, Any], *, as_json: bool) -> None:
    """Print a plan; exit with 1 when something has to be decided first."""
    if as_json:
        print_json(plan)
    else:
        print_table(
            ["model", "version", "stage", "registered at", "by", "artifact", "kept in", "tag"],
            [_row(model, version) for model in plan.models for version in model.versions],
            may_go=["tag", "artifact", "by", "kept in", "registered at"],
        )
        _say_notes(plan, given)
    exit_undecided(plan.problems)


def _report_takeover(registry: Registry, taken: TakenOver, *, then: str | None, as_json: bool) -> None:
    """Print what was proposed, and carry on with it as asked."""
    if not as_json:
        for model in taken.plan.models:
            tags = _count(model.origin.tags, "tag")
            say(f"{model.name}: {_count(model.versions, 'version')}, {tags} of GTO's")
        for finding in taken.findings:
            say(f"{finding.severity}: {finding.path}: {finding.message}")
        _say_notes(taken.plan, {})
        for reference, stored in taken.stored.items():
            for remark in (*stored.remarks, *stored.contents.remarks):
                warn(f"{reference}: {remark}")
        say(f"{size(taken.uploaded)} went to the DVC remote")
    carried = carry_on(registry, taken.branch, then=then, quiet=as_json)
    if as_json:
        print_json({**taken.as_document(), **carried})


def _count(items: Sized, what: str) -> str:
    return f"{len(items)} {what}{'' if len(items) == 1 else 's'}"


def _row(model: PlannedModel, version: PlannedVersion) -> list[str]:
    tag, stage, path = version.tag, version.placing.stage, version.annotation.path
    return [model.name, version.version, stage, tag.at, tag.by, path, version.kept_in, tag.tag]


def _say_notes(plan: Plan, given: Mapping[str, Any]) -> None:
    """Print what is to be known of a plan, a line each, and the whole call that would decide what is open."""
    for model in plan.models:
        for version in model.versions:
            say_remarks(f"{model.name}@{version.version}", version.remarks)
    say_notes(plan.skipped, plan.problems)
    if plan.options:
        say(f"to decide it so: {' '.join(['rollbook import gto', *_words(given), *plan.options])}")


def _words(given: Mapping[str, Any]) -> Iterator[str]:
    """Yield the options of a call, as they are typed."""
    for name in given["models"]:
        yield shlex.join(["--model", name])
    yield from pairs_typed(_PAIRS, given)
    if given["skip_missing"]:
        yield "--skip-missing"


def _tell_brought(brought: Brought) -> None:
    """Tell what an import brought, from where, and who vouches for it."""
    reference = f"{brought.model}@{brought.version}"
    source = brought.imported.nearest
    tag = source.registration
    say(
        f"{reference} from {source.registry}: manifest and artifact are those of {tag.tag}, {tag.object[:12]}"
    )
    if source.signed_by:
        say(f"that tag is signed by {source.signed_by}")
    else:
        warn(f"nobody vouches for that tag: {brought.doubt}")
    for finding in brought.findings:
        say(f"{finding.severity}: {finding.path}: {finding.message}")
    if brought.branch:
        say(f"{size(brought.uploaded)} went to the DVC remote")
        return
    click.echo(f"{reference} is here already, the very same; there is nothing to do")
    for name in brought.missing:
        say(f"the bundle holds {name}, which the version here has not")
