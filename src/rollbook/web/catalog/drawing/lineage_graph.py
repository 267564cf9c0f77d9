"""A version's lineage as a graph to click through: back to data, code and parents, forward to what came of
it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rollbook.web.catalog.pages.page_paths import data_set_page_path, reference_page_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollbook.records.lineage import TrainingOrigin
    from rollbook.web.catalog.facts.version_sources import Source, VersionSources

# Beyond that nobody reads a drawing; and each page of ten thousand has one.
MOST_NODES, GENERATIONS = 40, 3
_WORDS = {
    "data": "data set",
    "data-source": "data set",
    "features": "features",
    "code": "code",
    "run": "training run",
    "version": "version",
    "missing": "not in this registry",
    "deployment": "deployed to",
}


@dataclass(frozen=True, slots=True)
class LineageNode:
    """A thing in a lineage: its kind, what it is called, in which stage it is, and where more is told of
    it: a page of the catalog (`page`), or an address of the web."""

    kind: str
    text: str
    stage: str = ""
    page: str = ""
    address: str = ""

    @property
    def word(self) -> str:
        """Return what kind of thing it is, and of a version its stage."""
        return self.stage or _WORDS[self.kind]


@dataclass(slots=True)
class _Growing:
    """A graph that grows from the version asked for, the nearest things first."""

    nodes: dict[tuple[str, str], LineageNode] = field(default_factory=dict)
    arrows: dict[tuple[tuple[str, str], tuple[str, str]], None] = field(default_factory=dict)
    left_out: set[tuple[str, str]] = field(default_factory=set)

    def place(self, node: LineageNode) -> tuple[str, str] | None:
        """Take a node in; None where there is no more room for it."""
        key = (_WORDS[node.kind] if node.kind.startswith("data") else node.kind, node.text)
        if key not in self.nodes:
            if len(self.nodes) >= MOST_NODES:
                self.left_out.add(key)
                return None
            self.nodes[key] = node
        return key

    def join(self, source: tuple[str, str] | None, target: tuple[str, str] | None) -> None:
        if source is not None and target is not None and source != target:
            self.arrows[source, target] = None


@dataclass(frozen=True, slots=True)
class LineageGraph:
    """The nodes, the version asked for being the first, the arrows between their places (from what was used
    to what came from it), and how many things were left out."""

    nodes: Sequence[LineageNode]
    arrows: Sequence[tuple[int, int]]
    left_out: int

    def told(self) -> list[tuple[LineageNode, list[LineageNode]]]:
        """Return each thing that others came from, with those: the drawing in words."""
        targets: dict[int, list[LineageNode]] = {}
        for source, target in self.arrows:
            targets.setdefault(source, []).append(self.nodes[target])
        return [(self.nodes[source], came) for source, came in targets.items()]


def lineage_graph(
    versions: VersionSources, reference: str, origin: TrainingOrigin | None, first_stage: str
) -> LineageGraph:
    """Return the lineage of a version. `origin` is what its own manifest says, which tells how data sets
    were made from each other."""
    growing = _Growing()
    start = growing.place(_version(versions, reference, first_stage))
    _add_sources(growing, versions, reference)
    for deployment in versions.deployments.get(reference, ()):
        target = f"{deployment.target or 'a target without a name'} ({deployment.status})"
        growing.join(start, growing.place(LineageNode("deployment", target, address=deployment.uri)))
    if origin is not None:
        _add_chain(growing, origin)
    _walk(growing, versions, reference, first_stage, forward=False)
    _walk(growing, versions, reference, first_stage, forward=True)
    places = {key: place for place, key in enumerate(growing.nodes)}
    return LineageGraph(
        [*growing.nodes.values()],
        [(places[source], places[target]) for source, target in growing.arrows],
        len(growing.left_out),
    )


def _walk(
    growing: _Growing, versions: VersionSources, reference: str, first_stage: str, *, forward: bool
) -> None:
    """Take in parents, and theirs; or what was derived, and what from that."""
    seen, generation = {reference}, [reference]
    for distance in range(GENERATIONS + 1):
        following = []
        for one in generation:
            here = growing.place(_version(versions, one, first_stage))
            others = versions.children.get(one, ()) if forward else _parents(versions, one)
            if distance == GENERATIONS:
                growing.left_out |= {("version", other) for other in others if other not in seen}
                continue
            for other in others:
                there = growing.place(_version(versions, other, first_stage))
                growing.join(here, there) if forward else growing.join(there, here)
                if other not in seen:
                    seen.add(other)
                    following.append(other)
                    if not forward:
                        _add_sources(growing, versions, other)
        generation = following


def _add_sources(growing: _Growing, versions: VersionSources, reference: str) -> None:
    """Take in what a version itself was trained on, and with."""
    key = ("version", reference)
    for source in versions.sources_of(reference):
        if source.kind not in ("parent", "data-source") and key in growing.nodes:
            growing.join(growing.place(_node(source)), key)


def _add_chain(growing: _Growing, origin: TrainingOrigin) -> None:
    """Take in the data that other data was made from."""
    chain = origin.chain
    for made in (*chain.trained_on, *chain.sources):
        target = growing.place(_data(str(made) or "data", made.name or f"@{made.version}"))
        for source in chain.made_from(made):
            growing.join(growing.place(_data(str(source), source.name or f"@{source.version}")), target)


def _parents(versions: VersionSources, reference: str) -> list[str]:
    return [source.name for source in versions.sources_of(reference) if source.kind == "parent"]


def _version(versions: VersionSources, reference: str, first_stage: str) -> LineageNode:
    if reference not in versions.stages:
        return LineageNode("missing", reference)
    stage = versions.stages[reference] or first_stage
    return LineageNode("version", reference, stage, reference_page_path(reference))


def _data(text: str, name: str) -> LineageNode:
    return LineageNode("data", text, page=data_set_page_path(name))


def _node(source: Source) -> LineageNode:
    if source.kind == "data":
        return _data(source.text, source.data_set)
    return LineageNode(source.kind, source.text, address=source.uri or source.name)
