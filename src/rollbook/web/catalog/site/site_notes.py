"""What a build notes beside the site, so that the next one need not find it again."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from rollbook.web.catalog.facts.model_health import GatesToday
from rollbook.web.catalog.facts.model_summary import Holder, ModelSummary, Monitored, summary_of
from rollbook.web.catalog.site.note_forms import (
    is_count,
    is_list_of,
    is_map_of,
    is_none_or,
    is_number,
    is_record_of,
    is_row_of,
    is_text,
    is_truth,
)
from rollbook.web.catalog.site.search_index import search_entry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rollbook.api.public_registry import Registry
    from rollbook.web.catalog.site.search_index import SearchEntry

_FORMAT = 3
_COMMIT = re.compile(r"(?:[0-9a-f]{40})?")
_TEXTS = is_map_of(is_text)
_HOLDER = is_record_of(
    version=is_text, stage=is_text, since=is_text, by=is_text, reason=is_text,
    traffic=is_none_or(is_number), sunset=is_text, replacement=is_text,
)  # fmt: skip
_MONITORED = is_record_of(version=is_text, evidence=is_text, passed=is_truth, at=is_text, summary=is_text)
_SUMMARY = is_record_of(
    name=is_text, display_name=is_text, description=is_text, owner=is_text, team=is_text, task=is_text,
    use_case=is_text, tags=_TEXTS, versions=is_count, latest=is_text, latest_at=is_text,
    metrics=is_map_of(is_number), holders=is_list_of(_HOLDER), aliases=_TEXTS,
    monitored=is_list_of(_MONITORED), has_monitoring=is_truth, broken=is_text,
)  # fmt: skip
_ENTRY = is_row_of(is_text, is_text, is_text, is_list_of(is_row_of(is_text, is_text, is_text)))
_GATES = is_row_of(is_count, is_list_of(is_text), is_list_of(is_text))
_MODEL = is_row_of(is_text, is_map_of(is_count), _SUMMARY, _ENTRY, is_none_or(_GATES))
_NOTES = is_record_of(
    format=lambda value: value == _FORMAT,
    shared=is_text,
    models=is_map_of(_MODEL),
    others=is_map_of(is_row_of(is_text, is_count)),
    judged_at=lambda value: is_text(value) and _COMMIT.fullmatch(value) is not None,
)


@dataclass(frozen=True, slots=True)
class ModelNotes:
    """Of a model: what its pages depend on, how long each of its files is, and what is told of it elsewhere:
    its summary, what is searched of it, and what gates say of it, where that stays so."""

    inputs: str
    files: Mapping[str, int]
    summary: ModelSummary
    entry: SearchEntry
    gates: GatesToday | None = None

    @classmethod
    def of(cls, registry: Registry, name: str, inputs: str, files: Mapping[str, int]) -> ModelNotes:
        """Return the notes on a model whose pages were written."""
        summary = summary_of(registry, name)
        return cls(inputs, files, summary, search_entry(registry, summary))


@dataclass(frozen=True, slots=True)
class SiteNotes:
    """What all pages share, the models by name, and the other files: what each depends on (empty where that
    is more than is worth to compare) and its length. `judged_at` is the commit of main at which gates were
    judged."""

    shared: str = ""
    models: Mapping[str, ModelNotes] = field(default_factory=dict)
    others: Mapping[str, Any] = field(default_factory=dict)
    judged_at: str = ""

    def every_file(self) -> Iterator[str]:
        """Yield every file of the site."""
        yield from self.others
        for note in self.models.values():
            yield from note.files

    def told(self) -> dict[str, Any]:
        """Return the notes as JSON data."""
        models = {
            name: [
                note.inputs, dict(note.files), _told_summary(note.summary), note.entry,
                note.gates and [note.gates.judged, note.gates.unmet, note.gates.waiting],
            ]
            for name, note in self.models.items()
        }  # fmt: skip
        told = {"shared": self.shared, "models": models, "others": dict(self.others)}
        return {"format": _FORMAT, **told, "judged_at": self.judged_at}


def noted(told: Mapping[str, Any]) -> SiteNotes:
    """Return the notes that JSON data tells; none where another Rollbook, or nobody, wrote them, or where
    they are of another form: others may write where they stand."""
    if not _NOTES(told):
        return SiteNotes()
    models = {
        name: ModelNotes(inputs, files, _summary(summary), entry, gates and _gates(*gates))
        for name, (inputs, files, summary, entry, gates) in told["models"].items()
    }
    if any(not (name == note.summary.name == note.entry[0]) for name, note in models.items()):
        return SiteNotes()
    return SiteNotes(told["shared"], models, told["others"], told["judged_at"])


def _told_summary(summary: ModelSummary) -> dict[str, Any]:
    told = _fields_of(summary)
    told["holders"] = [_fields_of(holder) for holder in summary.holders]
    told["monitored"] = [_fields_of(seen) for seen in summary.monitored]
    return told


def _fields_of(record: ModelSummary | Holder | Monitored) -> dict[str, Any]:
    """Return a record's own fields: `asdict` copies all that is in them, which takes long for many models."""
    return {one.name: getattr(record, one.name) for one in fields(record)}


def _gates(judged: int, unmet: Sequence[str], waiting: Sequence[str]) -> GatesToday:
    return GatesToday(judged, tuple(unmet), tuple(waiting))


def _summary(told: Mapping[str, Any]) -> ModelSummary:
    holders = tuple(Holder(**holder) for holder in told["holders"])
    monitored = tuple(Monitored(**seen) for seen in told["monitored"])
    return ModelSummary(**{**told, "holders": holders, "monitored": monitored})
