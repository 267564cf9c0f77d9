"""The documents of an index as data, each mirrored one to one: `docs/reference/index-format.md`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rollbook.errors import RollbookError
    from rollbook.records.manifest import Artifact
    from rollbook.records.removal import Removal
    from rollbook.records.stages import StageTable


@dataclass(frozen=True, slots=True)
class RemoteAddress:
    """The DVC remote that holds the artifacts, without credentials: its URL and harmless settings."""

    url: str
    settings: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class LastEvent:
    """The newest event of a model's trail: the tag, the id of its object, and its number in that trail."""

    tag: str
    object: str
    event: int


@dataclass(frozen=True, slots=True)
class IndexedVersion:
    """What a version's artifact is, the object that DVC keeps it as, and the SHA-256 of its manifest file.

    `md5` ends with `.dir` for a folder, of which `files` is the number of files. Where the registry's own
    files are broken, `artifact` is None or `md5` empty, and the error says what a clone would say; `md5` is
    empty too where the artifact was removed.
    """

    version: str
    artifact: Artifact | None
    manifest: str
    md5: str
    files: int | None
    error: RollbookError | None = None
    removal: Removal | None = None


@dataclass(frozen=True, slots=True)
class ModelDocument:
    """All that `resolve` and `fetch` need to know of a model.

    `commit` is the newest commit of main that changed any of it. `versions` are oldest first; `stage_names`
    are the policy's, in its order. `error` stands in for stages that can't be read.
    """

    model: str
    commit: str
    last_event: LastEvent | None
    stage_names: tuple[str, ...]
    stages: StageTable
    versions: Mapping[str, IndexedVersion]
    remote: RemoteAddress | None
    error: RollbookError | None = None


@dataclass(frozen=True, slots=True)
class RootDocument:
    """What the index was made from: main's commit, the trail up to it, and what all models share.

    `head_tag` and `head_object` are empty while nothing is recorded, `default_alias` where a model's name
    alone stands for nothing. `environments` says whether the index holds those of versions.
    """

    commit: str
    head_tag: str
    head_object: str
    events: int
    models: int
    stage_names: tuple[str, ...]
    remote: RemoteAddress | None
    default_alias: str = ""
    environments: bool = True


@dataclass(frozen=True, slots=True)
class DetailsDocument:
    """The texts of a model's small files by path, as they stand at `commit`; the errors of broken ones."""

    model: str
    commit: str
    stage_names: tuple[str, ...]
    files: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class EnvironmentsDocument:
    """The texts of the files in which the environments of a model's versions stand, by path, at `commit`."""

    model: str
    commit: str
    stage_names: tuple[str, ...]
    files: Mapping[str, str]
