"""The drawing of a lineage: what is in it, and that its boxes never overlap."""

from __future__ import annotations

import random
from itertools import combinations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from building.memory import registry_of
from rollbook.web.catalog.drawing import lineage_drawing
from rollbook.web.catalog.drawing.lineage_drawing import HEIGHT, WIDTH, drawn, shortened
from rollbook.web.catalog.drawing.lineage_graph import MOST_NODES, LineageGraph, LineageNode, lineage_graph
from rollbook.web.catalog.facts.version_sources import version_sources

ARROWS = st.integers(1, 14).flatmap(
    lambda count: st.tuples(
        st.just(count), st.sets(st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)), max_size=30)
    )
)


@settings(max_examples=60)
@given(ARROWS)
@example((3, {(0, 1), (1, 2), (2, 0)}))
@example((4, {(1, 0), (2, 0), (3, 0)}))
@example((2, set()))
def test_no_two_boxes_overlap_and_all_stand_inside(graph: tuple[int, set[tuple[int, int]]]) -> None:
    count, arrows = graph
    nodes = [LineageNode("version", f"m@1.{place}.0") for place in range(count)]
    joined = sorted((source, target) for source, target in arrows if source != target)
    drawing = drawn(LineageGraph(nodes, joined, 0))
    for one, other in combinations(drawing.nodes, 2):
        assert abs(one.x - other.x) >= WIDTH or abs(one.y - other.y) >= HEIGHT
    for box in drawing.nodes:
        assert 0 <= box.x <= drawing.width - WIDTH
        assert 0 <= box.y <= drawing.height - HEIGHT
    assert len(drawing.arrows) == len(joined)


def test_a_line_of_versions_is_drawn_from_left_to_right() -> None:
    chain = {f"m@1.{minor}.0": {"lineage": {"parents": [f"m@1.{minor - 1}.0"]}} for minor in range(1, 4)}
    graph = lineage_graph(version_sources(registry_of({"m@1.0.0": {}, **chain})), "m@1.2.0", None, "new")
    boxes = {box.node.text: box.x for box in drawn(graph).nodes}
    assert boxes["m@1.0.0"] < boxes["m@1.1.0"] < boxes["m@1.2.0"] < boxes["m@1.3.0"]


def test_a_ring_of_parents_is_drawn_and_ends() -> None:
    ring = {
        "m@1.0.0": {"lineage": {"parents": ["m@1.1.0", "m@1.0.0"]}},
        "m@1.1.0": {"lineage": {"parents": ["m@1.0.0"]}},
    }
    graph = lineage_graph(version_sources(registry_of(ring)), "m@1.0.0", None, "new")
    assert len(graph.nodes) == len(drawn(graph).nodes) == 2


def test_hundreds_of_descendants_are_cut_and_counted() -> None:
    many = {f"m@1.{minor}.0": {"lineage": {"parents": ["m@1.0.0"]}} for minor in range(1, 201)}
    graph = lineage_graph(version_sources(registry_of({"m@1.0.0": {}, **many})), "m@1.0.0", None, "new")
    assert len(graph.nodes) == MOST_NODES
    assert graph.left_out == 201 - MOST_NODES
    assert graph.nodes[0].text == "m@1.0.0"


def test_a_parent_that_is_not_there_is_drawn_without_a_page() -> None:
    lone = {"m@1.0.0": {"lineage": {"parents": ["other@3.0.0"]}}}
    graph = lineage_graph(version_sources(registry_of(lone)), "m@1.0.0", None, "new")
    (missing,) = [node for node in graph.nodes if node.kind == "missing"]
    assert (missing.text, missing.page) == ("other@3.0.0", "")


@given(st.text(max_size=100))
def test_a_label_is_short_and_keeps_how_a_name_begins_and_ends(text: str) -> None:
    label = shortened(text)
    assert len(label) <= 23
    assert label.isprintable()


def test_the_same_lineage_is_drawn_the_same_wherever_its_nodes_stand_in_memory() -> None:
    chosen = random.Random(3)
    taken: list[list[object]] = []
    for _ in range(10):
        ends = [(chosen.randrange(1, 30), chosen.random()) for _ in range(40)]
        arrows = tuple(sorted({(later, int(later * part)) for later, part in ends}))
        drawn = []
        for _ in range(4):
            taken.append([object() for _ in range(chosen.randrange(5_000))])
            lineage_drawing._laid_out.cache_clear()
            drawn.append(lineage_drawing._laid_out(30, arrows))
        assert all(one == drawn[0] for one in drawn)
