"""A lineage as a tree for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.insight.lineage.import_lineage import imports, missing_parent
from rollbook.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rollbook.insight.lineage.trace import Lineage, Stood, Traced
    from rollbook.records.data_chain import DataChain
    from rollbook.records.data_sets import DataSet
    from rollbook.records.training_code import TrainingCode
    from rollbook.registry.deployments import Deployment

# Parents of parents beyond this are counted on, not shown: a line must fit a screen.
_DEEPEST = 40


def as_tree(lineage: Lineage) -> str:
    """Return a line for the version and for each thing it came from, each parent with its own below it; then
    one for each stage it stood in, and for each target it was deployed to.

    A parent that stands higher up already is not repeated.
    """
    root = lineage.asked
    after = [f"{kind:<11} {printable(text)}" for kind, text in became(lineage)]
    lines = [_head(root), *_below(lineage, root, {root.reference}, "", after)]
    return "".join(f"{line}\n" for line in lines)


def facts(version: Traced) -> list[tuple[str, str]]:
    """Return what a version came from but its parents, each as its kind and a text."""
    origin, manifest = version.origin, version.manifest
    framework = " ".join(str(value) for value in manifest.framework.values())
    python = manifest.environment.get("python")
    environment = ", ".join(part for part in (f"python {python}" if python else "", framework) if part)
    pairs = [("imported", text) for text in imports(version.imported)]
    pairs += [("data", data_text(item)) for item in origin.chain.trained_on]
    if origin.features:
        pairs.append(("features", _counted(str(origin.features), origin.features.count, "features")))
    pairs += [("code", _code(one)) for one in origin.codes]
    if origin.run:
        pairs.append(("run", _joined(str(origin.run), origin.run.uri)))
    return [*pairs, ("environment", environment)] if environment else pairs


def became(lineage: Lineage) -> list[tuple[str, str]]:
    """Return what became of the version that was asked for, each as its kind and a text."""
    stages = [("stage", _joined(one.stage, _span(one))) for one in lineage.stood]
    return [*stages, *(("deployment", _deployment(one)) for one in lineage.deployments)]


def _span(stood: Stood) -> str:
    return f"{stood.since} to {stood.until}" if stood.until else f"since {stood.since}"


def _deployment(one: Deployment) -> str:
    word = {"running": "since", "replaced": "from", "failed": "failed"}[one.status]
    replaced = f", replaced by {one.replaced_by}" if one.replaced_by else ""
    where = one.target or "a target without a name"
    return _joined(where, f"{word} {one.at}{replaced}", f"({one.evidence} by {one.by})")


def _below(
    lineage: Lineage, version: Traced, shown: set[str], indent: str, after: Sequence[str] = ()
) -> Iterator[str]:
    told = [*facts(version), *(fact for build in version.builds for fact in build.facts())]
    own = [(f"{kind:<11} {printable(text)}", "") for kind, text in told]
    made = iter(version.origin.chain.trained_on)
    below = [next(made) if kind == "data" else None for kind, _ in facts(version)]
    branches = [
        *own,
        *((_parent(lineage, version, parent, shown), parent) for parent in version.origin.parents),
    ]
    branches += [(line, "") for line in after]
    told_data: set[int] = set()
    for place, (line, parent) in enumerate(branches, 1):
        last = place == len(branches)
        yield f"{indent}{'└── ' if last else '├── '}{line}"
        data = below[place - 1] if place <= len(below) else None
        if data is not None:
            deeper = f"{indent}{'    ' if last else '│   '}"
            yield from _sources(version.origin.chain, data, told_data, deeper)
        if parent in lineage.versions and parent not in shown:
            shown.add(parent)
            deeper = f"{indent}{'    ' if last else '│   '}"
            if len(deeper) <= 4 * _DEEPEST:
                yield from _below(lineage, lineage.versions[parent], shown, deeper)
            else:
                yield f"{deeper}└── ..."


def _sources(chain: DataChain, made: DataSet, told: set[int], indent: str) -> Iterator[str]:
    """Yield what a data set was made from, each with its own below it; one that stands higher up is not
    repeated."""
    sources = chain.made_from(made)
    for place, source in enumerate(sources, 1):
        last = place == len(sources)
        seen = "  (see above)" if id(source) in told else ""
        yield f"{indent}{'└── ' if last else '├── '}{'from':<11} {printable(data_text(source))}{seen}"
        deeper = f"{indent}{'    ' if last else '│   '}"
        if seen or not source.made_from:
            continue
        told.add(id(source))
        if len(deeper) <= 4 * _DEEPEST:
            yield from _sources(chain, source, told, deeper)
        else:
            yield f"{deeper}└── ..."


def _parent(lineage: Lineage, version: Traced, parent: str, shown: set[str]) -> str:
    if parent not in lineage.versions:
        return f"{'parent':<11} {printable(parent)}  ({printable(missing_parent(version.imported))})"
    if parent in shown:
        return f"{'parent':<11} {printable(parent)}  (see above)"
    return f"{'parent':<11} {_head(lineage.versions[parent])}"


def _head(version: Traced) -> str:
    return f"{version.reference}  {', '.join([version.stage, *version.aliases])}"


def data_text(item: DataSet) -> str:
    """Return what is told of a data set: where it is, how large, and what made it."""
    by = _joined(item.step, str(item.code) if item.code else "")
    return _joined(_counted(_joined(str(item), item.uri), item.rows, "rows"), f"by {by}" if by else "")


def _code(code: TrainingCode) -> str:
    return _joined(str(code), code.branch)


def _joined(*parts: str) -> str:
    return "  ".join(part for part in parts if part)


def _counted(text: str, count: int | None, noun: str) -> str:
    return text if count is None else f"{text}  {count:,} {noun}"
