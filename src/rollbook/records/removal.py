"""`removed.yaml`: that a version's artifact was removed; the version's record stays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rollbook.errors import Refused
from rollbook.records.fields import read_fields

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rollbook.records.fields import Fields


@dataclass(frozen=True, slots=True)
class Removal:
    """A removal, field by field as in the file.

    `sha256` and `size` (bytes) are the artifact's, `md5` is how DVC named its object, `files` counts those of
    a folder. `retention` are the rules that let it go. `removed_at` is RFC 3339 text.
    """

    model: str
    version: str
    removed_at: str
    removed_by: str
    reason: str
    stage: str
    sha256: str
    size: int
    md5: str
    files: int | None
    retention: Mapping[str, Any]

    def refusal(self) -> Refused:
        """Return the error for whoever asks for the artifact."""
        return Refused(
            f"the artifact of {self.model}@{self.version} was removed on {self.removed_at} by "
            f"{self.removed_by}: {self.reason}",
            hint="The record stays (`rollbook show`). Use another version.",
        )

    def as_document(self) -> dict[str, str]:
        """Return when, by whom and why as JSON data."""
        return {"at": self.removed_at, "by": self.removed_by, "reason": self.reason}


def parse_removal(data: bytes, path: str) -> Removal:
    """Read a removal. Raises InvalidFile naming the file and the key."""
    return removal_from(read_fields(data, path))


def removal_from(fields: Fields) -> Removal:
    """Read a removal that is parsed already. Raises InvalidFile naming the file and the key."""
    artifact = fields.required("artifact")
    return Removal(
        model=fields.text("model"),
        version=fields.text("version"),
        removed_at=fields.text("removed_at"),
        removed_by=fields.text("removed_by"),
        reason=fields.text("reason"),
        stage=fields.text("stage"),
        sha256=artifact.text("sha256"),
        size=artifact.integer("size"),
        md5=artifact.text("md5"),
        files=artifact.optional_integer("files"),
        retention=fields.mapping("retention"),
    )
