"""A lineage as a graph: nodes and arrows, written for Mermaid and for Graphviz.

https://mermaid.js.org/syntax/flowchart.html, https://graphviz.org/doc/info/lang.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.insight.lineage.import_lineage import missing_parent
from rollbook.insight.lineage.lineage_tree import became, data_text, facts
from rollbook.text import printable

if TYPE_CHECKING:
    from rollbook.insight.lineage.trace import Lineage

_LONGEST_LABEL = 120
# Whatever else could be syntax for Mermaid, or HTML or Markdown for what draws its labels.
_ACTIVE = re.compile(r"[^A-Za-z0-9 .,/@=+()\u00a1-\U0010ffff-]")
_SHAPES = {
    "data": "[(",
    "features": "[/",
    "code": "[",
    "run": "([",
    "provenance": "([",
    "environment": "[",
    "version": "[[",
    "imported": "[[",
    "stage": "(",
    "deployment": "{{",
}
_CLOSING = {"[(": ")]", "[/": "/]", "[": "]", "([": "])", "[[": "]]", "(": ")", "{{": "}}"}
_DOT_SHAPES = {
    "data": "cylinder", "features": "parallelogram", "version": "box3d", "deployment": "component"
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Node:
    """A thing in a lineage: its kind (`data`, `code`, `version`, ...) and what it is called."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Graph:
    """The nodes, and the arrows between their places: from what was used to what came from it."""

    nodes: tuple[Node, ...]
    arrows: tuple[tuple[int, int], ...]


def graph_of(lineage: Lineage) -> Graph:
    """Return the graph of a lineage, with what became of the version that was asked for. The same data set or
    commit of two versions is one node.
    """
    places: dict[Node, int] = {}
    arrows: dict[tuple[int, int], None] = {}

    def place(node: Node) -> int:
        return places.setdefault(node, len(places))

    heads = {
        reference: Node("version", f"{reference} ({', '.join([item.stage, *item.aliases])})")
        for reference, item in lineage.versions.items()
    }
    for reference, item in lineage.versions.items():
        target = place(heads[reference])
        sources = [Node(kind, text) for kind, text in facts(item)]
        sources += [Node("provenance", build.in_short) for build in item.builds]
        sources += [
            heads.get(parent) or Node("version", f"{parent} ({missing_parent(item.imported)})")
            for parent in item.origin.parents
        ]
        arrows |= dict.fromkeys((place(source), target) for source in sources)
        chain = item.origin.chain
        for made in (*chain.trained_on, *chain.sources):
            node = place(Node("data", data_text(made)))
            arrows |= dict.fromkeys(
                (place(Node("data", data_text(source))), node) for source in chain.made_from(made)
            )
    root = place(heads[lineage.reference])
    arrows |= dict.fromkeys((root, place(Node(kind, text))) for kind, text in became(lineage))
    return Graph(tuple(places), tuple(arrows))


def as_mermaid(graph: Graph) -> str:
    """Return a Mermaid flowchart. Nothing in a label is anything but text."""
    lines = ["flowchart LR"]
    for place, node in enumerate(graph.nodes):
        opening = _SHAPES[node.kind]
        label = f"{node.kind}: {_mermaid_text(_shortened(node))}"
        lines.append(f'    n{place}{opening}"{label}"{_CLOSING[opening]}')
    lines += [f"    n{source} --> n{target}" for source, target in graph.arrows]
    return "\n".join(lines) + "\n"


def as_dot(graph: Graph) -> str:
    """Return a Graphviz digraph. Nothing in a label is anything but text."""
    lines = ["digraph lineage {", "    rankdir=LR;"]
    for place, node in enumerate(graph.nodes):
        label = _shortened(node).replace("\\", "\\\\").replace('"', '\\"')
        shape = _DOT_SHAPES.get(node.kind, "box")
        lines.append(f'    n{place} [shape={shape}, label="{node.kind}: {label}"];')
    lines += [f"    n{source} -> n{target};" for source, target in graph.arrows]
    return "\n".join([*lines, "}"]) + "\n"


def _shortened(node: Node) -> str:
    text = printable(node.text)
    return text if len(text) <= _LONGEST_LABEL else f"{text[: _LONGEST_LABEL - 3]}..."


def _mermaid_text(text: str) -> str:
    # Mermaid's own form of a character reference: `#60;` draws `<` and starts nothing.
    return _ACTIVE.sub(lambda found: f"#{ord(found[0])};", text)
