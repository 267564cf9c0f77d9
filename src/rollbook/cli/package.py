"""`rollbook package REF --to FORMAT`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rollbook.api.json_document import document
from rollbook.artifact.conversion.conversions import TARGETS
from rollbook.cli import options
from rollbook.cli.output import print_json, progress_bar, say, size, warn
from rollbook.cli.proposed import carry_on
from rollbook.cli.run_options import bounds

if TYPE_CHECKING:
    from rollbook.propose.packaging import PackagedVersion


@click.command("package")
@click.argument("reference", metavar="REF")
@click.option("--to", type=click.Choice(TARGETS), required=True, help="The format to write it in.")
@click.option(
    "--tolerance", metavar="NUMBER", type=click.FloatRange(min=0), default=1e-5, show_default=True,
    help="How far numbers may be from what they were, and as a part of it besides.",
)  # fmt: skip
@click.option(
    "--input", "input", metavar="FILE", type=click.Path(path_type=Path),
    help="Rows to compare on, in JSON, CSV or Parquet. Default: the version's sample.",
)  # fmt: skip
@click.option("--version", metavar="V", help="The version that it becomes, e.g. 1.2.0.")
@click.option(
    "--bump",
    type=click.Choice(["major", "minor", "patch"]),
    help="The newest version, raised. Default: minor.",
)
@click.option("--as", "name", metavar="NAME", help="What the artifact is called in the registry.")
@bounds
@options.proposal
@options.directory
@options.as_json
def command(reference: str, then: str | None, as_json: bool, **given: Any) -> None:
    """Convert REF to another format, and propose it as a version derived from it.

    It is converted, and both are run on the sample, in processes that are shut in. Where their outputs differ
    by more than the tolerance, nothing is proposed; else how they compare becomes evidence of the new
    version. Nothing is unpickled without --trust.
    """
    if given["version"] and given["bump"]:
        raise click.UsageError("Give either --version or --bump.")
    registry = options.registry()
    with progress_bar("fetching", reference) as progress:
        packaged = registry.package(reference, progress=progress, **given)
    if not as_json:
        _report(packaged)
    carried = carry_on(registry, packaged.proposed.branch, then=then, quiet=as_json)
    if as_json:
        print_json({**document(packaged), **carried})


def _report(packaged: PackagedVersion) -> None:
    proposed = packaged.proposed
    say(
        f"{proposed.model}@{proposed.version}: {proposed.format}, {size(proposed.size)}, "
        f"sha256 {proposed.sha256}"
    )
    say(f"converted from {packaged.source_format} of {packaged.parent}: {_versions(packaged)}")
    for sentence in packaged.comparisons:
        say(f"compared: {sentence}")
    if packaged.new_outputs:
        say(f"not compared, as they are new: {', '.join(packaged.new_outputs)}")
    for remark in proposed.remarks:
        warn(remark)
    if packaged.isolation == "none":
        warn("this system lets no program be shut in: the model could do what you can")


def _versions(packaged: PackagedVersion) -> str:
    return ", ".join(f"{name} {version}" for name, version in packaged.versions.items())
