"""`rollbook register MODEL ARTIFACT`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rollbook.cli import options
from rollbook.cli.output import print_json, progress_bar, say, size

if TYPE_CHECKING:
    from rollbook.propose.registration import Registered

_FILE = click.Path(path_type=Path)
_MANY: dict[str, Any] = {"multiple": True}


@click.command("register")
@click.argument("model")
@click.argument("artifact", type=_FILE)
@click.option("--version", "version", metavar="V", help="The version, e.g. 1.2.0.")
@click.option(
    "--bump",
    type=click.Choice(["major", "minor", "patch"]),
    help="The newest version, raised. Default: minor.",
)
@click.option("-d", "--description", help="What is new about this version.")
@click.option("-m", "--metric", metavar="NAME=NUMBER", **_MANY, help="A metric. Repeatable.")
@click.option(
    "--metrics-file", type=_FILE, **_MANY, help="Metrics as JSON or YAML, as `dvc metrics` reads them."
)
@click.option("-p", "--param", metavar="NAME=VALUE", **_MANY, help="A hyperparameter. Repeatable.")
@click.option("--params-file", type=_FILE, **_MANY, help="Hyperparameters as JSON or YAML.")
@click.option(
    "--data", metavar="NAME[@VERSION][=URI]", **_MANY, help="A data set it was trained on. Repeatable."
)
@click.option(
    "--parent",
    "parents",
    metavar="REF",
    **_MANY,
    help="A version it was derived from, e.g. by fine-tuning. Repeatable.",
)
@click.option("--run", metavar="TOOL/ID[=URI]", help="The run that trained it, e.g. mlflow/a1b2c3.")
@click.option("--tag", metavar="NAME=TEXT", **_MANY, help="A tag. Repeatable.")
@click.option("--framework", metavar="NAME[==VERSION]", help="E.g. scikit-learn==1.9.1.")
@click.option("--algorithm", help="E.g. logistic-regression.")
@click.option("--python", metavar="VERSION", help="The Python it was trained with.")
@click.option("--requirements", type=_FILE, help="The pinned environment, as pip reads it.")
@click.option(
    "--sample-input", type=_FILE, help="Rows as JSON; the signature's inputs are inferred from them."
)
@click.option("--card", type=_FILE, help="The model card, a Markdown file.")
@click.option(
    "--from", "source", type=_FILE, help="A YAML file of manifest fields; options add to it and win."
)
@click.option(
    "--code",
    type=click.Path(path_type=Path),
    help="The training repository. Default: the current one, when it isn't the registry.",
)
@click.option("--owner", help="The model's owner, when it is new. Default: you.")
@click.option("--team", help="The model's team, when it is new.")
@click.option("--task", help="The model's task, when it is new.")
@click.option("--use-case", help="The model's use case, when it is new.")
@options.proposal
@options.directory
@options.as_json
def command(model: str, artifact: Path, then: str | None, as_json: bool, **given: Any) -> None:
    """Register ARTIFACT, a file or a folder, as a new version of MODEL.

    Its bytes go to the DVC remote first; then its manifest and DVC pointer become one commit on a branch of
    their own. Your checkout, your staged files and your branch stay as they are.
    """
    from rollbook.cli.proposed import carry_on
    from rollbook.propose.registration import Registration, register

    if given["version"] and given["bump"]:
        raise click.UsageError("Give either --version or --bump.")
    repository = options.repository()
    facts, attachments = _facts(given)
    wanted = Registration(
        model=model,
        artifact=artifact,
        version=_version(given, facts),
        bump=given["bump"] or "minor",
        facts=facts,
        attachments=attachments,
        record={key: given[key] for key in ("owner", "team", "task", "use_case") if given[key]},
        code=given["code"] or _current_repository(),
        parents=given["parents"],
    )
    with progress_bar(f"storing {artifact.name}", None) as progress:
        registered = register(repository, wanted, progress)
    if not as_json:
        _report(registered)
    carried = carry_on(repository, registered.branch, then=then, quiet=as_json)
    if as_json:
        print_json({**_as_data(registered), **carried})


def _version(given: dict[str, Any], facts: dict[str, Any]) -> str | None:
    """The version asked for: by an option, else by the file of facts. It is taken out of the facts."""
    from rollbook.errors import BadCall

    told = facts.pop("version", None)
    if given["version"] or given["bump"] or told is None:
        return given["version"] or None
    if not isinstance(told, str):
        raise BadCall(f"{given['source']}: version: a version is text", hint=f'Quote it: version: "{told}"')
    return told


def _facts(given: dict[str, Any]) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The manifest's fields that the options give, and the files that go beside it."""
    from rollbook.propose import manifest_facts

    found = manifest_facts.mapping_file(given["source"]) if given["source"] else {}
    _merge(found, "metrics", [manifest_facts.metrics_file(path) for path in given["metrics_file"]])
    _merge(found, "metrics", [manifest_facts.metrics(given["metric"])])
    _merge(found, "hyperparameters", [manifest_facts.mapping_file(path) for path in given["params_file"]])
    _merge(found, "hyperparameters", [manifest_facts.params(given["param"])])
    _merge(found, "tags", [manifest_facts.pairs("--tag", given["tag"])])
    for name in ("description", "algorithm"):
        if given[name]:
            found[name] = given[name]
    if given["framework"]:
        found["framework"] = manifest_facts.framework(given["framework"])
    if given["data"]:
        found["lineage"] = manifest_facts.with_listed(
            found.get("lineage"), "data", manifest_facts.data_sets(given["data"])
        )
    if given["run"]:
        found["lineage"] = manifest_facts.with_run(found.get("lineage"), given["run"])
    _merge(found, "environment", [{"python": given["python"]} if given["python"] else {}])
    return found, _attach(given, found)


def _attach(given: dict[str, Any], found: dict[str, Any]) -> dict[str, bytes]:
    from rollbook.propose import manifest_facts

    attachments: dict[str, bytes] = {}
    if given["requirements"]:
        data = manifest_facts.small_file(given["requirements"])
        attachments["requirements.txt"] = data
        _merge(
            found,
            "environment",
            [{"requirements": "requirements.txt", "sha256": manifest_facts.sha256(data)}],
        )
    if given["sample_input"]:
        data = manifest_facts.small_file(given["sample_input"])
        attachments["sample-input.json"] = data
        inputs = manifest_facts.inputs_of_sample(data, given["sample_input"])
        found["signature"] = {
            "inputs": inputs,
            **manifest_facts.merged("signature", found.get("signature"), []),
        }
    if given["card"]:
        attachments["card.md"] = manifest_facts.small_file(given["card"])
        found["card"] = "card.md"
    return attachments


def _merge(found: dict[str, Any], name: str, parts: list[dict[str, Any]]) -> None:
    """Add each part to the mapping `found[name]`, the later winning; leave it out when all are empty."""
    from rollbook.propose.manifest_facts import merged

    if any(parts):
        found[name] = merged(name, found.get(name), parts)


def _current_repository() -> Path | None:
    """The current directory, when it stands in the working tree of a git repository."""
    from rollbook.errors import BadCall
    from rollbook.git.repository import discover

    try:
        return Path() if discover(Path()).work_tree else None
    except BadCall:
        return None


def _report(registered: Registered) -> None:
    say(
        f"{registered.model}@{registered.version}: {registered.format}, {size(registered.size)}, "
        f"sha256 {registered.sha256}"
    )
    if registered.twins:
        say(f"the same bytes are registered already as {', '.join(registered.twins)}; they are stored once")
    elif registered.uploaded:
        say(f"{size(registered.uploaded)} went to the DVC remote")


def _as_data(registered: Registered) -> dict[str, Any]:
    return {
        "model": registered.model,
        "version": registered.version,
        "branch": registered.branch,
        "commit": registered.commit,
        "sha256": registered.sha256,
        "size": registered.size,
        "format": registered.format,
        "uploaded": registered.uploaded,
        "twins": list(registered.twins),
    }
