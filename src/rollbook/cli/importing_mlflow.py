"""`rollbook import mlflow`."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import click

from rollbook.cli import options
from rollbook.cli.output import print_json, print_table, say, size, warn
from rollbook.cli.proposed import carry_on
from rollbook.cli.step_bar import step_bar
from rollbook.cli.takeover_report import exit_undecided, pairs_typed, say_notes, say_remarks

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rollbook.api.public_registry import Registry
    from rollbook.transfer.mlflow.mlflow_plan import MlflowPlan, PlannedMlflowModel, PlannedMlflowVersion
    from rollbook.transfer.mlflow.mlflow_takeover import TakenFromMlflow

_MANY: dict[str, Any] = {"multiple": True}
_PAIRS = (("--stage", "stages"), ("--rename", "renames"), ("--alias", "alias"))
_MOST_WARNED = 20


@click.command("mlflow")
@click.argument("uri")
@click.option("--model", "models", metavar="NAME", **_MANY, help="Take over this model only. Repeatable.")
@click.option(
    "--stage",
    "stages",
    metavar="OLD=NEW",
    **_MANY,
    help="What a stage of MLflow's is called in the policy, e.g. Production=live. Repeatable.",
)
@click.option("--rename", "renames", metavar="OLD=NEW", **_MANY, help="Another name for a model. Repeatable.")
@click.option("--alias", metavar="OLD=NEW", **_MANY, help="Another name for an alias. Repeatable.")
@click.option(
    "--skip", metavar="NAME@NUMBER", **_MANY, help="Leave out this version, e.g. churn@3. Repeatable."
)
@click.option("--skip-missing", is_flag=True, help="Leave out the versions whose bytes can't be had.")
@click.option(
    "--newest-holds",
    is_flag=True,
    help="Of several versions in a stage that one can hold, let the newest hold it; the others go where the "
    "policy sends the displaced.",
)
@click.option("--dry-run", is_flag=True, help="Print what would be taken over, and change nothing.")
@options.proposal
@options.directory
@options.as_json
def mlflow(uri: str, dry_run: bool, then: str | None, as_json: bool, **given: Any) -> None:
    """Take over the models of an MLflow registry.

    URI is a database (sqlite:///mlflow.db), the folder of a file store (./mlruns) or a server
    (http://127.0.0.1:5000). Nothing changes there. The bytes go to the DVC remote; everything else becomes
    one commit on a branch of its own. Cut off, it goes on where it stood when it is run again.
    """
    from rollbook.propose.manifest_facts import pairs
    from rollbook.transfer.takeover_notes import Undecided

    if dry_run and then:
        raise click.UsageError("--dry-run changes nothing: leave out --push, --pr and --land.")
    registry = options.registry()
    for option, name in _PAIRS:
        given[name] = pairs(option, given[name])
    try:
        with step_bar("reading models") as progress:
            if dry_run:
                plan = registry.plan_mlflow(uri, progress=progress, **given)
            else:
                taken = registry.import_mlflow(uri, progress=progress, **given)
    except Undecided as undecided:
        if as_json:
            raise
        _report_plan(undecided.plan, uri, given, as_json=False, in_full=False)
        return
    if dry_run:
        _report_plan(plan, uri, given, as_json=as_json, in_full=True)
    else:
        _report_takeover(registry, taken, then=then, as_json=as_json)


def _report_plan(
    plan: MlflowPlan, uri: str, given: Mapping[str, Any], *, as_json: bool, in_full: bool
) -> None:
    """Print a plan, or without `in_full` only what is to be known of it; exit with 1 when something has to be
    decided first."""
    if as_json:
        print_json(plan)
    else:
        if in_full:
            print_table(
                ["model", "version", "number", "stage", "made at", "by", "source"],
                [_row(model, version) for model in plan.models for version in model.versions],
                may_go=["source", "by", "made at"],
            )
        _say_notes(plan)
        if plan.options:
            call = ["rollbook import mlflow", shlex.quote(uri), *_words(given), *plan.options]
            say(f"to decide it so: {' '.join(dict.fromkeys(call))}")
    exit_undecided(plan.problems)


def _report_takeover(registry: Registry, taken: TakenFromMlflow, *, then: str | None, as_json: bool) -> None:
    """Print what was proposed, and carry on with it as asked."""
    if not as_json:
        for model in taken.plan.models:
            count = len(model.versions)
            say(f"{model.name}: {count} version{'' if count == 1 else 's'}")
        for finding in taken.findings[:_MOST_WARNED]:
            say(f"{finding.severity}: {finding.path}: {finding.message}")
        _say_more(len(taken.findings) - _MOST_WARNED, "findings")
        _say_notes(taken.plan)
        remarks = [f"{name}: {remark}" for name, told in taken.remarks.items() for remark in told]
        for remark in remarks[:_MOST_WARNED]:
            warn(remark)
        _say_more(len(remarks) - _MOST_WARNED, "remarks on artifacts")
        say(f"{size(taken.uploaded)} went to the DVC remote")
    carried = carry_on(registry, taken.branch, then=then, quiet=as_json)
    if as_json:
        print_json({**taken.as_document(), **carried})


def _say_more(count: int, what: str) -> None:
    if count > 0:
        say(f"and {count:,} more {what}: --json tells all")


def _row(model: PlannedMlflowModel, version: PlannedMlflowVersion) -> list[str]:
    source = version.source
    number, stage = str(source.number), version.placing.stage
    return [model.name, version.version, number, stage, source.created_at, source.user, source.source]


def _say_notes(plan: MlflowPlan) -> None:
    """Print what is to be known of a plan, a line each."""
    for model in plan.models:
        say_remarks(model.name, model.remarks)
        for version in model.versions:
            say_remarks(f"{model.name}@{version.version}", version.remarks)
    say_notes(plan.skipped, plan.problems)


def _words(given: Mapping[str, Any]) -> Iterator[str]:
    """Yield the options of a call, as they are typed."""
    for option, field in (("--model", "models"), ("--skip", "skip")):
        for name in given[field]:
            yield shlex.join([option, name])
    yield from pairs_typed(_PAIRS, given)
    for option in ("skip-missing", "newest-holds"):
        if given[option.replace("-", "_")]:
            yield f"--{option}"
