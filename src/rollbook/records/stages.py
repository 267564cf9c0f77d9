"""`stages.yaml`: which version holds which stage, why, and at whose request; and the aliases."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rollbook.errors import InvalidFile
from rollbook.names import alias_target
from rollbook.records.fields import Fields
from rollbook.yaml.strict import load

if TYPE_CHECKING:
    from collections.abc import Mapping

ALIASES = "aliases"
NO_STAGES = frozenset([ALIASES, "extra"])
_REMOVED = "removed"  # the key of an alias's entry that names the version which it no longer points to


@dataclass(frozen=True, slots=True)
class AutomaticMove:
    """What the monitor moved by itself, and on which evidence: `version` is the one that the evidence is
    about (of a rollback the one that is taken out, of a canary the canary itself)."""

    version: str
    evidence: str

    def __str__(self) -> str:
        return f"{self.evidence} of {self.version}"


@dataclass(frozen=True, slots=True)
class Despite:
    """Why a version enters a stage although evidence of monitoring, here by name, speaks against it."""

    evidence: tuple[str, ...]
    reason: str

    def __str__(self) -> str:
        return f"{', '.join(self.evidence)}: {self.reason}"


@dataclass(frozen=True, slots=True)
class StageEntry:
    """One version in one stage, or under one alias (`@champion` in the place of the stage). `requested_at` is
    RFC 3339 text; `traffic` is in per cent.

    Of a version that goes out of use: `replacement` is the version to use instead (`1.2.0`, or of another
    model `name@1.2.0`), `sunset` the last day (`2027-03-01`), `migration` how to get there. `override` is why
    a freeze was set aside, `waived` names the gates that were for a rollback. `automatic` says that the
    monitor asked, `despite` which of its evidence is set aside. `revision` counts how often the entry was
    changed since the version came into its stage.
    """

    stage: str
    version: str
    reason: str
    requested_by: str
    requested_at: str
    traffic: int | None = None
    approvals: tuple[Mapping[str, Any], ...] = ()
    replacement: str = ""
    sunset: str = ""
    migration: str = ""
    override: str = ""
    waived: tuple[str, ...] = ()
    automatic: AutomaticMove | None = None
    despite: Despite | None = None
    revision: int = 0

    @property
    def recorded_reason(self) -> str:
        """Return the reason as the audit trail records it: with the evidence on which the monitor moved the
        version by itself, or against which somebody did, with the gates that were waived for it, and with
        what approvers noted."""
        automatic = f" (automatic: {self.automatic})" if self.automatic else ""
        despite = f" (despite {self.despite})" if self.despite else ""
        waived = f" (waived: {', '.join(self.waived)})" if self.waived else ""
        notes = (
            f" ({approval.get('by')} approves: {note})"
            for approval in self.approvals
            if isinstance(note := approval.get("note"), str) and note
        )
        return f"{self.reason}{automatic}{despite}{waived}{''.join(notes)}"


@dataclass(frozen=True, slots=True)
class StageTable:
    """A model's stages: the entries in the order of the file, and where each alias points.

    `alias_entries` are, by alias, the entries of those aliases that are on record: which say since when they
    point there, why and at whose request. `alias_removals` say the same of aliases that were taken away, with
    the version that each one pointed to.
    """

    entries: tuple[StageEntry, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    alias_entries: Mapping[str, StageEntry] = field(default_factory=dict)
    alias_removals: Mapping[str, StageEntry] = field(default_factory=dict)

    def holders(self, stage: str) -> tuple[StageEntry, ...]:
        """Return the entries of one stage, in the order of the file."""
        return tuple(entry for entry in self.entries if entry.stage == stage)

    def entry_of(self, version: str) -> StageEntry | None:
        """Return the entry that names `version`; None when no stage does."""
        return next((entry for entry in self.entries if entry.version == version), None)


def differences(old: StageEntry, new: StageEntry) -> str:
    """Return what changed of what an entry may say anew while its version stays, such as `traffic 10 -> 50`;
    empty when nothing did. Of a migration note it is no more than that it changed."""
    short = [
        f"{name} {was or 'none'} -> {now or 'none'}"
        for name in ("traffic", "sunset", "replacement")
        if (was := getattr(old, name)) != (now := getattr(new, name))
    ]
    note = ["migration note"] if old.migration != new.migration else []
    return ", ".join([*short, *note])


def parse_stages(data: bytes, path: str) -> StageTable:
    """Read a model's stages. Raises InvalidFile naming the file and the key."""
    return stages_from(load(data, path), path, data)


def stages_from(document: object, path: str, text: bytes = b"") -> StageTable:
    """Read a model's stages that are parsed already. Raises InvalidFile naming the file and the key, and with
    the file's `text` the line."""
    if document is None:
        return StageTable()
    if not isinstance(document, dict):
        raise InvalidFile("a mapping of stages to versions is needed here", path=path)
    entries = [
        _entry(stage, Fields(item, path, key, text))
        for stage, holders in document.items()
        if stage not in NO_STAGES
        for key, item in _keyed(stage, holders)
    ]
    return _with_aliases(tuple(entries), Fields(document, path, text=text).inner(ALIASES), document)


def _with_aliases(entries: tuple[StageEntry, ...], fields: Fields, document: Mapping[str, Any]) -> StageTable:
    """Return the table with the aliases of a document: a version alone, or an entry that says why, or what
    was `removed`."""
    aliases: dict[str, str] = {}
    standing: dict[str, StageEntry] = {}
    removed: dict[str, StageEntry] = {}
    for name, value in (document.get(ALIASES) or {}).items():
        if not isinstance(value, dict):
            aliases[name] = fields.text(name)
        elif "version" in value or _REMOVED not in value:
            standing[name] = _entry(alias_target(name), fields.inner(name))
            aliases[name] = standing[name].version
        else:
            removed[name] = _entry(alias_target(name), fields.inner(name), _REMOVED)
    return StageTable(entries, aliases, standing, removed)


def _keyed(stage: str, held: object) -> list[tuple[str, object]]:
    """Return what holds a stage, each with its key in the file."""
    return (
        [(f"{stage}.{index}", item) for index, item in enumerate(held)]
        if isinstance(held, list)
        else [(stage, held)]
    )


def _entry(stage: str, fields: Fields, version_key: str = "version") -> StageEntry:
    return StageEntry(
        stage=stage,
        version=fields.text(version_key),
        reason=fields.optional_text("reason"),
        requested_by=fields.optional_text("requested_by"),
        requested_at=fields.optional_text("requested_at"),
        traffic=fields.optional_integer("traffic"),
        approvals=tuple(item for item in fields.items("approvals") if isinstance(item, dict)),
        replacement=fields.optional_text("replacement"),
        sunset=fields.optional_text("sunset"),
        migration=fields.optional_text("migration"),
        override=fields.inner("override").optional_text("reason"),
        waived=tuple(fields.texts("waived")),
        automatic=_automatic(fields),
        despite=_despite(fields),
        revision=fields.optional_integer("revision") or 0,
    )


def _automatic(fields: Fields) -> AutomaticMove | None:
    if not fields.has("automatic"):
        return None
    said = fields.inner("automatic")
    return AutomaticMove(said.text("version"), said.text("evidence"))


def _despite(fields: Fields) -> Despite | None:
    if not fields.has("despite"):
        return None
    said = fields.inner("despite")
    return Despite(said.texts("evidence"), said.text("reason"))
