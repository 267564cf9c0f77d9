"""SLSA provenance taken in with a version, held against it, and shown for what it is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from building.attestations import (
    BUILDER,
    COMMIT,
    SOURCE,
    Authority,
    Key,
    bundle,
    certify,
    envelope,
    signers,
    slsa_0_2,
    slsa_1,
    statement,
    write,
)
from building.world import Ran, World, rollbook
from rollbook import Registry

if TYPE_CHECKING:
    from pathlib import Path

CI, STRANGER = Key(), Key()
KEPT = "registry/credit/versions/1.0.0/provenance.jsonl"


def sha256(data: bytes) -> str:
    import hashlib

    return hashlib.sha256(data).hexdigest()


def attested(world: World, document: Any, *options: str, content: bytes = b"weights") -> Ran:
    """Register content with an attestation."""
    file = write(world.root, "attestation.json", document)
    how = ("--version", "1.0.0", "--provenance", str(file), *options)
    return rollbook(world.registry, "register", "credit", str(world.artifact(content)), *how)


def of_weights(**how: Any) -> dict[str, Any]:
    return statement(sha256(b"weights"), **how)


class TestTakingItIn:
    def test_it_stands_beside_the_manifest_with_what_is_signed_as_it_was(self, world: World) -> None:
        document = bundle(of_weights(), CI)
        assert attested(world, document, "--land").code == 0
        (line,) = world.read(KEPT).splitlines()
        assert json.loads(line) == document

    def test_several_files_and_lines_are_kept_together(self, world: World) -> None:
        one = write(world.root, "a.jsonl", bundle(of_weights(), CI), envelope(of_weights(), CI))
        older = of_weights(predicate_type="https://slsa.dev/provenance/v0.2", predicate=slsa_0_2())
        other = write(world.root, "b.json", envelope(older, CI))
        how = ("--version", "1.0.0", "--provenance", str(one), "--provenance", str(other), "--land")
        world.run("register", "credit", str(world.artifact()), *how)
        assert len(world.read(KEPT).splitlines()) == 3
        assert world.run("check", "--all").code == 0

    def test_one_of_other_bytes_is_refused_before_anything_is_proposed(self, world: World) -> None:
        ran = attested(world, bundle(statement("e" * 64), CI))
        assert (ran.code, "about something else" in ran.err) == (1, True)
        assert world.git("branch", "--list", "rollbook/*") == ""

    def test_of_a_folder_it_may_be_about_one_of_its_files(self, world: World) -> None:
        folder = world.root / "bert"
        folder.mkdir()
        (folder / "weights.bin").write_bytes(b"weights")
        (folder / "config.json").write_text("{}")
        file = write(world.root, "p.json", bundle(of_weights(), CI))
        world.run("register", "bert", str(folder), "--provenance", str(file), "--land")

    @pytest.mark.parametrize(
        "document", [{}, [], envelope({}, CI), envelope(of_weights(predicate_type="https://x"), CI)]
    )
    def test_what_is_no_provenance_is_a_bad_call(self, world: World, document: Any) -> None:
        assert attested(world, document).code == 2

    def test_what_nobody_who_counts_signed_is_taken_in_and_called_unverified(self, world: World) -> None:
        ran = attested(world, bundle(of_weights(), STRANGER))
        assert (ran.code, f"the provenance by {BUILDER} is unverified" in ran.err) == (0, True)

    def test_the_key_that_is_named_must_have_signed_it(self, world: World) -> None:
        _, public = CI.save(world.root, "ci")
        ran = attested(world, bundle(of_weights(), STRANGER), "--provenance-key", str(public))
        assert (ran.code, "not signed with that key" in ran.err) == (1, True)
        assert attested(world, bundle(of_weights(), CI), "--provenance-key", str(public)).code == 0

    def test_a_key_without_provenance_is_a_bad_call(self, world: World) -> None:
        _, public = CI.save(world.root, "ci")
        ran = rollbook(
            world.registry, "register", "m", str(world.artifact()), "--provenance-key", str(public)
        )
        assert ran.code == 2

    def test_another_commit_than_the_manifest_s_is_refused(self, world: World, tmp_path: Path) -> None:
        facts = tmp_path / "facts.yaml"
        facts.write_text(f"lineage: {{code: {{repository: {SOURCE}.git, commit: {'b' * 40}}}}}\n")
        ran = attested(world, bundle(of_weights(), CI), "--from", str(facts))
        assert ran.code == 1
        assert "RB232" in ran.err

    def test_run_again_it_finds_its_branch(self, world: World) -> None:
        document = bundle(of_weights(), CI)
        assert attested(world, document).out == attested(world, document).out != ""

    def test_it_is_not_added_later_and_not_changed(self, world: World) -> None:
        world.register("credit", "1.0.0", content=b"weights")
        world.write(KEPT, json.dumps(bundle(of_weights(), CI)))
        world.git("add", ".")
        world.git("commit", "--quiet", "-m", "Add it later")
        assert "RB301" in rollbook(world.registry, "check", "--base", "origin/main", "--head", "HEAD").out

    def test_one_of_another_artifact_that_was_put_there_by_hand_is_found(self, world: World) -> None:
        attested(world, bundle(of_weights(), CI), "--land")
        world.write(KEPT, json.dumps(bundle(statement("e" * 64), CI)))
        world.commit()
        assert "RB232" in rollbook(world.registry, "check", "--all").out


class TestShowingIt:
    def test_lineage_tells_builder_source_workflow_run_and_materials(self, world: World) -> None:
        world.policy(signers(ci=CI))
        facts = world.root / "facts.yaml"
        facts.write_text(f"lineage: {{code: {{repository: {SOURCE}, commit: {COMMIT}}}}}\n")
        attested(world, bundle(of_weights(), CI), "--from", str(facts), "--land")
        out = world.run("lineage", "credit@1.0.0").out
        assert f"provenance  {BUILDER}  (verified: ci (key " in out
        assert f"built from  {SOURCE}@{COMMIT[:12]}  by .github/workflows/train.yml" in out
        assert "(the code on record)" in out
        assert f"built in    {SOURCE}/actions/runs/42/attempts/1" in out
        assert f"material    https://example.com/applicants.parquet  sha256:{'d' * 64}" in out

    def test_what_nobody_who_counts_signed_is_called_unverified(self, world: World) -> None:
        attested(world, bundle(of_weights(), STRANGER), "--land")
        assert "(unverified: nobody is named who may sign" in world.run("lineage", "credit@1.0.0").out
        world.policy(signers(ci=CI))
        assert "(unverified: nobody named signed it: ci: " in world.run("lineage", "credit@1.0.0").out

    @pytest.mark.parametrize("form", ["mermaid", "dot"])
    def test_a_graph_has_one_node_for_it(self, world: World, form: str) -> None:
        attested(world, bundle(of_weights(), STRANGER), "--land")
        out = world.run("lineage", "credit@1.0.0", "--format", form).out
        (line,) = [line for line in out.splitlines() if "provenance: " in line]
        assert COMMIT[:12] in line
        assert "unverified" in line

    def test_json_has_it_all(self, world: World) -> None:
        world.policy(signers(ci=CI))
        attested(world, bundle(of_weights(), CI), "--land")
        (version,) = json.loads(world.run("lineage", "credit@1.0.0", "--format", "json").out)["versions"]
        (one,) = version["provenance"]
        assert (one["builder"], one["commit"], one["verified_by"]) == (BUILDER, COMMIT, "ci")
        assert (one["agrees"], one["contradiction"], one["why_not"]) == (False, "", "")

    def test_one_signed_by_who_is_certified_is_verified_by_the_chain(self, world: World) -> None:
        root = Authority("Acme root")
        leaf = certify("ci", CI, root, address="ci@example.com")
        world.policy(f"model_signers:\n  pki: {{certificates: {json.dumps(root.pem)}}}\n")
        assert attested(world, bundle(of_weights(), CI, leaf), "--land").code == 0
        assert "verified: pki (certificate of ci@example.com)" in world.run("lineage", "credit@1.0.0").out

    def test_what_it_says_acts_on_no_terminal(self, world: World) -> None:
        hostile = slsa_1(builder="x\x1b[2Jy\nz")
        assert attested(world, bundle(of_weights(predicate=hostile), CI), "--land").code == 0
        assert "\x1b[2J" not in world.run("lineage", "credit@1.0.0").out

    def test_python_has_it_too(self, world: World) -> None:
        file = write(world.root, "p.json", bundle(of_weights(), CI))
        with Registry.open(world.registry) as registry:
            made = registry.register("credit", world.artifact(), provenance=[file])
        assert any("is unverified" in remark for remark in made.remarks)
