"""The environment that a version declares: made once, whole or not at all, and used."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from building.models import ROWS, written
from rollbook.artifact.running import declared_environment as environments
from rollbook.artifact.running.declared_environment import declared_environment
from rollbook.artifact.running.model_run import Rows, run_model
from rollbook.errors import BadCall, Refused, StorageFailed
from rollbook.propose.declared_requirements import interpreter_for

if TYPE_CHECKING:
    from pathlib import Path

WHEEL = "tiny_model-1.0-py3-none-any.whl"


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a wheel of a library that says its version, and stands in for joblib."""
    folder = tmp_path_factory.mktemp("wheels")
    with zipfile.ZipFile(folder / WHEEL, "w") as wheel:
        wheel.writestr(
            "joblib.py", "__version__ = 'of the declared environment'\ndef load(path): return {}\n"
        )
        wheel.writestr(
            "tiny_model-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny-model\nVersion: 1.0\n"
        )
        wheel.writestr(
            "tiny_model-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(
            "tiny_model-1.0.dist-info/RECORD",
            "joblib.py,,\ntiny_model-1.0.dist-info/METADATA,,\ntiny_model-1.0.dist-info/WHEEL,,\n"
            "tiny_model-1.0.dist-info/RECORD,,\n",
        )
    return folder


@pytest.fixture(scope="module")
def caches(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("caches")


@pytest.fixture(autouse=True)
def _offline(wheels: Path, caches: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(wheels),
        "UV_NO_INDEX": "1",
        "UV_FIND_LINKS": str(wheels),
        "XDG_CACHE_HOME": str(caches),
    }.items():
        monkeypatch.setenv(name, value)


def test_a_model_runs_in_the_environment_that_its_requirements_make(tmp_path: Path):
    environment = declared_environment(b"tiny-model==1.0\n")
    assert environment.size > 1000
    artifact = written(tmp_path, "m.joblib", b"x")
    # What stands in for joblib gives what can't predict: it was asked, and not the one of this environment.
    with pytest.raises(Exception, match="what it holds can't predict: dict"):
        run_model(artifact, "joblib", Rows(None, ROWS), trust=True, python=environment.python)


def test_an_environment_is_kept_under_its_requirements_and_the_version_of_python(
    monkeypatch: pytest.MonkeyPatch,
):
    first = declared_environment(b"tiny-model==1.0\n")
    monkeypatch.setattr(environments, "_make", lambda *_: pytest.fail("it is made again"))
    again = declared_environment(b"tiny-model==1.0\n", f"{sys.version_info[0]}.{sys.version_info[1]}.99")
    assert (again.folder, again.size, again.is_new) == (first.folder, first.size, False)


def test_an_environment_that_can_not_be_made_is_not_there(caches: Path):
    before = {path.name for path in environments.environments_folder().glob("*") if path.is_dir()}
    with pytest.raises(StorageFailed, match="no-such-library"):
        declared_environment(b"no-such-library==9.9\n")
    after = {path.name for path in environments.environments_folder().glob("*") if path.is_dir()}
    assert after == before


def test_what_was_cut_off_is_made_anew(monkeypatch: pytest.MonkeyPatch):
    made: list[Path] = []

    def make(folder: Path, requirements: bytes, python: str) -> None:
        assert not folder.exists()
        made.append(folder)
        (folder / "bin").mkdir(parents=True)
        (folder / "bin" / "python").write_text("")

    monkeypatch.setattr(environments, "_make", make)
    environment = declared_environment(b"a==1\n")
    (environment.folder / "rollbook-complete").unlink()
    assert declared_environment(b"a==1\n").is_new
    assert len(made) == 2


def test_two_at_once_make_one(monkeypatch: pytest.MonkeyPatch):
    made: list[Path] = []

    def make(folder: Path, requirements: bytes, python: str) -> None:
        made.append(folder)
        (folder / "bin").mkdir(parents=True)
        (folder / "bin" / "python").write_text("")

    monkeypatch.setattr(environments, "_make", make)
    with ThreadPoolExecutor(4) as pool:
        found = [*pool.map(declared_environment, [b"b==1\n"] * 4)]
    assert len(made) == 1
    assert sum(environment.is_new for environment in found) == 1


def test_a_python_that_is_not_there_is_a_bad_call(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(environments.shutil, "which", lambda *_, **__: None)
    with pytest.raises(BadCall, match=r"Python 3\.4"):
        declared_environment(b"tiny-model==1.0\n", "3.4.1")


@pytest.mark.parametrize(
    ("requirements", "why"),
    [
        (b"scikit-learn>=1.5\n", "not pinned"),
        (b"scikit-learn\n", "not pinned"),
        (b"tool @ git+https://example.com/x@" + b"a" * 40 + b"\n", "would be built"),
        (b"-e .\n", "neither a hash nor a commit"),
        (b"-r other.txt\n", "brings in"),
        (b"a==1\n--no-binary :all:\n", "the option --no-binary"),
        (b"--find-links /tmp\na==1\n", "the option --find-links"),
    ],
)
def test_what_is_not_one_version_from_an_index_is_not_installed(requirements: bytes, why: str):
    with pytest.raises(Refused, match=why):
        interpreter_for("declared", requirements, {})


def test_an_environment_is_asked_for_by_its_word(monkeypatch: pytest.MonkeyPatch):
    assert interpreter_for("current", None, {}) is None
    with pytest.raises(BadCall, match="no environment"):
        interpreter_for("other", None, {})
    with pytest.raises(BadCall, match=r"declares no requirements\.txt"):
        interpreter_for("declared", None, {})
    asked: list[str] = []

    def remember(_: bytes, python: str) -> environments.DeclaredEnvironment:
        asked.append(python)
        return declared_environment(b"tiny-model==1.0\n")

    monkeypatch.setattr("rollbook.propose.declared_requirements.declared_environment", remember)
    options = b"--index-url https://example.com/simple\na==1 --hash=sha256:" + b"0" * 64 + b"\n"
    for python in ("3.12.4", "/bin/evil", ">=3.9", None):
        interpreter_for("declared", options, {"python": python})
    assert asked == ["3.12", "", "", ""]


def test_what_runs_a_model_needs_no_rollbook(tmp_path: Path):
    environment = declared_environment(b"tiny-model==1.0\n")
    done = subprocess.run([environment.python, "-I", "-c", "import rollbook"], capture_output=True)
    assert b"No module named 'rollbook'" in done.stderr
