"""The files in which an environment may stand beside a manifest: pip's, conda's, and the locks of conda-lock,
of pixi, and those in TOML. Which of their requirements is pinned, and which Python is it?

https://docs.conda.io/projects/conda/en/latest/user-guide/tasks/manage-environments.html,
https://conda.github.io/conda-lock/output/, https://pixi.sh/latest/workspace/lockfile/
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rollbook.check.requirements_file import RequirementLine, requirement_lines
from rollbook.check.toml_locks import lock_lines, python_of_lock
from rollbook.errors import InvalidFile
from rollbook.layout import CONDA_ENVIRONMENT, CONDA_LOCK, PIXI_LOCK, REQUIREMENTS_TXT, TOML_LOCKS
from rollbook.yaml.strict import load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

# What a list must be called, for a YAML file to be one of these.
_LISTS = {CONDA_ENVIRONMENT: "dependencies", CONDA_LOCK: "package", PIXI_LOCK: "packages"}
_SPECIFICATION = re.compile(r"(?:[^:\s\[\]]+::)?(?P<name>[A-Za-z0-9_.-]+)(?P<rest>[^A-Za-z0-9_.-].*)?")
_ONE_VERSION = re.compile(
    r"(?P<sign>==|=| )(?P<version>[0-9A-Za-z](?:[0-9A-Za-z_.!+]*[0-9A-Za-z])?)"
    r"(?:[= ](?P<build>[0-9A-Za-z_.+-]+))?"
)
_FILE_NAME = re.compile(r"(?P<name>.+)-(?P<version>[^-]+)-[^-]+\.(?:conda|tar\.bz2)")
_DIGEST = re.compile("[0-9a-f]{32,128}")


def kind_of_file(data: bytes) -> str:
    """Return which of the YAML files this is, by the name that it has beside a manifest; empty for none.

    Raises InvalidFile for what is no YAML.
    """
    value = load(data)
    if not isinstance(value, dict):
        return ""
    return next((name for name, key in _LISTS.items() if isinstance(value.get(key), list)), "")


def environment_lines(name: str, text: str) -> Iterator[RequirementLine]:
    """Yield the requirements of an environment's file, by the name that it has beside a manifest.

    Raises InvalidFile when it can't be read.
    """
    if name == REQUIREMENTS_TXT:
        return requirement_lines(text)
    if name in TOML_LOCKS:
        return lock_lines(name, text)
    value = load(text.encode(errors="replace"), name)
    items = value.get(_LISTS[name]) if isinstance(value, dict) else None
    if not isinstance(items, list):
        raise InvalidFile(f"has no list {_LISTS[name]}", path=name)
    return _READERS[name](items)


def python_of(name: str, text: str) -> str:
    """Return the version of Python that an environment's file names; empty when it names none, or a range."""
    if name in TOML_LOCKS:
        return python_of_lock(name, text)
    lines = environment_lines(name, text) if name != REQUIREMENTS_TXT else ()
    versions = {line.version for line in lines if line.manager == "conda" and line.name == "python"}
    return versions.pop() if len(versions) == 1 else ""


def _conda_lines(items: list[Any]) -> Iterator[RequirementLine]:
    for item in items:
        if isinstance(item, str):
            yield _specification(item)
        elif isinstance(item, dict) and item.keys() == {"pip"} and isinstance(item["pip"], list):
            for line in item["pip"]:
                if isinstance(line, str):
                    yield from requirement_lines(line)
                else:
                    yield RequirementLine(str(line)[:80], "is no requirement that pip reads")
        else:
            yield RequirementLine(str(item)[:80], "is no dependency that conda reads")


def _specification(text: str) -> RequirementLine:
    written = " ".join(text.split()).replace(" =", "=").replace("= ", "=")
    whole = _SPECIFICATION.fullmatch(written)
    if whole is None:
        return RequirementLine(written, "is not written as NAME=VERSION", manager="conda")
    name, rest = whole["name"].lower(), whole["rest"] or ""
    if not rest:
        return RequirementLine(written, "has no version", name, manager="conda")
    one = _ONE_VERSION.fullmatch(rest)
    if one is None:
        return RequirementLine(written, "is not pinned to one version", name, manager="conda")
    version = one["version"]
    # For conda a single `=` means what begins so: `=1.2` is also 1.2.7.
    is_exact = one["build"] or one["sign"] != "=" or version.count(".") > 1
    loose = "" if is_exact else f"takes any {version}.*: write ==, or add the build"
    return RequirementLine(written, loose, name, version, "conda")


def _locked(
    items: list[Any], read: Callable[[Mapping[str, Any]], RequirementLine]
) -> Iterator[RequirementLine]:
    for item in items:
        yield (
            read(item) if isinstance(item, dict) else RequirementLine(str(item)[:80], "is no locked package")
        )


def _conda_lock_line(item: Mapping[str, Any]) -> RequirementLine:
    digests = item.get("hash")
    hashes = [*digests.values()] if isinstance(digests, dict) else []
    manager = "conda" if item.get("manager") == "conda" else "pypi"
    return _package(_text(item.get("name")), _text(item.get("version")), item.get("url"), hashes, manager)


def _pixi_line(item: Mapping[str, Any]) -> RequirementLine:
    manager = "conda" if "conda" in item or item.get("kind") == "conda" else "pypi"
    url = _text(item.get(manager) or item.get("url"))
    told = _FILE_NAME.fullmatch(url.rpartition("/")[2]) if manager == "conda" else None
    name = _text(item.get("name")) or (told["name"] if told else "")
    version = _text(item.get("version")) or (told["version"] if told else "")
    return _package(name, version, url, [item.get("sha256"), item.get("md5")], manager)


def _package(name: str, version: str, url: object, hashes: list[Any], manager: str) -> RequirementLine:
    is_locked = isinstance(url, str) and any(
        isinstance(digest, str) and _DIGEST.fullmatch(digest) for digest in hashes
    )
    loose = "" if is_locked else "is locked by no hash"
    return RequirementLine(name or _text(url), loose, name.lower(), version, manager)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


_READERS: Mapping[str, Callable[[list[Any]], Iterator[RequirementLine]]] = {
    CONDA_ENVIRONMENT: _conda_lines,
    CONDA_LOCK: lambda items: _locked(items, _conda_lock_line),
    PIXI_LOCK: lambda items: _locked(items, _pixi_line),
}
