"""Writing a version to a bundle: its files, its artifact, and the tags of its events, which vouch for it.

The same version at the same commit gives the same bytes.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.artifact.digest import digest_artifact
from rollbook.artifact.local_store import created
from rollbook.artifact.placed_file import placed
from rollbook.artifact.progress import quiet
from rollbook.artifact.retrieval import fetch_attachments, fetch_version
from rollbook.errors import BadCall, NotFound, Refused
from rollbook.git.objects import read_at_once
from rollbook.git.repository import is_ancestor
from rollbook.layout import Kind
from rollbook.propose.code_lineage import repository_address
from rollbook.records.imported import SourceTag
from rollbook.trail.event import Action
from rollbook.trail.foreign_trail import LARGEST_TAG, MOST_TAGS, contradictions
from rollbook.trail.tag import recorded_trail
from rollbook.transfer.bundle import ustar
from rollbook.transfer.bundle.bundle_json import (
    CHECKSUM,
    FILES,
    INDEX,
    TRAIL,
    BundleContents,
    BundleMember,
    checksum,
    is_bundled,
    parse_contents,
    sorted_members,
)
from rollbook.transfer.bundle.payloads import holdings
from rollbook.yaml.scalars import FORBIDDEN

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import BinaryIO

    from rollbook.artifact.progress import Progress
    from rollbook.names import Reference
    from rollbook.registry.model_version import ModelVersion
    from rollbook.registry.registry import Registry
    from rollbook.trail.tag import RecordedTag


_COPIED_AT_ONCE = 8 << 20
# What stands beside a manifest and is no file of a bundle, because the bundle says it otherwise.
_SAID_OTHERWISE = frozenset([Kind.POINTER, Kind.ATTACHMENT])
_VERIFY = "Run `rollbook audit verify`, which says what is wrong."
_RECORD = "Fetch the tags (git fetch --tags), or write them: rollbook audit record"


@dataclass(frozen=True, slots=True)
class Packed:
    """A bundle that was written: its file and size in bytes, what it holds, the tags that it takes along, and
    the version's files that it leaves out."""

    path: Path
    size: int
    contents: BundleContents
    tags: tuple[SourceTag, ...]
    left_out: tuple[str, ...]

    def as_document(self) -> dict[str, object]:
        """Return what was written as JSON data."""
        contents = self.contents
        return {
            "bundle": str(self.path),
            "size": self.size,
            "model": contents.model,
            "version": contents.version,
            "registry": contents.registry,
            "commit": contents.commit,
            "files": [member.name for member in contents.members],
            "tags": [{"tag": tag.tag, "object": tag.object, "signed": tag.signed} for tag in self.tags],
            "left_out": list(self.left_out),
        }


def export_version(
    registry: Registry, reference: str | Reference, target: Path, progress: Progress = quiet
) -> Packed:
    """Write a version to the file `target`, whole or not at all.

    Raises Refused when its artifact is removed, no tag registers it yet, its tags contradict the registry, or
    something else than a bundle stands at `target`; NotFound for an unknown version, StorageFailed when the
    artifact can't be had.
    """
    version = registry.version(reference)
    if version.removal is not None:
        raise version.removal.refusal()
    if registry.snapshot.commit is None:
        raise BadCall("a version is exported from a commit, and these files are none")
    files, left_out = _files(version)
    tags = excerpt(version, registry.snapshot.commit, files[f"{FILES}version.yaml"])
    small = {**files, **{f"{TRAIL}{tag.object}": tag.content.encode() for tag in tags}}
    overwrite = _may_be_replaced(target)
    with placed(target, overwrite=overwrite) as temporary, _scratch(target) as directory:
        parts = _parts(version, Path(directory), progress)
        large = [member for member, _ in parts.values()]
        contents = BundleContents(
            model=version.model.name,
            version=version.version,
            registry=repository_address(registry.repository),
            commit=registry.snapshot.commit,
            members=sorted_members([*(_member(name, small[name]) for name in small), *large]),
        )
        parse_contents(contents.as_bytes(), str(target))  # refuses what no reader would take
        _write(temporary, contents, small, {name: path for name, (_, path) in parts.items()})
    return Packed(target, target.stat().st_size, contents, tags, tuple(left_out))


def _files(version: ModelVersion) -> tuple[dict[str, bytes], list[str]]:
    """Return the version's files by their names in the bundle, and the names of those that stay behind."""
    snapshot, model = version.model.registry.snapshot, version.model.name
    directory = layout.version_directory(model, version.version)
    places = {
        path.removeprefix(f"{directory}/"): layout.place(path).kind for path in snapshot.modes(directory)
    }
    bundled = sorted(name for name, kind in places.items() if is_bundled(kind))
    left_out = sorted(
        name for name, kind in places.items() if not is_bundled(kind) and kind not in _SAID_OTHERWISE
    )
    paths = [layout.model_path(model), *(f"{directory}/{name}" for name in bundled)]
    files: dict[str, bytes] = {}
    for name, path, data in zip(["model.yaml", *bundled], paths, snapshot.read_many(paths), strict=True):
        if data is None:
            raise NotFound(f"{path} does not exist", hint="Run `rollbook check --all`.")
        files[FILES + name] = data
    if f"{FILES}version.yaml" not in files:
        raise NotFound(f"{version} has no manifest", hint="Run `rollbook check --all`.")
    return files, left_out


def _may_be_replaced(target: Path) -> bool:
    """Whether an older bundle stands at `target`. Raises Refused when something else does."""
    if not os.path.lexists(target):
        return False
    start = b""
    if target.is_file() and not target.is_symlink():
        with suppress(OSError), target.open("rb") as file:
            start = file.read(ustar.BLOCK)
    if ustar.size_of(start, INDEX) is None:
        raise Refused(f"{target} is already there, and is no bundle", hint="Remove it, or name another file.")
    return True


def _scratch(target: Path) -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix=".rollbook-", dir=target.absolute().parent)


def _parts(
    version: ModelVersion, directory: Path, progress: Progress
) -> dict[str, tuple[BundleMember, Path]]:
    """Return the files of the artifact and the attachments by their names in the bundle, each brought to
    where it stands below `directory`.
    """
    payloads = holdings(version.manifest, version.model.name, version.version, version.evidence())
    parts = {}
    places = {"": [fetch_version(version, directory / "artifact", progress=progress)]}
    for name in dict.fromkeys(holding.evidence for holding in payloads if holding.evidence):
        places[name] = fetch_attachments(version, name, directory / name, progress=progress)
    for holding in payloads:
        path = places[holding.evidence].pop(0)
        digest = digest_artifact(path)
        for file in digest.files:
            name = holding.bundled(file.path)
            source = path / file.path if digest.is_directory else path
            parts[name] = BundleMember(name, file.size, file.sha256), source
    return parts


def _member(name: str, data: bytes) -> BundleMember:
    return BundleMember(name, len(data), hashlib.sha256(data).hexdigest())


def _write(
    target: Path, contents: BundleContents, small: Mapping[str, bytes], large: Mapping[str, Path]
) -> None:
    index = contents.as_bytes()
    with created(target) as descriptor, os.fdopen(descriptor, "wb", closefd=False) as file:
        _put(file, INDEX, index)
        _put(file, CHECKSUM, checksum(index))
        for member in contents.members:
            if member.name in small:
                _put(file, member.name, small[member.name])
                continue
            file.write(ustar.head(member.name, member.size))
            with large[member.name].open("rb") as source:
                shutil.copyfileobj(source, file, _COPIED_AT_ONCE)
            file.write(bytes(ustar.padding(member.size)))
        file.write(ustar.END)


def _put(file: BinaryIO, name: str, data: bytes) -> None:
    file.write(ustar.head(name, len(data)) + data + bytes(ustar.padding(len(data))))


def excerpt(version: ModelVersion, commit: str, manifest: bytes) -> tuple[SourceTag, ...]:
    """Return the tags of a version's events up to a commit: its registration's, then those of its stages.

    Raises Refused when it isn't registered yet as far as the tags say, or when they say something else than
    what stands in the registry.
    """
    repository, name = version.model.registry.repository, version.model.name
    recorded = [
        tag
        for tag in recorded_trail(repository, [name]).tags.values()
        if tag.event.version == version.version
        and tag.name == tag.event.tag
        and is_ancestor(repository, tag.event.landed_in, commit)
    ]
    recorded.sort(key=lambda tag: tag.event.number)
    if not any(tag.event.action is Action.REGISTERED for tag in recorded):
        raise Refused(f"no tag of the audit trail registers {version} up to {commit[:12]}", hint=_RECORD)
    contents = read_at_once(repository, [tag.oid for tag in recorded])
    tags = tuple(_tag(tag, data) for tag, data in zip(recorded, contents, strict=True))
    digest = hashlib.sha256(manifest).hexdigest()
    for _, wrong in contradictions(tags, name, version.version, digest, version.artifact.sha256):
        raise Refused(f"{version}: {wrong}", hint=_VERIFY)
    if len(tags) > MOST_TAGS:
        raise Refused(f"{version} has more than {MOST_TAGS:,} events")
    return tags


def _tag(tag: RecordedTag, data: bytes) -> SourceTag:
    """Return a tag that a file of a registry can hold. Raises Refused for another."""
    try:
        content = data.decode()
    except UnicodeDecodeError:
        content = ""
    if not content or len(data) > LARGEST_TAG or FORBIDDEN.search(content):
        raise Refused(
            f"the tag {tag.name!r} can't be taken along: it is too large, or holds what no file may hold"
        )
    return SourceTag(tag.name, tag.oid, content)
