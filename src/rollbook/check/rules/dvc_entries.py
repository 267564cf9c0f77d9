"""Whether dvc.yaml leads `dvc artifacts get` to each model's newest version, where the policy asks for it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from rollbook.artifact.dvc_yaml import ARTIFACTS, artifact_path, entries, entry_path
from rollbook.check.document import line_of
from rollbook.check.finding import Finding
from rollbook.errors import InvalidFile
from rollbook.layout import DVC_YAML, POLICY, Kind, place, removal_path, versions_directory
from rollbook.names import is_model_name, precedence
from rollbook.records.policy import parse_policy
from rollbook.schema.explanation import shown
from rollbook.snapshot.snapshot import EXECUTABLE, FILE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from rollbook.check.registry_files import Contents, ModelFiles, VersionFiles
    from rollbook.registry.change import FileChange
    from rollbook.snapshot.snapshot import Snapshot
    from rollbook.snapshot.tree_snapshot import TreeSnapshot

_HINT = "Run `rollbook dvc-artifacts` and commit the result."


def entry_findings(
    snapshot: Snapshot, models: Collection[ModelFiles], registered: Mapping[str, Collection[str]]
) -> Iterator[Finding]:
    """Those of `models` whose entry in dvc.yaml does not name their newest version.

    That is the one of the highest precedence, or one made no earlier: a patch to an old line. `registered`
    are the versions, by model, that a change brings: DVC reads the file at the commit that registers a
    version, so there one of these must be named.
    """
    try:
        data = read_dvc_yaml(snapshot)
        standing = entries(data)
    except InvalidFile as error:
        hint = error.hint or _HINT
        yield Finding("RB215", DVC_YAML, f"it can't be read: {error.message}", error.line, error.key, hint)
        return
    for name in standing:
        if "${" in name:
            yield _finding(
                data, name, f"DVC would fill in {shown(name)}, which may become any model's name",
                "Write the name out.",
            )  # fmt: skip
    for model in models:
        if message := _drift(model, entry_path(standing.get(model.name)), registered.get(model.name, ())):
            yield _finding(data, model.name, message, _HINT)


def edited_models(base: TreeSnapshot, head: TreeSnapshot, changes: Collection[FileChange]) -> frozenset[str]:
    """Return the models of `head` whose entries a change edits, where its policy asks for entries."""
    if not any(change.path == DVC_YAML for change in changes) or not _asks_for_entries(head):
        return frozenset()
    old, new = _entries_or_none(base), _entries_or_none(head)
    names = [
        name for name in old.keys() | new.keys() if is_model_name(name) and old.get(name) != new.get(name)
    ]
    inside = head.children([versions_directory(name) for name in names])
    return frozenset(name for name, versions in zip(names, inside, strict=True) if versions)


def _asks_for_entries(snapshot: Snapshot) -> bool:
    (data,) = snapshot.read_many([POLICY])
    try:
        return data is not None and parse_policy(data, POLICY).dvc_artifacts
    except InvalidFile:
        return False


def _entries_or_none(snapshot: Snapshot) -> Mapping[str, object]:
    try:
        return entries(read_dvc_yaml(snapshot))
    except InvalidFile:
        return {}


def drifted_entries(contents: Contents, data: bytes | None) -> dict[str, str]:
    """Return the paths that the entries of dvc.yaml ought to give, by model, for those that do not.

    Raises InvalidFile for a file that can't be read.
    """
    standing = entries(data)
    return {
        model.name: min(_paths(newest))
        for model in contents.models.values()
        if _drift(model, entry_path(standing.get(model.name)), ())
        for newest in [_newest(model)]
        if newest is not None
    }


def read_dvc_yaml(snapshot: Snapshot) -> bytes | None:
    """Return the file's content; None when there is none. Raises InvalidFile for what is no regular file."""
    mode = snapshot.mode(DVC_YAML)
    if mode not in (None, FILE, EXECUTABLE):
        raise InvalidFile("it is no regular file", path=DVC_YAML, hint="Put a regular file here.")
    (data,) = snapshot.read_many([DVC_YAML])
    return data


def _finding(data: bytes | None, name: str, message: str, hint: str) -> Finding:
    key = (ARTIFACTS, name)
    return Finding("RB215", DVC_YAML, message, line_of(data or b"", key), ".".join(key), hint)


def _drift(model: ModelFiles, path: str | None, registered: Collection[str]) -> str:
    """Return what is wrong with the path of a model's entry (None: there is none); empty when nothing is."""
    newest = _newest(model, registered) or _newest(model)
    if newest is None or path in _paths(newest):
        return ""
    reference = f"{model.name}@{newest.version}"
    if path is None:
        return f"it does not name {reference}"
    named = model.versions.get(place(f"{path}.dvc").version or "")
    if named is None or path not in _paths(named):
        return f"it names {shown(path)}, which is not the artifact of {reference}"
    if newest.version in registered:
        return f"it names {model.name}@{named.version}, and the change registers {reference}"
    return (
        f"it names {model.name}@{named.version}, and {reference} is newer" if _is_older(named, newest) else ""
    )


def _newest(model: ModelFiles, among: Collection[str] | None = None) -> VersionFiles | None:
    """Return the version of the highest precedence that has a pointer, of those named in `among` (None: of
    all).
    """
    names = [name for name, version in model.versions.items() if _paths(version)]
    eligible = [name for name in names if among is None or name in among]
    return model.versions[max(eligible, key=precedence)] if eligible else None


def _paths(version: VersionFiles) -> set[str]:
    """Return the paths of a version's artifact, by its pointers; by its manifest once the artifact is
    removed.
    """
    pointers = [path for path in version.paths if place(path).kind is Kind.POINTER]
    names = [path.rpartition("/")[2].removesuffix(".dvc") for path in pointers]
    if removal_path(version.model, version.version) in version.paths and version.manifest is not None:
        names.append(version.manifest.artifact.path)
    return {artifact_path(version.model, version.version, name) for name in names}


def _is_older(version: VersionFiles, other: VersionFiles) -> bool:
    moment, later = _made(version), _made(other)
    return moment is None or later is None or moment < later


def _made(version: VersionFiles) -> datetime | None:
    if version.manifest is None:
        return None
    try:
        moment = datetime.fromisoformat(version.manifest.registered_at)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
