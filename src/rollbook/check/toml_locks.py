"""The locks that are written in TOML: uv's, Poetry's, and Python's own `pylock.toml`. Which of their packages
is pinned, and which Python is it?

https://docs.astral.sh/uv/concepts/projects/layout/#the-lockfile (whose fields are those of uv's own source),
https://python-poetry.org/docs/basic-usage/#committing-your-poetrylock-file-to-version-control,
https://packaging.python.org/en/latest/specifications/pylock-toml/
"""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any

from rollbook.check.requirements_file import RequirementLine
from rollbook.errors import InvalidFile
from rollbook.layout import POETRY_LOCK, PYLOCK, UV_LOCK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

# The time that tomllib takes for a key grows with the square of its parts.
_MOST_DOTS = 500  # of a line
_DIGEST = re.compile(r"(?:[a-z0-9_-]+:)?[0-9a-f]{32,128}")
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_ONE_PYTHON = re.compile(r"={2,3}\s*(?P<version>[0-9]+\.[0-9]+(?:\.[0-9]+)?)(?:\.\*)?")
_FOLDER = "stands in a folder, which is not on record"
_NO_HASH = "is locked by no hash"


def kind_of_lock(data: bytes) -> str:
    """Return which of the locks this is, by the name that it has beside a manifest; empty for none.

    Raises InvalidFile for what is no TOML.
    """
    lock = _parsed(data.decode(errors="replace"), "")
    metadata = lock.get("metadata")
    if isinstance(lock.get("packages"), list) and "lock-version" in lock:
        return PYLOCK
    if isinstance(metadata, dict) and "lock-version" in metadata:
        return POETRY_LOCK
    is_uv = type(lock.get("version")) is int and "requires-python" in lock
    return UV_LOCK if is_uv else ""


def lock_lines(name: str, text: str) -> Iterator[RequirementLine]:
    """Yield the packages of the lock that stands beside a manifest as `name`.

    Raises InvalidFile when it can't be read.
    """
    key = "packages" if name == PYLOCK else "package"
    packages = _parsed(text, name).get(key, [])
    if not isinstance(packages, list):
        raise InvalidFile(f"has no list {key}", path=name)
    for package in packages:
        if not isinstance(package, dict):
            yield RequirementLine(str(package)[:80], "is no locked package")
        elif not (name == UV_LOCK and _is_project(package)):
            loose = _LOOSE[name](package)
            version = _text(package.get("version"))
            yield RequirementLine(
                f"{_text(package.get('name'))} {version}".strip(), loose, _text(package.get("name")), version
            )


def python_of_lock(name: str, text: str) -> str:
    """Return the version of Python that a lock asks for; empty when it asks for none, or for a range."""
    lock = _parsed(text, name)
    metadata = lock.get("metadata")
    told = lock.get("requires-python")
    if name == POETRY_LOCK:
        told = metadata.get("python-versions") if isinstance(metadata, dict) else ""
    one = _ONE_PYTHON.fullmatch(_text(told).strip())
    return one["version"] if one else ""


def _parsed(text: str, name: str) -> dict[str, Any]:
    if any(line.count(".") > _MOST_DOTS for line in text.split("\n")):
        raise InvalidFile(f"a line has more than {_MOST_DOTS} dots", path=name)
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InvalidFile(f"is no TOML: {error}", path=name) from error


def _is_project(package: Mapping[str, Any]) -> bool:
    """Whether it is the project that was locked itself: its code is on record as the version's lineage."""
    source = package.get("source")
    return isinstance(source, dict) and "." in (source.get("virtual"), source.get("editable"))


def _uv_loose(package: Mapping[str, Any]) -> str:
    source = package.get("source")
    if not isinstance(source, dict):
        return "has no source"
    if git := _text(source.get("git")):
        return "" if _COMMIT.fullmatch(git.rpartition("#")[2]) else "is of git, and names no commit"
    if not source.keys() & {"registry", "url", "path"}:
        return _FOLDER
    wheels = package.get("wheels")
    files = [package.get("sdist"), *(wheels if isinstance(wheels, list) else [])]
    return _loose_files(package, [file.get("hash") for file in files if isinstance(file, dict)])


def _poetry_loose(package: Mapping[str, Any]) -> str:
    source = package.get("source")
    kind = source.get("type") if isinstance(source, dict) else "legacy"
    if kind == "git" and isinstance(source, dict):
        commit = _text(source.get("resolved_reference"))
        return "" if _COMMIT.fullmatch(commit) else "is of git, and names no commit"
    if kind == "directory":
        return _FOLDER
    files = package.get("files")
    return _loose_files(
        package,
        [file.get("hash") for file in files if isinstance(file, dict)] if isinstance(files, list) else [],
    )


def _pylock_loose(package: Mapping[str, Any]) -> str:
    vcs, archive = package.get("vcs"), package.get("archive")
    if isinstance(vcs, dict):
        return "" if _COMMIT.fullmatch(_text(vcs.get("commit-id"))) else "is of git, and names no commit"
    if "directory" in package:
        return _FOLDER
    wheels = package.get("wheels")
    files = [archive, package.get("sdist"), *(wheels if isinstance(wheels, list) else [])]
    hashes = [
        file["hashes"] for file in files if isinstance(file, dict) and isinstance(file.get("hashes"), dict)
    ]
    digests = [digest for known in hashes for digest in known.values()]
    return _loose_digests(digests) if isinstance(archive, dict) else _loose_files(package, digests)


def _loose_files(package: Mapping[str, Any], digests: list[Any]) -> str:
    return _loose_digests(digests) if _text(package.get("version")) else "has no version"


def _loose_digests(digests: list[Any]) -> str:
    is_locked = any(isinstance(digest, str) and _DIGEST.fullmatch(digest) for digest in digests)
    return "" if is_locked else _NO_HASH


def _text(value: object) -> str:
    return value[:200] if isinstance(value, str) else ""


_LOOSE: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    UV_LOCK: _uv_loose,
    POETRY_LOCK: _poetry_loose,
    PYLOCK: _pylock_loose,
}
