"""`version.yaml`, the manifest: the facts that are fixed when a version is registered."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rollbook.records.fields import read_fields

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rollbook.records.fields import Fields


@dataclass(frozen=True, slots=True)
class Artifact:
    """The model's file or folder: its name, format, size in bytes and SHA-256 (hexadecimal).

    A folder's `sha256` is that of the lines `<sha256>  <relative path>\\n` of its files, sorted by path
    as UTF-8 bytes; `files` says how many there are, and is None for a single file. `contents` is what the
    bytes say of themselves, in their format's own terms.
    """

    path: str
    format: str
    size: int
    sha256: str
    files: int | None = None
    contents: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Manifest:
    """A version's manifest, field by field as in the file. Times are RFC 3339 text, as written."""

    model: str
    version: str
    created_at: str
    created_by: str
    artifact: Artifact
    description: str
    framework: Mapping[str, Any]
    algorithm: str
    hyperparameters: Mapping[str, Any]
    metrics: Mapping[str, float]
    features: tuple[str, ...]
    signature: Mapping[str, Any]
    training: Mapping[str, Any]
    environment: Mapping[str, Any]
    lineage: Mapping[str, Any]
    tags: Mapping[str, Any]
    card: str
    extra: Mapping[str, Any]
    feature_pipeline: Mapping[str, Any] = field(default_factory=dict)
    preprocessing: tuple[Any, ...] = ()
    limitations: tuple[str, ...] = ()
    protected_groups: tuple[str, ...] = ()
    backfilled: Mapping[str, Any] = field(default_factory=dict)

    @property
    def registered_by(self) -> str:
        """Return who registered the version, whoever made it."""
        return str(self.backfilled.get("registered_by") or self.created_by)

    @property
    def registered_at(self) -> str:
        """Return when the version was registered, whenever it was made."""
        return str(self.backfilled.get("registered_at") or self.created_at)

    @property
    def recorded_reason(self) -> str:
        """Return the description as the audit trail records it: behind that the version is back-filled."""
        if not self.backfilled:
            return self.description
        made = f"back-filled: made at {self.created_at} by {self.created_by}"
        return f"{made}; {self.description}" if self.description else made


def folder_sha256(files: Iterable[tuple[str, str]]) -> str:
    """Return the SHA-256 of a folder with these files, each a relative path and its own SHA-256.

    Inside the folder, this prints the same:
    `find . -type f -printf '%P\\0' | LC_ALL=C sort -z | xargs -0 sha256sum -- | sha256sum`
    """
    lines = sorted((path.encode(), digest.encode()) for path, digest in files)
    return hashlib.sha256(b"".join(b"%s  %s\n" % (digest, path) for path, digest in lines)).hexdigest()


def parse_manifest(data: bytes, path: str) -> Manifest:
    """Read a manifest. Raises InvalidFile naming the file and the key."""
    return manifest_from(read_fields(data, path))


def manifest_from(fields: Fields) -> Manifest:
    """Read a manifest that is parsed already. Raises InvalidFile naming the file and the key."""
    return Manifest(
        model=fields.text("model"),
        version=fields.text("version"),
        created_at=fields.text("created_at"),
        created_by=fields.text("created_by"),
        artifact=_artifact(fields.required("artifact")),
        description=fields.optional_text("description"),
        framework=fields.mapping("framework"),
        algorithm=fields.optional_text("algorithm"),
        hyperparameters=fields.mapping("hyperparameters"),
        metrics=fields.numbers("metrics"),
        features=fields.texts("features"),
        signature=fields.mapping("signature"),
        training=fields.mapping("training"),
        environment=fields.mapping("environment"),
        lineage=fields.mapping("lineage"),
        tags=fields.tags("tags"),
        card=fields.optional_text("card"),
        extra=fields.mapping("extra"),
        feature_pipeline=fields.mapping("feature_pipeline"),
        preprocessing=tuple(fields.items("preprocessing")),
        limitations=fields.texts("limitations"),
        protected_groups=fields.texts("protected_groups"),
        backfilled=fields.mapping("backfilled"),
    )


def _artifact(fields: Fields) -> Artifact:
    return Artifact(
        path=fields.text("path"),
        format=fields.text("format"),
        size=fields.integer("size"),
        sha256=fields.text("sha256"),
        files=fields.optional_integer("files"),
        contents=fields.mapping("contents"),
    )
