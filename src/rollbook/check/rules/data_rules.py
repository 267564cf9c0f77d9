"""Rules about what a new version's manifest says of its data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.errors import InvalidFile
from rollbook.layout import Kind
from rollbook.records.lineage import parse_origin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rollbook.check.finding import Finding
    from rollbook.check.registry_files import VersionFiles

_ONE_FACT = "Say it once: give the data set and its version in lineage.data, and leave it out of training."


def data_findings(version: VersionFiles) -> Iterator[Finding]:
    """Yield what `training` and `lineage.data` of a new version contradict each other in.

    What was registered before, here or in the registry that it was brought from, is fixed: it is not asked.
    """
    document, manifest = version.manifest_file, version.manifest
    if document is None or manifest is None or version.documents.get(Kind.IMPORT):
        return
    try:
        contradiction = parse_origin(manifest).contradiction
    except InvalidFile:  # the schema says more of it
        return
    if contradiction:
        field = "dataset_version" if manifest.training.get("dataset_version") else "dataset"
        yield document.finding("RB228", contradiction, "training", field, hint=_ONE_FACT)
