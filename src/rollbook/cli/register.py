"""`rollbook register MODEL ARTIFACT`."""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

import click

from rollbook.api.json_document import document
from rollbook.cli import options
from rollbook.cli.output import print_json, progress_bar, say, size, warn
from rollbook.cli.proposed import carry_on
from rollbook.cli.registered_facts import described, new_model, vouched

if TYPE_CHECKING:
    from rollbook.propose.registration import ProposedVersion

_FILE = click.Path(path_type=Path)
_MANY: dict[str, Any] = {"multiple": True}


@click.command("register")
@click.argument("model")
@click.argument("artifact")
@click.option(
    "--version",
    "version",
    metavar="V",
    help="The version, e.g. 1.2.0; the build of 1.2.0+a1b2c3d becomes a tag.",
)
@click.option(
    "--bump",
    type=click.Choice(["major", "minor", "patch"]),
    help="The newest version, raised. Default: minor.",
)
@click.option("-d", "--description", help="What is new about this version.")
@click.option("-m", "--metric", "metrics", metavar="NAME=NUMBER", **_MANY, help="A metric. Repeatable.")
@click.option(
    "--metrics-file",
    "metrics_files",
    type=_FILE,
    **_MANY,
    help="Numbers in JSON, YAML or TOML, as `dvc metrics` reads them. Repeatable.",
)
@click.option("-p", "--param", "params", metavar="NAME=VALUE", **_MANY, help="A hyperparameter. Repeatable.")
@click.option(
    "--params-file",
    "params_files",
    type=_FILE,
    **_MANY,
    help="Hyperparameters in JSON, YAML, TOML or Python, as `dvc params` reads them. Repeatable.",
)
@click.option(
    "--data",
    metavar="NAME[@VERSION][=URI]",
    **_MANY,
    help="A data set it was trained on. Repeatable. Or by fields: name=...,version=...,rows=..., "
    "digest=...,from=...,step=...,commit=...,uri=... (the address last); file=PATH is read for its digest "
    "and rows, from=NAME[@VERSION] is what it was made from.",
)
@click.option(
    "--parent",
    "parents",
    metavar="REF",
    **_MANY,
    help="A version it was derived from, e.g. by fine-tuning. Repeatable.",
)
@click.option("--run", metavar="TOOL/ID[=URI]", help="The run that trained it, e.g. mlflow/a1b2c3.")
@click.option("--tag", "tags", metavar="NAME[=TEXT]", **_MANY, help="A tag. Repeatable.")
@click.option("--framework", metavar="NAME[==VERSION]", help="E.g. scikit-learn==1.9.1.")
@click.option("--algorithm", help="E.g. logistic-regression.")
@click.option("--python", metavar="VERSION", help="The Python it was trained with.")
@click.option(
    "--requirements",
    type=_FILE,
    help="The pinned environment: a file of pip's or conda's, or a lock of uv, Poetry, conda-lock or pixi.",
)
@click.option(
    "--sample-input",
    type=_FILE,
    help="Rows in JSON, CSV or Parquet; the inputs follow from them.",
)
@described
@click.option("--card", type=_FILE, help="The model card, a Markdown file.")
@click.option(
    "--from", "source", type=_FILE, help="A YAML file of manifest fields; options add to it and win."
)
@click.option(
    "--code",
    metavar="[ROLE=]DIR",
    **_MANY,
    help="The training repository, which may be the registry's. Default: the current one, when it isn't. "
    "Repeatable, with what each is for: features=../features.",
)
@click.option("--as", "name", metavar="NAME", help="What the artifact is called in the registry.")
@click.option("--follow-links", is_flag=True, help="Take what the links in a folder lead to, wherever it is.")
@click.option("--test", is_flag=True, help="Run it on its sample first, as `rollbook test` does.")
@click.option("--trust", is_flag=True, help="With --test: run it although it is unpickled.")
@click.option(
    "--environment",
    type=click.Choice(["current", "declared"]),
    default="current",
    help="With --test: here, or in what the pinned requirements make.",
)
@vouched
@new_model
@options.proposal
@options.directory
@options.as_json
def command(model: str, artifact: str, then: str | None, as_json: bool, **given: Any) -> None:
    """Register ARTIFACT as a new version of MODEL: a file, a folder, or the address of one, such as
    s3://bucket/models/churn.onnx.

    A link is followed where you name it, and where it leads into a cache of DVC's or of the Hugging Face Hub.

    Its bytes go to the DVC remote first; then its manifest and DVC pointer become one commit on a branch of
    their own. Your checkout, your staged files and your branch stay as they are.
    """
    from rollbook.propose import manifest_facts

    if given["version"] and given["bump"]:
        raise click.UsageError("Give either --version or --bump.")
    given["metrics"] = manifest_facts.metrics(given["metrics"])
    given["params"] = manifest_facts.params(given["params"])
    given["tags"] = manifest_facts.tags("--tag", given["tags"])
    given["model_tags"] = manifest_facts.tags("--model-tag", given["model_tags"])
    registry = options.registry()
    with progress_bar("reading", PurePath(artifact).name) as progress:
        registered = registry.register(model, artifact, progress=progress, **given)
    if not as_json:
        _report(registered)
    carried = carry_on(registry, registered.branch, then=then, quiet=as_json)
    if as_json:
        print_json({**document(registered), **carried})


def _report(registered: ProposedVersion) -> None:
    say(
        f"{registered.model}@{registered.version}: {registered.format}, {size(registered.size)}, "
        f"sha256 {registered.sha256}"
    )
    if registered.twins:
        say(f"the same bytes are registered already as {', '.join(registered.twins)}; they are stored once")
    elif registered.uploaded:
        say(f"{size(registered.uploaded)} went to the DVC remote")
    for remark in registered.remarks:
        warn(remark)
    for lack in registered.lacking:
        warn(f"not on record, and nothing adds it later: {lack}")
