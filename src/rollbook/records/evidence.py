"""`evidence/<kind>-<n>.yaml`: one fact learnt about a version after its registration."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rollbook.errors import InvalidFile
from rollbook.records.fields import read_fields

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rollbook.records.fields import Fields

DEPLOYMENT = "deployment"
MONITORING = "monitoring"
SCAN = "scan"
# The kinds that the schema knows.
KINDS = (
    "evaluation",
    "fairness",
    "data-validation",
    "smoke-test",
    "conversion",
    "load-test",
    MONITORING,
    DEPLOYMENT,
    SCAN,
)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file or folder that belongs to evidence: its name, its size in bytes, its SHA-256 and, of a folder,
    how many files it holds. A folder's digest is made as an artifact's is (`records/manifest.py`)."""

    path: str
    size: int
    sha256: str
    files: int | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """A piece of evidence, field by field as in the file; `number` counts those of its kind, from 1.

    `artifact_sha256` is the artifact that was examined. `created_at` is RFC 3339 text. `target` says of a
    deployment where the version runs, or was tried. What the file does not give is empty.
    """

    path: str
    number: int
    kind: str
    model: str
    version: str
    artifact_sha256: str
    passed: bool
    created_at: str
    created_by: str
    summary: str
    metrics: Mapping[str, float]
    data: Mapping[str, Any]
    tool: Mapping[str, Any]
    uri: str
    target: str
    attachments: tuple[Attachment, ...]
    extra: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The file's name without its ending, e.g. `fairness-1`."""
        return f"{self.kind}-{self.number}"

    def as_document(self) -> dict[str, Any]:
        """Return the evidence as JSON data."""
        return {"name": self.name, **asdict(self)}

    def is_about(self, model: str, version: str, sha256: str) -> bool:
        """Whether it speaks of that version and that very artifact."""
        return (self.model, self.version, self.artifact_sha256) == (model, version, sha256)

    @property
    def moment(self) -> datetime:
        """When it was gathered; a time without a zone is in UTC. Raises InvalidFile for no time."""
        try:
            moment = datetime.fromisoformat(self.created_at)
        except ValueError as error:
            raise InvalidFile("the field must be a time", path=self.path, key="created_at") from error
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def parse_evidence(data: bytes, path: str) -> Evidence:
    """Read a piece of evidence. Raises InvalidFile naming the file and the key."""
    return evidence_from(read_fields(data, path), path)


def evidence_from(fields: Fields, path: str) -> Evidence:
    """Read a piece of evidence that is parsed already. Raises InvalidFile naming the file and the key.

    `path` has to end in `<kind>-<n>.yaml`, as every path of evidence does.
    """
    return Evidence(
        path=path,
        number=evidence_number(path),
        kind=fields.text("kind"),
        model=fields.text("model"),
        version=fields.text("version"),
        artifact_sha256=fields.text("artifact_sha256"),
        passed=fields.flag("passed", default=False),
        created_at=fields.text("created_at"),
        created_by=fields.text("created_by"),
        summary=fields.optional_text("summary"),
        metrics=fields.numbers("metrics"),
        data=fields.mapping("data"),
        tool=fields.mapping("tool"),
        uri=fields.optional_text("uri"),
        target=fields.optional_text("target"),
        attachments=tuple(_attachment(attachment) for attachment in fields.each("attachments")),
        extra=fields.mapping("extra"),
    )


def _attachment(fields: Fields) -> Attachment:
    return Attachment(
        path=fields.text("path"),
        size=fields.integer("size"),
        sha256=fields.text("sha256"),
        files=fields.optional_integer("files"),
    )


def evidence_number(path: str) -> int:
    """Return the number in a path that ends in `<kind>-<n>.yaml`."""
    return int(path.rpartition("-")[2].removesuffix(".yaml"))


def evidence_kind(path: str) -> str:
    """Return the kind in a path that ends in `<kind>-<n>.yaml`."""
    return path.rpartition("/")[2].rpartition("-")[0]
