from __future__ import annotations

import json

from building.memory import registry_of
from rollbook.insight.compare.comparison import best, compare
from rollbook.insight.compare.comparison_table import as_rows

SHA = "a" * 64


def _evidence(version: str, auc: float, day: int, sha256: str = SHA) -> str:
    return json.dumps(
        {
            "kind": "evaluation",
            "model": "m",
            "version": version,
            "artifact_sha256": sha256,
            "passed": True,
            "created_at": f"2026-11-{day:02}T09:00:00Z",
            "created_by": "ci@example.com",
            "metrics": {"auc": auc},
        }
    )


def _path(version: str, number: int) -> str:
    return f"registry/m/versions/{version}/evidence/evaluation-{number}.yaml"


MODEL = registry_of(
    {f"m@1.{minor}.0": {"metrics": {"auc": 0.5 + minor / 10}} for minor in range(3)},
    {"m": "production: {version: 1.0.0}\n"},
    {
        _path("1.0.0", 1): _evidence("1.0.0", 0.80, 2),
        _path("1.0.0", 2): _evidence("1.0.0", 0.70, 1),
        _path("1.1.0", 1): _evidence("1.1.0", 0.75, 1),
        _path("1.1.0", 2): _evidence("1.1.0", 0.99, 9, sha256="b" * 64),
    },
).model("m")


def test_metrics_come_from_the_manifests_by_default() -> None:
    assert best(MODEL, "auc").version.version == "1.2.0"


def test_metrics_come_from_the_newest_evidence_about_the_very_artifact() -> None:
    compared = compare(MODEL, ["1.0.0", "1.1.0"], evidence="evaluation")
    assert [item.metrics["auc"].value for item in compared.versions] == [0.80, 0.75]
    assert compared.versions[1].metrics["auc"].change == 0.75 - 0.80
    assert compared.evidence == "evaluation"


def test_the_best_by_evidence_names_the_versions_without_any() -> None:
    found = best(MODEL, "auc", evidence="evaluation")
    assert (found.version.version, found.without) == ("1.0.0", ("1.2.0",))


def test_what_says_the_metrics_of_each_version_is_named() -> None:
    compared = compare(MODEL, ["1.0.0", "1.2.0"], evidence="evaluation")
    assert [item.metrics_from for item in compared.versions] == ["evaluation-1", ""]
    assert [item.metrics_from for item in compare(MODEL, ["1.0.0"]).versions] == ["manifest"]
    assert best(MODEL, "auc").metrics_from == "manifest"
    assert best(MODEL, "auc", evidence="evaluation").metrics_from == "evaluation-1"


def test_the_newest_evidence_of_each_kind_is_named_with_how_it_went() -> None:
    compared = compare(MODEL, ["1.0.0", "1.1.0", "1.2.0"])
    assert [item.evidence for item in compared.versions] == [
        ("evaluation-1 passed",),
        ("evaluation-1 passed",),
        (),
    ]
    _, rows = as_rows(compared)
    assert ["evidence", "evaluation-1 passed", "evaluation-1 passed", ""] in rows
    assert not any(row[0] == "metrics from" for row in rows)
