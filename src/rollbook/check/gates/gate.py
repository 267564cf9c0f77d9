"""What a gate is asked, what it answers, and what it is."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

from rollbook import layout
from rollbook.layout import Kind
from rollbook.names import alias_of, is_alias_target
from rollbook.records.fields import tags_of
from rollbook.records.stages import StageTable
from rollbook.text import decoded

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping, Sequence
    from contextlib import AbstractContextManager

    from rollbook.access.roles import Person
    from rollbook.artifact.read_only_storage import ReadOnlyStorage
    from rollbook.check.finding import Rule
    from rollbook.check.registry_files import ModelFiles, VersionFiles
    from rollbook.records.fields import Fields
    from rollbook.records.manifest import Manifest
    from rollbook.records.model import ModelRecord
    from rollbook.records.policy import Policy
    from rollbook.records.stages import StageEntry
    from rollbook.signing.approval_signature import Occasion
    from rollbook.trail.evidence_on_record import EvidenceOnRecord
    from rollbook.trail.stage_times import Stay


class State(Enum):
    """How a gate stands. What waits is not met yet, and time or people can still meet it as it is; what is
    waived is not asked, since the version only comes back to where it was."""

    PASSED = "passed"
    FAILED = "failed"
    WAITING = "waiting"
    WAIVED = "waived"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A gate's answer: how it stands, what it measured, what it asked for, and what to do."""

    state: State
    figure: str
    threshold: str
    hint: str = ""

    @property
    def passed(self) -> bool:
        return self.state in (State.PASSED, State.WAIVED)


def passed(figure: str, threshold: str) -> Verdict:
    """Return the gate lets the version pass."""
    return Verdict(State.PASSED, figure, threshold)


def failed(figure: str, threshold: str, hint: str = "") -> Verdict:
    """Return the gate does not let the version pass, unless something about it changes."""
    return Verdict(State.FAILED, figure, threshold, hint)


def waiting(figure: str, threshold: str, hint: str = "") -> Verdict:
    """Return the gate does not let the version pass yet."""
    return Verdict(State.WAITING, figure, threshold, hint)


def waived(stage: str) -> Verdict:
    """Return that the gate is not asked: the version goes back to where it was."""
    return Verdict(State.WAIVED, f"a rollback to what {stage} held before", "nothing")


def _no_stays(_model: str, _version: str) -> Sequence[Stay]:
    return ()


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a gate may have to know and no file of the change may say.

    `authors` are the email addresses of those who contributed to the change, None where nobody knows them (a
    reviewer's login stands among them as `@login`). `hands` are the addresses and keys of all who may have
    had a part in it besides, and so can't approve it. `reviews` are the people who approved this very content
    on a forge. `allowed_signers` is the base's file. `stays` tells, for a model and a version, its stays in
    stages as the trail of main has them; `said_of_evidence` what main's entries have said of evidence of
    monitoring, None where nobody knows; `storage` opens the artifacts' storage as the base configures it.
    `occasion` tells on which occasion a model's approvals are given, and raises CannotTell; None where
    nothing does. Programs that a policy names run only where the caller says `may_run`.
    """

    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    authors: frozenset[str] | None = None
    hands: frozenset[str] = frozenset()
    reviews: tuple[Person, ...] = ()
    allowed_signers: bytes = b""
    may_run: bool = False
    stays: Callable[[str, str], Sequence[Stay]] = _no_stays
    said_of_evidence: EvidenceOnRecord | None = None
    storage: Callable[[], AbstractContextManager[ReadOnlyStorage]] | None = None
    occasion: Callable[[str], Occasion] | None = None


@dataclass(frozen=True, slots=True)
class Promotion:
    """A version on its way into a stage, or one in it whose entry there changes; or on its way to an alias:
    `target` is `@champion` then, and `start` the stage that it stands in. `manifest` is None when it can't be
    read.

    `entry` is its line in stages.yaml, None where nobody has written one. `files` are the model's as the
    change leaves them, `standing` is the table of stages before it; `before` and `after` stand for all paths
    of the registry before and after it. `policy` is the one that judges: the base's.
    """

    model: str
    version: str
    start: str
    target: str
    manifest: Manifest | None
    entry: StageEntry | None = None
    files: ModelFiles | None = None
    standing: StageTable = field(default_factory=StageTable)
    before: Container[str] = frozenset()
    after: Container[str] = frozenset()
    policy: Policy | None = None
    circumstances: Circumstances = field(default_factory=Circumstances)

    @property
    def version_files(self) -> VersionFiles | None:
        """The files of the version itself."""
        return self.version_files_of(self.version)

    def version_files_of(self, version: str) -> VersionFiles | None:
        """Return the files of a version of the same model; None when there is none."""
        return self.files.versions.get(version) if self.files else None

    @property
    def record(self) -> ModelRecord | None:
        """What model.yaml says."""
        return self.files.record if self.files else None

    @property
    def manifest_digest(self) -> str:
        """The SHA-256 of the manifest's bytes, hexadecimal; empty without one."""
        document = self.version_files.manifest_file if self.version_files else None
        return hashlib.sha256(document.data).hexdigest() if document else ""

    def text_of(self, kind: Kind) -> str | None:
        """Return the text of the version's card or requirements; None when there is none that is text."""
        documents = self.version_files.documents.get(kind) if self.version_files else None
        if not documents or documents[0].findings:
            return None
        return decoded(documents[0].data)

    @property
    def tags(self) -> Mapping[str, Any]:
        """The manifest's tags, and over them those of notes.yaml, which may change later."""
        documents = self.version_files.documents.get(Kind.NOTES, []) if self.version_files else []
        notes = documents[0].value if documents and not documents[0].findings else None
        later = tags_of(notes.get("tags")) if isinstance(notes, dict) else None
        return {**(self.manifest.tags if self.manifest else {}), **(later or {})}

    def holders(self, stage: str) -> list[VersionFiles]:
        """Return the other versions that were in `stage` before, or had the alias that it names."""
        if is_alias_target(stage):
            held = [self.standing.aliases.get(alias_of(stage))]
        else:
            held = [entry.version for entry in self.standing.holders(stage)]
        names = [name for name in held if name is not None and name != self.version]
        return [version_files for name in names if (version_files := self.version_files_of(name))]

    def exists(self, model: str, version: str) -> bool:
        """Whether the registry has that version after the change."""
        return layout.manifest_path(model, version) in self.after

    @property
    def stays(self) -> Sequence[Stay]:
        """The version's stays in stages, oldest first, as main's trail tells them."""
        return self.circumstances.stays(self.model, self.version)

    @property
    def came_from(self) -> str:
        """The stage that the version comes from. Where it stays, and its entry alone changes, that from which
        it came, as main's trail tells; empty when that can't be told."""
        if self.start != self.target:
            return self.start
        stays = self.stays
        if len(stays) < 2 or stays[-1].stage != self.target or stays[-1].left is not None:
            return ""
        return stays[-2].stage

    @property
    def is_rollback(self) -> bool:
        """Whether the version comes back: from where the policy sends what is displaced from the stage, and
        into a stage that it has held before."""
        if self.policy is None or not self.policy.has_stage(self.target):
            return False
        displaced = self.policy.stage(self.target).displaced_to == self.start
        return displaced and any(stay.stage == self.target for stay in self.stays)


@dataclass(frozen=True, slots=True)
class SettingsSchema:
    """What a gate may be told, as a fragment of JSON Schema: its own settings by name, an example of them,
    and which it can't do without.

    `listed_under` is the policy's list that it stands in. In `gates`, each gate has the settings `gate`,
    `to`, `from` and `rollback` besides its own; `waived_for_rollback` is what the last one is when it is not
    set. A version that is displaced meets those gates alone that say `guards_displaced`. References go to
    the `$defs` of `schemas/policy.schema.json`.
    """

    description: str
    settings: Mapping[str, Mapping[str, Any]]
    example: Mapping[str, Any]
    required: tuple[str, ...] = ()
    listed_under: str = "gates"
    waived_for_rollback: bool = False
    guards_displaced: bool = False

    def stage_settings(self) -> list[str]:
        """Return the names of the settings that name one stage or alias, or several."""
        common = ["to", "from"] if self.listed_under == "gates" else []
        kinds = tuple(map(ref, ("stage-name", "gate-stages", "stage-or-alias", "gate-targets")))
        own = [name for name, schema in self.settings.items() if {"$ref": schema.get("$ref")} in kinds]
        return [*common, *own]


def setting(title: str, description: str, example: object, **schema: Any) -> dict[str, Any]:
    """Describe one setting: what it is called, what it means, a value, and which values there are."""
    return {"title": title, "description": description, **schema, "examples": [example]}


def ref(name: str) -> dict[str, str]:
    """Refer to one of the `$defs` of the policy's schema."""
    return {"$ref": f"#/$defs/{name}"}


class Gate(Protocol):
    """A rule that a version must meet. It judges what it is given and changes nothing.

    Each stands in a module of its own in this folder, which names it `GATE`; nothing else lists it.
    """

    @property
    def name(self) -> str:
        """What the policy calls it."""

    @property
    def sentence(self) -> str:
        """What it asks for, in one sentence."""

    @property
    def code(self) -> str:
        """The code of the finding when it fails, which no other rule has."""

    @property
    def rule(self) -> Rule:
        """What that code stands for."""

    @property
    def schema(self) -> SettingsSchema:
        """What the policy may tell it."""

    def verdict(self, settings: Fields, promotion: Promotion) -> Verdict:
        """Judge a promotion by the settings in the policy. Raises InvalidFile for settings it can't use."""
