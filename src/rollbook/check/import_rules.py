"""Rules about a version that was brought from another registry: what its imported.yaml says follows from the
tags that stand in it, and these name the very manifest beside it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from rollbook.records.imported import Imported
from rollbook.schema.explanation import shown
from rollbook.trail.foreign_trail import contradictions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rollbook.check.document import Document
    from rollbook.check.finding import Finding
    from rollbook.check.registry_files import VersionFiles

_ANEW = "Bring the version over again: rollbook import bundle FILE"
_SHOWN = 10


def imported_findings(version: VersionFiles, document: Document) -> Iterator[Finding]:
    """What is wrong with an import. It depends on nothing but the version's own manifest."""
    imported = document.record
    if document.findings or not isinstance(imported, Imported):
        return
    for key, told, expected in (
        ("model", imported.model, version.model),
        ("version", imported.version, version.version),
    ):
        if told != expected:
            message = f"the file says {shown(told)}; its path says {shown(expected)}"
            yield document.finding("RB201", message, key, hint=f"Write {expected} here.")
    found = list(_contradictions(version, document, imported))
    yield from found[:_SHOWN]


def _contradictions(version: VersionFiles, document: Document, imported: Imported) -> Iterator[Finding]:
    file, manifest = version.manifest_file, version.manifest
    if file is None or manifest is None:
        return
    digest = hashlib.sha256(file.data).hexdigest()
    for place, source in enumerate(imported.sources):
        wrong = contradictions(source.tags, version.model, version.version, digest, manifest.artifact.sha256)
        for index, message in wrong:
            yield document.finding("RB223", message, "sources", place, "tags", index, hint=_ANEW)
        if source.signed_by and not source.registration.signed:
            message = f"it names {shown(source.signed_by)} as who signed a tag that bears no signature"
            yield document.finding("RB223", message, "sources", place, "signed_by", hint=_ANEW)
