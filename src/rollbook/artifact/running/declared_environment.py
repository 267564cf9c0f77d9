"""The environment that a version declares, made of its pinned requirements, and kept for the next time.

Only wheels are installed: building from a source distribution would run its code outside of any walls.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rollbook.errors import BadCall, StorageFailed
from rollbook.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_LONGEST_SECONDS = 1800
_SHOWN = 300
_FORMAT = "1"


@dataclass(frozen=True, slots=True)
class DeclaredEnvironment:
    """An environment that is there: its folder, its interpreter, its bytes, whether it was made just now."""

    folder: Path
    python: Path
    size: int
    is_new: bool


def environments_folder() -> Path:
    """Return where environments are kept: the user's folder of caches
    (https://specifications.freedesktop.org/basedir-spec/latest/)."""
    told = os.environ.get("XDG_CACHE_HOME", "")
    caches = Path(told) if Path(told).is_absolute() else Path.home() / ".cache"
    return caches / "rollbook" / "environments"


def declared_environment(requirements: bytes, python: str = "") -> DeclaredEnvironment:
    """Return the environment of a requirements file, made unless it is kept; `python` is the version that it
    needs, empty for the running one.

    It appears whole or not at all, and one process makes it while others wait. Raises BadCall where the
    Python is not to be had, StorageFailed where the libraries are not.
    """
    major_minor = (
        ".".join(python.split(".")[:2]) if python else f"{sys.version_info[0]}.{sys.version_info[1]}"
    )
    digest = hashlib.sha256(f"{_FORMAT} {major_minor} {sys.platform}\0".encode() + requirements).hexdigest()
    kept = environments_folder() / digest[:32]
    if found := _standing(kept, is_new=False):
        return found
    kept.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _alone(kept.with_suffix(".lock")):
        if found := _standing(kept, is_new=False):
            return found
        # A virtual environment knows its own path: it is made where it stays, and shows itself complete last.
        shutil.rmtree(kept, ignore_errors=True)
        try:
            _make(kept, requirements, major_minor)
            _mark(kept)
        except BaseException:
            shutil.rmtree(kept, ignore_errors=True)
            raise
        found = _standing(kept, is_new=True)
    assert found is not None
    return found


def _complete(folder: Path) -> Path:
    return folder / "rollbook-complete"


def _mark(folder: Path) -> None:
    with tempfile.NamedTemporaryFile("w", dir=folder, delete=False) as file:
        file.write(str(_size(folder)))
    Path(file.name).replace(_complete(folder))


def _standing(folder: Path, *, is_new: bool) -> DeclaredEnvironment | None:
    try:
        size = int(_complete(folder).read_text())
    except (OSError, ValueError):
        return None
    python = folder / "bin" / "python"
    return DeclaredEnvironment(folder, python, size, is_new) if python.exists() else None


def _size(folder: Path) -> int:
    places = (Path(where, name) for where, _, names in os.walk(folder) for name in names)
    return sum(place.lstat().st_size for place in places)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold the lock at a path, waiting for whoever has it."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _make(folder: Path, requirements: bytes, python: str) -> None:
    with tempfile.TemporaryDirectory(prefix="rollbook-") as scratch:
        listed = Path(scratch, "requirements.txt")
        listed.write_bytes(requirements)
        uv = shutil.which("uv")
        if uv:
            _run([uv, "venv", "--quiet", "--python", python, str(folder)], f"Python {python} is not there")
            where = ("--python", str(folder / "bin" / "python"))
            install = [uv, "pip", "install", "--quiet", *where]
        else:
            _run(
                [_interpreter(python), "-I", "-m", "venv", str(folder)],
                f"Python {python} makes no environment",
            )
            install = [str(folder / "bin" / "python"), "-I", "-m", "pip", "install", "--quiet", "--no-input"]
        _run([*install, "--only-binary", ":all:", "-r", str(listed)], "")


def _interpreter(python: str) -> str:
    if python == f"{sys.version_info[0]}.{sys.version_info[1]}":
        return sys.executable
    if found := shutil.which(f"python{python}"):
        return found
    hint = "Install it, or uv, which gets it; or run in the current environment: --environment current."
    raise BadCall(f"Python {python}, which the version declares, is not there", hint=hint)


def _run(command: Sequence[str], missing: str) -> None:
    """Run a step of making an environment. Raises BadCall where it says that something is missing, else
    StorageFailed, with the last line that it printed."""
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_LONGEST_SECONDS, cwd="/"
        )
    except subprocess.TimeoutExpired as error:
        raise StorageFailed(f"the environment was not ready after {_LONGEST_SECONDS} s") from error
    except OSError as error:
        raise BadCall(f"{command[0]} can't be run: {error.strerror}") from error
    if done.returncode == 0:
        return
    lines = [line for line in done.stderr.decode(errors="replace").split("\n") if line.strip()]
    said = printable(" ".join(" ".join(lines[-3:]).split())[:_SHOWN])
    if missing:
        raise BadCall(f"{missing}: {said}", hint="Or run in the current environment: --environment current.")
    raise StorageFailed(
        f"what the version requires can't be installed: {said}",
        hint="Only wheels are. Or run in the current environment: --environment current.",
    )
