"""A card's front matter: the metadata that Hugging Face's Hub reads, so far as the registry knows it.

The keys are those of https://huggingface.co/docs/hub/model-cards and of `card.schema.json`; the words are the
Hub's, from there, .../repositories-licenses and https://huggingface.co/tasks.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from rollbook.records.lineage import parse_origin
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
# What others call a library, and what the Hub calls it.
LIBRARIES = {"scikit-learn": "sklearn", "torch": "pytorch"}

_PIPELINE_TAGS = """
    text-classification token-classification table-question-answering question-answering
    zero-shot-classification translation summarization feature-extraction text-generation fill-mask
    sentence-similarity text-to-speech text-to-audio automatic-speech-recognition audio-to-audio
    audio-classification voice-activity-detection depth-estimation image-classification object-detection
    image-segmentation text-to-image image-to-text image-to-image image-to-video
    unconditional-image-generation video-classification reinforcement-learning robotics
    tabular-classification tabular-regression tabular-to-text table-to-text text-ranking
    text-retrieval time-series-forecasting text-to-video image-text-to-text visual-question-answering
    document-question-answering zero-shot-image-classification graph-ml mask-generation
    zero-shot-object-detection text-to-3d image-to-3d image-feature-extraction any-to-any
"""
PIPELINE_TAGS = frozenset(_PIPELINE_TAGS.split())

_LICENSES = """
    apache-2.0 mit openrail bigscience-openrail-m creativeml-openrail-m bigscience-bloom-rail-1.0
    bigcode-openrail-m afl-3.0 artistic-2.0 bsl-1.0 bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear
    c-uda cc cc0-1.0 cc-by-2.0 cc-by-2.5 cc-by-3.0 cc-by-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc-by-nc-2.0
    cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nd-4.0 cc-by-nc-nd-3.0 cc-by-nc-nd-4.0 cc-by-nc-sa-2.0
    cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 cdla-sharing-1.0 cdla-permissive-1.0 cdla-permissive-2.0 wtfpl
    ecl-2.0 epl-1.0 epl-2.0 etalab-2.0 eupl-1.1 eupl-1.2 agpl-3.0 gfdl gpl gpl-2.0 gpl-3.0 lgpl
    lgpl-2.1 lgpl-3.0 isc lppl-1.3c ms-pl mpl-2.0 odc-by odbl openrail++ osl-3.0 postgresql ofl-1.1
    ncsa unlicense zlib pddl llama2 llama3 llama3.1 llama3.2 gemma unknown other
"""
LICENSES = frozenset(_LICENSES.split())


def metadata(facts: CardFacts) -> dict[str, Any]:
    """Return the front matter's keys and values; a key that nothing is known of is left out."""
    manifest = facts.manifest
    library = _line(manifest.framework.get("name")).lower()
    measured = [manifest.metrics, *(evidence.metrics for evidence in facts.newest(*MEASURING))]
    values = {
        **_license(_line(facts.tags.get(LICENSE_TAG))),
        "library_name": LIBRARIES.get(library, library),
        "pipeline_tag": facts.record.task if facts.record.task in PIPELINE_TAGS else "",
        "tags": _tags(facts.tags),
        "datasets": _distinct(name for name in training_data(facts) if _DATASET.fullmatch(name)),
        "metrics": _distinct(name for metrics in measured for name in metrics),
        "model-index": _model_index(facts),
    }
    return {key: value for key, value in values.items() if value}


def training_data(facts: CardFacts) -> list[str]:
    """Return the names of the data sets that the manifest says it was trained on."""
    return [_line(item.name) for item in parse_origin(facts.manifest).chain.trained_on]


def _license(told: str) -> dict[str, str]:
    name = told.lower()
    if not name or name in LICENSES:
        return {"license": name}
    return {"license": "other", "license_name": re.sub(r"[^a-z0-9.-]+", "-", name).strip("-") or "other"}


def _tags(tags: Mapping[str, Any]) -> list[str]:
    return _distinct(
        f"{name}:{text}" if text != "" else name for name, text in tags.items() if name != LICENSE_TAG
    )


def _model_index(facts: CardFacts) -> list[dict[str, Any]]:
    task = {"type": facts.record.task or "other"}
    registered = _metrics(facts.manifest.metrics)
    at_registration = {"name": "reported at registration", "type": "registration"}
    results = [{"task": task, "dataset": at_registration, "metrics": registered}] if registered else []
    results += [
        {"task": task, "dataset": _dataset(evidence), "metrics": metrics, **_source(evidence)}
        for evidence in facts.newest(*MEASURING)
        if (metrics := _metrics(evidence.metrics))
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
