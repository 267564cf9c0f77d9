"""Where the bytes of a GTO artifact are at a commit: in git, or in DVC's storage.

GTO itself knows names and tags only. The path stands in the `artifacts:` of a dvc.yaml
(https://dvc.org/doc/user-guide/project-structure/dvcyaml-files#artifacts), or in GTO's own artifacts.yaml.
Nothing here is taken from the working tree, and no link is followed.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from rollbook.artifact.artifact_files import unsafe_paths
from rollbook.artifact.dir_object import SUFFIX, is_md5
from rollbook.errors import InvalidFile, NotFound
from rollbook.snapshot.snapshot import EXECUTABLE, FILE, LINK, SUBMODULE
from rollbook.text import one_line
from rollbook.yaml.strict import load

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rollbook.snapshot.tree_snapshot import TreeSnapshot

_INDEX = "artifacts.yaml"
_KINDS = {LINK: "a symbolic link", SUBMODULE: "a submodule"}
_MOST_POINTERS = 5000
_REGULAR = (FILE, EXECUTABLE)


@dataclass(frozen=True, slots=True)
class Annotation:
    """What a repository says of an artifact at a commit. `path` is relative to the repository's root."""

    path: str = ""
    kind: str = ""
    description: str = ""
    labels: tuple[str, ...] = ()
    meta: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class InGit:
    """A file, or a folder's files by their paths in it, each with git's mode, in a commit."""

    commit: str
    path: str
    files: Mapping[str, str]
    is_directory: bool


@dataclass(frozen=True, slots=True)
class InDvc:
    """An output of DVC: its md5 (a folder's ends with `.dir`), its size in bytes and number of files where
    they are known, and the path inside of it when the artifact is a part of the folder. `is_old` says that it
    was written by a DVC before 3.0, which kept its objects elsewhere."""

    path: str
    md5: str
    size: int | None
    files: int | None
    inside: str = ""
    is_old: bool = False


def annotation(snapshot: TreeSnapshot, artifact: str) -> Annotation:
    """Return what the commit says of an artifact, named as GTO prints it; an empty one when it says nothing.

    Raises NotFound when a file that should tell can't be read, or its path leads out of the repository.
    """
    folder, _, name = artifact.rpartition(":")
    where = posixpath.normpath(folder) if folder else ""
    for path in (posixpath.join(where, "dvc.yaml"), *([] if folder else [_INDEX])):
        document = _document(snapshot, path)
        entries = document.get("artifacts") if path != _INDEX else document
        entry = entries.get(name) if isinstance(entries, dict) else None
        if isinstance(entry, dict):
            return _annotation(entry, where)
    return Annotation()


def _annotation(entry: Mapping[str, Any], folder: str) -> Annotation:
    path, labels, meta = entry.get("path"), entry.get("labels"), entry.get("meta", entry.get("custom"))
    description = entry.get("desc") or entry.get("description")
    return Annotation(
        path=inner_path(posixpath.join(folder, path)) if isinstance(path, str) and path else "",
        kind=one_line(entry["type"], 100) if isinstance(entry.get("type"), str) else "",
        description=description if isinstance(description, str) else "",
        labels=tuple(one_line(item, 100) for item in labels if isinstance(item, str))
        if isinstance(labels, list)
        else (),
        meta=meta if isinstance(meta, dict) else {},
    )


def inner_path(path: str) -> str:
    """Return `path` normalised. Raises NotFound when it is no path inside the repository."""
    inner = posixpath.normpath(path)
    if "://" in path:
        raise NotFound(
            f"its path {path[:120]!r} is an address",
            hint="Leave it out (--skip-missing), then register it: rollbook register MODEL ADDRESS",
        )
    if posixpath.isabs(inner) or inner.split("/")[0] in ("", ".", "..", ".git") or unsafe_paths([inner]):
        raise NotFound(f"its path {path[:120]!r} is none inside the repository")
    return inner


def locate(snapshot: TreeSnapshot, path: str) -> InGit | InDvc:
    """Return where the artifact at `path` is kept at the snapshot's commit. Raises NotFound when nothing
    tells."""
    # The tree around it is read by a process that runs already; a listing would start one.
    found = snapshot.identity(path)
    modes = {path: found.mode} if found else {}
    if not found and snapshot.tree_id(path):
        modes = dict(snapshot.modes_at([path]))
    if modes:
        return _in_git(snapshot, path, modes)
    return _in_dvc(snapshot, path)


def _in_git(snapshot: TreeSnapshot, path: str, modes: Mapping[str, str]) -> InGit:
    for file, mode in modes.items():
        if mode not in _REGULAR:
            what = "it" if file == path else f"{file[:120]!r} in it"
            raise NotFound(f"{what} is {_KINDS.get(mode, 'no plain file')}")
    if path in modes:
        return InGit(snapshot.treeish, path, {path.rpartition("/")[2]: modes[path]}, is_directory=False)
    files = {file.removeprefix(f"{path}/"): mode for file, mode in modes.items()}
    if reason := unsafe_paths(files):
        raise NotFound(reason)
    return InGit(snapshot.treeish, path, files, is_directory=True)


def _in_dvc(snapshot: TreeSnapshot, path: str) -> InDvc:
    outer: InDvc | None = None
    for out_path, out in _outputs(snapshot, path):
        if out_path == path:
            return _output(path, out)
        if path.startswith(f"{out_path}/") and str(out.get("md5", "")).endswith(SUFFIX):
            folder = _output(out_path, out)
            outer = InDvc(
                path, folder.md5, folder.size, folder.files, path[len(out_path) + 1 :], folder.is_old
            )
    if outer is None:
        raise NotFound(f"the commit has no {path[:120]!r}, neither in git nor as an output of DVC")
    return outer


def _output(path: str, out: Mapping[str, Any]) -> InDvc:
    md5, size, files = out.get("md5"), out.get("size"), out.get("nfiles")
    if out.get("cache") is False:
        raise NotFound("DVC was told not to keep it (cache: false), and git does not have it")
    if out.get("remote") is not None:
        raise NotFound("DVC keeps it in a remote of its own (remote: ...)")
    if not isinstance(md5, str) or not is_md5(md5.removesuffix(SUFFIX)):
        raise NotFound("DVC's output has no md5: it is kept outside of DVC's storage")
    return InDvc(
        path,
        md5,
        size if type(size) is int and size >= 0 else None,
        files if type(files) is int and files > 0 else None,
        is_old="hash" not in out,
    )


def _outputs(snapshot: TreeSnapshot, path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """DVC's outputs that may hold `path`, each with its own path: those of the folders on the way to it."""
    parts = path.split("/")
    folders = ["/".join(parts[:end]) for end in range(len(parts) - 1, -1, -1)]
    for folder, names in zip(folders, snapshot.children(folders), strict=True):
        files = [name for name, is_folder in names.items() if not is_folder and name.endswith(".dvc")]
        if len(files) > _MOST_POINTERS:
            raise NotFound(f"{folder or 'the root'} has more than {_MOST_POINTERS} .dvc files")
        own = f"{parts[len(folder.split('/')) if folder else 0]}.dvc"
        for name in sorted(files, key=lambda name: name != own):
            document = _document(snapshot, posixpath.join(folder, name))
            wdir = document.get("wdir")
            yield from _listed(document.get("outs"), folder, wdir)
        if "dvc.lock" in names:
            yield from _locked(snapshot, folder)


def _locked(snapshot: TreeSnapshot, folder: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    lock = _document(snapshot, posixpath.join(folder, "dvc.lock"))
    stages = lock.get("stages", lock)
    pipeline = _document(snapshot, posixpath.join(folder, "dvc.yaml")).get("stages")
    for name, stage in stages.items() if isinstance(stages, dict) else ():
        if isinstance(stage, dict):
            # `train@a` is one of the stages that `train` was written for.
            definition = pipeline.get(str(name).partition("@")[0]) if isinstance(pipeline, dict) else None
            yield from _listed(
                stage.get("outs"), folder, definition.get("wdir") if isinstance(definition, dict) else None
            )


def _listed(outs: object, folder: str, wdir: object) -> Iterator[tuple[str, Mapping[str, Any]]]:
    base = posixpath.join(folder, wdir) if isinstance(wdir, str) else folder
    for out in outs if isinstance(outs, list) else ():
        if isinstance(out, dict) and isinstance(out.get("path"), str):
            yield posixpath.normpath(posixpath.join(base, out["path"])), out


def _document(snapshot: TreeSnapshot, path: str) -> Mapping[str, Any]:
    """Return a YAML file's mapping; empty when there is none. Raises NotFound when it can't be read."""
    try:
        (data,) = snapshot.read_many([path])
        document = _loaded(data, path) if data else None
    except InvalidFile as error:
        raise NotFound(f"{error}") from error
    return document if isinstance(document, dict) else {}


@lru_cache(maxsize=8)
def _loaded(data: bytes, path: str) -> Any:
    """Return a file's YAML; many versions in a row have the very same."""
    return load(data, path)
