"""Reading a requirements file as pip does (https://pip.pypa.io/en/stable/reference/requirements-file-format/).

The lines are pip's: continuations, comments, options. What a requirement says is read by `packaging`. No file
that is named in it is opened, and no variable of the environment is put in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# From the first of some blanks on alone: else very many take the square of their number.
_COMMENT = re.compile(r"(?:^|(?<!\s)\s+)#.*$")
# An option of one requirement, as `--hash`, ends it; so does an old `--global-option="a b"`.
_OPTIONS = re.compile(r"(?<!\s)\s+(?=--?[A-Za-z])")
_HASH = re.compile(r"--hash[= ]\s*\w+:[0-9a-fA-F]{32,}")
_EDITABLE = re.compile(r"(?:-e|--editable)[ =]\s*(?P<what>.+)")
_BRINGS_IN = re.compile(r"(?:-r|--requirements?)[ =]?\s*(?P<what>.+)")
_URL_HASH = re.compile(r"[#&](?:sha256|sha384|sha512)=[0-9a-fA-F]{64,128}(?:&|$)")
_COMMIT = re.compile(r"(?:git|hg)\+[^#]*@[0-9a-f]{40}(?:[0-9a-f]{24})?(?:#.*)?")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|(?:git|hg|svn|bzr)\+")


@dataclass(frozen=True, slots=True)
class RequirementLine:
    """A requirement as it is written, and why it is not pinned, empty when it is; the library's name and its
    one version, where it says them; and whose package it is, `pypi` or `conda`."""

    text: str
    loose: str
    name: str = ""
    version: str = ""
    manager: str = "pypi"


def requirement_lines(text: str) -> Iterator[RequirementLine]:
    """Yield the requirements of a file. An option that only says how to look for them is none; one that
    brings in another file is, for what that says is not on record."""
    for raw in _joined(text):
        line = _COMMENT.sub("", raw).strip()
        if not line:
            continue
        if found := _BRINGS_IN.fullmatch(line):
            yield RequirementLine(line, f"brings in {found['what'][:60]!r}, which is not on record")
        elif found := _EDITABLE.fullmatch(line):
            yield RequirementLine(line, _loose_address(found["what"], line))
        elif not line.startswith("-"):
            yield _read(_OPTIONS.split(line, maxsplit=1)[0], line)


def _joined(text: str) -> Iterator[str]:
    """Yield the lines of a text, those that a backslash continues as one. A comment ends what went before,
    and is never continued itself: nothing hides behind it.
    """
    parts: list[str] = []
    for line in text.splitlines():
        if _COMMENT.match(line):
            yield "".join([*parts, " ", line])
            parts = []
        elif line.endswith("\\"):
            parts.append(line.removesuffix("\\"))
        else:
            yield "".join([*parts, line])
            parts = []
    if parts:
        yield "".join(parts)


def _read(requirement: str, line: str) -> RequirementLine:
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        read = Requirement(requirement)
    except InvalidRequirement:
        is_address = _ADDRESS.match(requirement) or requirement.startswith((".", "/"))
        loose = _loose_address(requirement, line) if is_address else "is no requirement that pip reads"
        return RequirementLine(line, loose)
    if read.url:
        return RequirementLine(line, _loose_address(read.url, line), read.name)
    exact = [one.version for one in read.specifier if one.operator in ("==", "===")]
    version = next((version for version in exact if not version.endswith(".*")), "")
    return RequirementLine(line, "" if version else "is not pinned with ==", read.name, version)


def _loose_address(address: str, line: str) -> str:
    """Why what stands at an address may be something else tomorrow; empty when it can't be."""
    if _COMMIT.fullmatch(address.partition(";")[0].strip()):
        return ""
    if _URL_HASH.search(address.partition(" ;")[0].strip()) or _HASH.search(line):
        return ""
    return "is an address with neither a hash nor a commit"
