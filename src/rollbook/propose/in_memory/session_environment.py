"""The environment of the running session, as far as a model needs it: pinned requirements, and what of it
nobody can install."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from rollbook.errors import BadCall
from rollbook.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# What models are fed with: pinned where the session has imported it.
_FED_WITH = ("numpy", "pandas", "polars")


@dataclass(frozen=True, slots=True)
class SessionEnvironment:
    """Lines of a requirements file, each pinned to one version; `remarks` say what is in none."""

    requirements: tuple[str, ...]
    remarks: tuple[str, ...]

    @property
    def text(self) -> bytes:
        """The requirements file."""
        return "".join(f"{line}\n" for line in self.requirements).encode()


def session_environment(modules: Iterable[str], dependencies: Sequence[str]) -> SessionEnvironment:
    """Return the packages that these modules come from, those that rows are made with, and the told
    dependencies, pinned to the versions that are installed.

    Raises BadCall for a dependency that isn't installed, or in no such version.
    """
    homes = metadata.packages_distributions()
    wanted = [*modules, *(name for name in _FED_WITH if name in sys.modules)]
    lines: dict[str, str] = {}
    remarks = []
    for module in dict.fromkeys(wanted):
        names = homes.get(module, [])
        if _is_namespace(module):  # which of several packages it is, is not told
            continue
        if not names and module in sys.modules:
            remarks.append(
                f"the code of {printable(module[:80])} is in no package: whoever loads it needs it"
            )
        for name in dict.fromkeys(names):
            line, remark = _pinned(metadata.distribution(name))
            if line:
                lines[canonicalize_name(name)] = line
            remarks += [remark] if remark else []
    for told in dependencies:
        requirement = _requirement(told)
        lines[canonicalize_name(requirement.name)] = _told(requirement, told)
    return SessionEnvironment(tuple(lines[name] for name in sorted(lines)), tuple(dict.fromkeys(remarks)))


def _is_namespace(module: str) -> bool:
    loaded = sys.modules.get(module)
    return loaded is not None and getattr(loaded, "__file__", None) is None


def version_of(module: str) -> str:
    """Return the version of the package that a module comes from; empty where it is in none."""
    names = metadata.packages_distributions().get(module, [])
    return metadata.version(names[0]) if names else ""


def _pinned(distribution: metadata.Distribution) -> tuple[str, str]:
    """Return a line that pins a package, and what has to be said of it; either may be empty."""
    name, version = distribution.metadata["Name"], distribution.version
    origin = _origin(distribution)
    if "dir_info" in origin:
        editable = "editable, " if origin["dir_info"].get("editable") else ""
        return "", printable(
            f"{name} {version} is no requirement: it is installed from a folder ({editable}local)"
        )
    try:
        public = Version(version).public
    except InvalidVersion:
        public = version
    remark = f"{name}: {version} is installed here; pinned is {public}" if public != version else ""
    return f"{name}=={public}", printable(remark)


def _origin(distribution: metadata.Distribution) -> Mapping[str, Any]:
    """Return where a package was installed from, but for an index.

    https://packaging.python.org/en/latest/specifications/direct-url/
    """
    try:
        told = json.loads(distribution.read_text("direct_url.json") or "{}")
    except ValueError:
        return {}
    return told if isinstance(told, dict) and isinstance(told.get("dir_info", {}), dict) else {}


def _requirement(text: str) -> Requirement:
    try:
        return Requirement(text)
    except InvalidRequirement as error:
        message = f"dependencies: {printable(str(text)[:80])!r} is no requirement"
        raise BadCall(message, hint='E.g. dependencies=["polars", "category_encoders==2.8.1"]') from error


def _told(requirement: Requirement, text: str) -> str:
    """Return the line of a dependency that is told: as it is where it names one version, else pinned."""
    exact = [one for one in requirement.specifier if one.operator == "==" and "*" not in one.version]
    if exact or requirement.url:
        return text.strip()
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    try:
        version = Version(metadata.version(requirement.name))
    except (metadata.PackageNotFoundError, InvalidVersion) as error:
        raise BadCall(
            f"dependencies: {requirement.name} is not installed here",
            hint=f"Pin it: {requirement.name}==VERSION; or install it.",
        ) from error
    if not requirement.specifier.contains(version, prereleases=True):
        raise BadCall(f"dependencies: {requirement.name} {version} is installed, which is not {text[:80]}")
    return f"{requirement.name}{extras}=={version.public}"
