"""What stands where an artifact's bytes should be, when they were not fetched: a pointer of another tool, or
nothing at all."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rollbook.artifact.artifact_files import open_source
from rollbook.errors import BadCall, InvalidFile
from rollbook.yaml.strict import load

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rollbook.artifact.artifact_files import ArtifactSource

_LARGEST_POINTER = 1024
_LARGEST_LOCK = 1 << 20
# What a pointer starts with, whose it is, and what fetches the bytes. The first two are git LFS's
# (https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md), the third is git-annex's.
_POINTERS = (
    (b"version https://git-lfs.github.com/spec/", "git LFS", "git lfs pull"),
    (b"version https://hawser.github.com/spec/", "git LFS", "git lfs pull"),
    (b"/annex/objects/", "git-annex", "git annex get"),
)
_POINTER_SUFFIX = ".dvc"


def require_bytes(data: bytes, where: str) -> None:
    """Raise BadCall when `data`, the content of the file at `where`, only points at what should be there."""
    if len(data) > _LARGEST_POINTER:
        return
    for start, tool, fetch in _POINTERS:
        if data.startswith(start):
            raise BadCall(
                f"{where} is a pointer of {tool}, not the file itself", hint=f"Fetch the file first: {fetch}"
            )


def require_fetched(source: ArtifactSource) -> None:
    """Raise BadCall when a file of `source` stands for bytes that were not fetched."""
    present = {file.path for file in source.files}
    for file in source.files:
        is_dvc = source.is_directory and file.path.endswith(_POINTER_SUFFIX)
        if file.size > _LARGEST_POINTER and not is_dvc:
            continue
        with os.fdopen(open_source(source, file), "rb") as opened:
            data = opened.read(_LARGEST_LOCK)
        where = str(source.named / file.path if source.is_directory else source.named)
        require_bytes(data, where)
        folder = file.path.rpartition("/")[0]
        for out in _outputs(data) if is_dvc else ():
            inner = f"{folder}/{out}" if folder else out
            if not any(path == inner or path.startswith(f"{inner}/") for path in present):
                raise BadCall(
                    f"{where} is a pointer of DVC, and {out} is not there",
                    hint=f"Fetch it first: dvc pull {where}",
                )


def require_there(path: Path) -> None:
    """Raise BadCall when nothing is at `path`, or only DVC's pointer is named; the hint says what fetches
    it."""
    if path.suffix == _POINTER_SUFFIX and path.is_file() and _outputs(_small(path)):
        inner = path.with_suffix("")
        fetch = "" if inner.exists() else f" Fetch it first: dvc pull {path}"
        raise BadCall(f"{path} is a pointer of DVC, not the model", hint=f"Name {inner}.{fetch}")
    if path.exists():
        return
    if path.is_symlink():
        raise BadCall(
            f"{path} is a symbolic link to nothing: {path.readlink()}",
            hint="Fetch it first (dvc pull, git annex get, hf download), or mend the link.",
        )
    if pointer := _tracked_by(path):
        raise BadCall(
            f"{path} is not here; {pointer} tracks it with DVC", hint=f"Fetch it first: dvc pull {path}"
        )
    raise BadCall(f"{path} does not exist", hint="Name a file or a folder.")


def _tracked_by(path: Path) -> Path | None:
    """Return the file that says that DVC keeps `path`, or a folder it is in; None when there is none."""
    whole = path.absolute()
    for place in (whole, *whole.parents):
        pointer = place.with_name(f"{place.name}{_POINTER_SUFFIX}") if place.name else place
        if pointer.is_file() and place.name:
            return pointer
        lock = place.parent / "dvc.lock"
        if lock.is_file() and _is_output(lock, whole):
            return lock
        if (place / ".git").exists():
            break
    return None


def _is_output(lock: Path, path: Path) -> bool:
    document = _document(_small(lock))
    stages = document.get("stages")
    for stage in stages.values() if isinstance(stages, dict) else ():
        outs = stage.get("outs") if isinstance(stage, dict) else None
        for out in _paths(outs):
            if path.is_relative_to(os.path.normpath(lock.parent / out)):
                return True
    return False


def _outputs(data: bytes) -> list[str]:
    """Return the paths that the text of a `.dvc` file tracks; empty when it is none."""
    return list(_paths(_document(data).get("outs")))


def _paths(outs: object) -> Iterator[str]:
    for out in outs if isinstance(outs, list) else ():
        if isinstance(out, dict) and isinstance(out.get("path"), str):
            yield out["path"]


def _document(data: bytes) -> dict[str, object]:
    try:
        document = load(data)
    except InvalidFile:
        return {}
    return document if isinstance(document, dict) else {}


def _small(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST_LOCK)
    except OSError:
        return b""
