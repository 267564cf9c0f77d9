"""Rules about what a manifest says of its data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.errors import InvalidFile
from rollbook.layout import Kind
from rollbook.records.data_chain import LONGEST, told
from rollbook.records.lineage import parse_origin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rollbook.check.finding import Finding
    from rollbook.check.registry_files import VersionFiles

_FIRST = (
    "Begin with what was made from nothing else here, and let each data set name in `from` what came before."
)
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


def chain_findings(version: VersionFiles) -> Iterator[Finding]:
    """Yield data that was made from itself, and chains of data that are too long to be an account of it."""
    document, manifest = version.manifest_file, version.manifest
    if document is None or manifest is None or not _says_from(manifest.lineage.get("data")):
        return
    try:
        chain = parse_origin(manifest).chain
    except InvalidFile:  # the schema says more of it
        return
    if ring := chain.ring():
        message = f"data was made from itself: {told(ring)}"
        yield document.finding("RB229", message, "lineage", "data", hint=_FIRST)
    elif (depth := chain.depth()) > LONGEST:
        message = f"{depth} steps lead to the training data, and {LONGEST} are the most"
        yield document.finding("RB229", message, "lineage", "data", hint=_FIRST)


def _says_from(data: object) -> bool:
    return isinstance(data, list) and any(isinstance(item, dict) and "from" in item for item in data)
