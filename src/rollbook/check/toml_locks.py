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

# What may hold dots on a line and is no key: texts, and fractions of a second.
_NO_KEY = re.compile(r'"(?:[^"\\\n]|\\.)*"?|' + r"'[^'\n]*'?|:[0-9]{2}\.[0-9]+")
# The time that tomllib takes for a key grows with the square of its parts, and each of them is a table.
_MOST_DOTS, _MOST_DOTS_IN_ALL = 20, 50_000
_LONGEST_RANGE = 200
_LAST = 40  # the newest minor version of Python 3, and the newest patch of one, that is looked for
_DIGEST = re.compile(r"(?:[a-z0-9_-]+:)?[0-9a-f]{32,128}")
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
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
    lock = _parsed(text, name)
    packages = lock.get(key, [])
    if not isinstance(packages, list):
        raise InvalidFile(f"has no list {key}", path=name)
    for package in packages:
        if not isinstance(package, dict):
            yield RequirementLine(str(package)[:80], "is no locked package")
        elif not _is_project(name, package, lock):
            loose = _LOOSE[name](_with_files(package, lock) if name == POETRY_LOCK else package)
            version = _text(package.get("version"))
            yield RequirementLine(
                f"{_text(package.get('name'))} {version}".strip(), loose, _text(package.get("name")), version
            )


def python_of_lock(name: str, text: str) -> str:
    """Return the version of Python that a lock asks for: `3.12.4`, or `3.12` where any of these will do;
    empty where more than one would."""
    lock = _parsed(text, name)
    metadata = lock.get("metadata")
    told = lock.get("requires-python")
    if name == POETRY_LOCK:
        told = metadata.get("python-versions") if isinstance(metadata, dict) else ""
    return _one_python(told) if isinstance(told, str) and len(told) <= _LONGEST_RANGE else ""


def _one_python(told: str) -> str:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        wanted = SpecifierSet(told)
    except InvalidSpecifier:  # Poetry's own `^3.12`
        return ""
    if not told.strip() or wanted.contains("4.0.0"):
        return ""
    found = [
        (minor, patch)
        for minor in range(_LAST + 1)
        for patch in range(_LAST + 1)
        if wanted.contains(f"3.{minor}.{patch}")
    ]
    if len({minor for minor, _ in found}) != 1:
        return ""
    ((minor, patch), *more) = found
    return f"3.{minor}" if more else f"3.{minor}.{patch}"


def _parsed(text: str, name: str) -> dict[str, Any]:
    # Texts of several lines may hide where others begin: then all dots count.
    keys = text if '"""' in text or "'''" in text else _NO_KEY.sub("", text)
    if keys.count(".") > _MOST_DOTS_IN_ALL or any(line.count(".") > _MOST_DOTS for line in keys.split("\n")):
        raise InvalidFile(f"has more dots than {_MOST_DOTS} in a line, or {_MOST_DOTS_IN_ALL:,}", path=name)
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InvalidFile(f"is no TOML: {error}", path=name) from error


def _is_project(name: str, package: Mapping[str, Any], lock: Mapping[str, Any]) -> bool:
    """Whether it is the project that was locked itself, or a member of its workspace: their code is on record
    as the version's lineage."""
    source = package.get("directory" if name == PYLOCK else "source")
    if name == POETRY_LOCK or not isinstance(source, dict):
        return False
    if name == PYLOCK:
        return source.get("path") == "."
    folder = source.get("virtual") or source.get("editable")
    manifest = lock.get("manifest")
    members = manifest.get("members") if isinstance(manifest, dict) else None
    is_member = isinstance(members, list) and package.get("name") in members
    return folder == "." or (isinstance(folder, str) and is_member)


def _with_files(package: Mapping[str, Any], lock: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a package of Poetry's with its files, which stood together until lock-version 2.0."""
    metadata = lock.get("metadata")
    together = metadata.get("files") if isinstance(metadata, dict) else None
    if "files" in package or not isinstance(together, dict):
        return package
    return {**package, "files": together.get(_text(package.get("name")))}


def _uv_loose(package: Mapping[str, Any]) -> str:
    source = package.get("source")
    if not isinstance(source, dict):
        return "has no source"
    if git := _text(source.get("git")):
        return _loose_commit(git.rpartition("#")[2])
    if not source.keys() & {"registry", "url", "path"}:
        return _FOLDER
    files = _tables([package.get("sdist"), *_list(package.get("wheels"))])
    return _loose_files(package, [file.get("hash") for file in files])


def _poetry_loose(package: Mapping[str, Any]) -> str:
    source = package.get("source")
    kind = source.get("type") if isinstance(source, dict) else "legacy"
    if kind == "git" and isinstance(source, dict):
        return _loose_commit(source.get("resolved_reference"))
    if kind == "directory":
        return _FOLDER
    return _loose_files(package, [file.get("hash") for file in _tables(_list(package.get("files")))])


def _pylock_loose(package: Mapping[str, Any]) -> str:
    vcs, archive = package.get("vcs"), package.get("archive")
    if isinstance(vcs, dict):
        return _loose_commit(vcs.get("commit-id"))
    if "directory" in package:
        return _FOLDER
    files = _tables([archive, package.get("sdist"), *_list(package.get("wheels"))])
    digests = [
        digest for known in _tables([file.get("hashes") for file in files]) for digest in known.values()
    ]
    return _loose_digests(digests) if isinstance(archive, dict) else _loose_files(package, digests)


def _loose_commit(commit: object) -> str:
    return "" if _COMMIT.fullmatch(_text(commit)) else "is of git, and names no commit"


def _loose_files(package: Mapping[str, Any], digests: list[Any]) -> str:
    return _loose_digests(digests) if _text(package.get("version")) else "has no version"


def _loose_digests(digests: list[Any]) -> str:
    is_locked = any(isinstance(digest, str) and _DIGEST.fullmatch(digest) for digest in digests)
    return "" if is_locked else _NO_HASH


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _tables(values: list[Any]) -> list[dict[str, Any]]:
    return [value for value in values if isinstance(value, dict)]


def _text(value: object) -> str:
    return value[:200] if isinstance(value, str) else ""


_LOOSE: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    UV_LOCK: _uv_loose,
    POETRY_LOCK: _poetry_loose,
    PYLOCK: _pylock_loose,
}
