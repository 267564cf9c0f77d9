"""What writes answer, for the document of the API."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class FoundProblem(BaseModel):
    """A finding of the check."""

    code: str
    path: str
    line: int | None
    key: str
    message: str
    hint: str
    severity: Literal["error", "warning"]
    waiting: bool = Field(description="Whether time or other people still put it right.")


class Requested(BaseModel):
    """A request that was made, or stood already."""

    model_config = ConfigDict(extra="allow")

    status: Literal["requested"]
    branch: str
    commit: str
    subject: str
    pull_request: str | None = Field(description="Its address, where a forge is configured.")
    trouble: str | None = Field(description="What went wrong with the pull request.")
    waits_for: str | None
    findings: list[FoundProblem]


class Landed(BaseModel):
    """A change that is on main."""

    model_config = ConfigDict(extra="allow")

    status: Literal["landed"]
    commit: str
    tags: Annotated[list[str], Field(description="The audit tags that record it.")]


class WriteProblem(BaseModel):
    """A problem document (RFC 9457)."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    hint: str = ""
    findings: list[FoundProblem] = []


def whole(shape: type[BaseModel]) -> dict[str, Any]:
    """Return the schema of a shape with what it refers to in its place: FastAPI's document has no schemas of
    what a route reads, or answers, by itself."""
    schema = shape.model_json_schema()
    inlined: dict[str, Any] = _inlined(
        {name: schema[name] for name in schema if name != "$defs"}, schema.get("$defs", {})
    )
    return inlined


def _inlined(schema: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(schema, dict):
        if reference := schema.get("$ref"):
            return _inlined(definitions[reference.rpartition("/")[2]], definitions)
        return {name: _inlined(value, definitions) for name, value in schema.items()}
    return [_inlined(one, definitions) for one in schema] if isinstance(schema, list) else schema


def _problem(what: str) -> dict[str, Any]:
    return {"description": what, "content": {"application/problem+json": {"schema": whole(WriteProblem)}}}


PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: _problem("The call itself is wrong."),
    401: _problem("Nobody knows who asks."),
    403: _problem("Whoever asks may not."),
    404: _problem("There is no such thing."),
    409: _problem("It is so already, or somebody else was first."),
    412: _problem("Main is not at the commit that `If-Match` names."),
    413: _problem("It is too large."),
    422: _problem("The registry says no, and why; or the body has another shape."),
    502: _problem("Git or the storage behind it fails."),
    503: _problem("It can't be told now."),
}
WRITE_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"model": Landed, "description": "Landed: main holds it."},
    201: {"model": Landed, "description": "Landed: main holds what is new."},
    202: {"model": Requested, "description": "Requested; `Location` is the request."},
    **PROBLEMS,
}
