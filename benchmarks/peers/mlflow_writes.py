"""What writes take through MLflow's interface of a registry store, in one process that has done some before.

Run by a Python that has MLflow, in an empty directory or one that it has filled: `fill KIND` makes MLflow's
own store there, of the models that stdin gives as JSON (`[{"name": ..., "versions": [...]}]`); `create`,
`transition` and `tag`, each with a store's address and a model, print the seconds that one call takes.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"

from mlflow.entities.model_registry import ModelVersionTag
from mlflow.store.model_registry.file_store import FileModelVersion, FileStore

if TYPE_CHECKING:
    from collections.abc import Callable

_CALLS = 15
_FIRST = 3  # not counted: whoever is asked for the first time loads much
_SQLITE = "sqlite:///mlflow.db"
_FILES = "files"


def _store(address: str) -> Any:
    if address.startswith("rollbook:"):
        from rollbook.integrations.mlflow.store import RollbookStore

        return RollbookStore(address)
    if address == _SQLITE:
        from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore

        return SqlAlchemyStore(address)
    return FileStore(address)


def _fill_files(models: list[dict[str, Any]]) -> None:
    # By its own calls each version would read all of the model's before.
    store = FileStore(_FILES)
    now = int(time.time() * 1000)
    for model in models:
        name = model["name"].replace("/", "--")  # MLflow's names have no slash
        store.create_registered_model(name)
        for number in range(1, len(model["versions"]) + 1):
            source = f"s3://models/{name}/{number}"
            version = FileModelVersion(
                name=name, version=number, creation_timestamp=now, last_updated_timestamp=now,
                source=source, tags=[], aliases=[],
            )  # fmt: skip
            folder = store._get_model_version_dir(name, number)
            Path(folder).mkdir(parents=True)
            store._save_model_version_as_meta_file(version, meta_dir=folder, overwrite=False)


def _artifact(place: Path) -> str:
    """A model of two small files, other ones each time."""
    place.mkdir()
    (place / "MLmodel").write_text(f"flavors: {{}}\nmodel_uuid: '{time.time_ns()}'\n")
    (place / "model.json").write_text(json.dumps({"bias": time.time_ns()}))
    return str(place)


def _calls(store: Any, model: str, action: str, place: Path) -> Callable[[int], object]:
    if action == "create":
        sources = [_artifact(place / str(number)) for number in range(_CALLS)]
        return lambda number: store.create_model_version(model, sources[number])
    version = store.create_model_version(model, _artifact(place / "tried")).version
    if action == "tag":
        return lambda number: store.set_model_version_tag(
            model, version, ModelVersionTag("validated", str(number))
        )
    stages = ("Staging", "Archived", "None")
    return lambda number: store.transition_model_version_stage(
        model, version, stages[number % len(stages)], archive_existing_versions=False
    )


def _time(address: str, model: str, action: str) -> float:
    with tempfile.TemporaryDirectory() as place:
        call = _calls(_store(address), model, action, Path(place))
        times = []
        for number in range(_CALLS):
            start = time.perf_counter()
            call(number)
            times.append(time.perf_counter() - start)
    return median(times[_FIRST:])


def main(action: str, address: str = _FILES, model: str = "") -> None:
    """Carry out one action."""
    if action == "fill":
        _fill_files(json.load(sys.stdin))
    else:
        print(_time(address, model, action))


main(*sys.argv[1:])
