"""What clients tell of a new version."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from rollbook.web.service.writing.told_bodies import (
    Line,
    Lines,
    Long,
    Metrics,
    Name,
    Names,
    Tags,
    Text,
    Told,
    Version,
)

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Url = Annotated[str, StringConstraints(min_length=1, max_length=4000)]


class ToldArtifact(Told):
    """Which bytes are registered: those that are sent (then the digest holds them to it), those that some
    version has already, or those at an address."""

    sha256: Sha256 | None = Field(None, description="The digest; alone, of a version's artifact here.")
    url: Url | None = Field(None, description="An https address of a file on a public host.")
    name: Name | None = Field(None, description="What the artifact is called in the registry.")


class ToldDataSet(Told):
    """A data set that the version was trained on."""

    name: Name
    version: Name | None = None
    uri: Url | None = None
    digest: Name | None = None
    rows: Annotated[int, Field(ge=0, lt=1 << 53)] | None = None


class Registering(Told):
    """A version to register, and what is told of it; all but its name may be left out."""

    name: Name = Field(description="The model.", examples=["credit-approval"])
    version: Version | None = Field(None, examples=["v1.1.0"])
    bump: Literal["major", "minor", "patch"] | None = Field(None, description="Which number rises instead.")
    artifact: ToldArtifact | None = None
    description: Text | None = None
    algorithm: Line | None = None
    metrics: Metrics = Field({})
    params: Annotated[dict[Name, Any], Field(max_length=1000)] = Field({}, description="Hyperparameters.")
    tags: Tags = Field({})
    framework: Line | None = Field(None, examples=["scikit-learn==1.7.2"])
    python: Line | None = None
    run: Line | None = Field(None, description="The run that trained it, `TOOL/ID[=URI]`.")
    data: Annotated[list[ToldDataSet], Field(max_length=200)] = Field([])
    parents: Annotated[list[Name], Field(max_length=50)] = Field([])
    features: Annotated[list[Name], Field(max_length=20_000)] = Field([])
    feature_pipeline: Line | None = None
    preprocessing: Lines = Field([])
    inputs: Names = Field([], description="Each `NAME:DTYPE[:SHAPE]`.")
    outputs: Names = Field([])
    trained_at: Line | None = None
    training_started: Line | None = None
    training_ended: Line | None = None
    training_duration: Line | None = Field(None, examples=["1h30m"])
    training_rows: Annotated[int, Field(ge=0, lt=1 << 53)] | None = None
    limitations: Lines = Field([])
    protected_groups: Lines = Field([])
    created_at: Line | None = Field(None, description="When it was made, of one that was made before.")
    created_by: Line | None = Field(None, description="Who made it, of one that was made before.")
    card: Long | None = Field(None, description="The model card, in Markdown.")
    requirements: Long | None = Field(None, description="A requirements.txt.")
    display_name: Line | None = Field(None, description="This and what follows: of a new model.")
    owner: Line | None = None
    team: Line | None = None
    task: Line | None = None
    use_case: Text | None = None
    model_description: Text | None = None
    model_tags: Tags = Field({})
    compliance: Line | None = None
    data_classification: Line | None = None
    manifest: Annotated[dict[Name, Any], Field(max_length=100)] = Field(
        {}, description="Further fields of the manifest, in its own shape; the others win."
    )

    @model_validator(mode="after")
    def _one_way(self) -> "Registering":
        if self.version and self.bump:
            raise ValueError("a version is either given or bumped")
        return self
