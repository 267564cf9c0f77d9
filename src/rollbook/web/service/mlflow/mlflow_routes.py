"""What MLflow's clients read, under MLflow's own paths (https://mlflow.org/docs/latest/rest-api.html).

A client whose registry is the service's address finds, lists and loads versions as on an MLflow server.
Nothing can be written here: that is what `rollbook://` and the service's own API are for.
"""

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote, unquote

from fastapi import APIRouter, Body, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from fastapi.routing import APIRoute

from rollbook.errors import BadCall, NotFound, Refused, RollbookError
from rollbook.integrations.mlflow.copied_files import copied_file, listed_files
from rollbook.integrations.mlflow.error_codes import error_code, error_message
from rollbook.integrations.mlflow.reading.catalogue import Catalogue
from rollbook.integrations.mlflow.reading.model_entry import NumberedVersion
from rollbook.integrations.mlflow.version_download import downloaded
from rollbook.web.identity.caller import Denied, Right
from rollbook.web.service.asking import AskingCaller
from rollbook.web.service.mlflow.mlflow_asking import AskedCatalogue
from rollbook.web.service.mlflow.mlflow_shapes import model_message, version_message
from rollbook.web.service.problems import as_told, challenge

_FILES = "/api/2.0/rollbook/mlflow-artifacts/artifacts"
# By the codes that have no other status than 400 (mlflow.exceptions).
_STATUS = {"RESOURCE_DOES_NOT_EXIST": 404, "PERMISSION_DENIED": 403, "RESOURCE_CONFLICT": 409, "ABORTED": 409}

Name = Annotated[str, Query(description="The model's name.")]
Version = Annotated[str, Query(description="The version's number, or its own name, such as 1.2.0.")]


class _MlflowRoute(APIRoute):
    """A route whose errors are told as MLflow's clients read them."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def told(request: Request) -> Response:
            try:
                return await answer(request)
            except RequestValidationError as error:
                first = error.errors()[0]
                name = ".".join(str(part) for part in first["loc"][1:]) or "the request"
                return _failure("INVALID_PARAMETER_VALUE", 400, f"{name}: {first['msg']}")
            except RollbookError as error:
                return _refused(as_told(request, error))

        return told


def _refused(error: RollbookError) -> JSONResponse:
    if not isinstance(error, Denied):
        code = error_code(error)
        return _failure(code, _STATUS.get(code, 400), error_message(error))
    told = ("UNAUTHENTICATED", 401) if error.is_unknown else ("PERMISSION_DENIED", 403)
    answer = _failure(*told, error_message(error))
    answer.headers.update(challenge(error))
    return answer


def _failure(code: str, status: int, message: str) -> JSONResponse:
    return JSONResponse({"error_code": code, "message": message}, status)


router = APIRouter(route_class=_MlflowRoute, tags=["MLflow"])
_api = "/api/2.0/mlflow"


@router.get(f"{_api}/registered-models/get")
def get_registered_model(caller: AskingCaller, catalogue: AskedCatalogue, name: Name) -> dict[str, Any]:
    """Return a model."""
    entry = catalogue.entry(name)
    caller.require(Right.READ, entry.facts.name)
    return {"registered_model": model_message(catalogue.policy, entry, entry.latest)}


@router.get(f"{_api}/registered-models/search")
def search_registered_models(
    caller: AskingCaller,
    catalogue: AskedCatalogue,
    filter: str | None = None,  # noqa: A002 - MLflow's name for it
    max_results: int | None = None,
    order_by: Annotated[list[str] | None, Query()] = None,
    page_token: str | None = None,
) -> dict[str, Any]:
    """Return a page of models that meet a filter in MLflow's words."""
    caller.require(Right.READ)
    page = _found("found_models", catalogue, filter, max_results, order_by, page_token or None)
    models = [
        model_message(catalogue.policy, entry, catalogue.readable_latest(entry)) for entry in page.items
    ]
    return _page("registered_models", models, page.token)


@router.get(f"{_api}/registered-models/get-latest-versions")
def get_latest_versions(
    caller: AskingCaller,
    catalogue: AskedCatalogue,
    name: Name,
    stages: Annotated[list[str] | None, Query()] = None,
) -> dict[str, Any]:
    """Return the newest version in each of these stages, or in all."""
    return _latest(caller, catalogue, name, stages)


@router.post(f"{_api}/registered-models/get-latest-versions", operation_id="post_latest_versions")
def post_latest_versions(
    caller: AskingCaller,
    catalogue: AskedCatalogue,
    name: Annotated[str, Body()],
    stages: Annotated[list[str] | None, Body()] = None,
) -> dict[str, Any]:
    """Return the newest version in each of these stages, or in all: as older clients ask."""
    return _latest(caller, catalogue, name, stages)


@router.get(f"{_api}/registered-models/alias")
def get_version_by_alias(
    caller: AskingCaller, catalogue: AskedCatalogue, name: Name, alias: str
) -> dict[str, Any]:
    """Return the version that an alias points to."""
    return {"model_version": _message(caller, catalogue, catalogue.aliased_version(name, alias))}


@router.get(f"{_api}/model-versions/get")
def get_model_version(
    caller: AskingCaller, catalogue: AskedCatalogue, name: Name, version: Version
) -> dict[str, Any]:
    """Return a version."""
    return {"model_version": _message(caller, catalogue, catalogue.version(name, version))}


@router.get(f"{_api}/model-versions/search")
def search_model_versions(
    caller: AskingCaller,
    catalogue: AskedCatalogue,
    filter: str | None = None,  # noqa: A002
    max_results: int | None = None,
    order_by: Annotated[list[str] | None, Query()] = None,
    page_token: str | None = None,
) -> dict[str, Any]:
    """Return a page of versions that meet a filter in MLflow's words."""
    caller.require(Right.READ)
    page = _found("found_versions", catalogue, filter, max_results, order_by, page_token or None)
    versions = [version_message(catalogue.policy, one) for one in page.items]
    return _page("model_versions", versions, page.token)


@router.get(f"{_api}/model-versions/get-download-uri")
def get_download_uri(
    caller: AskingCaller, catalogue: AskedCatalogue, request: Request, name: Name, version: Version
) -> dict[str, str]:
    """Return the address from which a client loads a version: here, from a verified copy."""
    found = catalogue.version(name, version)
    _require(caller, catalogue, found, Right.FETCH)
    here = str(request.base_url).rstrip("/") + request.url.path.partition(_api)[0].removeprefix(
        request.scope.get("root_path", "").rstrip("/")
    )
    return {"artifact_uri": f"{here}{_FILES}/{quote(name, safe='')}/{found.number}"}


@router.get(_FILES)
def list_files(caller: AskingCaller, catalogue: AskedCatalogue, path: str = "") -> dict[str, Any]:
    """List what is in a folder of a version's artifact, by names and sizes."""
    # The client sends the end of the address as it stands there, its name still quoted.
    name, _, rest = path.partition("/")
    return {"files": listed_files(_file(caller, catalogue, f"{unquote(name)}/{rest}"))}


@router.get(_FILES + "/{path:path}", response_class=FileResponse)
def send_file(request: Request, caller: AskingCaller, catalogue: AskedCatalogue, path: str) -> FileResponse:
    """Send a file of a version's artifact."""
    file = _file(caller, catalogue, path)
    name, version, _ = f"{path}//".split("/", 2)
    request.state.read = {"model": name, "version": version}
    if not file.is_file():
        raise NotFound(f"there is no file {path[:200]!r}")
    return FileResponse(file, media_type="application/octet-stream", filename=file.name)


def _latest(caller: Any, catalogue: Catalogue, name: str, stages: list[str] | None) -> dict[str, Any]:
    caller.require(Right.READ, catalogue.entry(name).facts.name, None)
    found = catalogue.latest_versions(name, stages)
    return _page("model_versions", [_message(caller, catalogue, one) for one in found], None)


def _message(caller: Any, catalogue: Catalogue, version: NumberedVersion) -> dict[str, Any]:
    _require(caller, catalogue, version, Right.READ)
    return version_message(catalogue.policy, version)


def _require(caller: Any, catalogue: Catalogue, version: NumberedVersion, right: Right) -> None:
    model = catalogue.entry(version.name).facts.name
    caller.require(right, model, version.stage or catalogue.policy.first_stage.name)


def _page(key: str, items: list[dict[str, Any]], token: str | None) -> dict[str, Any]:
    return ({key: items} if items else {}) | ({"next_page_token": token} if token else {})


def _file(caller: Any, catalogue: Catalogue, path: str) -> Path:
    name, _, rest = path.partition("/")
    version, _, inner = rest.partition("/")
    found, _ = catalogue.numbered(name, version)
    caller.require(Right.FETCH, found.model.name, found.stage)
    copy = Path(downloaded(catalogue.registry.repository, found))
    return copied_file(copy, inner, f"{name[:80]} {version[:40]}")


def _found(search: str, *asked: Any) -> Any:
    """Return a page of what a search finds. Raises BadCall for what MLflow's own parser can't read, Refused
    where MLflow isn't installed."""
    try:
        from mlflow.exceptions import MlflowException

        from rollbook.integrations.mlflow.reading import found_pages
    except ImportError as error:
        raise Refused(
            "searches in MLflow's words take MLflow's own parser, which is not installed with this service",
            hint="pip install 'rollbook[api,mlflow]', or ask GET /api/v1/models.",
        ) from error
    try:
        return getattr(found_pages, search)(*asked)
    except MlflowException as error:
        raise BadCall(str(error.message)) from error
