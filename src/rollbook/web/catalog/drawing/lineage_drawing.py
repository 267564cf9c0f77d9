"""Where the things of a lineage stand in its drawing: layers from left to right, as Sugiyama's method lays
them out (grandalf, https://github.com/bdcht/grandalf)."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from rollbook.text import printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rollbook.web.catalog.drawing.lineage_graph import LineageGraph, LineageNode

WIDTH, HEIGHT = 188, 52
_BETWEEN_LAYERS, _BETWEEN_NODES, _MARGIN = 44, 16, 8
_LONGEST_TEXT = 22  # characters of the usual width


@dataclass(frozen=True, slots=True)
class DrawnNode:
    """A node, the corner where its box begins, and as much of its text as fits."""

    node: LineageNode
    x: int
    y: int
    label: str
    is_asked: bool


@dataclass(frozen=True, slots=True)
class LineageDrawing:
    """The boxes, the paths of the arrows (SVG's), and how large the whole is."""

    nodes: Sequence[DrawnNode]
    arrows: Sequence[str]
    width: int
    height: int


class _Box:
    """What grandalf places: its layers go downwards, the drawing's to the right."""

    def __init__(self) -> None:
        self.w, self.h = float(HEIGHT), float(WIDTH)
        self.xy = (0.0, 0.0)


def drawn(graph: LineageGraph) -> LineageDrawing:
    """Return the drawing of a lineage. No two boxes overlap."""
    centres = _apart(_laid_out(len(graph.nodes), tuple(graph.arrows)))
    left = min(x for x, _ in centres.values()) - WIDTH / 2 - _MARGIN
    top = min(y for _, y in centres.values()) - HEIGHT / 2 - _MARGIN
    corners = {
        place: (round(x - WIDTH / 2 - left), round(y - HEIGHT / 2 - top)) for place, (x, y) in centres.items()
    }
    return LineageDrawing(
        [
            DrawnNode(node, *corners[place], shortened(node.text), place == 0)
            for place, node in enumerate(graph.nodes)
        ],
        [_arrow(corners[source], corners[target]) for source, target in graph.arrows],
        max(x for x, _ in corners.values()) + WIDTH + _MARGIN,
        max(y for _, y in corners.values()) + HEIGHT + _MARGIN,
    )


@lru_cache(maxsize=1024)  # most versions of a model have a lineage of the same shape
def _laid_out(count: int, arrows: tuple[tuple[int, int], ...]) -> Mapping[int, tuple[float, float]]:
    """Return the centre of each node, x to the right."""
    from grandalf.graphs import Edge, Graph, Vertex
    from grandalf.layouts import SugiyamaLayout

    # grandalf goes through sets of vertices and edges: by places the order is the same in every process.
    class Placed(Vertex):  # type: ignore[misc]
        def __hash__(self) -> int:
            return int(self.data)

    class Joined(Edge):  # type: ignore[misc]
        def __hash__(self) -> int:
            return count + int(self.data)

    vertices: list[Any] = [Placed(place) for place in range(count)]
    for vertex in vertices:
        vertex.view = _Box()
    graph = Graph(
        vertices,
        [
            Joined(vertices[source], vertices[target], data=place)
            for place, (source, target) in enumerate(arrows)
        ],
    )
    below = 0.0
    centres: dict[int, tuple[float, float]] = {}
    for part in graph.C:  # all are joined to the version asked for, unless something was left out
        layout = SugiyamaLayout(part)
        layout.xspace, layout.yspace = _BETWEEN_NODES, _BETWEEN_LAYERS
        layout.init_all()
        layout.draw()
        across = [vertex.view.xy for vertex in part.sV]
        start = below - min(x for x, _ in across)
        for vertex in part.sV:
            centres[vertex.data] = (vertex.view.xy[1], vertex.view.xy[0] + start)
        below = max(y for _, y in centres.values()) + HEIGHT + _BETWEEN_NODES
    return centres


def _apart(centres: Mapping[int, tuple[float, float]]) -> Mapping[int, tuple[float, float]]:
    """Push apart what the layout put too near to each other within a layer."""
    layers: dict[float, list[tuple[float, int]]] = defaultdict(list)
    for place, (x, y) in centres.items():
        layers[round(x)].append((y, place))
    apart: dict[int, tuple[float, float]] = {}
    for x, layer in layers.items():
        lowest = float("-inf")
        for y, place in sorted(layer):
            lowest = max(y, lowest + HEIGHT + _BETWEEN_NODES)
            apart[place] = (x, lowest)
    return apart


def _arrow(source: tuple[int, int], target: tuple[int, int]) -> str:
    """Return an arrow's path: from the right of its source to the left of its target; back to an earlier
    layer, as in a ring of parents, from left to right."""
    (x, y), (to_x, to_y) = source, target
    forward = to_x > x
    start, end = (x + WIDTH, to_x - 6) if forward else (x, to_x + WIDTH + 6)
    bend = max(24, abs(end - start) // 2) * (1 if forward else -1)
    from_y, to_y = y + HEIGHT // 2, to_y + HEIGHT // 2
    return f"M{start} {from_y}C{start + bend} {from_y} {end - bend} {to_y} {end} {to_y}"


def shortened(text: str) -> str:
    """Return as much of a text as fits into a box, the middle of it left out: how it begins tells what it
    is, how it ends which version."""
    shown = printable(text)
    if _wide(shown) <= _LONGEST_TEXT:
        return shown
    start, end = "", ""
    for char in shown:
        if _wide(start + char) > _LONGEST_TEXT // 2 - 1:
            break
        start += char
    for char in reversed(shown):
        if _wide(char + end) > _LONGEST_TEXT // 2 - 1:
            break
        end = char + end
    return f"{start}…{end}"


def _wide(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
