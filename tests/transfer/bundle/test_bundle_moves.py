"""A version goes from one registry into another, whole."""

from __future__ import annotations

import hashlib
import json
import subprocess
from typing import TYPE_CHECKING

from building.model_files import safetensors
from building.world import rollbook

from .conftest import REFERENCE, Pair

if TYPE_CHECKING:
    from pathlib import Path

    from building.world import World

VERSION = "registry/credit/versions/1.2.0"
FILES = ("version.yaml", "card.md", "requirements.txt", "sample-input.json", "evidence/fairness-1.yaml")


def test_every_file_of_a_version_arrives_byte_for_byte(imported: Pair):
    for name in FILES:
        assert imported.prod.git("show", f"main:{VERSION}/{name}") == imported.dev.git(
            "show", f"main:{VERSION}/{name}"
        )


def test_the_artifact_is_fetched_from_the_own_remote(imported: Pair, tmp_path: Path):
    imported.dev.root.rename(tmp_path / "gone")
    subprocess.run(["rm", "-rf", str(imported.prod.registry / ".dvc" / "cache")], check=True)
    imported.prod.run("fetch", REFERENCE, "-o", str(tmp_path / "model.bin"))
    assert (tmp_path / "model.bin").read_bytes() == b"credit 1.2.0"


def test_a_folder_arrives_with_every_file(pair: Pair, tmp_path: Path):
    bundle = tmp_path / "scores.bundle"
    pair.dev.run("export", "risk/scores@1.0.0", "--bundle", str(bundle))
    pair.prod.run("import", "bundle", str(bundle), "--land")
    pair.prod.run("fetch", "risk/scores@1.0.0", "-o", str(tmp_path / "scores"))
    source = pair.dev.root / "scores"
    names = [path.relative_to(source) for path in source.rglob("*") if path.is_file()]
    assert len(names) == 3
    assert all((tmp_path / "scores" / name).read_bytes() == (source / name).read_bytes() for name in names)


def test_what_the_artifact_says_of_itself_arrives(pair: Pair, tmp_path: Path):
    bundle = tmp_path / "weights.bundle"
    pair.dev.register("weights", "1.0.0", content=safetensors({"w": [2]}))
    pair.dev.run("export", "weights@1.0.0", "--bundle", str(bundle))
    pair.prod.run("import", "bundle", str(bundle), "--land")
    told = json.loads(pair.prod.run("show", "weights@1.0.0", "--json").out)
    assert told["manifest"]["artifact"]["contents"]["dtypes"] == {"F32": 1}


def test_the_new_registry_is_without_a_finding_and_its_trail_verifies(imported: Pair):
    assert "no errors" in imported.prod.run("check", "--all").out
    imported.prod.run("audit", "verify")


def test_what_is_attached_to_evidence_arrives(imported: Pair, tmp_path: Path):
    imported.dev.root.rename(tmp_path / "gone")
    imported.prod.run("evidence", "fetch", REFERENCE, "fairness-1", "-o", str(tmp_path))
    assert (tmp_path / "report.html").read_text() == "<p>fair</p>"


def test_the_importer_asked_for_the_registration(pair: Pair):
    pair.prod.git("config", "user.email", "ops@example.com")
    pair.prod.run("import", "bundle", str(pair.bundle), "--land")
    (event,) = json.loads(pair.prod.run("history", "credit", "--json").out)
    assert (event["action"], event["requested_by"]) == ("registered", "ops@example.com")
    manifest = json.loads(pair.prod.run("show", REFERENCE, "--json").out)["manifest"]
    assert manifest["created_by"] == "jane@example.com"


def test_both_registries_record_the_same_manifest_and_artifact(imported: Pair):
    texts = [
        world.git("cat-file", "tag", "credit@v1.2.0").splitlines() for world in (imported.dev, imported.prod)
    ]
    digests = [[line for line in text if "-Digest: " in line] for text in texts]
    assert digests[0] == digests[1]
    assert len(digests[0]) == 2


def test_a_bundle_has_the_same_bytes_each_time(pair: Pair, tmp_path: Path):
    again = tmp_path / "again"
    pair.dev.run("export", REFERENCE, "--bundle", str(again))
    assert again.read_bytes() == pair.bundle.read_bytes()


def test_any_tar_reads_a_bundle_and_sha256sum_verifies_its_index(pair: Pair, tmp_path: Path):
    pair.dev.run("export", "risk/scores@1.0.0", "--bundle", str(pair.bundle))
    subprocess.run(["tar", "xf", str(pair.bundle)], cwd=tmp_path, check=True)
    subprocess.run(["sha256sum", "--quiet", "-c", "bundle.sha256"], cwd=tmp_path, check=True)
    members = json.loads((tmp_path / "bundle.json").read_bytes())["members"]
    assert any("ä" in member["name"] for member in members)
    for member in members:
        data = (tmp_path / member["name"]).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (member["size"], member["sha256"])


def test_an_import_lands_nothing_by_itself(pair: Pair):
    before = pair.prod.git("rev-parse", "main")
    ran = pair.prod.run("import", "bundle", str(pair.bundle))
    assert ran.out == "rollbook/import/credit/1.2.0\n"
    assert pair.prod.git("rev-parse", "main", "rollbook/import/credit/1.2.0~1").split() == [before, before]


def test_the_very_same_version_is_nothing_to_do(imported: Pair):
    before = imported.prod.git("for-each-ref")
    ran = imported.prod.run("import", "bundle", str(imported.bundle), "--land")
    assert "nothing to do" in ran.out
    assert imported.prod.git("for-each-ref") == before


def test_another_version_of_that_number_is_refused(pair: Pair):
    pair.prod.register("credit", "1.2.0", content=b"something else")
    ran = rollbook(pair.prod.registry, "import", "bundle", str(pair.bundle))
    assert ran.code == 1
    assert "is another version" in ran.err


def test_a_model_that_is_here_keeps_its_record(pair: Pair):
    pair.prod.register("credit", "1.0.0", "--owner", "prod-team")
    pair.prod.run("import", "bundle", str(pair.bundle), "--land")
    assert json.loads(pair.prod.run("show", REFERENCE, "--json").out)["record"]["owner"] == "prod-team"


def test_the_rules_of_the_new_registry_judge(pair: Pair):
    pair.prod.register("credit", "1.2.1")
    ran = rollbook(pair.prod.registry, "import", "bundle", str(pair.bundle))
    assert ran.code == 1
    assert "RB304" in ran.err
    assert "rollbook/import" not in pair.prod.git("for-each-ref")


def test_a_version_without_its_tag_is_refused_with_what_to_do(pair: Pair, tmp_path: Path):
    pair.dev.git("tag", "-d", "credit@v1.2.0")
    ran = rollbook(pair.dev.registry, "export", REFERENCE, "--bundle", str(tmp_path / "x"))
    assert ran.code == 1
    assert "rollbook audit record" in ran.err
    assert not (tmp_path / "x").exists()


def test_tags_that_contradict_the_registry_are_not_taken_along(pair: Pair, tmp_path: Path):
    text = pair.dev.git("cat-file", "tag", "credit@v1.2.0").replace(
        "Artifact-Digest: sha256:", "Artifact-Digest: sha256:0"
    )
    oid = pair.dev.git("hash-object", "-t", "tag", "-w", "--stdin", stdin=text + "\n")
    pair.dev.git("update-ref", "refs/tags/credit@v1.2.0", oid)
    ran = rollbook(pair.dev.registry, "export", REFERENCE, "--bundle", str(tmp_path / "x"))
    assert ran.code == 1
    assert "rollbook audit verify" in ran.err


def test_only_a_bundle_is_overwritten(pair: Pair, tmp_path: Path):
    precious = tmp_path / "thesis.txt"
    precious.write_text("years of work")
    ran = rollbook(pair.dev.registry, "export", REFERENCE, "--bundle", str(precious))
    assert (ran.code, precious.read_text()) == (1, "years of work")
    pair.dev.run("export", "credit@1.1.0", "--bundle", str(pair.bundle))


def test_an_older_state_is_exported_without_what_came_later(pair: Pair, tmp_path: Path):
    registered = pair.dev.git("rev-parse", "credit@v1.2.0^{commit}")
    ran = pair.dev.run("export", REFERENCE, "--rev", registered, "--bundle", str(tmp_path / "old"), "--json")
    found = json.loads(ran.out)
    assert [tag["tag"] for tag in found["tags"]] == ["credit@v1.2.0"]
    assert not any("evidence" in name for name in found["files"])


def test_through_several_registries_every_one_is_named(imported: Pair, live: World, tmp_path: Path):
    imported.prod.run("export", REFERENCE, "--bundle", str(tmp_path / "second"))
    live.run("import", "bundle", str(tmp_path / "second"), "--land")
    sources = json.loads(live.run("show", REFERENCE, "--json").out)["imported"]["sources"]
    assert [source["registry"] for source in sources] == ["prod.git", "dev.git"]
    tree = live.run("lineage", REFERENCE).out
    assert tree.index("from prod.git") < tree.index("from dev.git")
    assert "credit@1.1.0  (in dev.git, not in this registry)" in tree


def test_every_form_of_lineage_names_the_registry_it_came_from(imported: Pair):
    for form in ("tree", "mermaid", "dot", "json", "openlineage"):
        assert "dev.git" in imported.prod.run("lineage", REFERENCE, "--format", form).out
    assert "from dev.git" in imported.prod.run("show", REFERENCE).out


def test_the_aliases_that_a_version_had_there_come_with_its_tags_and_give_it_none_here(
    pair: Pair, tmp_path: Path
):
    for alias in ("champion", "challenger"):
        pair.dev.run("alias", REFERENCE, alias, "--reason", "best", "--land")
    pair.dev.run("alias", REFERENCE, "challenger", "--remove", "--reason", "over", "--land")
    bundle = tmp_path / "aliased.bundle"
    pair.dev.run("export", REFERENCE, "--bundle", str(bundle))
    pair.prod.run("import", "bundle", str(bundle), "--land")
    record = pair.prod.git("show", f"main:{VERSION}/imported.yaml")
    assert "Action: alias-set" in record
    assert "Action: alias-removed" in record
    assert rollbook(pair.prod.registry, "resolve", "credit@champion").code == 1
    assert "no errors" in pair.prod.run("check", "--all").out
