"""`rollbook export --index DIR`, `--parquet DIR`, and `REF --bundle FILE`."""

from __future__ import annotations

from pathlib import Path

import click

from rollbook.cli import options
from rollbook.cli.source import opened_registry

_FOLDER = click.Path(file_okay=False, path_type=Path)
_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("export")
@click.argument("reference", metavar="[REF]", required=False)
@click.option("--index", metavar="DIR", type=_FOLDER, help="Write static files that answer `--index URL`.")
@click.option(
    "--publish",
    metavar="BRANCH",
    help="With --index: push the files to a branch of the remote, for its pages.",
)
@click.option("--parquet", metavar="DIR", type=_FOLDER, help="Write the tables of `query` as Parquet files.")
@click.option(
    "--bundle", metavar="FILE", type=_FILE, help="Write REF, its artifact and its record to one file."
)
@options.snapshot
@options.directory
@options.as_json
def command(
    reference: str | None,
    index: Path | None,
    publish: str | None,
    parquet: Path | None,
    bundle: Path | None,
    rev: str | None,
    at: str | None,
    as_json: bool,
) -> None:
    """Write what the registry holds in a form that others read."""
    if sum(target is not None for target in (index, parquet, bundle)) != 1:
        raise click.UsageError("Give one of --index DIR, --parquet DIR and REF --bundle FILE.")
    if (reference is None) != (bundle is None):
        raise click.UsageError("--bundle FILE goes with a REF, and REF with --bundle FILE.")
    if publish is not None and index is None:
        raise click.UsageError("--publish BRANCH goes with --index DIR.")
    if index is not None and rev is None and at is None:
        from rollbook.git.repository import main_commit

        rev = main_commit(options.repository())  # whatever is checked out: consumers are told what main says
    with opened_registry(None, rev, at) as registry:
        if index is not None:
            from rollbook.cli.exporting.index import export_index

            export_index(registry, index, publish, as_json)
        elif parquet is not None:
            from rollbook.cli.exporting.parquet import export_parquet

            export_parquet(registry, parquet, as_json)
        elif bundle is not None and reference is not None:
            from rollbook.cli.exporting.bundle import export_bundle

            export_bundle(registry, reference, bundle, as_json)
