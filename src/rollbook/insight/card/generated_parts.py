"""The parts of a card that are generated, each a function from what is known to Markdown.

The card's sections are those of "Model Cards for Model Reporting" (Mitchell et al., 2019, arXiv:1810.03993).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rollbook.insight.card.inert import MISSING, code, link, number, prose, table
from rollbook.records.lineage import parse_origin
from rollbook.text import inert_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from rollbook.insight.card.card_facts import CardFacts
    from rollbook.records.evidence import Evidence
    from rollbook.records.manifest import Manifest
    from rollbook.records.training_code import TrainingCode

_EXPLAINED = (
    "<!-- What stands between rollbook:begin and rollbook:end is generated: a change there is lost at\n"
    "the next run of `rollbook card`. Everything else is kept. -->"
)


def _title(facts: CardFacts, _: str) -> str:
    head = f"# {inert_line(facts.manifest.model)} {inert_line(facts.manifest.version)}"
    return "\n\n".join(filter(None, [_EXPLAINED, head, prose(facts.description)]))


def _details(facts: CardFacts, license_name: str) -> str:
    manifest, record = facts.manifest, facts.record
    artifact = manifest.artifact
    files = f", {artifact.files:,} files" if artifact.files else ""
    missing = f"{MISSING} (`license:` in the front matter, or a tag `license`)"
    rows = {
        "Model": f"{code(manifest.model)}, version {code(manifest.version)}",
        "Display name": inert_line(record.display_name),
        "About the model": inert_line(record.description),
        "Owner": inert_line(record.owner),
        "Team": inert_line(record.team),
        "Task": inert_line(record.task),
        "Algorithm": inert_line(manifest.algorithm),
        "Framework": _named(manifest.framework),
        "License": inert_line(license_name) or missing,
        "Compliance": inert_line(record.compliance),
        "Data classification": inert_line(record.data_classification),
        "Made": _made(manifest) if manifest.backfilled else "",
        "Registered": f"{inert_line(manifest.registered_at)} by {inert_line(manifest.registered_by)}",
        "Artifact": f"{code(artifact.path)} ({inert_line(artifact.format)}, {artifact.size:,} bytes{files})",
        "SHA-256": code(artifact.sha256),
        "Python": inert_line(manifest.environment.get("python", "")),
        "Tags": inert_line(", ".join(_tag(name, text) for name, text in facts.tags.items())),
    }
    return _sheet(rows) + _signature(manifest.signature)


def _tag(name: str, text: object) -> str:
    return f"{name}: {text}" if text != "" else name


def _made(manifest: Manifest) -> str:
    return f"{inert_line(manifest.created_at)} by {inert_line(manifest.created_by)} (back-filled)"


def _signature(signature: Mapping[str, Any]) -> str:
    rows = [
        (side, code(item.get("name", "")), code(item.get("dtype", "")), inert_line(item.get("shape", "")))
        for side, key in (("input", "inputs"), ("output", "outputs"))
        for item in _mappings(signature.get(key))
    ]
    listed = table(("", "Name", "Type", "Shape"), rows)
    return f"\n\nWhat it takes and gives:\n\n{listed}" if listed else ""


def _intended_use(facts: CardFacts, _: str) -> str:
    return prose(facts.record.use_case)


def _training_data(facts: CardFacts, _: str) -> str:
    manifest = facts.manifest
    chain = parse_origin(manifest).chain
    rows = [
        (
            inert_line(item.name),
            inert_line(item.version),
            link(item.uri),
            inert_line(", ".join(map(str, chain.made_from(item))), 500),
            inert_line(item.step),
        )
        for item in (*chain.trained_on, *chain.sources)
    ]
    columns = ("Data set", "Version", "Address", "Made from", "By")
    shown = 5 if chain.sources else 3
    facts_of = {
        "Rows": inert_line(manifest.training.get("rows", "")),
        "Features": inert_line(", ".join(manifest.features), 5000),
        "Feature set": _named(_mapping(manifest.lineage.get("features"))),
        "Feature pipeline": _named(manifest.feature_pipeline),
    }
    return _joined(table(columns[:shown], [row[:shown] for row in rows]), _sheet(facts_of))


def _seconds(duration: object) -> str:
    return f"{inert_line(duration)} seconds" if duration is not None else ""


def _step(step: object) -> str:
    if not isinstance(step, dict):
        return inert_line(step, 2000)
    settings = ", ".join(f"{name} = {value}" for name, value in _mapping(step.get("settings")).items())
    return _named(step) + (f" ({inert_line(settings, 2000)})" if settings else "")


def _training(facts: CardFacts, _: str) -> str:
    manifest, training = facts.manifest, facts.manifest.training
    dates = {
        "Trained": inert_line(training.get("trained_at", "")),
        "Started": inert_line(training.get("started_at", "")),
        "Ended": inert_line(training.get("ended_at", "")),
        "Took": _seconds(training.get("duration_seconds")),
    }
    steps = table(("Preprocessing",), [(_step(step),) for step in manifest.preprocessing])
    settings = [(inert_line(name), _setting(value)) for name, value in manifest.hyperparameters.items()]
    parts = _joined(_sheet(dates), steps, table(("Hyperparameter", "Value"), settings))
    return parts or "Nothing is on record."


def _setting(value: object) -> str:
    if isinstance(value, dict):
        return inert_line(", ".join(f"{name} = {inner}" for name, inner in value.items()), 2000)
    items = value if isinstance(value, list) else [value]
    return ", ".join(number(item) if isinstance(item, float) else inert_line(item) for item in items)


def _metrics(facts: CardFacts, _: str) -> str:
    registered = table(
        ("Metric", "Value at registration"),
        [(inert_line(name), number(value)) for name, value in sorted(facts.manifest.metrics.items())],
    )
    others = [evidence for evidence in facts.evidence if evidence.kind != "fairness"]
    if not registered and not any(evidence.metrics for evidence in others):
        way = code(f"rollbook evidence add {facts.manifest.model}@{facts.manifest.version} evaluation")
        return _joined(f"{MISSING}: no metrics are on record; {way} brings them in.", _evidence(others))
    return _joined(registered, _evidence(others))


def _fairness(facts: CardFacts, _: str) -> str:
    groups = inert_line(", ".join(facts.manifest.protected_groups), 5000)
    found = [evidence for evidence in facts.evidence if evidence.kind == "fairness"]
    return _joined(_sheet({"Protected groups": groups}), _evidence(found))


def _limitations(facts: CardFacts, _: str) -> str:
    rows = [(prose(" ".join(text.split())[:2000]),) for text in facts.manifest.limitations]
    return table(("Known limitations",), rows)


def _lineage(facts: CardFacts, _: str) -> str:
    lineage = facts.manifest.lineage
    origin, run = parse_origin(facts.manifest), _mapping(lineage.get("run"))
    rows: dict[str, str] = {}
    for of, one in _by_role(origin.codes):
        dirty = " with changes that were not committed" if one.dirty else ""
        rows |= {
            inert_line(f"Code{of}"): link(one.repository),
            inert_line(f"Commit{of}"): f"{code(one.commit)}{dirty}",
            inert_line(f"Branch{of}"): inert_line(one.branch),
        }
    return _sheet(
        {
            **rows,
            "Run": " ".join(filter(None, [inert_line(run.get("tool", "")), inert_line(run.get("id", ""))])),
            "Run's address": link(str(run.get("uri", ""))),
            "Parents": inert_line(", ".join(origin.parents), 2000),
        }
    )


def _by_role(codes: Iterable[TrainingCode]) -> Iterator[tuple[str, TrainingCode]]:
    """Yield each commit of code, after what tells it from the others: its role, or else which one it is."""
    for place, one in enumerate(codes):
        yield (f" ({one.role or place + 1})" if one.role or place else ""), one


def _references(facts: CardFacts, _: str) -> str:
    lineage = facts.manifest.lineage
    codes = _by_role(parse_origin(facts.manifest).codes)
    addresses = {
        **{f"Training code{of}": one.repository for of, one in codes},
        "Training run": _mapping(lineage.get("run")).get("uri"),
        **{f"Report of {evidence.name}": evidence.uri for evidence in reversed(facts.evidence)},
    }
    return "\n".join(f"- {inert_line(name)}: {link(str(uri))}" for name, uri in addresses.items() if uri)


# By the names in a card's markers. The second argument is the license.
PARTS: dict[str, Callable[[CardFacts, str], str]] = {
    "title": _title,
    "details": _details,
    "intended-use": _intended_use,
    "training-data": _training_data,
    "training": _training,
    "metrics": _metrics,
    "fairness": _fairness,
    "limitations": _limitations,
    "lineage": _lineage,
    "references": _references,
}


def written_parts(facts: CardFacts, license_name: str) -> dict[str, str]:
    """Return every part's Markdown, without line breaks around it; empty where nothing is known."""
    return {name: part(facts, license_name) for name, part in PARTS.items()}


def _evidence(evidence: Iterable[Evidence]) -> str:
    rows = [
        (
            inert_line(item.name),
            "passed" if item.passed else "failed",
            inert_line(", ".join(f"{name} = {number(value)}" for name, value in item.metrics.items()), 2000),
            _named(item.data),
            inert_line(item.summary, 2000),
            f"{inert_line(item.created_at)} by {inert_line(item.created_by)}" + _by(item.tool),
        )
        for item in evidence
    ]
    return table(("Evidence", "Result", "Metrics", "Data", "Summary", "Gathered"), rows)


def _by(tool: Mapping[str, Any]) -> str:
    return f" with {_named(tool)}" if tool.get("name") else ""


def _named(thing: Mapping[str, Any]) -> str:
    return " ".join(inert_line(thing[key]) for key in ("name", "version") if thing.get(key))


def _sheet(rows: Mapping[str, str]) -> str:
    return table(("", ""), [(name, cell) for name, cell in rows.items() if cell])


def _joined(*blocks: str) -> str:
    return "\n\n".join(filter(None, blocks))


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _mappings(value: object) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
