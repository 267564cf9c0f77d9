"""`bundle.json`: what a bundle holds, and which registry it comes from."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from rollbook import layout
from rollbook.artifact.artifact_files import unsafe_paths
from rollbook.artifact.pointer import unsafe_artifact_name
from rollbook.errors import InvalidFile
from rollbook.layout import Kind
from rollbook.names import is_model_name, is_version
from rollbook.snapshot.snapshot import MAX_FILE
from rollbook.text import printable
from rollbook.trail.foreign_trail import LARGEST_TAG, MOST_TAGS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

INDEX = "bundle.json"
CHECKSUM = "bundle.sha256"
FILES, ARTIFACT, ATTACHMENTS, TRAIL = "files/", "artifact/", "attachments/", "trail/"
MODEL = f"{FILES}model.yaml"
MANIFEST = f"{FILES}version.yaml"
FORMAT = 1
LARGEST_INDEX = 1 << 26  # bytes
MOST_MEMBERS = 100_000
# Of everything but the artifact and attachments, together: it is held in memory.
_LARGEST_RECORD = 1 << 26
_LARGEST_ARTIFACT = (1 << 53) - 1
_LONGEST_ADDRESS = 1000
_ID = re.compile(r"[0-9a-f]{40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_KINDS = frozenset(
    [
        Kind.MANIFEST,
        Kind.SAMPLE_INPUT,
        Kind.REQUIREMENTS,
        Kind.CARD,
        Kind.NOTES,
        Kind.EVIDENCE,
        Kind.IMPORT,
        Kind.MODEL_SIGNATURE,
        Kind.PROVENANCE,
    ]
)


@dataclass(frozen=True, slots=True)
class BundleMember:
    """A file of a bundle: its name, its size in bytes, and its SHA-256."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class BundleContents:
    """A bundle's model and version, the registry it comes from (its address, and the commit it was taken
    from), and every file in it, sorted by the bytes of their names."""

    model: str
    version: str
    registry: str
    commit: str
    members: tuple[BundleMember, ...]

    def as_bytes(self) -> bytes:
        """Return the bytes of `bundle.json`; the same contents have the same bytes."""
        members = [
            {"name": member.name, "size": member.size, "sha256": member.sha256} for member in self.members
        ]
        data = {
            "format": FORMAT,
            "model": self.model,
            "version": self.version,
            "source": {"registry": self.registry, "commit": self.commit},
            "members": members,
        }
        return json.dumps(data, indent=1).encode() + b"\n"

    def below(self, folder: str) -> list[BundleMember]:
        """Return the members below `files/`, `artifact/`, `attachments/` or `trail/`."""
        return [member for member in self.members if member.name.startswith(folder)]


def checksum(index: bytes) -> bytes:
    """Return the file beside `bundle.json` by which `sha256sum -c` verifies it."""
    return f"{hashlib.sha256(index).hexdigest()}  {INDEX}\n".encode()


def is_bundled(kind: Kind) -> bool:
    """Return whether a bundle takes files of this kind along."""
    return kind in _KINDS


def parse_contents(data: bytes, path: str) -> BundleContents:
    """Read a `bundle.json`. Raises InvalidFile, naming `path`, for anything but one that was written here."""
    contents = _read(data, path)
    if contents.as_bytes() != data:
        raise _broken(path, "is not written as `rollbook export` writes it")
    if wrong := _wrong(contents):
        raise _broken(path, wrong)
    return contents


def _read(data: bytes, path: str) -> BundleContents:
    try:
        document = json.loads(data)
        if type(document["format"]) is int and document["format"] > FORMAT:
            raise InvalidFile(
                f"the bundle has format {document['format']:.0f}; this tool knows formats up to {FORMAT}",
                path=path,
                hint="Upgrade the tool: pip install --upgrade rollbook",
            )
        source = document["source"]
        return BundleContents(
            model=_text(document["model"]),
            version=_text(document["version"]),
            registry=_text(source["registry"]),
            commit=_text(source["commit"]),
            members=tuple(_member(member) for member in document["members"]),
        )
    except (ValueError, KeyError, TypeError, RecursionError, OverflowError) as error:
        raise _broken(path, "is no list of contents") from error


def _member(data: Any) -> BundleMember:
    if type(data["size"]) is not int:
        raise TypeError("size")
    return BundleMember(_text(data["name"]), data["size"], _text(data["sha256"]))


def _text(value: object) -> str:
    if type(value) is not str:
        raise TypeError("text")
    value.encode()  # a lone surrogate has no UTF-8
    return value


def _wrong(contents: BundleContents) -> str:
    """Return what is wrong with the contents; empty when nothing is."""
    names = [member.name.encode() for member in contents.members]
    if not is_model_name(contents.model) or not is_version(contents.version):
        return "names no possible model and version"
    address = contents.registry
    if not 0 < len(address) <= _LONGEST_ADDRESS or address != printable(address):
        return "names no possible registry"
    if not _ID.fullmatch(contents.commit):
        return "names no commit"
    if len(names) > MOST_MEMBERS:
        return f"lists more than {MOST_MEMBERS:,} files"
    if any(left >= right for left, right in pairwise(names)):
        return "lists files twice, or out of order"
    for member in contents.members:
        if wrong := _wrong_member(member, contents):
            return f"lists {member.name[:200]!r}, {wrong}"
    return _wrong_together(contents)


def _wrong_member(member: BundleMember, contents: BundleContents) -> str:
    name = member.name
    folder = next((start for start in _LIMITS if name.startswith(start)), None)
    if folder is None:
        return "which is none of the folders of a bundle"
    limit, is_placed = _LIMITS[folder]
    if not is_placed(name.removeprefix(folder), contents):
        return "which has no place in a bundle"
    if not 0 <= member.size <= limit:
        return f"and {member.size} bytes are no size that it may have"
    return "" if _SHA256.fullmatch(member.sha256) else "without its SHA-256"


def _is_file(name: str, contents: BundleContents) -> bool:
    path = f"{layout.version_directory(contents.model, contents.version)}/{name}"
    return name == "model.yaml" or is_bundled(layout.place(path).kind)


def _is_tag(name: str, _: BundleContents) -> bool:
    return _ID.fullmatch(name) is not None


def _is_artifact(name: str, _: BundleContents) -> bool:
    return not unsafe_artifact_name(name.partition("/")[0])


def _is_attachment(name: str, contents: BundleContents) -> bool:
    evidence, _, path = name.partition("/")
    file = f"{layout.evidence_directory(contents.model, contents.version)}/{evidence}.yaml"
    return layout.place(file).kind is Kind.EVIDENCE and not unsafe_artifact_name(path.partition("/")[0])


_LIMITS: dict[str, tuple[int, Callable[[str, BundleContents], bool]]] = {
    FILES: (MAX_FILE, _is_file),
    ARTIFACT: (_LARGEST_ARTIFACT, _is_artifact),
    ATTACHMENTS: (_LARGEST_ARTIFACT, _is_attachment),
    TRAIL: (LARGEST_TAG, _is_tag),
}


def _wrong_together(contents: BundleContents) -> str:
    names = {member.name for member in contents.members}
    artifact, trail = contents.below(ARTIFACT), contents.below(TRAIL)
    if not {MODEL, MANIFEST} <= names or not artifact or not trail:
        return "lacks the manifest, the model's record, the artifact or the tags"
    if len(trail) > MOST_TAGS:
        return f"lists more than {MOST_TAGS:,} tags"
    if sum(member.size for member in (*contents.below(FILES), *trail)) > _LARGEST_RECORD:
        return f"lists more than {_LARGEST_RECORD >> 20} MiB beside the artifact"
    reason = unsafe_paths(member.name for member in (*artifact, *contents.below(ATTACHMENTS)))
    return f"lists files that no system can hold: {reason}" if reason else ""


def _broken(path: str, what: str) -> InvalidFile:
    return InvalidFile(f"{INDEX} in the bundle {what}", path=path, hint="Export the version again.")


def sorted_members(members: Sequence[BundleMember]) -> tuple[BundleMember, ...]:
    """Return the members in the order in which they stand in a bundle."""
    return tuple(sorted(members, key=lambda member: member.name.encode()))
