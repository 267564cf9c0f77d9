"""MLflow's own server, which also sends the registered models to clients on other machines.

`mlflow server --app-name rollbook --registry-store-uri rollbook://PATH`. MLflow's clients ask the server
where a version's files are, and read them there; the registry's verified copies only the server can read.
So its answer is an address of its own, with the two calls by which MLflow's `HttpArtifactRepository` lists
and reads files (`.../mlflow-artifacts/artifacts?path=...`, `.../mlflow-artifacts/artifacts/PATH`). Nothing
can be written there.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from rollbook.errors import BadCall, NotFound
from rollbook.integrations.mlflow.copied_files import copied_file, listed_files
from rollbook.integrations.mlflow.failures import as_mlflow
from rollbook.integrations.mlflow.store import RollbookStore
from rollbook.integrations.mlflow.store_address import SCHEMES

if TYPE_CHECKING:
    from flask import Flask, Response

# What the server tells its processes: mlflow.server.constants, mlflow.environment_variables.
_REGISTRY, _KIND, _PREFIX = "_MLFLOW_SERVER_REGISTRY_STORE", "_MLFLOW_SGI_NAME", "_MLFLOW_STATIC_PREFIX"
# Where clients reach the server, if not where they say that they do: behind a proxy with a path of its own.
_ADDRESS = "ROLLBOOK_MLFLOW_ADDRESS"
_FILES = "/api/2.0/rollbook/mlflow-artifacts/artifacts"


def create_app() -> Any:
    """Return MLflow's application with the calls for files. Raises BadCall where its registry is another."""
    from mlflow.server import app

    store = os.environ.get(_REGISTRY, "")
    if store.partition(":")[0] not in SCHEMES:
        raise BadCall(
            "this server's registry is not Rollbook's", hint="Add --registry-store-uri rollbook://PATH."
        )
    add_files(app)
    if os.environ.get(_KIND) != "uvicorn":
        return app
    from mlflow.server.fastapi_app import app as asynchronous

    return asynchronous


def add_files(app: Flask) -> None:
    """Have MLflow's application name an address of its own for a version, and send files from there."""
    from mlflow.server.handlers import catch_mlflow_exception

    prefix = os.environ.get(_PREFIX, "").rstrip("/")
    app.view_functions["_get_model_version_download_uri"] = catch_mlflow_exception(_address)
    app.add_url_rule(f"{prefix}{_FILES}", "rollbook_list", catch_mlflow_exception(_list))
    app.add_url_rule(f"{prefix}{_FILES}/<path:path>", "rollbook_send", catch_mlflow_exception(_send))


@cache
def _store() -> RollbookStore:
    return RollbookStore(os.environ[_REGISTRY])


def _address() -> Response:
    """Answer `model-versions/get-download-uri`."""
    from flask import jsonify, request

    name, version = request.args.get("name", ""), request.args.get("version", "")
    number = _store().get_model_version(name, version).version
    here = os.environ.get(_ADDRESS) or request.host_url.rstrip("/") + os.environ.get(_PREFIX, "").rstrip("/")
    return jsonify(artifact_uri=f"{here.rstrip('/')}{_FILES}/{quote(name, safe='')}/{number}")


def _list() -> Response:
    """List what is in a folder of a version, by names and sizes."""
    from flask import jsonify, request

    # The client sends the end of the address as it stands there, its name still quoted.
    name, _, rest = request.args.get("path", "").partition("/")
    return jsonify(files=listed_files(_file(f"{unquote(name)}/{rest}")))


def _send(path: str) -> Response:
    from flask import send_file

    file = _file(path)
    if not file.is_file():
        with as_mlflow():
            raise NotFound(f"there is no file {path[:200]!r}")
    return send_file(file, mimetype="application/octet-stream", as_attachment=True)


def _file(path: str) -> Path:
    """Where `NAME/VERSION/PATH` stands in the verified copy. Raises MlflowException."""
    name, _, rest = path.partition("/")
    version, _, inner = rest.partition("/")
    copy = Path(_store().get_model_version_download_uri(name, version))
    with as_mlflow():
        return copied_file(copy, inner, f"{name[:80]} {version[:40]}")
