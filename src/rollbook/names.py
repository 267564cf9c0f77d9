"""Names: of models, stages and versions, with the order of versions; references to a version; and times.

Times stand in the files of a registry as RFC 3339, UTC, whole seconds, e.g. `2026-11-21T09:00:00Z`.
"""

from __future__ import annotations

import functools
import re
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from rollbook.errors import BadCall

_SEGMENT = r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,62}[A-Za-z0-9])?"
MODEL_NAME = re.compile(rf"{_SEGMENT}(?:/{_SEGMENT})?")
# Which models are meant: as a name, with `*` for any characters of the namespace, or of the name in it.
MODEL_PATTERN = re.compile(r"(?!.*\*\*)[A-Za-z0-9*_-]{1,64}(?:/[A-Za-z0-9*_-]{1,64})?")
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
_BUILD = re.compile(r"[0-9A-Za-z-]{1,64}(?:\.[0-9A-Za-z-]{1,64}){0,8}")

# Windows reserves these as file names, whatever their case or ending.
WINDOWS_RESERVED = frozenset(
    ["con", "prn", "aux", "nul", *(f"com{n}" for n in range(1, 10)), *(f"lpt{n}" for n in range(1, 10))]
)
# Folder names that carry a meaning of their own inside `registry/`.
_LAYOUT_RESERVED = frozenset(["versions", "evidence"])
# Keys of stages.yaml that are no stages, and the selector that means the newest version.
RESERVED_SELECTORS = frozenset(["aliases", "extra", "latest"])

LATEST = "latest"
# The stages that mean something beyond a policy's rules.
CANARY, PRODUCTION, DEPRECATED, ARCHIVED = "canary", "production", "deprecated", "archived"
# In front of an alias where stages stand: no stage's name begins with it.
_ALIAS = "@"


_LONG_FORM = re.compile(r"model-(?P<model>.+)-v(?P<version>[0-9]+[._][0-9]+[._][0-9]+(?:-.+)?)")
_LIKE_VERSION = re.compile(r"v?[0-9]+[._][0-9]+[._][0-9]+.*", re.DOTALL)
_REFERENCE_HINT = (
    "Write MODEL@VERSION, MODEL@STAGE, MODEL@ALIAS or MODEL@latest, "
    "e.g. credit-approval@1.2.0 or credit-approval@production."
)

_TIME = "%Y-%m-%dT%H:%M:%SZ"
_BARE_DATE = re.compile(r"[0-9]{4}-?(?:[0-9]{2}-?[0-9]{2}|W[0-9]{2}(?:-?[0-9])?)")


@functools.lru_cache(maxsize=1 << 14)  # the same few names come with every path
def is_model_name(name: str) -> bool:
    """Whether `name` may name a registered model."""
    if not MODEL_NAME.fullmatch(name):
        return False
    return all(
        part.lower() not in WINDOWS_RESERVED and part.lower() not in _LAYOUT_RESERVED
        for part in name.split("/")
    )


def is_model_pattern(pattern: str) -> bool:
    """Whether `pattern` says which models are meant, as `risk/*` does."""
    return bool(MODEL_PATTERN.fullmatch(pattern))


def meets_pattern(name: str, pattern: str) -> bool:
    """Whether a whole model name is one that `pattern` means.

    `*` stands for any characters, or none, and never for a `/`: `risk/*` means all models of that namespace,
    `*` all without one. Case counts. The time it takes follows from the lengths, whatever the pattern.
    """
    parts, meant = name.split("/"), pattern.split("/")
    return len(parts) == len(meant) and all(map(_meets, parts, meant))


def _meets(text: str, pattern: str) -> bool:
    """Whether `text` is `pattern`; each fixed piece is taken at its first place."""
    first, *middle = pattern.split("*")
    if not middle:
        return text == first
    last = middle.pop()
    position, end = len(first), len(text) - len(last)
    if position > end or not text.startswith(first) or not text.endswith(last):
        return False
    for piece in middle:
        start = text.find(piece, position, end)
        if start < 0:
            return False
        position = start + len(piece)
    return True


def is_stage_name(name: str) -> bool:
    """Whether `name` may name a stage or an alias."""
    return len(name) <= 64 and bool(STAGE_NAME.fullmatch(name)) and name not in RESERVED_SELECTORS


@functools.lru_cache(maxsize=1 << 16)  # models have the same few versions, and sorting asks often
def is_version(version: str) -> bool:
    """Whether `version` is a semantic version without build metadata, e.g. `1.2.0` or `2.0.0-rc.1`."""
    return len(version) <= _LONGEST_VERSION and bool(VERSION.fullmatch(version))


def alias_target(alias: str) -> str:
    """Return what stands for an alias where a stage's name may stand too: `@champion`."""
    return f"{_ALIAS}{alias}"


def is_alias_target(target: str) -> bool:
    """Whether what stands where a stage's name may stand is an alias: `@champion`."""
    return target.startswith(_ALIAS)


def alias_of(target: str) -> str:
    """Return the alias that `@champion` stands for."""
    return target.removeprefix(_ALIAS)


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
    hint = "Use lower-case letters, digits, `-` and `_`."
    if is_stage_name(name.lower()):
        hint = f"Did you mean {name.lower()}? {hint}"
    raise BadCall(f"{name[:80]!r} is not a stage name", hint=hint)


def require_alias_name(name: str) -> str:
    """Return `name`, or raise BadCall that says what an alias is called."""
    if is_stage_name(name) and not reads_as_version(name):
        return name
    raise BadCall(
        f"{name[:80]!r} is not the name of an alias",
        hint="Use lower-case letters, digits, `-` and `_`, e.g. champion; not `latest`, and nothing like a "
        "version.",
    )


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
    alone, build = split_build(version)
    if build:
        raise BadCall(
            f"{text[:80]!r} is not a version: versions that differ in their build only have no order",
            hint=f"Name the version alone, {alone}. `register` keeps the build as the tag `build`.",
        )
    raise BadCall(
        f"{text[:80]!r} is not a version",
        hint="Versions are semantic versions such as 1.2.0 or 2.0.0-rc.1 (no build metadata).",
    )


def split_build(text: str) -> tuple[str, str]:
    """Return a version and its build metadata (https://semver.org, 10), such as `2.1.3` and `a1b2c3d`; the
    text as it is, and nothing, where it has none."""
    alone, _, build = text.partition("+")
    return (alone, build) if is_version(alone.removeprefix("v")) and _BUILD.fullmatch(build) else (text, "")


Precedence = tuple[int, int, int, bool, tuple[tuple[int, int, str], ...]]


@functools.lru_cache(maxsize=1 << 16)
def precedence(version: str) -> Precedence:
    """Return a sort key that orders versions by https://semver.org/#spec-item-11.

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
    """Return the next version after `version` when `part` ("major", "minor" or "patch") is raised.

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


@dataclass(frozen=True, slots=True)
class Reference:
    """A model, and what is asked of it: a version, or the name of a stage or an alias, or `latest`.

    Exactly one of `version` and `name` is set.
    """

    model: str
    version: str | None = None
    name: str | None = None

    def __str__(self) -> str:
        return f"{self.model}@{self.version or self.name}"


def parse_reference(text: str) -> Reference:
    """Parse any accepted form of a reference.

    `credit-approval@1.2.0`, `@v1.2.0`, `@1_2_0`, `@production`, `@champion`, `@latest`;
    `credit-approval#production`; `model-credit-approval-v1.2.0`. Raises BadCall for anything else.
    """
    model, separator, selector = text.partition("@")
    if separator:
        return _selected(text, require_model_name(model), selector)
    model, separator, selector = text.partition("#")
    if separator:
        if not is_stage_name(selector):
            raise BadCall(f"{text[:120]!r}: {selector[:80]!r} is not a stage name", hint=_REFERENCE_HINT)
        return Reference(require_model_name(model), name=selector)
    if match := _LONG_FORM.fullmatch(text):
        return Reference(require_model_name(match["model"]), version=normalise_version(match["version"]))
    raise BadCall(f"{text[:120]!r} names no version", hint=_REFERENCE_HINT)


def names_model_alone(text: str) -> bool:
    """Whether a reference is the name of a model, and says nothing of a version."""
    return is_model_name(text) and not _LONG_FORM.fullmatch(text)


def reads_as_version(name: str) -> bool:
    """Whether `@` takes the name of a stage or an alias, such as `v1_2_0`, for a version."""
    return _LIKE_VERSION.fullmatch(name) is not None


def _selected(text: str, model: str, selector: str) -> Reference:
    # First, because `v1_2_0` would also do as the name of a stage; `v1` alone is such a name.
    if reads_as_version(selector):
        return Reference(model, version=normalise_version(selector))
    if selector == LATEST or is_stage_name(selector):
        return Reference(model, name=selector)
    meant = selector.lower()
    hint = f"Did you mean {model}@{meant}? {_REFERENCE_HINT}" if is_stage_name(meant) else _REFERENCE_HINT
    raise BadCall(f"{text[:120]!r}: {selector[:80]!r} is neither a version nor a name", hint=hint)


def parse_moment(text: str, *, begins: bool = False) -> datetime:
    """Return the moment that a date or a time names; a bare date means the end of that day, or with `begins`
    its beginning; no zone means UTC.

    ISO 8601 / RFC 3339, e.g. `2026-03-01`, `2026-03-01T12:00:00Z`. Raises BadCall for anything else.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadCall(
            f"{text[:60]!r} is not a date", hint="Write it like 2026-03-01 or 2026-03-01T12:00:00Z."
        ) from error
    if is_bare_date(text) and not begins:
        moment += timedelta(days=1, microseconds=-1)  # the next day may be beyond the calendar
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def is_bare_date(text: str) -> bool:
    """Whether text that names a date or a time names a date alone."""
    return bool(_BARE_DATE.fullmatch(text))


def day_of(text: str) -> date | None:
    """Return the day that text such as `2027-03-01` names; None for text of any other form."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.isoformat() == text else None


def time_now() -> str:
    """Return the present moment."""
    return datetime.now(UTC).strftime(_TIME)


def time_text(seconds: int) -> str:
    """Return a moment of git's, given in seconds since 1970."""
    # As strftime would, in half the time: a long trail has tens of thousands.
    year, month, day, hour, minute, second = time.gmtime(seconds)[:6]
    return f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"


def moment_text(moment: datetime) -> str:
    """Return a moment as text, in whole seconds."""
    return time_text(int(moment.timestamp()))


def time_seconds(text: str) -> int:
    """Return the moment that RFC 3339 text names, in seconds since 1970; 0 when it names none."""
    try:
        moment = datetime.fromisoformat(text)
        return int(moment.timestamp()) if moment.tzinfo else 0
    except (ValueError, OverflowError):
        return 0
