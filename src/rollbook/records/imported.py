"""`imported.yaml`: which registries a version was brought from, with the tags that were its trail there.

It is written once, with the version. A tag stands there whole, so that its object's id can be computed again
from it, and its signature judged again, by anybody and without the other registry.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rollbook.records.fields import Fields, read_fields


@dataclass(frozen=True, slots=True)
class SourceTag:
    """An annotated tag of another registry: its name, its object's id, and all that the object says."""

    tag: str
    object: str
    content: str

    @property
    def signed(self) -> bool:
        """Whether it bears a signature, good or not."""
        return "\n-----BEGIN " in self.content


@dataclass(frozen=True, slots=True)
class ImportSource:
    """A registry that a version was brought from.

    `registry` is its address, `commit` what it stood at when the version was taken out; `imported_at` (RFC
    3339 text) and `imported_by` say when and by whom it was proposed to the next registry. `tags` begin with
    the one that registered the version. `signed_by` is who signed that one, where the importer verified it.
    """

    registry: str
    commit: str
    imported_at: str
    imported_by: str
    tags: tuple[SourceTag, ...]
    signed_by: str = ""

    @property
    def registration(self) -> SourceTag:
        """The tag that registered the version there."""
        return self.tags[0]


@dataclass(frozen=True, slots=True)
class Imported:
    """Where a version was brought from: `sources`, the nearest registry first; there is at least one."""

    model: str
    version: str
    sources: tuple[ImportSource, ...]

    @property
    def nearest(self) -> ImportSource:
        """The registry that it came from straight away."""
        return self.sources[0]


def parse_imported(data: bytes, path: str) -> Imported:
    """Read an import. Raises InvalidFile naming the file and the key."""
    return imported_from(read_fields(data, path), path)


def imported_from(fields: Fields, path: str) -> Imported:
    """Read an import that is parsed already. Raises InvalidFile naming the file and the key."""
    sources = [
        Fields(item, path, f"sources.{index}") for index, item in enumerate(fields.items("sources"))
    ] or [fields.required("sources")]
    return Imported(
        model=fields.text("model"),
        version=fields.text("version"),
        sources=tuple(_source(source, path, f"sources.{index}") for index, source in enumerate(sources)),
    )


def _source(fields: Fields, path: str, key: str) -> ImportSource:
    tags = [Fields(item, path, f"{key}.tags.{index}") for index, item in enumerate(fields.items("tags"))] or [
        fields.required("tags")
    ]
    return ImportSource(
        registry=fields.text("registry"),
        commit=fields.text("commit"),
        imported_at=fields.text("imported_at"),
        imported_by=fields.text("imported_by"),
        tags=tuple(SourceTag(tag.text("tag"), tag.text("object"), tag.text("content")) for tag in tags),
        signed_by=fields.optional_text("signed_by"),
    )


def as_mapping(imported: Imported | None) -> dict[str, Any] | None:
    """Where a version was brought from, as JSON has it; None where it was registered here."""
    if imported is None:
        return None
    return {
        "sources": [
            {
                "registry": source.registry,
                "commit": source.commit,
                "imported_at": source.imported_at,
                "imported_by": source.imported_by,
                "signed_by": source.signed_by or None,
                "tags": [{"tag": tag.tag, "object": tag.object} for tag in source.tags],
            }
            for source in imported.sources
        ]
    }
