"""The grammar of model names, stage names and versions, and the order of versions."""

from __future__ import annotations

import functools
import re

from rollbook.errors import BadCall

_SEGMENT = r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,62}[A-Za-z0-9])?"
MODEL_NAME = re.compile(rf"{_SEGMENT}(?:/{_SEGMENT})?")
STAGE_NAME = re.compile(r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*")

# https://semver.org, without build metadata: two versions that differ only there have no order.
_NUMBER = r"0|[1-9][0-9]{0,17}"
_IDENTIFIER = rf"(?:{_NUMBER}|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
# A git ref must not end with `.lock`, and a version is the end of its tag's name.
VERSION = re.compile(
    rf"(?!.*\.lock\Z)(?P<major>{_NUMBER})\.(?P<minor>{_NUMBER})\.(?P<patch>{_NUMBER})"
    rf"(?:-(?P<prerelease>{_IDENTIFIER}(?:\.{_IDENTIFIER})*))?"
)
_UNDERSCORED = re.compile(rf"(?:{_NUMBER})_(?:{_NUMBER})_(?:{_NUMBER})(?:-.*)?", re.DOTALL)
_LONGEST_VERSION = 64

# Windows reserves these as file names, whatever their case or ending.
WINDOWS_RESERVED = frozenset(
    ["con", "prn", "aux", "nul", *(f"com{n}" for n in range(1, 10)), *(f"lpt{n}" for n in range(1, 10))]
)
# Folder names that carry a meaning of their own inside `registry/`.
_LAYOUT_RESERVED = frozenset(["versions", "evidence"])
# Keys of stages.yaml that are no stages, and the selector that means the newest version.
RESERVED_SELECTORS = frozenset(["aliases", "extra", "latest"])


@functools.lru_cache(maxsize=1 << 14)  # the same few names come with every path
def is_model_name(name: str) -> bool:
    """Whether `name` may name a registered model."""
    if not MODEL_NAME.fullmatch(name):
        return False
    return all(
        part.lower() not in WINDOWS_RESERVED and part.lower() not in _LAYOUT_RESERVED
        for part in name.split("/")
    )


def is_stage_name(name: str) -> bool:
    """Whether `name` may name a stage or an alias."""
    return len(name) <= 64 and bool(STAGE_NAME.fullmatch(name)) and name not in RESERVED_SELECTORS


@functools.lru_cache(maxsize=1 << 16)  # models have the same few versions, and sorting asks often
def is_version(version: str) -> bool:
    """Whether `version` is a semantic version without build metadata, e.g. `1.2.0` or `2.0.0-rc.1`."""
    return len(version) <= _LONGEST_VERSION and bool(VERSION.fullmatch(version))


def require_model_name(name: str) -> str:
    """Return `name`, or raise BadCall that says what a model name looks like."""
    if is_model_name(name):
        return name
    shown = name if len(name) <= 80 else f"{name[:77]}..."
    raise BadCall(
        f"{shown!r} is not a model name",
        hint="Use ASCII letters, digits, `-` and `_`, at most 64, first and last a letter or a digit, "
        "and at most one `/`, as in `credit-approval` or `risk/credit-approval`; not `versions`, nor what "
        "Windows reserves (con, nul, ...).",
    )


def require_stage_name(name: str) -> str:
    """Return `name`, or raise BadCall that says what a stage name looks like."""
    if is_stage_name(name):
        return name
    raise BadCall(f"{name[:80]!r} is not a stage name", hint="Use lower-case letters, digits, `-` and `_`.")


def normalise_version(text: str) -> str:
    """Return the canonical form of a version: `v1.2.0` and `1_2_0` become `1.2.0`.

    Raises BadCall when `text` is no semantic version.
    """
    version = text.removeprefix("v")
    if _UNDERSCORED.fullmatch(version):
        core, dash, prerelease = version.partition("-")
        version = core.replace("_", ".") + dash + prerelease
    if is_version(version):
        return version
    raise BadCall(
        f"{text[:80]!r} is not a version",
        hint="Versions are semantic versions such as 1.2.0 or 2.0.0-rc.1 (no build metadata).",
    )


Precedence = tuple[int, int, int, bool, tuple[tuple[int, int, str], ...]]


@functools.lru_cache(maxsize=1 << 16)
def precedence(version: str) -> Precedence:
    """A sort key that orders versions by https://semver.org/#spec-item-11.

    Raises ValueError when `version` is no semantic version.
    """
    match = VERSION.fullmatch(version)
    if match is None:
        raise ValueError(version)
    major, minor, patch, prerelease = match.groups()
    identifiers = tuple(
        (0, int(part), "") if part.isdecimal() else (1, 0, part)
        for part in (prerelease.split(".") if prerelease else ())
    )
    return int(major), int(minor), int(patch), prerelease is None, identifiers


def bump(version: str | None, part: str) -> str:
    """The next version after `version` when `part` ("major", "minor" or "patch") is raised.

    A model without versions starts at 1.0.0 (major), 0.1.0 (minor) or 0.0.1 (patch). A pre-release is
    finished rather than raised when that is enough: 2.0.0-rc.1 with "major" gives 2.0.0. Raises BadCall when
    a number would get too large for a version.
    """
    major, minor, patch, final, _ = precedence(version or "0.0.0")
    if not final:
        finished = {"major": minor == patch == 0, "minor": patch == 0, "patch": True}[part]
        if finished:
            return f"{major}.{minor}.{patch}"
    raised = {
        "major": f"{major + 1}.0.0",
        "minor": f"{major}.{minor + 1}.0",
        "patch": f"{major}.{minor}.{patch + 1}",
    }[part]
    if not is_version(raised):
        raise BadCall(
            f"the {part} number of {version} can't be raised: it has 18 digits, the most there may be",
            hint="Raise another one, or name the version yourself: --version V.",
        )
    return raised
