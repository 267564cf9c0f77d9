"""The reference sample of a version: read from files of many kinds, kept as Parquet."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from building.world import rollbook
from rollbook import Registry
from rollbook.errors import BadCall
from rollbook.propose import reference_sample, reference_table
from rollbook.propose.reference_table import read_reference

if TYPE_CHECKING:
    from pathlib import Path

    from building.world import World

FOLDER = "registry/churn/versions/1.0.0/evidence"
INPUTS = ["--input", "age:float64", "--input", "plan:string"]


def _rows(path: Path, count: int = 600) -> Path:
    lines = ["age,plan", *(f"{number % 90}.5,{'pro' if number % 3 else 'free'}" for number in range(count))]
    path.write_text("\n".join(lines) + "\n")
    return path


def _kept(world: World, name: str = "reference-1") -> pa.Table:
    (path,) = Registry.open(world.registry).evidence.fetch("churn@1.0.0", name, world.root / "got").outputs
    return read_reference(path)


def _evidence(world: World, name: str = "reference-1") -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(world.git("show", f"main:{FOLDER}/{name}.yaml"))
    return found


def _made(world: World, source: Path) -> pa.Table:
    world.register("churn", "1.0.0", "--reference", str(source))
    return _kept(world)


def test_a_version_is_registered_with_its_reference_in_one_commit(world: World) -> None:
    world.register("churn", "1.0.0", *INPUTS, "--reference", str(_rows(world.root / "rows.csv")))
    found = _evidence(world)
    assert (found["kind"], found["passed"], found["metrics"]) == (
        "reference",
        True,
        {"rows": 600, "columns": 2},
    )
    manifest = yaml.safe_load(world.git("show", "main:registry/churn/versions/1.0.0/version.yaml"))
    assert found["artifact_sha256"] == manifest["artifact"]["sha256"]
    assert world.git("log", "--format=%s", "main~1..main^2").splitlines() == ["Register churn@1.0.0"]
    assert _kept(world).num_rows == 600
    world.run("check", "--all")


def test_the_bytes_of_a_reference_go_to_the_remote(world: World) -> None:
    world.register("churn", "1.0.0", "--reference", str(_rows(world.root / "rows.csv")))
    md5 = yaml.safe_load(world.git("show", f"main:{FOLDER}/reference-1/reference.parquet.dvc"))["outs"][0][
        "md5"
    ]
    assert [*world.artifacts.rglob(md5[2:])]


def test_python_registers_with_a_reference_too(world: World) -> None:
    proposed = Registry.open(world.registry).register(
        "churn", world.artifact(), version="1.0.0", reference=_rows(world.root / "rows.csv")
    )
    world.land(proposed.branch)
    assert _kept(world).column_names == ["age", "plan"]


def test_registering_again_finds_the_proposal_with_its_reference(world: World) -> None:
    call = [
        "register",
        "churn",
        str(world.artifact()),
        "--reference",
        str(_rows(world.root / "rows.csv")),
        "--json",
    ]
    first, second = (json.loads(world.run(*call).out) for _ in range(2))
    assert (first["version"], first["commit"]) == (second["version"], second["commit"])


def test_another_reference_is_another_registration(world: World) -> None:
    call = ["register", "churn", str(world.artifact()), "--reference", str(world.root / "rows.csv"), "--json"]
    versions = []
    for count in (600, 700):
        _rows(world.root / "rows.csv", count)
        versions.append(json.loads(world.run(*call).out)["version"])
    assert versions[0] != versions[1]


def test_inputs_that_a_reference_lacks_are_named(world: World) -> None:
    ran = world.run(
        *("register", "churn", str(world.artifact()), *INPUTS, "--input", "debt:float64"),
        *("--reference", str(_rows(world.root / "rows.csv"))),
    )
    assert "the reference sample lacks `debt`: their drift can't be told" in ran.err


def test_a_reference_without_any_input_is_refused_and_nothing_is_proposed(world: World) -> None:
    ran = rollbook(
        world.registry,
        *("register", "churn", str(world.artifact()), "--input", "debt:float64"),
        *("--reference", str(_rows(world.root / "rows.csv"))),
    )
    assert ran.code == 2
    assert "none of the model's inputs: `debt`" in ran.err
    assert "register/" not in world.git("branch", "--all")


def test_evidence_adds_a_reference_later(world: World) -> None:
    world.register("churn", "1.0.0", *INPUTS)
    pq.write_table(pa.table({"age": [1.0, 2.0]}), world.root / "reference.parquet")
    ran = world.run(
        *("evidence", "add", "churn@1.0.0", "reference", "--status", "passed"),
        *("--attach", str(world.root / "reference.parquet"), "--land"),
    )
    assert "lacks `plan`" in ran.err
    assert _kept(world).num_rows == 2


@pytest.mark.parametrize("name", ["rows.csv", "none"])
def test_evidence_of_a_reference_needs_one_parquet_file(world: World, name: str) -> None:
    world.register("churn", "1.0.0")
    _rows(world.root / "rows.csv")
    attached = ["--attach", str(world.root / name)] if name != "none" else []
    ran = rollbook(
        world.registry, "evidence", "add", "churn@1.0.0", "reference", "--status", "passed", *attached
    )
    assert ran.code == 2
    assert "one Parquet file" in ran.err


def test_cells_of_csv_become_what_they_are(world: World) -> None:
    source = world.root / "rows.csv"
    source.write_text("whole,number,flag,zip,text\n1,1.5,true,00123,a\n,2,FALSE,45678,\n-3,,True,1,nan\n")
    table = _made(world, source)
    assert [str(kind) for kind in table.schema.types] == ["int64", "double", "bool", "string", "string"]
    assert table.to_pydict() == {
        "whole": [1, None, -3],
        "number": [1.5, 2.0, None],
        "flag": [True, False, True],
        "zip": ["00123", "45678", "1"],
        "text": ["a", None, None],
    }


def test_tabs_json_and_parquet_are_read_as_well(world: World, tmp_path: Path) -> None:
    from rollbook.artifact.progress import quiet
    from rollbook.artifact.storage import open_storage

    storage = open_storage(world.registry)
    (tmp_path / "rows.tsv").write_text("age\tplan\n1\ta\n")
    (tmp_path / "rows.json").write_text('[{"age": 1, "plan": "a"}]')
    frame = pa.table({"age": [1], "plan": pa.array(["a"]).dictionary_encode(), "__index_level_0__": [0]})
    pq.write_table(frame, tmp_path / "rows.parquet")
    made = [
        reference_sample.store_reference(storage, tmp_path / f"rows.{ending}", quiet)
        for ending in ("tsv", "json", "parquet")
    ]
    assert {each.names for each in made} == {("age", "plan")}
    assert len({each.stored.digest.sha256 for each in made}) == 1


def test_of_too_many_rows_every_nth_is_kept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference_sample, "MOST_ROWS", 100)
    monkeypatch.setattr(reference_sample, "_BATCH", 37)
    pq.write_table(pa.table({"number": range(1001)}), world.root / "rows.parquet")
    kept = _made(world, world.root / "rows.parquet").column("number").to_pylist()
    assert kept == [*range(0, 1001, 16)]
    assert _evidence(world)["summary"] == "63 rows of 1,001, evenly taken, 1 columns"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("rows.csv", b"age,age\n1,2\n", "comes twice"),
        ("rows.csv", b"age,plan\n1\n", "can't be read as rows"),
        ("rows.csv", b"age\n", "no row is in it"),
        ("rows.csv", b"", "it is empty"),
        ("rows.csv", b"age\n\xff\xfe\n", "can't be read as rows"),
        ("rows.parquet", b"PAR1 not really PAR1", "can't be read as rows"),
        ("rows.json", b"[[1, 2]]", "have no names"),
        ("rows.json", b'[{"age": [1]}]', "holds list"),
        ("rows.json", b'[{"age": 1}, {"age": "x"}]', "can't be read as rows"),
    ],
)
def test_what_holds_no_rows_is_refused(world: World, name: str, content: bytes, said: str) -> None:
    (world.root / name).write_bytes(content)
    ran = rollbook(
        world.registry, "register", "churn", str(world.artifact()), "--reference", str(world.root / name)
    )
    assert ran.code == 2
    assert said in ran.err
    assert "register/" not in world.git("branch", "--all")


def test_a_reference_is_weighed_before_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "reference.parquet"
    pq.write_table(pa.table({"age": [1.0] * 1000}), path)
    for limit, least in (("MOST_ROWS", 999), ("MOST_UNPACKED", 10), ("LARGEST", 10)):
        with monkeypatch.context() as patch:
            patch.setattr(reference_table, limit, least)
            with pytest.raises(BadCall):
                read_reference(path)
    assert read_reference(path).num_rows == read_reference(path.read_bytes()).num_rows == 1000
