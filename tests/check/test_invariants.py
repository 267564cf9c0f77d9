"""Rules that span the files of a registry."""

from __future__ import annotations

import hashlib

import pytest

from .desk import (
    MODEL,
    POLICY,
    STAGES,
    V1,
    Desk,
    File,
    codes,
    entry,
    evidence_text,
    manifest_text,
    model_files,
    model_text,
    one,
    only,
    pointer_text,
    policy_text,
    registry_files,
)


def test_a_model_without_its_file_is_told(desk: Desk) -> None:
    files = registry_files()
    del files[MODEL]
    assert only(desk.check(files), "RB103").path == MODEL


def test_a_version_without_its_manifest_is_told(desk: Desk) -> None:
    files = registry_files()
    del files[f"{V1}/version.yaml"]
    assert only(desk.check(files), "RB103").path == f"{V1}/version.yaml"


def test_a_version_without_a_pointer_is_told(desk: Desk) -> None:
    files = registry_files()
    del files[f"{V1}/model.onnx.dvc"]
    assert "pointer" in only(desk.check(files), "RB103").message


def test_a_model_must_be_named_like_its_directory(desk: Desk) -> None:
    found = only(desk.check(registry_files() | {MODEL: model_text("debit")}), "RB201")
    assert (found.line, found.key) == (1, "name")


def test_a_manifest_must_be_about_the_version_of_its_directory(desk: Desk) -> None:
    files = registry_files() | {f"{V1}/version.yaml": manifest_text(version="1.0.1")}
    found = only(desk.check(files), "RB201")
    assert (found.line, found.key) == (2, "version")


def test_two_models_that_differ_in_case_are_twins(desk: Desk) -> None:
    found = one(desk.check(registry_files() | model_files("1.0.0", model="Credit")), "RB202")
    assert found.path == "registry/credit"


def test_two_files_that_differ_in_case_are_twins(desk: Desk) -> None:
    found = desk.check(registry_files() | {f"{V1}/Version.yaml": manifest_text()})
    assert one(found, "RB202").path == f"{V1}/version.yaml"


def test_two_names_that_differ_in_unicode_form_are_twins(desk: Desk) -> None:
    found = desk.check(registry_files() | {"registry/caf\u00e9": "x", "registry/cafe\u0301": "x"})
    assert codes(found).count("RB202") == 1


def test_a_twin_of_the_registry_itself_is_found(desk: Desk) -> None:
    found = desk.check(registry_files() | {"Registry/policy.yaml": policy_text()})
    assert only(found, "RB202").path == "Registry"


def test_a_stage_names_only_versions_that_exist(desk: Desk) -> None:
    files = registry_files() | {STAGES: f"staging:\n  - {entry('1.0.0')}\n  - {entry('2.0.0')}\n"}
    found = only(desk.check(files), "RB203")
    assert (found.line, found.key) == (3, "staging.1.version")
    assert "1.0.0" in found.hint


def test_an_alias_names_only_versions_that_exist(desk: Desk) -> None:
    found = only(desk.check(registry_files() | {STAGES: 'aliases: {champion: "2.0.0"}\n'}), "RB203")
    assert found.key == "aliases.champion"


def test_an_exclusive_stage_holds_one_version(desk: Desk) -> None:
    files = registry_files("1.0.0", "1.1.0")
    files[STAGES] = f"production:\n  - {entry('1.0.0')}\n  - {entry('1.1.0')}\n"
    assert only(desk.check(files), "RB204").key == "production"


def test_a_stage_that_is_not_exclusive_holds_several(desk: Desk) -> None:
    files = registry_files("1.0.0", "1.1.0")
    files[STAGES] = f"staging:\n  - {entry('1.0.0')}\n  - {entry('1.1.0')}\n"
    assert desk.check(files) == []


@pytest.mark.parametrize(
    ("pointer", "key"),
    [
        (pointer_text(size=1201), "outs.0.size"),
        (pointer_text().replace("size", "nfiles: 2\n  size"), "outs.0.nfiles"),
    ],
)
def test_a_pointer_that_disagrees_with_the_manifest_is_found(desk: Desk, pointer: str, key: str) -> None:
    assert only(desk.check(registry_files() | {f"{V1}/model.onnx.dvc": pointer}), "RB205").key == key


def test_a_pointer_to_another_file_than_its_name_says_is_found(desk: Desk) -> None:
    found = desk.check(registry_files() | {f"{V1}/model.onnx.dvc": pointer_text(path="other.onnx")})
    assert set(codes(found)) == {"RB205"}


def test_a_second_pointer_is_found(desk: Desk) -> None:
    found = desk.check(registry_files() | {f"{V1}/other.onnx.dvc": pointer_text(path="other.onnx")})
    assert {finding.path for finding in found} == {f"{V1}/model.onnx.dvc", f"{V1}/other.onnx.dvc"}


def test_an_unknown_stage_lists_those_there_are(desk: Desk) -> None:
    found = only(desk.check(registry_files() | {STAGES: f"prod: {entry('1.0.0')}\n"}), "RB206")
    assert "production" in found.hint


def test_a_version_in_two_stages_is_found(desk: Desk) -> None:
    files = registry_files() | {STAGES: f"staging:\n  - {entry('1.0.0')}\nproduction: {entry('1.0.0')}\n"}
    found = only(desk.check(files), "RB207")
    assert "staging" in found.message
    assert "production" in found.message


@pytest.mark.parametrize("alias", ["production", "latest"])
def test_an_alias_is_not_named_like_a_stage(desk: Desk, alias: str) -> None:
    found = desk.check(registry_files() | {STAGES: f'aliases: {{{alias}: "1.0.0"}}\n'})
    assert one(found, "RB208").key == f"aliases.{alias}"


def test_a_model_and_a_namespace_share_no_name(desk: Desk) -> None:
    files = registry_files() | model_files("1.0.0", model="risk") | model_files("1.0.0", model="risk/credit")
    assert only(desk.check(files), "RB210").path == "registry/risk"


def test_a_model_in_a_namespace_is_fine(desk: Desk) -> None:
    assert desk.check(registry_files() | model_files("1.0.0", model="risk/credit")) == []


@pytest.mark.parametrize(
    ("extra", "key"),
    [
        ("card: card.md\n", "card"),
        ("environment: {requirements: requirements.txt}\n", "environment.requirements"),
    ],
)
def test_a_file_that_the_manifest_names_must_stand_beside_it(desk: Desk, extra: str, key: str) -> None:
    files = registry_files() | {f"{V1}/version.yaml": manifest_text(extra=extra)}
    assert only(desk.check(files), "RB211").key == key


def test_requirements_with_the_digest_of_the_manifest_are_fine(desk: Desk) -> None:
    assert desk.check(with_requirements(hashlib.sha256(b"numpy==2.0\n").hexdigest())) == []


def test_requirements_with_another_digest_are_found(desk: Desk) -> None:
    assert only(desk.check(with_requirements("e" * 64)), "RB214").key == "environment.sha256"


def with_requirements(digest: str) -> dict[str, File]:
    extra = f"environment: {{requirements: requirements.txt, sha256: {digest}}}\n"
    texts = {f"{V1}/version.yaml": manifest_text(extra=extra), f"{V1}/requirements.txt": "numpy==2.0\n"}
    return registry_files() | texts


def test_a_policy_that_leads_to_an_unknown_stage_is_found(desk: Desk) -> None:
    policy = policy_text().replace("next: [deprecated]", "next: [retired]")
    found = only(desk.check(registry_files() | {POLICY: policy}), "RB212")
    assert (found.line, found.key) == (6, "stages.3.next.0")


def test_a_stage_that_reads_as_a_version_is_warned_of(desk: Desk) -> None:
    policy = policy_text("  - {name: v1_2_0}\n")
    found = only(desk.check(registry_files() | {POLICY: policy}), "RB217")
    assert (found.key, found.severity) == ("stages.6.name", "warning")
    assert "`#v1_2_0`" in found.message


def test_an_alias_that_reads_as_a_version_is_warned_of(desk: Desk) -> None:
    found = desk.check(registry_files() | {STAGES: 'aliases: {v1_2_0: "1.0.0", v1: "1.0.0"}\n'})
    assert only(found, "RB217").key == "aliases.v1_2_0"


def test_a_policy_that_displaces_to_an_unknown_stage_is_found(desk: Desk) -> None:
    policy = policy_text().replace("displaced_to: staging", "displaced_to: attic")
    assert only(desk.check(registry_files() | {POLICY: policy}), "RB212").key == "stages.2.displaced_to"


def test_a_policy_with_a_stage_twice_is_found(desk: Desk) -> None:
    policy = policy_text("  - {name: staging}\n")
    assert only(desk.check(registry_files() | {POLICY: policy}), "RB212").key == "stages.6.name"


def test_a_gate_before_an_unknown_stage_is_found(desk: Desk) -> None:
    policy = policy_text("gates:\n  - {gate: metric-threshold, to: [prod], metric: auc, min: 0.8}\n")
    assert only(desk.check(registry_files() | {POLICY: policy}), "RB212").key == "gates.0.to.0"


def test_evidence_beside_its_version_is_fine(desk: Desk) -> None:
    assert desk.check(registry_files() | {f"{V1}/evidence/evaluation-1.yaml": evidence_text()}) == []


def test_evidence_about_another_artifact_is_found(desk: Desk) -> None:
    files = registry_files() | {f"{V1}/evidence/evaluation-1.yaml": evidence_text(sha256="e" * 64)}
    assert only(desk.check(files), "RB213").key == "artifact_sha256"


def test_evidence_of_another_kind_than_its_name_says_is_found(desk: Desk) -> None:
    files = registry_files() | {f"{V1}/evidence/fairness-1.yaml": evidence_text()}
    assert only(desk.check(files), "RB201").key == "kind"


def test_one_broken_file_hides_nothing_in_others(desk: Desk) -> None:
    files = registry_files() | model_files("1.0.0", model="debit")
    files[MODEL] = "\x00"
    files[STAGES] = f"prod: {entry('9.9.9')}\n"
    files["registry/debit/model.yaml"] = model_text("wrong")
    assert sorted(codes(desk.check(files))) == ["RB101", "RB201", "RB203", "RB206"]


def test_findings_come_by_path_line_and_code(desk: Desk) -> None:
    files = registry_files() | {
        STAGES: f"prod: {entry('9.9.9')}\nbad: {entry('9.9.8')}\n",
        MODEL: "name: x\n",
    }
    places = [(found.path, found.line or 0, found.code) for found in desk.check(files)]
    assert places == sorted(places)
    assert len(places) == 5


def test_only_some_models_can_be_asked_about(desk: Desk) -> None:
    files = registry_files() | model_files("1.0.0", model="debit")
    files[MODEL] = model_text("wrong")
    assert desk.check(files, {"debit"}) == []
    only(desk.check(files, {"credit"}), "RB201")


def test_a_stage_table_of_ten_thousand_lines_is_judged_in_a_moment(desk: Desk) -> None:
    lines = "".join(f"  - {entry(f'1.{n}.0', 'r')}\n" for n in range(8000))
    found = desk.check(registry_files() | {STAGES: f"archived:\n{lines}"})
    assert codes(found).count("RB203") == 4999
    assert "3,000 more" in found[-1].message


def test_a_pointer_that_nobody_could_fetch_by_is_found(desk: Desk) -> None:
    pointer = pointer_text().replace("b" * 32, f"{'b' * 32}.dir")
    found = only(desk.check(registry_files() | {f"{V1}/model.onnx.dvc": pointer}), "RB205")
    assert found.key == "outs.0.md5"
