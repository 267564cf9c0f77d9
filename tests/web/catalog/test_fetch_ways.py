"""How a version's page says that it is got with the tools that people have."""

from __future__ import annotations

import mimetypes
from urllib.parse import urlsplit

from building.memory import registry_of
from rollbook.web.catalog.facts.fetch_ways import fetch_ways

_FOLDER = {"path": "bundle", "format": "mlflow-model", "size": 12, "sha256": "a" * 64, "files": 3}


def _ways(**facts: object) -> dict[str, str]:
    version = registry_of({"m@1.0.0": facts}).version("m@1.0.0")
    return {way.tool: way.text for way in fetch_ways(version, "")}


def test_mlflow_is_asked_to_load_what_it_can_load_and_to_fetch_the_rest() -> None:
    assert _ways()["MLflow"] == 'mlflow.artifacts.download_artifacts("models:/m/1.0.0")'
    assert _ways(artifact=_FOLDER)["MLflow"] == 'mlflow.pyfunc.load_model("models:/m/1.0.0")'


def test_kserve_gets_a_file_under_its_name_and_a_folder_as_an_archive_that_it_unpacks() -> None:
    file, folder = (urlsplit(ways["KServe"]) for ways in (_ways(), _ways(artifact=_FOLDER)))
    assert file.path.endswith("/models/m/1.0.0/artifact/files/model.onnx")
    # As KServe does: https://github.com/kserve/kserve/blob/master/python/storage/kserve_storage/kserve_storage.py
    assert (folder.path.endswith("/artifact"), mimetypes.guess_type(folder.path)[0]) == (True, None)
    assert mimetypes.guess_type(folder.query)[0] == "application/x-tar"
