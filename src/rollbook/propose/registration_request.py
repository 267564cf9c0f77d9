"""What shall be registered, as callers tell it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rollbook.artifact.links import LinkRule
from rollbook.propose.vouching import Vouching

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rollbook.propose.new_evidence import Examination
    from rollbook.propose.smoke_test import SmokeTestSettings


@dataclass(frozen=True, slots=True)
class Registration:
    """What shall be registered. `artifact` is a file, a folder, or as text an address of one.

    `version` or else `bump` ("major", "minor", "patch") decides the version. `facts` are fields of the
    manifest, in its own shape; `attachments` are further files of the version, by name (`requirements.txt`,
    `sample-input.json`, `card.md`); `record` are fields of model.yaml, used when the model is new. `code` are
    the directories whose git repositories the model was trained from, each with its role, empty for none.
    `parents` are references to the versions that it was derived from; the manifest names the versions they
    stand for now. `name` is what the artifact is called in the registry, None for its own name; `links` says
    which symbolic links are followed to its files; `remarks` is what was remarked of the facts. `created_at`
    and `created_by` are when and by whom a version was made that is back-filled. `test` says how it is tested
    first; `examinations` are what else was learnt of it, no two of one kind: both become its evidence.
    `reference` is a file of rows that live data is held against. `vouching` is what vouches for the artifact.
    """

    model: str
    artifact: Path | str
    version: str | None = None
    bump: str = "minor"
    facts: Mapping[str, Any] = field(default_factory=dict)
    attachments: Mapping[str, bytes] = field(default_factory=dict)
    record: Mapping[str, Any] = field(default_factory=dict)
    code: Sequence[tuple[str, Path]] = ()
    parents: Sequence[str] = ()
    name: str | None = None
    links: LinkRule = LinkRule.NAMED
    remarks: tuple[str, ...] = ()
    created_at: str | None = None
    created_by: str | None = None
    test: SmokeTestSettings | None = None
    examinations: Sequence[Examination] = ()
    reference: Path | None = None
    vouching: Vouching = field(default_factory=Vouching)
