"""Which models changed since an index was written, and the commit of main that last changed each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.artifact.untrusted_remote import named_remote, restricted_settings
from rollbook.errors import RollbookError
from rollbook.records.policy import parse_policy
from rollbook.snapshot.tree_snapshot import TreeSnapshot
from rollbook.trail.landings import landed_changes
from rollbook.transfer.static_index.documents import RemoteAddress

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rollbook.git.repository import Repository
    from rollbook.snapshot.snapshot import Snapshot

_DVC_CONFIG = ".dvc/config"


@dataclass(frozen=True, slots=True)
class Settings:
    """What all models' documents share: the policy's stages, and where the artifacts are. The root document
    alone tells of the default alias."""

    stage_names: tuple[str, ...]
    remote: RemoteAddress | None
    default_alias: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Changes:
    """The commit that last changed each model, and the one that last changed the settings (None: none)."""

    models: Mapping[str, str]
    settings: str | None


def settings_of(snapshot: Snapshot, base: Path) -> Settings:
    """Return the stages and the remote that a commit configures. Raises NotFound and InvalidFile.

    A remote at a relative path is left out: it means nothing elsewhere.
    """
    policy, config = snapshot.read_many([layout.POLICY, _DVC_CONFIG])
    rules = parse_policy(policy or b"", layout.POLICY)
    return Settings(tuple(stage.name for stage in rules.stages), _remote(config, base), rules.default_alias)


def _remote(config: bytes | None, base: Path) -> RemoteAddress | None:
    if config is None:
        return None
    try:
        url, told = named_remote(config.decode(errors="replace"))
        if "://" not in url and not url.startswith("/"):
            return None
        remote = restricted_settings(url, told, base=base)
    except RollbookError:
        return None  # a clone that fetches says what is wrong; resolving goes on
    return RemoteAddress(remote.public_url, {key: str(value) for key, value in remote.options.items()})


def changes_since(repository: Repository, tip: str, since: str | None, base: Path) -> Changes:
    """Return what main's first-parent line changed from `since` (excluded; None: the beginning) to `tip`."""
    models: dict[str, str] = {}
    settings = None
    for change in landed_changes(repository, tip, since, (layout.ROOT, _DVC_CONFIG)):
        models |= {file.place.model: change.commit for file in change.files if file.place.model}
        touched = any(file.path in (layout.POLICY, _DVC_CONFIG) for file in change.files)
        if touched and _at(repository, change.commit, base) != _at(repository, change.parent, base):
            settings = change.commit
    return Changes(models, settings)


def _at(repository: Repository, commit: str | None, base: Path) -> Settings | None:
    if commit is None:
        return None
    snapshot = TreeSnapshot(repository, commit, commit)
    try:
        return settings_of(snapshot, base)
    except RollbookError:
        return None
    finally:
        snapshot.close()
