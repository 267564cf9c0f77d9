"""A card's front matter: the metadata that Hugging Face's Hub reads, so far as the registry knows it.

The keys are those of https://huggingface.co/docs/hub/model-cards and of `card.schema.json`.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from rollbook.insight.card.hub_vocabulary import LIBRARIES, LICENSES, PIPELINE_TAGS
from rollbook.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rollbook.insight.card.card_facts import CardFacts
    from rollbook.records.evidence import Evidence

LICENSE_TAG = "license"
# What measures the model itself; the other kinds measure how it runs.
MEASURING = ("evaluation", "fairness")
_LONGEST = 255
_MOST = 1000
# Of the results, so that a card stays a file that a registry can hold.
_MOST_RESULTS = 20
_MOST_METRICS = 100
_DATASET = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?(?:/[A-Za-z0-9][A-Za-z0-9._-]*)?")
_ADDRESS = re.compile(r"https?://[^\s\x00-\x20]+")


def metadata(facts: CardFacts) -> dict[str, Any]:
    """The front matter's keys and values; a key that nothing is known of is left out."""
    manifest = facts.manifest
    library = _line(manifest.framework.get("name")).lower()
    measured = [manifest.metrics, *(each.metrics for each in facts.newest(*MEASURING))]
    found = {
        **_license(_line(facts.tags.get(LICENSE_TAG))),
        "library_name": LIBRARIES.get(library, library),
        "pipeline_tag": facts.record.task if facts.record.task in PIPELINE_TAGS else "",
        "tags": _tags(facts.tags),
        "datasets": _distinct(name for name in training_data(facts) if _DATASET.fullmatch(name)),
        "metrics": _distinct(name for metrics in measured for name in metrics),
        "model-index": _model_index(facts),
    }
    return {key: value for key, value in found.items() if value}


def training_data(facts: CardFacts) -> list[str]:
    """The names of the data sets that the manifest says it was trained on."""
    data = facts.manifest.lineage.get("data")
    items = data if isinstance(data, list) else []
    return [_line(item.get("name")) for item in items if isinstance(item, dict)]


def _license(told: str) -> dict[str, str]:
    name = told.lower()
    if not name or name in LICENSES:
        return {"license": name}
    return {"license": "other", "license_name": re.sub(r"[^a-z0-9.-]+", "-", name).strip("-") or "other"}


def _tags(tags: Mapping[str, Any]) -> list[str]:
    return _distinct(f"{name}:{text}" for name, text in tags.items() if name != LICENSE_TAG)


def _model_index(facts: CardFacts) -> list[dict[str, Any]]:
    task = {"type": facts.record.task or "other"}
    registered = _metrics(facts.manifest.metrics)
    at_registration = {"name": "reported at registration", "type": "registration"}
    results = [{"task": task, "dataset": at_registration, "metrics": registered}] if registered else []
    results += [
        {"task": task, "dataset": _dataset(each), "metrics": metrics, **_source(each)}
        for each in facts.newest(*MEASURING)
        if (metrics := _metrics(each.metrics))
    ]
    return [{"name": _line(facts.manifest.model), "results": results[:_MOST_RESULTS]}] if results else []


def _metrics(metrics: Mapping[str, float]) -> list[dict[str, Any]]:
    finite = {name: value for name, value in metrics.items() if math.isfinite(value)}
    return [{"type": _line(name), "value": value} for name, value in list(finite.items())[:_MOST_METRICS]]


def _dataset(evidence: Evidence) -> dict[str, str]:
    name = _line(evidence.data.get("name")) or evidence.kind
    version = _line(evidence.data.get("version"))
    return {"name": name, "type": name, **({"revision": version} if version else {})}


def _source(evidence: Evidence) -> dict[str, dict[str, str]]:
    if not _ADDRESS.fullmatch(evidence.uri):
        return {}
    return {"source": {"name": evidence.name, "url": evidence.uri}}


def _distinct(texts: Iterable[str]) -> list[str]:
    lines = (_line(text) for text in texts)
    return [*dict.fromkeys(line for line in lines if line)][:_MOST]


def _line(value: object) -> str:
    """One line without control characters, as the schema asks; empty for nothing."""
    return "" if value is None else one_line(str(value), _LONGEST)
