"""`rollbook export --index DIR`, `--parquet DIR`, and `REF --bundle FILE`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rollbook.cli import options
from rollbook.cli.output import print_json, print_table, progress_bar, say, size
from rollbook.cli.source import opened_registry
from rollbook.text import printable

if TYPE_CHECKING:
    from rollbook.api.reading import ReadOnlyRegistry

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
        from rollbook.registry.main_branch import main_commit

        rev = main_commit(options.repository())  # whatever is checked out: consumers are told what main says
    with opened_registry(None, rev, at) as registry:
        if index is not None:
            _export_index(registry, index, publish, as_json=as_json)
        elif parquet is not None:
            _export_parquet(registry, parquet, as_json=as_json)
        elif bundle is not None and reference is not None:
            _export_bundle(registry, reference, bundle, as_json=as_json)


def _export_index(registry: ReadOnlyRegistry, index: Path, publish: str | None, *, as_json: bool) -> None:
    written = registry.export_index(index, publish=publish)
    if as_json:
        print_json(written)
        return
    done, published = written.exported, written.published
    click.echo(printable(str(written.output)))
    say(
        f"{done.models} models and {done.events} events as of {done.commit[:12]}: "
        f"{done.written} files written, {done.removed} removed"
    )
    if published is not None:
        say(f"pushed to {publish}" if published.is_new else f"{publish} holds that already")


def _export_parquet(registry: ReadOnlyRegistry, parquet: Path, *, as_json: bool) -> None:
    written = registry.export_parquet(parquet)
    if as_json:
        print_json(written)
        return
    print_table(["file", "rows"], [[f"{view}.parquet", str(count)] for view, count in written.rows.items()])


def _export_bundle(registry: ReadOnlyRegistry, reference: str, bundle: Path, *, as_json: bool) -> None:
    version = registry.version(reference)
    with progress_bar("exporting", str(version), version.artifact.size) as progress:
        packed = registry.export_bundle(reference, bundle, progress=progress)
    if as_json:
        print_json(packed)
        return
    contents = packed.contents
    click.echo(printable(str(packed.path)))
    count = f"{len(packed.tags)} tag{'' if len(packed.tags) == 1 else 's'}"
    signed = sum(tag.signed for tag in packed.tags)
    say(
        f"{contents.model}@{contents.version} from {contents.registry}, commit {contents.commit[:12]}: "
        f"{len(contents.members)} files, {count} ({signed} signed), {size(packed.size)}"
    )
    for name in packed.left_out:
        say(f"left out: {name}, which a bundle does not take along")
