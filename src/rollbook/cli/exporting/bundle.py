"""`rollbook export REF --bundle FILE`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rollbook.cli.output import print_json, progress_bar, say, size
from rollbook.text import printable

if TYPE_CHECKING:
    from pathlib import Path

    from rollbook.registry.registry import Registry
    from rollbook.transfer.bundle.bundle_export import Packed


def export_bundle(registry: Registry, reference: str, target: Path, as_json: bool) -> None:
    """Write a version to a bundle, and tell what is in it."""
    from rollbook.transfer.bundle.bundle_export import export_version

    version = registry.version(reference)
    with progress_bar("exporting", version.artifact.size) as progress:
        packed = export_version(registry, reference, target, progress)
    if as_json:
        print_json(_as_data(packed))
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


def _as_data(packed: Packed) -> dict[str, object]:
    contents = packed.contents
    return {
        "bundle": str(packed.path),
        "size": packed.size,
        "model": contents.model,
        "version": contents.version,
        "registry": contents.registry,
        "commit": contents.commit,
        "files": [member.name for member in contents.members],
        "tags": [{"tag": tag.tag, "object": tag.object, "signed": tag.signed} for tag in packed.tags],
        "left_out": list(packed.left_out),
    }
