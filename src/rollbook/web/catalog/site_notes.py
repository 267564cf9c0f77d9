"""What a build notes beside the site, so that the next one need not find it again."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from rollbook.web.catalog.model_summary import Holder, ModelSummary, Monitored, model_summary
from rollbook.web.catalog.search_index import search_entry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rollbook.registry.registry import Model
    from rollbook.web.catalog.search_index import SearchEntry

_FORMAT = 1


@dataclass(frozen=True, slots=True)
class ModelNotes:
    """Of a model: what its pages depend on, how long each of its files is, and what is told of it elsewhere:
    its summary, and what is searched of it."""

    inputs: str
    files: Mapping[str, int]
    summary: ModelSummary
    entry: SearchEntry

    @classmethod
    def of(cls, model: Model, inputs: str, files: Mapping[str, int]) -> ModelNotes:
        """Return the notes on a model whose pages were written."""
        summary = model_summary(model)
        return cls(inputs, files, summary, search_entry(model, summary))


@dataclass(frozen=True, slots=True)
class SiteNotes:
    """What all pages share, the models by name, and the other pages: what each depends on (empty where that
    is more than is worth to compare) and its length."""

    shared: str = ""
    models: Mapping[str, ModelNotes] = field(default_factory=dict)
    pages: Mapping[str, Any] = field(default_factory=dict)

    def told(self) -> dict[str, Any]:
        """Return the notes as JSON data."""
        models = {
            name: [note.inputs, dict(note.files), asdict(note.summary), note.entry]
            for name, note in self.models.items()
        }
        return {"format": _FORMAT, "shared": self.shared, "models": models, "pages": dict(self.pages)}


def noted(told: Mapping[str, Any]) -> SiteNotes:
    """Return the notes that JSON data tells; none where another Rollbook, or nobody, wrote them."""
    if told.get("format") != _FORMAT:
        return SiteNotes()
    try:
        models = {
            name: ModelNotes(inputs, files, _summary(summary), entry)
            for name, (inputs, files, summary, entry) in told["models"].items()
        }
        return SiteNotes(told["shared"], models, told["pages"])
    except (KeyError, TypeError, ValueError, AttributeError):
        return SiteNotes()


def _summary(told: Mapping[str, Any]) -> ModelSummary:
    holders = tuple(Holder(**holder) for holder in told["holders"])
    monitored = tuple(Monitored(**seen) for seen in told["monitored"])
    return ModelSummary(**{**told, "holders": holders, "monitored": monitored})
