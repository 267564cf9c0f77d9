"""The documents that reads answer, for OpenAPI: what clients can rely on. More keys may come."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, extra="allow", protected_namespaces=())


class ModelRow(_Document):
    """A model, and which of its versions stand where."""

    name: str
    versions: list[str] = Field(description="All versions, oldest first, each as `v1.0.0`.")
    latest_version: str | None = Field(description="The newest, a release before a pre-release.")
    production_version: str | None
    stages: dict[str, list[str]] = Field(description="Who holds each stage but the first.")
    aliases: dict[str, str]


class ModelList(_Document):
    """Models, a page at a time, all pages of one commit."""

    models: list[ModelRow]
    next_cursor: str | None = Field(description="For `cursor`, to get the next page; null at the end.")
    commit: str = Field(description="The commit that was read.")
    total: int = Field(description="How many there are on all pages.")
    broken: list[dict[str, str]] = Field(
        description="The models that are left out because their files can't be read: `name` and `problem`."
    )


class VersionRow(_Document):
    """A version, as the list of a model's versions has it."""

    model_id: str
    version: str
    status: str = Field(description="The stage that it is in.")
    aliases: list[str]
    created_date: str
    created_at: str
    creator: str
    metrics: dict[str, float | None]
    removed: bool = Field(description="Whether its artifact is removed.")


class VersionList(_Document):
    """Versions of a model, newest first, a page at a time."""

    model: str
    versions: list[VersionRow]
    next_cursor: str | None
    commit: str
    total: int


class ModelDocument(ModelRow):
    """Everything that is known of a model: also what `rollbook show MODEL --json` has."""

    commit: str
    version_count: int
    newest: list[dict[str, Any]] = Field(description="The newest versions, at most five.")
    gates: list[dict[str, Any]]
    last_change: dict[str, Any] | None
    requests: list[str] | None = Field(description="Branches on which something about it is proposed.")
    record: dict[str, Any] = Field(description="Its model.yaml.")


class VersionDocument(_Document):
    """Everything that is known of a version: also what `rollbook show REF --json` has."""

    model_id: str
    name: str
    version: str
    status: str
    created_date: str
    creator: str
    algorithm: str
    metrics: dict[str, float | None]
    features: list[str]
    stage: str
    commit: str
    path: str
    aliases: list[str]
    deprecated: dict[str, Any] | None
    removed: dict[str, Any] | None
    imported: dict[str, Any] | None
    transition: dict[str, Any] | None = Field(description="How it came into its stage.")
    record: dict[str, Any]
    description: str
    tags: dict[str, Any]
    manifest: dict[str, Any]
    notes: dict[str, Any]
    evidence: list[dict[str, Any]]
    signature: dict[str, Any] | None
    served: dict[str, Any] | None


class ResolvedVersion(_Document):
    """Which version a reference stands for, and what its bytes are."""

    model: str
    version: str
    stage: str | None
    commit: str
    path: str
    sha256: str
    size: int
    format: str
    deprecated: dict[str, Any] | None
    removed: dict[str, Any] | None


class EvidenceList(_Document):
    """What was learnt about a version."""

    model: str
    version: str
    evidence: list[dict[str, Any]]


class Notes(_Document):
    """What may change about a version, as in notes.yaml."""

    description: str
    tags: dict[str, Any]


class Columns(_Document):
    """What goes into a version and what comes out, in the form that was asked for."""


class GateReports(_Document):
    """What a promotion meets, gate by gate."""

    met: bool
    promotions: list[dict[str, Any]]


class Comparison(_Document):
    """Versions side by side."""

    model: str
    baseline: str | None
    metrics_from: str
    lower_is_better: list[str]
    versions: list[dict[str, Any]]
    differences: dict[str, Any]


class BestVersion(_Document):
    """The best version by a metric."""

    model: str
    version: str
    stage: str
    metric: str
    value: float
    metrics_from: str
    commit: str
    path: str
    sha256: str
    without: list[str]


class Lineage(_Document):
    """What a version came from, and what became of it."""

    reference: str
    versions: list[dict[str, Any]]
    missing: list[str]
    stages: list[dict[str, Any]]
    deployments: list[dict[str, Any]]


class Descendants(_Document):
    """Versions that came from something."""

    descendants: list[dict[str, Any]]


class Events(_Document):
    """What happened, oldest first, a page at a time."""

    events: list[dict[str, Any]]
    next_cursor: str | None
    commit: str
    total: int


class AuditHead(_Document):
    """The last tag of the trail, to publish where those who write the registry can't write."""

    tag: str
    object: str
    events: int
    main: str


class Verification(_Document):
    """Whether the tags of the trail agree with main's history."""

    result: str = Field(description="`verified`, `tampered` or `unknown`.")
    main: str
    events: int
    findings: list[dict[str, Any]]
    doubts: list[dict[str, Any]]


class RequestList(_Document):
    """What is proposed and has not landed, the oldest first."""

    requests: list[dict[str, Any]]


class RegistryRow(_Document):
    """A registry that is served, and the commit that its main stands at."""

    name: str
    commit: str | None = Field(description="Null where main can't be read now.")


class RegistryList(_Document):
    """The registries that are served; the first is meant where none is named."""

    registries: list[RegistryRow]


class ArtifactFile(_Document):
    """A file of an artifact."""

    path: str
    size: int


class ArtifactFiles(_Document):
    """The files of an artifact."""

    model: str
    version: str
    sha256: str = Field(description="The artifact's digest.")
    size: int
    files: list[ArtifactFile]


class Access(_Document):
    """Who may do what."""

    access: list[dict[str, Any]]


class Storage(_Document):
    """What the artifacts take, share and cost."""


class StaleVersions(_Document):
    """Versions that nothing uses."""

    versions: list[dict[str, Any]]


class BillOfMaterials(_Document):
    """A CycloneDX 1.6 document."""


class Problem(_Document):
    """What is wrong (RFC 9457)."""

    type: str
    title: str = Field(description="The kind of problem.")
    status: int
    detail: str
    hint: str = Field(default="", description="What to do about it.")
    findings: list[dict[str, Any]] = Field(
        default_factory=list, description="What the check says, each with its code."
    )
    errors: list[dict[str, Any]] = Field(
        default_factory=list,
        description="Parameters that can't be, each with its `name`, `in` and `message`.",
    )
