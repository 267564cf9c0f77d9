"""Getting an artifact whose model was read from an index: from the DVC remote that the index names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.artifact.dvc_remote import RemoteSettings, connect
from rollbook.artifact.pointer import parse_pointer
from rollbook.artifact.progress import quiet
from rollbook.artifact.storage import ReadOnlyStorage
from rollbook.artifact.untrusted_remote import restricted_settings
from rollbook.errors import StorageFailed

if TYPE_CHECKING:
    from rollbook.artifact.pointer import Pointer
    from rollbook.artifact.progress import Progress
    from rollbook.transfer.static_index.documents import RemoteAddress
    from rollbook.transfer.static_index.indexed_registry import SparseVersion


def fetch_indexed(
    version: SparseVersion,
    destination: Path,
    *,
    overwrite: bool = False,
    progress: Progress | None = None,
    remote: str | None = None,
) -> Path:
    """Write a version's artifact to `destination` and return where it is; see `SparseVersion.fetch`."""
    artifact, pointer = version.artifact, _pointer(version)
    target = destination / pointer.path if destination.is_dir() else destination
    settings = RemoteSettings(remote) if remote else _settings(version.model.document.remote)
    return ReadOnlyStorage(settings, connect(settings)).fetch(
        pointer,
        sha256=artifact.sha256,
        size=artifact.size,
        destination=target,
        progress=progress or quiet,
        overwrite=overwrite,
    )


def _pointer(version: SparseVersion) -> Pointer:
    """DVC's pointer, made anew of what the index tells and judged as a file of a registry is."""
    artifact, indexed = version.artifact, version.indexed
    if indexed.removal is not None:
        raise indexed.removal.refusal()
    if not indexed.md5:
        raise indexed.error or StorageFailed(f"{version}: the index does not tell where its bytes are")
    out = {"md5": indexed.md5, "size": artifact.size, "hash": "md5", "path": artifact.path}
    if indexed.files is not None:
        out["nfiles"] = indexed.files
    return parse_pointer(
        {"outs": [out]}, layout.pointer_path(version.model.name, version.version, artifact.path)
    )


def _settings(remote: RemoteAddress | None) -> RemoteSettings:
    if remote is None:
        raise StorageFailed(
            "the index names no remote that holds the bytes: the registry's is a folder beside it",
            hint="Name the place of the bytes: --remote PATH|URL.",
        )
    return restricted_settings(remote.url, remote.settings, base=Path("/"))
