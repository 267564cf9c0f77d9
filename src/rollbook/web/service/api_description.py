"""The API's description (OpenAPI 3.1), the same whatever version of FastAPI and pydantic makes it.

https://spec.openapis.org/oas/v3.1.0
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi.openapi.utils import get_openapi

from rollbook.web.service.reading.read_models import Problem

if TYPE_CHECKING:
    from fastapi import FastAPI

VERSION = "1"
_OWN = "/api/v1/"
_ABOUT = """\
The registry over HTTP. Each path below `/api/v1` is about the first registry that is served; of another \
one, by its name, it stands below `/api/v1/registries/{registry}`. A model's name with a namespace is \
written `risk/fraud` or `risk%2Ffraud`. HEAD is answered wherever GET is."""
_PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
# What may be answered besides, by status, to every operation.
_PROBLEMS = {
    "400": "The call is wrong: no such name, date, or cursor can be.",
    "401": "Who asks is not known.",
    "403": "Who asks may not.",
    "404": "There is none of that name.",
    "406": "It is answered in none of the media types that are accepted.",
    "413": "It is more than is handed out.",
    "422": "A parameter can't be, a file of the registry can't be read, or its rules forbid it.",
    "429": "Too much is asked in too short a time.",
    "500": "The service failed.",
    "502": "Git, or where artifacts are kept, failed.",
    "503": "It can't be told now. Ask again later.",
}
_UNCHANGED = {"304": {"description": "Unchanged since the ETag in If-None-Match."}}
# Where one answer leads to the next question.
_LINKS = {
    "list_models": {
        "showModel": ("show_model", {"name": "$response.body#/models/0/name"}),
        "listVersions": ("list_versions", {"name": "$response.body#/models/0/name"}),
        "nextPage": ("list_models", {"cursor": "$response.body#/next_cursor"}),
    },
    "list_versions": {
        "showVersion": (
            "show_version",
            {"name": "$response.body#/model", "reference": "$response.body#/versions/0/version"},
        ),
        "getArtifact": (
            "get_artifact",
            {"name": "$response.body#/model", "reference": "$response.body#/versions/0/version"},
        ),
    },
}


def describe(app: FastAPI) -> None:
    """Have an application publish the description of what it answers."""

    def description() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _described(app)
        return app.openapi_schema

    app.openapi = description  # type: ignore[method-assign]


def _described(app: FastAPI) -> dict[str, Any]:
    told = get_openapi(
        title=app.title, version=VERSION, openapi_version="3.1.0", description=_ABOUT, routes=app.routes
    )
    schemas = told.setdefault("components", {}).setdefault("schemas", {})
    for theirs in ("HTTPValidationError", "ValidationError"):
        schemas.pop(theirs, None)
    schemas["Problem"] = Problem.model_json_schema()
    told["components"]["responses"] = {
        f"Problem{status}": {"description": meaning, "content": _PROBLEM}
        for status, meaning in _PROBLEMS.items()
    }
    for address, path in told["paths"].items():
        for method, operation in path.items():
            _without_theirs(operation)
            if address.startswith(_OWN):  # what others' clients read fails in their words
                _complete(method, operation)
    described: dict[str, Any] = _plain(told)
    return described


def _without_theirs(operation: dict[str, Any]) -> None:
    """Leave out what a framework would answer; and say that a token may be left out: whether one is needed is
    for whoever runs the service to decide."""
    if "HTTPValidationError" in str(operation["responses"].get("422")):
        del operation["responses"]["422"]
    if operation.get("security"):
        operation["security"] = [{}, *operation["security"]]


def _complete(method: str, operation: dict[str, Any]) -> None:
    answers = operation["responses"]
    for status in _PROBLEMS:
        if status in answers:
            answers[status].setdefault("content", _PROBLEM)
        else:
            answers[status] = {"$ref": f"#/components/responses/Problem{status}"}
    if "416" in answers:
        answers["416"]["content"] = _PROBLEM
    if method == "get":
        answers |= _UNCHANGED
    for name, (target, parameters) in _LINKS.get(operation.get("operationId", ""), {}).items():
        links = answers["200"].setdefault("links", {})
        links[name] = {"operationId": target, "parameters": parameters}


def _plain(node: Any, *, is_named: bool = False) -> Any:
    """Return a description with its keys sorted and without the titles that pydantic makes of names.

    `is_named` says that the keys are names that somebody gave, among which `title` may be one.
    """
    if isinstance(node, dict):
        kept = {
            key: value
            for key, value in node.items()
            if is_named or key != "title" or not isinstance(value, str) or "version" in node
        }
        return {key: _plain(value, is_named=key == "properties") for key, value in sorted(kept.items())}
    return [_plain(item) for item in node] if isinstance(node, list) else node
