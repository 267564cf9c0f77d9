from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

import pytest

from building.texts import POLICY, STAGES, manifest, model
from building.work_tree import new_repository
from building.world import rollbook

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = "=cmd()|x](http://evil) <img src=x> @all \\u200b\\n::error::x"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    evil = f'hyperparameters: {{depth: "{HOSTILE}"}}\nmetrics: {{auc: 0.93}}\n'
    files = {
        "registry/policy.yaml": POLICY,
        "registry/m/model.yaml": model("m"),
        "registry/m/stages.yaml": STAGES,
        "registry/m/versions/1.0.0/version.yaml": manifest("m", "1.0.0"),
        "registry/m/versions/1.1.0/version.yaml": manifest("m", "1.1.0", "metrics: {auc: 0.91, rmse: 2}\n"),
        "registry/m/versions/1.2.0/version.yaml": manifest("m", "1.2.0", evil),
        "registry/m/versions/1.10.0/version.yaml": manifest("m", "1.10.0", "metrics: {auc: .nan}\n"),
    }
    return new_repository(tmp_path_factory.mktemp("compare") / "work", files)


def test_a_table_has_a_column_for_each_version(root: Path) -> None:
    ran = rollbook(root, "compare", "m", "1.1.0", "1.2.0")
    rows = dict(line.split("\t", 1) for line in ran.out.splitlines())
    assert rows[""] == "1.1.0\t1.2.0"
    assert rows["auc"] == "0.91\t0.93 (+0.02) best"
    assert rows["rmse (lower is better)"] == "2 best\t"
    assert "1.1.0, which is in production" in ran.err


def test_all_compares_every_version(root: Path) -> None:
    out = rollbook(root, "compare", "m", "--all").out
    assert out.splitlines()[0] == "\t1.0.0\t1.1.0\t1.2.0\t1.10.0"


def test_all_and_versions_exclude_each_other(root: Path) -> None:
    assert rollbook(root, "compare", "m", "1.0.0", "--all").code == 2


def test_markdown_holds_nothing_that_acts(root: Path) -> None:
    out = rollbook(root, "compare", "m", "1.2.0", "1.1.0", "--format", "markdown").out
    cells = next(line for line in out.splitlines() if "depth" in line)
    assert "<img" not in out
    assert "](" not in out
    assert "@all" not in out
    assert cells.count("|") == 4
    assert "**" not in cells


def test_csv_has_a_line_for_each_version_and_no_formula(root: Path) -> None:
    out = rollbook(root, "compare", "m", "1.2.0", "1.1.0", "--format", "csv").out
    first, second = csv.DictReader(io.StringIO(out))
    assert first["hyperparameters.depth"].startswith("'=cmd()")
    assert (second["version"], second["metrics.auc"], second["size"]) == ("1.1.0", "0.91", "12")


def test_json_says_null_where_a_metric_is_no_number(root: Path) -> None:
    found = json.loads(rollbook(root, "compare", "m", "--all", "--json").out)
    assert found["baseline"] == "1.1.0"
    assert found["versions"][-1]["metrics"]["auc"] == {"value": None, "best": False, "change": None}
    assert found["differences"]["hyperparameters"]["depth"][2].startswith("=cmd")


def test_json_is_one_of_the_formats(root: Path) -> None:
    runs = [
        rollbook(root, "compare", "m", option, *more) for option, *more in (["--json"], ["--format", "json"])
    ]
    assert runs[0].out == runs[1].out


def test_characters_that_act_are_shown_and_not_sent(root: Path) -> None:
    out = rollbook(root, "compare", "m", "1.2.0", "1.1.0").out
    assert "\u200b" not in out
    assert not any(line.startswith("::") for line in out.splitlines())


def test_another_revision_can_be_compared(root: Path) -> None:
    assert rollbook(root, "compare", "m", "--rev", "HEAD", "--repo", str(root)).code == 0


def test_best_prints_as_resolve_does_and_names_who_is_without(root: Path) -> None:
    ran = rollbook(root, "best", "m", "--metric", "auc")
    facts = dict(line.split("\t") for line in ran.out.splitlines())
    assert (facts["version"], facts["stage"], facts["value"]) == ("1.2.0", "staging", "0.93")
    assert facts["path"] == "registry/m/versions/1.2.0/model.onnx"
    assert ran.err == "without auc: 1.0.0, 1.10.0\n"


def test_best_as_json_has_the_same(root: Path) -> None:
    found = json.loads(rollbook(root, "best", "m", "--metric", "auc", "--lower-is-better", "--json").out)
    assert (found["version"], found["without"]) == ("1.1.0", ["1.0.0", "1.10.0"])


def test_best_by_an_unknown_metric_exits_with_1(root: Path) -> None:
    ran = rollbook(root, "best", "m", "--metric", "acu")
    assert ran.code == 1
    assert "Did you mean auc?" in ran.err


def test_a_comparison_becomes_a_dataframe(root: Path) -> None:
    pytest.importorskip("pandas")
    from rollbook import Registry

    with Registry.open(root) as registry:
        frame = registry.model("m").compare(["1.1.0", "1.2.0"]).to_dataframe()
    assert list(frame.index) == ["1.1.0", "1.2.0"]
    assert frame.loc["1.2.0", "metrics.auc"] == 0.93
