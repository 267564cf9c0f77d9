"""From raw data to what a version was trained on, and several commits of code, in every form of a lineage."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from test_lineage_formats import HOSTILE, _fits

from building.memory import registry_of
from rollbook.insight.compare.comparison import compare
from rollbook.insight.lineage.descendants import from_commit, from_data
from rollbook.insight.lineage.graph import as_dot, as_mermaid, graph_of
from rollbook.insight.lineage.lineage_tree import as_tree
from rollbook.insight.lineage.openlineage import as_events
from rollbook.insight.lineage.trace import trace
from rollbook.insight.query.sql import query

CLEANING, TRAINING, FEATURES = "1" * 40, "2" * 40, "3" * 40
CHAIN: dict[str, Any] = {
    "data": [
        {"name": "loans-raw", "version": "1", "uri": "s3://raw/loans", "digest": "a" * 64},
        {
            "name": "loans-clean",
            "version": "2",
            "from": ["loans-raw@1", "postcodes@7"],
            "step": "clean.py",
            "code": {"commit": CLEANING, "repository": "https://git.example.com/clean"},
            "rows": 900,
        },
        {"name": "loans", "version": "3", "from": ["loans-clean@2"], "step": "split.py"},
    ],
    "code": [
        {"commit": TRAINING, "repository": "https://git.example.com/training"},
        {"commit": FEATURES, "role": "features"},
    ],
}
REGISTRY = registry_of({"m@1.0.0": {"lineage": CHAIN}, "m@1.1.0": {"lineage": {"parents": ["m@1.0.0"]}}})


def test_a_tree_shows_the_chain_below_what_it_ends_in() -> None:
    lines = as_tree(trace(REGISTRY, "m@1.0.0")).splitlines()
    assert lines == [
        "m@1.0.0  development",
        "├── data        loans@3  by split.py",
        "│   └── from        loans-clean@2  900 rows  by clean.py  https://git.example.com/clean@111111111111",
        "│       ├── from        loans-raw@1  s3://raw/loans",
        "│       └── from        postcodes@7",
        "├── code        https://git.example.com/training@222222222222",
        "└── code        features: 333333333333",
    ]


def test_a_tree_does_not_repeat_what_stands_above() -> None:
    layers = [
        {"name": f"l{n}x{m}", "from": [f"l{n + 1}x{k}" for k in range(3)]}
        for n in range(20)
        for m in range(3)
    ]
    tree = as_tree(trace(registry_of({"m@1.0.0": {"lineage": {"data": layers}}}), "m@1.0.0"))
    assert "(see above)" in tree
    assert len(tree.splitlines()) < 300


def test_a_tree_of_a_ring_and_one_of_a_long_chain_end() -> None:
    ring = {"data": [{"name": "a", "from": ["b"]}, {"name": "b", "from": ["a"]}]}
    assert "(see above)" in as_tree(trace(registry_of({"m@1.0.0": {"lineage": ring}}), "m@1.0.0"))
    long = {"data": [{"name": f"n{n}", "from": [f"n{n + 1}"]} for n in range(500)]}
    tree = as_tree(trace(registry_of({"m@1.0.0": {"lineage": long}}), "m@1.0.0"))
    assert tree.endswith("└── ...\n")
    assert max(map(len, tree.splitlines())) < 250


def test_the_graph_has_an_arrow_for_each_step() -> None:
    graph = graph_of(trace(REGISTRY, "m@1.0.0"))
    names = [node.text.split("  ")[0] for node in graph.nodes]
    arrows = {(names[source], names[target].split(" ")[0]) for source, target in graph.arrows}
    assert {
        ("loans-raw@1", "loans-clean@2"),
        ("postcodes@7", "loans-clean@2"),
        ("loans-clean@2", "loans@3"),
        ("loans@3", "m@1.0.0"),
    } <= arrows
    assert ("loans-raw@1", "m@1.0.0") not in arrows
    assert [node.text for node in graph.nodes if node.kind == "code"] == [
        "https://git.example.com/training@222222222222",
        "features: 333333333333",
    ]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_name_of_a_step_or_of_a_source_acts(text: str) -> None:
    data = [{"name": text, "from": [f"{text} raw"], "step": text, "code": {"commit": text, "role": text}}]
    code = [{"commit": text, "role": text}, {"commit": "b", "role": text}]
    lineage = trace(registry_of({"m@1.0.0": {"lineage": {"data": data, "code": code}}}), "m@1.0.0")
    assert len(as_tree(lineage).splitlines()) == 5
    node = r'    n\d+(\[\(|\[\[|\[)"[a-z]+: ([\w .,/@=+()\-\u00a1-\U0010ffff]|#\d+;)*"[\])/]+'
    for line in as_mermaid(graph_of(lineage)).splitlines()[1:]:
        assert re.fullmatch(rf"{node}|    n\d+ --> n\d+", line), line
    nodes = [line for line in as_dot(graph_of(lineage)).splitlines() if "[shape=" in line]
    assert len(nodes) == len(graph_of(lineage).nodes)
    for event in as_events(lineage):
        _fits(json.loads(json.dumps(event)))


def test_each_step_is_a_run_of_openlineage_before_the_training() -> None:
    cleaning, splitting, training = as_events(trace(REGISTRY, "m@1.0.0"))
    assert [event["job"]["name"] for event in (cleaning, splitting, training)] == [
        "clean.py",
        "split.py",
        "m",
    ]
    assert [one["name"] for one in cleaning["inputs"]] == ["loans", "postcodes"]
    assert cleaning["inputs"][0]["namespace"] == "s3://raw"
    assert cleaning["job"]["facets"]["sourceCodeLocation"]["version"] == CLEANING
    assert cleaning["outputs"][0]["outputFacets"]["outputStatistics"]["rowCount"] == 900
    assert [one["name"] for one in training["inputs"]] == ["loans"]
    tags = training["job"]["facets"]["tags"]["tags"]
    assert [(tag["key"], tag["value"]) for tag in tags] == [("code.features", "333333333333")]
    for event in (cleaning, splitting, training):
        _fits(event)


def test_the_same_step_of_two_versions_is_one_run() -> None:
    family = {"m@1.0.0": {"lineage": CHAIN}, "m@1.1.0": {"lineage": {**CHAIN, "parents": ["m@1.0.0"]}}}
    events = as_events(trace(registry_of(family), "m@1.1.0"))
    assert [event["job"]["name"] for event in events] == ["clean.py", "split.py", "m", "m"]


def test_the_document_has_the_chain_and_every_commit() -> None:
    document = trace(REGISTRY, "m@1.0.0").asked.as_document()
    assert [(one["name"], one["from"], one["step"]) for one in document["data"]] == [
        ("loans", ["loans-clean@2"], "split.py"),
        ("loans-clean", ["loans-raw@1", "postcodes@7"], "clean.py"),
        ("loans-raw", [], ""),
        ("postcodes", [], ""),
    ]
    assert document["code"]["commit"] == TRAINING
    assert [one["role"] for one in document["codes"]] == ["", "features"]


@pytest.mark.parametrize(
    "data", ["loans-raw", "loans-raw@1", "postcodes@7", "s3://raw/loans", "a" * 64, "loans@3"]
)
def test_data_leads_to_what_came_of_it_through_the_chain_and_through_parents(data: str) -> None:
    assert [item.reference for item in from_data(REGISTRY, data)] == ["m@1.0.0", "m@1.1.0"]


@pytest.mark.parametrize("commit", [TRAINING, FEATURES, CLEANING])
def test_every_commit_leads_to_what_came_of_it(commit: str) -> None:
    assert [item.reference for item in from_commit(REGISTRY, commit[:9])] == ["m@1.0.0", "m@1.1.0"]


def test_queries_tell_what_was_trained_on_from_what_that_came_from() -> None:
    rows = query(
        REGISTRY, "SELECT kind, name, source_version, role FROM lineage WHERE version = '1.0.0'"
    ).rows
    assert sorted(map(tuple, rows), key=str) == sorted(
        [
            ("data", "loans", "3", "split.py"),
            ("data-source", "loans-clean", "2", "clean.py"),
            ("data-source", "loans-raw", "1", None),
            ("data-source", "postcodes", "7", None),
            ("code", "https://git.example.com/training", TRAINING, None),
            ("code", None, FEATURES, "features"),
            ("code", "https://git.example.com/clean", CLEANING, "clean.py"),
        ],
        key=str,
    )


def test_a_comparison_has_what_was_trained_on_and_every_commit() -> None:
    found = compare(REGISTRY.model("m"), ["1.0.0", "1.1.0"])
    assert found.data is not None
    assert found.data.values == (("loans@3",), None)
    assert found.code is not None
    assert found.code.values[0] == "https://git.example.com/training@222222222222, features: 333333333333"


def test_a_card_has_the_chain_and_every_commit() -> None:
    from rollbook.propose.card_proposal import make_card

    card = make_card(REGISTRY.version("m@1.0.0"), None).text
    assert "| loans-clean | 2 |  | loans-raw@1, postcodes@7 | clean.py |" in card
    assert f"| Commit (features) | `{FEATURES}` |" in card
    assert f"| Commit | `{TRAINING}` |" in card
    assert "- loans\n" in card  # in the front matter: what it was trained on, and no source
    assert "- loans-raw\n" not in card
