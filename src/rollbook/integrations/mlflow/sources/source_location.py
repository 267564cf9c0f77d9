"""Where the bytes are that MLflow names as a version's source, and which run and logged model made them."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from mlflow.environment_variables import MLFLOW_CREATE_MODEL_VERSION_SOURCE_VALIDATION_REGEX
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.utils.models import _parse_model_uri as parse_model_uri
from mlflow.utils.file_utils import local_file_uri_to_path
from mlflow.utils.uri import append_to_uri_path, is_local_uri

from rollbook.errors import BadCall, NotFound, Refused
from rollbook.git.address import without_credentials
from rollbook.text import printable
from rollbook.transfer.mlflow.model_folder_facts import MARKER

if TYPE_CHECKING:
    from mlflow.entities import LoggedModel, Run

    from rollbook.integrations.mlflow.reading.catalogue import Catalogue
    from rollbook.integrations.mlflow.sources.tracking_store import TrackingStore
    from rollbook.registry.model_version import ModelVersion

# What `mlflow server` tells its workers (mlflow.server.constants, which needs Flask).
_SERVED_BY = ("_MLFLOW_SERVER_REGISTRY_STORE", "_MLFLOW_SERVER_FILE_STORE")
_PROXIED_TO = "_MLFLOW_SERVER_ARTIFACT_DESTINATION"
_LOGGED_MODEL = re.compile(r"models:/m-[^/@]+")


@dataclass(frozen=True, slots=True)
class SourceLocation:
    """Where a source's bytes are: `uri` is an address or a path here, without `runs:` and `models:`; or else
    it is a `version` of this registry. `run` and `model` are what the source or the call names."""

    uri: str
    run: Run | None = None
    model: LoggedModel | None = None
    version: ModelVersion | None = None

    @property
    def path(self) -> Path | None:
        """Return the path, where the bytes are in a file or a folder here."""
        return Path(local_file_uri_to_path(self.uri)) if is_local_uri(self.uri, False) else None


def locate(
    source: str, run_id: str | None, model_id: str | None, tracking: TrackingStore, catalogue: Catalogue
) -> SourceLocation:
    """Return where the bytes of a source are.

    What is called for by a server's client comes from the artifacts of a run or of a logged model that it
    names, as MLflow's server has it of local files; and from elsewhere only where the server's operator says
    so by `MLFLOW_CREATE_MODEL_VERSION_SOURCE_VALIDATION_REGEX`. Raises NotFound, CannotTell for a run or
    a logged model that is named and can't be read, Refused for a place that is not allowed.
    """
    found = _named(source, run_id, model_id, tracking, catalogue)
    if found.version is None:
        _require_plain(found.uri, source)
        _require_model_here(found, source, tracking)
        if is_called_from_afar():
            _require_own(found, source)
    return _behind_the_proxy(found, tracking)


def is_called_from_afar() -> bool:
    """Whether this is MLflow's server, which asks for what some client of it wants."""
    flask = sys.modules.get("flask")
    return any(name in os.environ for name in _SERVED_BY) or bool(flask and flask.has_request_context())


def is_inside(uri: str, root: str | None) -> bool:
    """Whether an address or a path is one below another, links followed."""
    if not root or is_local_uri(uri, False) != is_local_uri(root, False):
        return False
    if is_local_uri(uri, False):
        inner, outer = (Path(local_file_uri_to_path(one)).resolve() for one in (uri, root))
        return inner.is_relative_to(outer)
    one, other = urlsplit(uri), urlsplit(root)
    if (one.scheme, one.netloc) != (other.scheme, other.netloc) or _has_steps_up(uri):
        return False
    return f"{one.path.rstrip('/')}/".startswith(f"{other.path.rstrip('/')}/")


def _named(
    source: str, run_id: str | None, model_id: str | None, tracking: TrackingStore, catalogue: Catalogue
) -> SourceLocation:
    if _LOGGED_MODEL.fullmatch(source):
        named = source.removeprefix("models:/")
        if model_id and model_id != named:
            raise BadCall(f"the source is {named[:80]!r}, and model_id says {model_id[:80]!r}")
        model = tracking.logged_model(named)
        return SourceLocation(model.artifact_location, tracking.run(run_id) if run_id else None, model)
    if source.startswith("models:"):
        return SourceLocation(source, version=_version(source, catalogue))
    if source.startswith("runs:"):
        return _of_run(source, run_id, model_id, tracking)
    return SourceLocation(
        source,
        tracking.run(run_id) if run_id else None,
        tracking.logged_model(model_id) if model_id else None,
    )


def _of_run(source: str, run_id: str | None, model_id: str | None, tracking: TrackingStore) -> SourceLocation:
    named, _, path = urlsplit(source).path.lstrip("/").partition("/")
    if not named or not path.strip("/"):
        raise BadCall(f"{_shown(source)} names no model of a run", hint="E.g. runs:/RUN_ID/model")
    if run_id and run_id != named:
        raise BadCall(f"the source is of the run {named[:80]!r}, and run_id says {run_id[:80]!r}")
    if _has_steps_up(path):
        raise Refused(f"{_shown(source)} leads out of the run's artifacts")
    run = tracking.run(named)
    told = tracking.logged_model(model_id) if model_id else None
    of_run = append_to_uri_path(run.info.artifact_uri, path)
    name, _, below = path.strip("/").partition("/")
    model = told or tracking.model_logged_as(name, run)
    if model is None or _holds_model(of_run):
        return SourceLocation(of_run, run, model)
    location = model.artifact_location
    return SourceLocation(append_to_uri_path(location, below) if below else location, run, model)


def _holds_model(uri: str) -> bool:
    """Whether a path among a run's own artifacts is a model, or a file. At an address, MLflow has put either
    there, or logged the model beside the run."""
    if not is_local_uri(uri, False):
        return False
    path = Path(local_file_uri_to_path(uri))
    return path.is_file() or (path / MARKER).is_file()


def _version(source: str, catalogue: Catalogue) -> ModelVersion:
    try:
        parsed = parse_model_uri(source)
    except MlflowException as error:
        raise BadCall(printable(error.message)[:300]) from error
    name = parsed.name or ""
    if not name:
        raise BadCall(f"{_shown(source)} names no version", hint="E.g. models:/churn/3, or models:/m-...")
    model = catalogue.model(name)
    if parsed.version is not None:
        return catalogue.numbered(name, parsed.version)[0]
    if parsed.alias is not None:
        if parsed.alias not in model.stages.aliases:
            raise NotFound(f"{name} has no alias {parsed.alias[:80]!r}")
        return model.version(model.stages.aliases[parsed.alias])
    stages = None if parsed.stage is None else [parsed.stage]
    latest = catalogue.latest_versions(name, stages)
    if not latest:
        raise NotFound(f"{name} has no version in {(parsed.stage or 'any stage')[:80]!r}")
    return catalogue.numbered(name, max(one.number for one in latest))[0]


def _require_plain(uri: str, source: str) -> None:
    if "\0" in unquote(uri) or (not is_local_uri(uri, False) and _has_steps_up(uri)):
        raise Refused(f"{_shown(source)} leads somewhere else than it says", hint="Write it without `..`.")


def _require_model_here(found: SourceLocation, source: str, tracking: TrackingStore) -> None:
    """Refuse what a server far away says is here, unless it is a model: it must not choose what is read."""
    path = found.path
    if path is None or found.uri == source or not tracking.address.startswith("http"):
        return
    if not (path / MARKER).is_file():
        raise Refused(
            f"{_shown(source)} is at {_shown(found.uri)}, as its tracking server says, and no model is there",
            hint="Name the path itself as the source, where it is what you mean.",
        )


def _require_own(found: SourceLocation, source: str) -> None:
    roots = [found.run.info.artifact_uri if found.run else None]
    roots.append(found.model.artifact_location if found.model else None)
    if any(is_inside(found.uri, root) for root in roots):
        return
    allowed = MLFLOW_CREATE_MODEL_VERSION_SOURCE_VALIDATION_REGEX.get()
    if allowed and not is_local_uri(found.uri, False) and re.search(allowed, source):
        return
    raise Refused(
        f"{_shown(source)} is in the artifacts of no run or logged model that is named",
        hint="Name its run_id or model_id. Other places are the server's operator's to allow:"
        " MLFLOW_CREATE_MODEL_VERSION_SOURCE_VALIDATION_REGEX.",
    )


def _behind_the_proxy(found: SourceLocation, tracking: TrackingStore) -> SourceLocation:
    """Return where proxied artifacts really are, in the server that is the proxy."""
    destination = os.environ.get(_PROXIED_TO, "")
    parts = urlsplit(found.uri)
    if parts.scheme != "mlflow-artifacts" or not destination or tracking.address.startswith("http"):
        return found
    uri = append_to_uri_path(destination, parts.path.lstrip("/"))
    return SourceLocation(uri, found.run, found.model)


def _has_steps_up(text: str) -> bool:
    """Whether `..` is in a path, also where it is escaped, and be it several times."""
    for _ in range(8):
        if (plain := unquote(text)) == text:
            return ".." in re.split(r"[/\\]", text)
        text = plain
    return True


def _shown(source: str) -> str:
    return repr(printable(without_credentials(source))[:200])
