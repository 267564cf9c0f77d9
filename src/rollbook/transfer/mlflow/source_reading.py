"""Reading a registry that MLflow keeps: a database, the folder of a file store, or a server.

All is asked of MLflow's own client (https://mlflow.org/docs/latest/api_reference/python_api/mlflow.client.html),
and nothing is written there.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from rollbook.errors import BadCall, CannotTell, NotFound, nearest
from rollbook.git.address import without_credentials
from rollbook.names import time_text
from rollbook.text import one_line
from rollbook.transfer.mlflow.run_facts import MlflowFacts, facts_of_both, run_facts
from rollbook.transfer.mlflow.source_models import SourceModel, SourceVersion
from rollbook.transfer.mlflow.stage_names import NONE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_PAGE = 1000
_MOST_MODELS = 10_000
_MOST_VERSIONS = 100_000
# Without the first, newer releases of MLflow read no folder; the second draws bars of its own.
_SETTINGS = {"MLFLOW_ALLOW_FILE_STORE": "true", "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false"}
_DATABASES = ("sqlite", "postgresql", "mysql", "mssql")
_INSTALL = 'Install it: pip install "rollbook[mlflow]"; for a database, the whole of it: pip install mlflow'


@dataclass(slots=True)
class MlflowSource:
    """An MLflow registry that is open. `home` is the folder that holds it on this machine, if any does."""

    uri: str
    address: str
    home: Path | None
    client: Any
    _entities: dict[tuple[str, str], Any] = field(default_factory=dict)

    def model_names(self) -> tuple[list[str], list[str]]:
        """Return the names of all models, and of the prompts that MLflow keeps among them."""
        from mlflow.prompt.constants import IS_PROMPT_TAG_KEY

        models = [model.name for model in self._pages("search_registered_models")]
        wanted = f"tags.`{IS_PROMPT_TAG_KEY}` = 'true'"
        prompts = [model.name for model in self._pages("search_registered_models", filter_string=wanted)]
        return sorted(set(models) - set(prompts)), sorted(prompts)

    def models(self, wanted: Sequence[str]) -> Iterator[SourceModel]:
        """Yield these models with their versions."""
        for name in wanted:
            with told(f"MLflow's model {name[:120]!r}"):
                model = self.client.get_registered_model(name)
                found = [*self._pages("search_model_versions", filter_string=f"name={_quoted(name)}")]
                versions = [self._version(version) for version in found]
            yield SourceModel(
                name=name,
                versions=tuple(sorted(versions, key=lambda version: version.number)),
                description=model.description or "",
                tags={str(key): str(value) for key, value in (model.tags or {}).items()},
                aliases={str(alias): int(number) for alias, number in (model.aliases or {}).items()},
            )

    def _entity(self, what: str, number: str) -> Any:
        """Return a run, a logged model or an experiment; None when it is gone."""
        from mlflow.exceptions import MlflowException

        if (what, number) not in self._entities:
            try:
                found = getattr(self.client, f"get_{what}")(number)
            except MlflowException as error:
                if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                    raise
                found = None
            self._entities[what, number] = found
        return self._entities[what, number]

    def _pages(self, search: str, **query: Any) -> Iterator[Any]:
        token, count = None, 0
        most = _MOST_MODELS if search == "search_registered_models" else _MOST_VERSIONS
        while True:
            page = getattr(self.client, search)(max_results=_PAGE, page_token=token, **query)
            count += len(page)
            if count > most:
                raise CannotTell(f"it holds more than {most:,} of them", hint="Take models over by --model.")
            yield from page
            token = page.token
            if not token:
                return

    def _version(self, version: Any) -> SourceVersion:
        uri = version.source or ""
        told = getattr(version, "model_id", None) or _model_id(uri)
        logged = self._entity("logged_model", told) if told else None
        if logged is not None and _model_id(uri):
            uri = logged.artifact_location
        elif uri.startswith("models:"):
            # Of all others it is the source, and each question is a round trip or two.
            uri = str(self.client.get_model_version_download_uri(version.name, version.version) or uri)
        run_id = version.run_id or (logged.source_run_id if logged is not None else "") or ""
        run = self._entity("run", run_id) if run_id else None
        return SourceVersion(
            number=int(version.version),
            created_at=_moment(version.creation_timestamp),
            updated_at=_moment(version.last_updated_timestamp or version.creation_timestamp),
            stage=version.current_stage or NONE,
            source=version.source or "",
            uri=uri,
            description=version.description or "",
            tags={str(key): str(value) for key, value in (version.tags or {}).items()},
            user=version.user_id or (_user(run) if run is not None else ""),
            run_id=version.run_id or "",
            run_link=version.run_link or "",
            model_id=told,
            facts=self._facts(run, logged, version.run_link or ""),
            gone=tuple(_gone(run_id, run, told, logged)),
        )

    def _facts(self, run: Any, logged: Any, link: str) -> MlflowFacts:
        of_run = MlflowFacts()
        if run is not None:
            of_run = run_facts(run, self._entity("experiment", run.info.experiment_id), link)
        return facts_of_both(logged, of_run)


@contextmanager
def opened(uri: str) -> Iterator[MlflowSource]:
    """Open the MLflow registry at `uri`, as `sqlite:///mlflow.db`, `./mlruns` or `https://mlflow.example.com`.

    Raises BadCall when MLflow is not installed or can't read it, NotFound when nothing is there.
    """
    scheme = urlsplit(uri).scheme.partition("+")[0].lower()
    if scheme == "rollbook":
        raise BadCall("this is a registry of Rollbook", hint="Move versions by rollbook export --bundle.")
    home = None
    if scheme == "sqlite":
        home = _database(uri).parent.resolve()
    elif scheme in ("", "file"):
        home = _folder(uri)
        uri = home.as_uri()
    elif scheme not in (*_DATABASES, "http", "https", "databricks"):
        raise BadCall(
            f"{without_credentials(uri)[:120]!r} is no address of an MLflow registry",
            hint="Give sqlite:///mlflow.db, ./mlruns, or http://127.0.0.1:5000.",
        )
    before = {name: os.environ.get(name) for name in _SETTINGS}
    os.environ.update(_SETTINGS)
    address = without_credentials(uri).partition("?")[0]
    try:
        with told(address):
            yield MlflowSource(uri, address, home, _client(uri))
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


@contextmanager
def told(what: str) -> Iterator[None]:
    """Raise what MLflow raises as an error that says of what. Raises NotFound and BadCall."""
    try:
        from mlflow.exceptions import MlflowException
    except ImportError as error:
        raise BadCall("MLflow is not installed here", hint=_INSTALL) from error
    try:
        yield
    except MlflowException as error:
        kind = NotFound if error.error_code == "RESOURCE_DOES_NOT_EXIST" else BadCall
        outdated = "out-of-date database schema" in str(error)
        hint = "Copy the database, and bring it up to date: mlflow db upgrade URI" if outdated else ""
        raise kind(
            f"{what}: MLflow says: {one_line(without_credentials(str(error)), 400)}", hint=hint
        ) from error


def wanted_names(asked: Iterable[str], known: Sequence[str]) -> list[str]:
    """Return the models that are asked for, all without any. Raises NotFound for one that isn't there."""
    names = list(dict.fromkeys(asked))
    for name in names:
        if name not in known:
            raise NotFound(f"MLflow has no model {name[:120]!r}", hint=nearest(name, known))
    return names or list(known)


def _client(uri: str) -> Any:
    from mlflow import MlflowClient

    try:
        return MlflowClient(tracking_uri=uri, registry_uri=uri)
    except ImportError as error:
        raise BadCall(f"MLflow can't read it: {one_line(str(error), 200)}", hint=_INSTALL) from error


def _database(uri: str) -> Path:
    """Return the file of an SQLite database, which MLflow would make were it not there. Raises NotFound."""
    path = Path(unquote(uri.partition("///")[2].partition("?")[0]))
    if not path.is_file():
        raise NotFound(f"{path}: there is no such database", hint="A path from the root has four slashes.")
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            query = "SELECT name FROM sqlite_master WHERE name = 'registered_models'"
            found = connection.execute(query).fetchone()
    except sqlite3.Error as error:
        raise BadCall(f"{path} is no database that can be read: {error}") from error
    if found is None:
        raise BadCall(f"{path} is no database of MLflow's: it has no table of registered models")
    return path


def _folder(uri: str) -> Path:
    """Return the folder of a file store. Raises NotFound when there is none."""
    path = Path(unquote(urlsplit(uri).path) if uri.startswith("file:") else uri)
    if not (path / "models").is_dir():
        raise NotFound(f"{path}: there is no folder `models` of an MLflow file store")
    return path.resolve()


def _user(run: Any) -> str:
    return str(run.data.tags.get("mlflow.user") or run.info.user_id or "")


def _gone(run_id: str, run: Any, model_id: str, logged: Any) -> Iterator[str]:
    for what, number, found in (("run", run_id, run), ("logged model", model_id, logged)):
        if number and found is None:
            yield f"its {what} {one_line(number, 80)} is gone: what only that told can't be told"
        elif number and what == "run" and found.info.lifecycle_stage == "deleted":
            yield f"its run {one_line(number, 80)} is deleted in MLflow, and told what it still can"


def _moment(milliseconds: int) -> str:
    return time_text(int(milliseconds) // 1000)


def _model_id(source: str) -> str:
    return source.removeprefix("models:/").partition("/")[0] if source.startswith("models:/m-") else ""


def _quoted(name: str) -> str:
    """Return a name as MLflow's filters take it, whose strings have no escapes."""
    quote = '"' if "'" in name else "'"
    if quote in name:
        raise CannotTell(f"MLflow can't be asked for {name[:80]!r}", hint="Leave the model out, by --model.")
    return f"{quote}{name}{quote}"
