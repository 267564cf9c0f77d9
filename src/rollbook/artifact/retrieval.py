"""Getting a version's artifact: from the DVC storage of the repository it is registered in."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.artifact.dvc_remote import RemoteSettings, connect
from rollbook.artifact.environment_file import environment_file
from rollbook.artifact.pointer import parse_pointer, unsafe_artifact_name
from rollbook.artifact.progress import begin, quiet
from rollbook.artifact.read_only_storage import ReadOnlyStorage, read_only_storage
from rollbook.artifact.storage import open_storage
from rollbook.artifact.untrusted_remote import is_relative, restricted_remote
from rollbook.errors import BadCall, InvalidFile, NotFound, StorageFailed, nearest
from rollbook.git.clone import home, is_far
from rollbook.git.trees import holds_file, unpack
from rollbook.records.evidence import parse_evidence
from rollbook.registry.version_files import evidence_paths
from rollbook.yaml.strict import load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rollbook.artifact.pointer import Pointer
    from rollbook.artifact.progress import Progress
    from rollbook.records.evidence import Attachment, Evidence
    from rollbook.registry.model_version import ModelVersion
    from rollbook.registry.registry import Registry

_DVC_CONFIG = ".dvc/config"
_OTHER = "Do not use it: an attachment has a plain file name, and a pointer of that name."


def fetch_version(
    version: ModelVersion,
    destination: Path,
    *,
    overwrite: bool = False,
    progress: Progress | None = None,
    remote: str | None = None,
    environment: bool = False,
) -> Path:
    """Write a version's artifact to `destination` and return where it is; see `ModelVersion.fetch`."""
    artifact = version.artifact
    pointer = read_pointer(version)
    target = destination / artifact.path if destination.is_dir() else destination
    begin(progress or quiet, "fetching", artifact.size)
    source = registry_storage(version.model.registry) if remote is None else storage_at(remote)
    beside = _environment_at(target, version) if environment else {}
    with source as storage:
        return storage.fetch(
            pointer,
            sha256=artifact.sha256,
            size=artifact.size,
            destination=target,
            progress=progress or quiet,
            overwrite=overwrite,
            beside=beside,
        )


def _environment_at(target: Path, version: ModelVersion) -> dict[Path, bytes]:
    """Return the file of the environment by the place beside an artifact's that it gets. Raises BadCall where
    that is the artifact's own."""
    name, data = environment_file(version)
    if target.name == name:
        hint = "Give the artifact another name: -o NAME."
        raise BadCall(f"{target} would be both the artifact and its environment", hint=hint)
    return {target.with_name(name): data}


def fetch_attachments(
    version: ModelVersion,
    evidence: str,
    directory: Path,
    *,
    overwrite: bool = False,
    progress: Progress | None = None,
    remote: str | None = None,
) -> list[Path]:
    """Write what is attached to a version's evidence into `directory`; see `ModelVersion.fetch_evidence`."""
    evidence_record = evidence_named(version, evidence)
    if not evidence_record.attachments:
        raise NotFound(f"nothing is attached to {evidence} of {version}")
    pointers = [
        attached_pointer(version, evidence_record, attachment) for attachment in evidence_record.attachments
    ]
    begin(progress or quiet, "fetching", sum(attachment.size for attachment in evidence_record.attachments))
    source = registry_storage(version.model.registry) if remote is None else storage_at(remote)
    with source as storage:
        return [
            storage.fetch(
                pointer,
                sha256=attachment.sha256,
                size=attachment.size,
                destination=directory / pointer.path,
                progress=progress or quiet,
                overwrite=overwrite,
            )
            for pointer, attachment in zip(pointers, evidence_record.attachments, strict=True)
        ]


def attachment_content(version: ModelVersion, evidence: Evidence, attachment: Attachment, most: int) -> bytes:
    """Return the bytes of a file that is attached to a version's evidence, verified. Raises StorageFailed
    where they can't be had, or are more than `most`."""
    pointer = attached_pointer(version, evidence, attachment)
    if attachment.size > most or pointer.is_directory:
        raise StorageFailed(f"{attachment.path} of {evidence.name} is no file of at most {most:,} bytes")
    with registry_storage(version.model.registry) as storage:
        return storage.content(pointer, sha256=attachment.sha256, size=attachment.size)


def evidence_named(version: ModelVersion, name: str) -> Evidence:
    """Read a version's evidence by its name, e.g. `fairness-1`. Raises NotFound that suggests the nearest."""
    paths = evidence_paths(version.model.registry.snapshot, version.model.name, version.version)
    places = {path.rpartition("/")[2].removesuffix(".yaml"): path for path in paths}
    if name not in places:
        raise NotFound(f"{version} has no evidence {name[:80]!r}", hint=nearest(name, list(places)))
    (data,) = version.model.registry.snapshot.read_many([places[name]])
    return parse_evidence(data or b"", places[name])


def attached_pointer(version: ModelVersion, evidence: Evidence, attachment: Attachment) -> Pointer:
    """Return DVC's pointer to an attachment. Raises NotFound without one, InvalidFile when it is
    another's."""
    if reason := unsafe_artifact_name(attachment.path):
        raise InvalidFile(f"{attachment.path!r} {reason}", path=evidence.path, key="attachments", hint=_OTHER)
    path = layout.attachment_pointer_path(evidence.path, attachment.path)
    (data,) = version.model.registry.snapshot.read_many([path])
    if data is None:
        raise NotFound(f"{path} does not exist", hint="Run `rollbook check --all`.")
    pointer = parse_pointer(load(data, path), path)
    if pointer.path != attachment.path:
        message = f"the pointer is one to {pointer.path!r}"
        raise InvalidFile(message, path=path, key="outs.0.path", hint=_OTHER)
    return pointer


def read_pointer(version: ModelVersion) -> Pointer:
    """Read DVC's pointer to a version's artifact. Raises NotFound when it isn't there, InvalidFile when
    broken."""
    name = version.artifact.path
    if reason := unsafe_artifact_name(name):
        raise InvalidFile(
            f"{name!r} {reason}",
            path=layout.manifest_path(version.model.name, version.version),
            key="artifact.path",
            hint="Do not use it: an artifact stands beside its manifest, under a plain file name.",
        )
    path = layout.pointer_path(version.model.name, version.version, name)
    (data,) = version.model.registry.snapshot.read_many([path])
    if data is None:
        if version.removal is not None:
            raise version.removal.refusal()
        raise NotFound(f"{path} does not exist", hint="Run `rollbook check --all`.")
    return parse_pointer(load(data, path), path)


@contextmanager
def storage_at(address: str) -> Iterator[ReadOnlyStorage]:
    """Open a DVC remote by its path or URL, which the caller vouches for. Nothing is cached."""
    settings = RemoteSettings(address)
    yield ReadOnlyStorage(settings, connect(settings))


@contextmanager
def registry_storage(registry: Registry) -> Iterator[ReadOnlyStorage]:
    """Open the storage of a registry's artifacts: its working tree's, or the one its commit configures."""
    if registry.has_repository and registry.repository.work_tree is not None:
        yield open_storage(registry.repository.work_tree)
        return
    (data,) = registry.snapshot.read_many([_DVC_CONFIG])
    if data is None:
        raise NotFound(f"{_DVC_CONFIG} does not exist in {registry.snapshot.label}", hint="Set DVC up in it.")
    config = data.decode(errors="replace")
    with _unpacked_remote(registry, config) as base, read_only_storage(config, base=base) as storage:
        yield storage


@contextmanager
def _unpacked_remote(registry: Registry, config: str) -> Iterator[Path]:
    """Bring the folder that the configuration's relative addresses start from.

    A DVC remote that is kept inside the repository has no files in a bare one: they come from the commit.
    """
    if not registry.has_repository:
        yield Path("/")
        return
    root = home(registry.repository)
    inside = _inside(Path(restricted_remote(config, base=root).public_url), root)
    if inside is None and is_far(registry.repository) and is_relative(config):
        raise StorageFailed(
            "the registry's DVC remote is a folder beside it, which can't be reached by this address",
            hint="Name the place of the bytes: --remote PATH|URL.",
        )
    commit = registry.snapshot.commit
    if inside is None or commit is None:
        yield root
        return
    registry.snapshot.bring_whole(inside)
    if not holds_file(registry.repository, commit, inside):
        yield root  # it is there, and git does not track it
        return
    with tempfile.TemporaryDirectory(prefix="rollbook-") as directory:
        folder = Path(directory, inside)
        folder.mkdir(parents=True)
        unpack(registry.repository, f"{commit}:{inside}", folder)
        yield Path(directory)


def _inside(path: Path, root: Path) -> str | None:
    if not path.is_absolute() or not path.is_relative_to(root):
        return None
    return path.relative_to(root).as_posix()
