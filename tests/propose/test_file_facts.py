"""What the artifact says of itself goes on record, and what contradicts it is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import yaml

from building.model_files import XGBOOST, columns, safetensors, says, tensor
from building.world import git, rollbook
from rollbook.artifact.formats import reading
from rollbook.artifact.formats.contents import Broken, Contents
from rollbook.artifact.storage import open_storage

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from building.world import Ran, World

WEIGHTS = safetensors({"w": [2, 3], "b": [3]}, {"format": "pt"})
FACTS: dict[str, Any] = {"tensors": 2, "dtypes": {"F32": 2}, "metadata": {"format": "pt"}}
TREES = Contents(
    {"trees": 3, "objective": "binary:logistic"},
    {"name": "xgboost", "version": "2.1.3"},
    columns(age="float32", income="float32"),
    tensor("probability", "float32", -1),
    remarks=("its leaves are vectors",),
)


def propose(world: World, *options: str, artifact: Path | None = None, content: bytes = WEIGHTS) -> Ran:
    """Register m@1.0.0, and don't land it."""
    path = artifact or world.artifact(content)
    return rollbook(world.registry, "register", "m", str(path), "--version", "1.0.0", *options)


def manifest(world: World) -> Any:
    path = "rollbook/register/m/1.0.0:registry/m/versions/1.0.0/version.yaml"
    return yaml.safe_load(git(world.registry, "show", path))


def told_of_weights(contents: dict[str, Any]) -> dict[str, Any]:
    """What is told of WEIGHTS, of those facts that are looked at here."""
    return {name: contents[name] for name in FACTS}


def cached(world: World) -> set[str]:
    """The objects in DVC's cache."""
    cache = world.registry / ".dvc" / "cache"
    return {path.name for path in cache.rglob("*") if path.is_file() and "files" in path.parts}


def nothing_stands(world: World) -> bool:
    return not world.git("branch", "--list", "rollbook/*") and not [*world.artifacts.rglob("*/md5/*/*")]


def test_the_manifest_says_what_the_artifact_says(world: World) -> None:
    ran = propose(world)
    assert ran.code == 0, ran.err
    assert told_of_weights(manifest(world)["artifact"]["contents"]) == FACTS


def test_an_artifact_that_says_nothing_has_no_contents(world: World) -> None:
    propose(world, content=b"weights")
    assert "contents" not in manifest(world)["artifact"]


def test_show_prints_them_in_a_section_and_in_json(world: World) -> None:
    world.register("m", "1.0.0", content=WEIGHTS)
    lines = world.run("show", "m@1.0.0").out.splitlines()
    section = [line.split() for line in lines[lines.index("contents") + 1 :]]
    for fact in (["tensors", "2"], ["dtypes.F32", "2"], ["metadata.format", "pt"]):
        assert fact in section
    told = json.loads(world.run("show", "m@1.0.0", "--json").out)
    assert told_of_weights(told["manifest"]["artifact"]["contents"]) == FACTS


def test_show_makes_what_strangers_wrote_harmless(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    says(monkeypatch, "xgboost-json", Contents({"producer": "::error::gone"}))
    world.register("m", "1.0.0", content=XGBOOST)
    assert "producer  \\x3a:error" in world.run("show", "m@1.0.0").out


def test_a_query_finds_versions_by_what_their_artifacts_say(world: World) -> None:
    world.register("m", "1.0.0", content=WEIGHTS)
    question = "SELECT name, value, number FROM contents WHERE name <> 'parameters' ORDER BY name"
    assert [[*row.values()] for row in json.loads(world.run("query", question, "--json").out)] == [
        ["dtypes", '{"F32": 2}', None],
        ["metadata", '{"format": "pt"}', None],
        ["tensors", "2", 2.0],
    ]


def test_an_index_brings_them_along(world: World, tmp_path: Path) -> None:
    world.register("m", "1.0.0", content=WEIGHTS)
    index = tmp_path / "index"
    world.run("export", "--index", str(index))
    (indexed,) = json.loads((index / "models" / "1" / "m.json").read_text())["versions"]
    assert told_of_weights(indexed["contents"]) == FACTS
    shown = json.loads(world.run("show", "m@1.0.0", "--index", str(index), "--json").out)
    assert told_of_weights(shown["manifest"]["artifact"]["contents"]) == FACTS


def test_a_broken_artifact_is_refused_and_nothing_of_it_stays(world: World) -> None:
    before = cached(world)
    ran = propose(world, content=WEIGHTS[:-4])
    assert ran.code == 1
    assert "model.bin is broken: by its format, safetensors, " in ran.err
    assert "hint: " in ran.err
    assert nothing_stands(world)
    assert cached(world) == before


def test_a_broken_file_whose_bytes_were_in_the_cache_before_stays_there(world: World) -> None:
    path = world.registry / "broken.safetensors"
    path.write_bytes(WEIGHTS[:-4])
    open_storage(world.registry).add(path, "broken.safetensors")
    before = cached(world)
    assert before
    assert propose(world, artifact=path).code == 1
    assert cached(world) == before


def test_a_broken_folder_leaves_neither_its_files_nor_their_list(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> Contents:
        raise Broken("it has two graphs")

    monkeypatch.setitem(reading.READERS, "folder", broken)  # type: ignore[arg-type]
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "a.bin").write_bytes(b"a")
    before = cached(world)
    ran = propose(world, artifact=folder)
    assert "model is broken: by its format, folder, it has two graphs" in ran.err
    assert cached(world) == before


def test_what_is_not_told_comes_from_the_file(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    says(monkeypatch, "xgboost-json", TREES)
    ran = propose(world, content=XGBOOST)
    assert ran.code == 0, ran.err
    told = manifest(world)
    assert told["framework"] == {"name": "xgboost", "version": "2.1.3"}
    assert told["signature"] == {
        "inputs": [
            {"name": "age", "dtype": "float32", "shape": [-1]},
            {"name": "income", "dtype": "float32", "shape": [-1]},
        ],
        "outputs": [{"name": "probability", "dtype": "float32", "shape": [-1]}],
    }
    assert "signature" not in ran.err
    assert "warning: its leaves are vectors" in ran.err


def test_what_is_told_stays_as_it_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    says(monkeypatch, "xgboost-json", TREES)
    ran = propose(
        world, "--framework", "xgb", "--input", "age:float", "--input", "income:f32", content=XGBOOST
    )
    assert ran.code == 0, ran.err
    told = manifest(world)
    assert told["framework"] == {"name": "xgb", "version": "2.1.3"}
    assert [column["dtype"] for column in told["signature"]["inputs"]] == ["float64", "float32"]
    assert told["signature"]["outputs"][0]["name"] == "probability"


def test_what_contradicts_the_file_is_refused_and_there_is_no_branch(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    says(monkeypatch, "xgboost-json", TREES)
    ran = propose(world, "--framework", "xgboost==1.7", content=XGBOOST)
    assert ran.code == 1
    assert "--framework: told is `xgboost` `1.7`, and the file says its version is `2.1.3`" in ran.err
    assert nothing_stands(world)


def test_sample_rows_are_told_too(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    says(monkeypatch, "xgboost-json", TREES)
    rows = tmp_path / "rows.csv"
    rows.write_text("age,income\n41,3.5\n")
    assert propose(world, "--sample-input", str(rows), content=XGBOOST).code == 0
    world.git("branch", "-D", "rollbook/register/m/1.0.0")
    rows.write_text("age,salary\n41,3.5\n")
    ran = propose(world, "--sample-input", str(rows), content=XGBOOST)
    assert "--input: told is `salary`, and the file says its inputs are `age`, `income`" in ran.err


def test_a_file_of_facts_may_say_which_format_is_due(world: World, tmp_path: Path) -> None:
    facts = tmp_path / "facts.yaml"
    facts.write_text("artifact: {format: safetensors}\n")
    assert propose(world, "--from", str(facts)).code == 0
    world.git("branch", "-D", "rollbook/register/m/1.0.0")
    facts.write_text("artifact: {format: onnx}\n")
    ran = propose(world, "--from", str(facts))
    assert ran.code == 1
    assert "artifact.format: told is `onnx`, and the file says `safetensors`" in ran.err


def test_the_same_call_again_finds_the_branch_of_the_run_before(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    says(monkeypatch, "xgboost-json", TREES)
    for options in ([], ["--framework", "xgboost"], ["--input", "age:float32", "--input", "income:float32"]):
        first = rollbook(world.registry, "register", "m", str(world.artifact(XGBOOST)), *options)
        assert first.code == 0, first.err
        again = rollbook(world.registry, "register", "m", str(world.artifact(XGBOOST)), *options)
        assert again.out == first.out
        world.git("branch", "-D", first.out.strip())


def test_other_bytes_that_say_other_things_are_another_version(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    says(monkeypatch, "xgboost-json", TREES)
    first = rollbook(world.registry, "register", "m", str(world.artifact(XGBOOST)))
    other = Contents({"trees": 4}, {"name": "xgboost", "version": "3.0.0"})
    says(monkeypatch, "xgboost-json", other)
    second = rollbook(world.registry, "register", "m", str(world.artifact(XGBOOST + b" ")))
    assert (first.out, second.out) == (
        "rollbook/register/m/0.1.0\n",
        "rollbook/register/m/0.2.0\n",
    )


def test_a_back_filled_version_says_what_its_artifact_says(world: World) -> None:
    propose(world, "--created-at", "2024-01-01")
    assert told_of_weights(manifest(world)["artifact"]["contents"]) == FACTS
