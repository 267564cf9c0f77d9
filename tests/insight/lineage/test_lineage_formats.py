from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pydot
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from building.memory import registry_of
from rollbook.insight.lineage.graph import as_dot, as_mermaid, graph_of
from rollbook.insight.lineage.lineage_tree import as_tree
from rollbook.insight.lineage.openlineage import as_events
from rollbook.insight.lineage.trace import trace
from rollbook.insight.lineage.uri import as_uri

if TYPE_CHECKING:
    from rollbook.insight.lineage.trace import Lineage

HOSTILE = [
    'x"]; click n0 "javascript:alert(1)"',
    "<img src=x onerror=alert(1)>",
    '"];\n n9 [label="forged"]',
    "`**bold**` #quot; %%{init: {}}%% end",
    "\\N \\G \\",
    "red \u200b]) --> n0",
]
FULL: dict[str, Any] = {
    "data": [
        {"name": "applications", "version": "1", "uri": "s3://sets/a/1", "digest": "b" * 64, "rows": 1200}
    ],
    "features": {"name": "applicant", "version": "12", "count": 24},
    "code": {
        "repository": "git@git.example.com:risk/code.git",
        "commit": "c" * 40,
        "branch": "main",
        "dirty": True,
    },
    "run": {"tool": "mlflow", "id": "a1", "uri": "https://mlflow.example.com/#/runs/a1"},
    "parents": ["base@1.0.0", "gone@1.0.0"],
}


def _lineage(own: dict[str, Any] | None = None, **facts: Any) -> Lineage:
    registry = registry_of({"m@1.0.0": {"lineage": own or FULL, **facts}, "base@1.0.0": {}})
    return trace(registry, "m@1.0.0")


def _named(text: str) -> Lineage:
    data = [{"name": text, "version": text, "uri": text}]
    run = {"tool": text, "id": text}
    return _lineage(
        {"data": data, "run": run, "code": {"commit": text, "repository": text}, "parents": [text]}
    )


def test_a_tree_has_a_line_for_each_source() -> None:
    lines = as_tree(_lineage(framework={"name": "onnx", "version": "1.2"})).splitlines()
    assert lines == [
        "m@1.0.0  development",
        "├── data        applications@1  s3://sets/a/1  1,200 rows",
        "├── features    applicant@12  24 features",
        "├── code        git@git.example.com:risk/code.git@cccccccccccc (with changes)  main",
        "├── run         mlflow a1  https://mlflow.example.com/#/runs/a1",
        "├── environment onnx 1.2",
        "├── parent      base@1.0.0  development",
        "└── parent      gone@1.0.0  (not in this registry)",
    ]


def test_a_tree_of_a_cycle_ends() -> None:
    registry = registry_of({"m@1.0.0": {"lineage": {"parents": ["m@1.0.0"]}}})
    assert as_tree(trace(registry, "m@1.0.0")).endswith("└── parent      m@1.0.0  (see above)\n")


def test_a_very_deep_tree_is_cut() -> None:
    family = {f"m@1.{n}.0": {"lineage": {"parents": [f"m@1.{n - 1}.0"]} if n else {}} for n in range(90)}
    tree = as_tree(trace(registry_of(family), "m@1.89.0"))
    assert tree.endswith("└── ...\n")
    assert max(map(len, tree.splitlines())) < 220


@pytest.mark.parametrize("text", HOSTILE)
def test_a_tree_shows_what_would_act(text: str) -> None:
    tree = as_tree(_named(text))
    assert len(tree.splitlines()) == 5
    assert "\u200b" not in tree


@pytest.mark.parametrize("text", HOSTILE)
def test_mermaid_takes_no_name_for_syntax(text: str) -> None:
    chart = as_mermaid(graph_of(_named(text)))
    node = r'    n\d+(\[\(|\[/|\[\[|\(\[|\[)"[a-z]+: ([\w .,/@=+()\-\u00a1-\U0010ffff]|#\d+;)*"[\])/]+'
    for line in chart.splitlines()[1:]:
        assert re.fullmatch(rf"{node}|    n\d+ --> n\d+", line), line


@pytest.mark.filterwarnings("ignore::DeprecationWarning:pydot")
@pytest.mark.parametrize("text", HOSTILE)
def test_graphviz_takes_no_name_for_syntax(text: str) -> None:
    graph = graph_of(_named(text))
    (parsed,) = pydot.graph_from_dot_data(as_dot(graph)) or []
    assert [node.get_name() for node in parsed.get_nodes()] == [f"n{n}" for n in range(len(graph.nodes))]
    assert len(parsed.get_edges()) == len(graph.arrows)


def test_a_source_of_two_versions_is_one_node() -> None:
    data = {"lineage": {"data": [{"name": "d"}]}}
    child = {"lineage": {"data": [{"name": "d"}], "parents": ["base@1.0.0"]}}
    graph = graph_of(trace(registry_of({"m@1.0.0": child, "base@1.0.0": data}), "m@1.0.0"))
    assert [node.kind for node in graph.nodes].count("data") == 1
    assert len(graph.arrows) == 3


def test_an_openlineage_event_has_the_sources_as_inputs_and_the_version_as_output() -> None:
    parent, event = as_events(_lineage(hyperparameters={"depth": 3}))
    assert parent["job"]["name"] == "base"
    assert [(item["namespace"], item["name"]) for item in event["inputs"]] == [
        ("s3://sets", "a/1"),
        ("rollbook", "features/applicant"),
        ("rollbook", "base"),
        ("rollbook", "gone"),
    ]
    assert event["inputs"][0]["inputFacets"]["inputStatistics"]["rowCount"] == 1200
    (output,) = event["outputs"]
    assert output["facets"]["version"]["datasetVersion"] == "1.0.0"
    assert event["job"]["facets"]["sourceCodeLocation"]["url"] == "ssh://git@git.example.com/risk/code.git"


def test_an_openlineage_run_has_the_same_id_each_time() -> None:
    first, second = (as_events(_lineage())[-1]["run"]["runId"] for _ in range(2))
    assert first == second


@pytest.mark.parametrize("text", [None, *HOSTILE])
def test_openlineage_events_fit_the_classes_of_its_own_client(text: str | None) -> None:
    pytest.importorskip("openlineage.client")
    facts = {"framework": {"name": "onnx", "version": "1.2"}, "hyperparameters": {"depth": [1, 2]}}
    lineage = _named(text) if text else _lineage(**facts)
    for event in as_events(lineage):
        _fits(json.loads(json.dumps(event)))


def _fits(event: dict[str, Any]) -> None:
    """Build the event of the classes that OpenLineage generates from its schemas, which refuse unknown keys
    and wrong values."""
    from openlineage.client.generated.base import EventType, InputDataset, Job, OutputDataset, Run, RunEvent

    run, job = event["run"], event["job"]
    assert event.pop("schemaURL") == RunEvent._get_schema()
    RunEvent(
        **{
            **event,
            "eventType": EventType(event["eventType"]),
            "run": Run(run["runId"], _facets(run["facets"])),
            "job": Job(job["namespace"], job["name"], _facets(job["facets"])),
            "inputs": [_dataset(InputDataset, item, "inputFacets") for item in event["inputs"]],
            "outputs": [_dataset(OutputDataset, item, "outputFacets") for item in event["outputs"]],
        }
    )


def _dataset(kind: Any, item: dict[str, Any], inner: str) -> Any:
    more = {inner: _facets(item.pop(inner))} if inner in item else {}
    return kind(**{**item, "facets": _facets(item["facets"]), **more})


def _facets(facets: dict[str, Any]) -> dict[str, Any]:
    from openlineage.client import facet_v2

    modules = {
        "executionParameters": "execution_parameters_run",
        "processing_engine": "processing_engine_run",
        "jobType": "job_type_job",
        "sourceCodeLocation": "source_code_location_job",
        "dataSource": "datasource_dataset",
        "inputStatistics": "input_statistics_input_dataset",
        "outputStatistics": "output_statistics_output_dataset",
        "version": "dataset_version_dataset",
    }
    built = {}
    for name, facet in facets.items():
        schema = facet.pop("_schemaURL")
        kind = schema.rpartition("/")[2]
        tags = {"TagsRunFacet": "tags_run", "TagsDatasetFacet": "tags_dataset", "TagsJobFacet": "tags_job"}
        module = modules.get(name) or tags[kind]
        cls = getattr(getattr(facet_v2, module), kind)
        assert schema == cls._get_schema()
        built[name] = cls(producer=facet.pop("_producer"), **facet)
    return built


@pytest.mark.parametrize(
    ("address", "uri"),
    [
        ("s3://sets/a b/1", "s3://sets/a%20b/1"),
        ("git@host:team/code.git", "ssh://git@host/team/code.git"),
        ("https://x/#/a#b", "https://x/#/a%23b"),
        ("https://x/100%", "https://x/100%25"),
        ("https://x:port/", None),
        ("data/train.csv", None),
        ("", None),
    ],
)
def test_an_address_becomes_a_uri(address: str, uri: str | None) -> None:
    assert as_uri(address) == uri


@settings(deadline=None)
@given(st.text(max_size=30).map(lambda tail: f"https://{tail}"))
def test_a_uri_has_no_character_that_a_uri_can_not_hold(address: str) -> None:
    uri = as_uri(address)
    assert uri is None or re.fullmatch(r"https:([A-Za-z0-9._~:/?#@!$&()*+,;=-]|%[0-9A-Fa-f]{2})*", uri)
