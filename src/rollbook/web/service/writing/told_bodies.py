"""What clients tell in the bodies of writes: bounded, and with nothing in them that is not known."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

_MOST = 200
Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Line = Annotated[str, StringConstraints(max_length=1000)]
Text = Annotated[str, StringConstraints(max_length=20_000)]
Long = Annotated[str, StringConstraints(max_length=200_000)]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
Version = Annotated[str, StringConstraints(min_length=1, max_length=120)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Metrics = Annotated[dict[Name, Number], Field(max_length=1000)]
Tags = Annotated[dict[Name, Line], Field(max_length=_MOST)]
Names = Annotated[list[Name], Field(max_length=_MOST)]
Lines = Annotated[list[Line], Field(max_length=_MOST)]


class Told(BaseModel):
    """What a client tells: as JSON has it, each field of its very type, and no other field."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class ToldMove(Told):
    """Why a version moves, and what may be said of it."""

    reason: Reason = Field(description="Why; it goes on record.")
    displaced: Name | None = Field(None, description="The stage of the version that makes room.")
    sunset: Line | None = Field(None, description="The last day of the version that makes room.")
    migration: Line | None = Field(None, description="What users of the version that makes room have to do.")
    override: Line | None = Field(None, description="Why a freeze is set aside.")
    despite: Line | None = Field(None, description="Why failed evidence of monitoring keeps it not out.")


class Transition(ToldMove):
    """A version's move to a stage."""

    # Clients send the stage alone, too; a record has to have a reason, and this is an honest one.
    reason: Reason = Field("no reason was given", description="Why; it goes on record.")
    to_stage: Name = Field(description="The stage.", examples=["production"])
    traffic: Annotated[int, Field(ge=0, le=100)] | None = Field(None, description="A canary's share, %.")


class Rollback(ToldMove):
    """A model's way back to the version that held a stage before."""

    to: Version | None = Field(None, description="The version; by default the one before.")
    stage: Name = Field("production", description="The stage.")
    skip: Annotated[list[Version], Field(max_length=_MOST)] = Field([], description="Versions to pass over.")


class Deprecation(Told):
    """A version is to go out of use."""

    reason: Reason
    replacement: Version | None = Field(None, description="The version to use instead.")
    sunset: Line | None = Field(None, description="The last day.", examples=["2027-06-30"])
    migration: Line | None = Field(None, description="What its users have to do.")


class Archiving(Told):
    """A version is out of use."""

    reason: Reason


class AliasTo(Told):
    """The version that an alias is to point to."""

    version: Version = Field(description="A version, a stage, or an alias.")
    reason: Reason
    override: Line | None = None
    despite: Line | None = None


class Notes(Told):
    """What is noted of a version: what is left out stays as it is."""

    description: Text | None = Field(None, description="Empty text takes it out.")
    tags: Tags = Field({})
    remove_tags: Names = Field([])


class ModelEdit(Told):
    """What is said of a model: what is left out stays as it is, empty text takes a field out."""

    display_name: Line | None = None
    description: Text | None = None
    owner: Line | None = None
    team: Line | None = None
    task: Line | None = None
    use_case: Text | None = None
    compliance: Line | None = None
    data_classification: Line | None = None
    tags: Tags = Field({})
    remove_tags: Names = Field([])


class Card(Told):
    """A version's model card."""

    text: Long = Field(description="What people wrote, in Markdown; the generated parts are made anew.")


class Approval(Told):
    """Somebody's consent to a request, signed with their own key."""

    signature: Text = Field(
        description="What `ssh-keygen -Y sign -n NAMESPACE` makes of the content to sign.",
        examples=["-----BEGIN SSH SIGNATURE-----"],
    )
    note: Annotated[str, StringConstraints(max_length=2000)] = Field("", description="Signed with it.")
    version: Version | None = Field(None, description="Which, where the request moves several.")
    to: Name | None = Field(None, description="To which stage or `@alias`, where there are several.")


class Rejection(Told):
    """Why a request is turned down."""

    reason: Reason


class Landing(Told):
    """How a request lands."""

    keep_branch: bool = False


def told(body: BaseModel) -> dict[str, Any]:
    """Return what was told, as JSON data."""
    return body.model_dump(mode="json")
