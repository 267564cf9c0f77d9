from __future__ import annotations

import json
from typing import Any

import pytest

from building.memory import registry_of
from rollbook.errors import InvalidFile
from rollbook.insight.lineage.cyclonedx import bill_of_materials

pytest.importorskip("cyclonedx")

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from test_lineage_formats import FULL, HOSTILE

VERSION = "registry/m/versions/1.0.0"


def _bom(**facts: Any) -> dict[str, Any]:
    return bill_of_materials(registry_of({"m@1.0.0": facts, "base@1.0.0": {}}).version("m@1.0.0"))


def _complaint(bom: dict[str, Any]) -> object:
    return JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(bom))


def test_a_bill_names_the_model_its_data_its_libraries_and_its_parents() -> None:
    environment = {"dependencies": {"Scikit_Learn": "1.7.2"}}
    bom = _bom(lineage=FULL, environment=environment, metrics={"auc": 0.9}, algorithm="trees")
    model = bom["metadata"]["component"]
    assert (model["type"], model["version"]) == ("machine-learning-model", "1.0.0")
    assert [item["name"] for item in bom["components"]] == ["applications", "scikit-learn"]
    assert bom["components"][1]["purl"] == "pkg:pypi/scikit-learn@1.7.2"
    assert [item["name"] for item in model["pedigree"]["ancestors"]] == ["base", "gone"]
    assert model["modelCard"]["quantitativeAnalysis"]["performanceMetrics"] == [
        {"type": "auc", "value": "0.9"}
    ]
    assert _complaint(bom) is None


def test_pinned_requirements_are_libraries_and_the_manifest_wins() -> None:
    pinned = """\
# pinned
NumPy==1.0
pandas[x]==2.2 ; python_version > '3' \\
    --hash=sha256:aa
-e .
loose>=1
"""
    facts = {"environment": {"dependencies": {"numpy": "2.0"}}}
    registry = registry_of({"m@1.0.0": facts}, more={f"{VERSION}/requirements.txt": pinned})
    found = bill_of_materials(registry.version("m@1.0.0"))["components"]
    assert [(item["name"], item["version"]) for item in found] == [("numpy", "2.0"), ("pandas", "2.2")]


def test_a_folder_has_no_hash_but_a_property() -> None:
    artifact = {"path": "m", "format": "saved-model", "size": 3, "sha256": "a" * 64, "files": 2}
    model = _bom(artifact=artifact)["metadata"]["component"]
    assert "hashes" not in model
    assert {"name": "rollbook:sha256-of-folder", "value": "a" * 64} in model["properties"]


def test_a_bill_is_the_same_each_time() -> None:
    assert _bom(lineage=FULL) == _bom(lineage=FULL)


def test_a_version_that_is_its_own_parent_has_one_reference_only() -> None:
    bom = _bom(lineage={"parents": ["m@1.0.0"]})
    assert _complaint(bom) is None
    (ancestor,) = bom["metadata"]["component"]["pedigree"]["ancestors"]
    assert ancestor["bom-ref"] != bom["metadata"]["component"]["bom-ref"]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_bill_of_hostile_names_is_valid(text: str) -> None:
    data = [{"name": text, "version": text, "uri": text, "digest": text} for _ in range(2)]
    code = {"commit": text, "repository": f"https://{text}"}
    bom = _bom(
        lineage={"data": data, "code": code, "parents": [text]},
        environment={"dependencies": {text: text}},
        hyperparameters={text: text},
        signature={"inputs": [{"name": text, "dtype": text}]},
        description=text,
        algorithm=text,
    )
    assert _complaint(bom) is None


def test_a_time_that_is_none_is_named_with_its_file() -> None:
    with pytest.raises(InvalidFile, match=r"versions/1\.0\.0/version\.yaml: created_at"):
        _bom(created_at="yesterday")


def test_packages_of_conda_are_libraries_of_conda_and_ranges_are_left_out() -> None:
    text = "dependencies: [numpy=2.1.3=py312_0, loose>=1, fuzzy=1.2, pip: [pandas==2.2]]\n"
    facts = {"environment": {"dependencies": {"NumPy": "2.1.4"}}}
    registry = registry_of({"m@1.0.0": facts}, more={f"{VERSION}/environment.yml": text})
    found = bill_of_materials(registry.version("m@1.0.0"))["components"]
    assert sorted(item["purl"] for item in found) == ["pkg:conda/numpy@2.1.4", "pkg:pypi/pandas@2.2"]


def test_a_chain_of_data_is_told_by_dependencies_and_the_card_names_its_end() -> None:
    from test_data_lineage import CHAIN, CLEANING, FEATURES

    bom = _bom(lineage=CHAIN)
    assert _complaint(bom) is None
    names = {item["bom-ref"]: item["name"] for item in bom["components"]}
    uses = {item["ref"]: item.get("dependsOn", []) for item in bom["dependencies"]}
    made = {names.get(ref, ref): sorted(names[one] for one in used) for ref, used in uses.items()}
    assert made["m@1.0.0"] == ["loans"]
    assert made["loans"] == ["loans-clean"]
    assert made["loans-clean"] == ["loans-raw", "postcodes"]
    model = bom["metadata"]["component"]
    assert [names[one["ref"]] for one in model["modelCard"]["modelParameters"]["datasets"]] == ["loans"]
    assert {"name": "rollbook:code-commit:features", "value": FEATURES} in model["properties"]
    clean = next(item for item in bom["components"] if item["name"] == "loans-clean")
    assert {"name": "rollbook:code-commit", "value": CLEANING} in clean["properties"]


def test_a_bill_of_data_that_was_made_from_itself_ends() -> None:
    data = [{"name": "a", "from": ["b"]}, {"name": "b", "from": ["a"]}]
    assert _complaint(_bom(lineage={"data": data})) is None
