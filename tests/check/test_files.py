"""Rules about one file by itself."""

from __future__ import annotations

import pytest

from rollbook.check.rules.path_rules import unsafe_name
from rollbook.snapshot.worktree_snapshot import worktree_snapshot

from .desk import (
    MODEL,
    POLICY,
    STAGES,
    V1,
    Desk,
    codes,
    entry,
    manifest_text,
    model_text,
    one,
    only,
    policy_text,
    registry_files,
)


def test_a_valid_registry_has_no_findings(desk: Desk) -> None:
    files = registry_files("1.0.0", "1.1.0")
    files[STAGES] = (
        f"production: {entry('1.1.0')}\narchived:\n  - {entry('1.0.0')}\naliases: {{champion: 1.1.0}}\n"
    )
    files[f"{V1}/sample-input.json"] = '[{"age": 41}]'
    files[f"{V1}/notes.yaml"] = ""
    assert desk.check(files) == []


def test_broken_yaml_names_its_line(desk: Desk) -> None:
    found = only(desk.check(registry_files() | {MODEL: "name: credit\nowner: [jane\n"}), "RB101")
    assert (found.path, found.line) == (MODEL, 3)


def test_a_duplicate_key_names_line_and_key(desk: Desk) -> None:
    found = only(desk.check(registry_files() | {MODEL: model_text() + "owner: eve\n"}), "RB101")
    assert (found.line, found.key) == (3, "owner")


def test_an_alias_bomb_is_refused(desk: Desk) -> None:
    levels = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30))
    bomb = f"name: credit\nowner: jane\nextra:\n  a0: &a0 [lol]\n{levels}"
    assert one(desk.check(registry_files() | {MODEL: bomb}), "RB101").line == 4


def test_a_file_of_two_mebibytes_is_refused_and_hides_no_other(desk: Desk) -> None:
    huge = model_text() + "description: >\n" + "  lorem ipsum\n" * 160_000
    found = desk.check(registry_files() | {MODEL: huge, STAGES: "production: {version: 1}\n"})
    assert one(found, "RB107").path == MODEL
    assert {finding.path for finding in found} == {MODEL, STAGES}


def test_a_schema_violation_names_line_key_and_remedy(desk: Desk) -> None:
    manifest = manifest_text(extra="metrics: {auc: high}\n")
    found = only(desk.check(registry_files() | {f"{V1}/version.yaml": manifest}), "RB102")
    assert (found.line, found.key) == (10, "metrics.auc")
    assert found.hint


def test_a_metric_that_is_not_a_number_is_refused(desk: Desk) -> None:
    manifest = manifest_text(extra="metrics: {auc: .nan}\n")
    found = only(desk.check(registry_files() | {f"{V1}/version.yaml": manifest}), "RB102")
    assert found.key == "metrics.auc"


def test_a_version_written_as_a_number_is_told_to_be_quoted(desk: Desk) -> None:
    manifest = manifest_text().replace('"1.0.0"', "1.10")
    found = one(desk.check(registry_files() | {f"{V1}/version.yaml": manifest}), "RB102")
    assert (found.key, found.line) == ("version", 2)
    assert "uote" in found.hint


def test_thousands_of_violations_are_summed_up(desk: Desk) -> None:
    many = model_text() + "".join(f"wrong{n}: 1\n" for n in range(5000))
    found = desk.check(registry_files() | {MODEL: many})
    assert len(found) <= 101


def test_a_policy_of_a_newer_format_is_refused_with_one_clear_word(desk: Desk) -> None:
    newer = policy_text("governance: {}\n").replace("rollbook: 1", "rollbook: 2")
    found = only(desk.check(registry_files() | {POLICY: newer}), "RB108")
    assert "format 2" in found.message
    assert "upgrade" in found.hint.lower()


def test_a_registry_without_a_policy_is_told(desk: Desk) -> None:
    files = registry_files()
    del files[POLICY]
    assert only(desk.check(files), "RB103").path == POLICY


def test_a_stray_file_is_found(desk: Desk) -> None:
    assert (
        only(desk.check(registry_files() | {f"{V1}/model.onnx": "bytes"}), "RB104").path == f"{V1}/model.onnx"
    )


def test_a_directory_that_is_no_version_is_found(desk: Desk) -> None:
    path = "registry/credit/versions/1.0/notes.yaml"
    assert only(desk.check(registry_files() | {path: "description: x\n"}), "RB104").path == path


def test_a_directory_that_is_no_model_name_is_found(desk: Desk) -> None:
    found = desk.check(registry_files() | {"registry/-rf/model.yaml": model_text("-rf")})
    assert codes(found) == ["RB104", "RB106"]


def test_a_symbolic_link_is_refused_and_never_followed(desk: Desk) -> None:
    files = registry_files() | {MODEL: ("120000", b"/etc/passwd")}
    found = desk.check(files)
    assert one(found, "RB105").path == MODEL
    assert "root" not in str(found)


def test_a_submodule_is_refused(desk: Desk) -> None:
    found = only(desk.check(registry_files() | {"registry/evil": ("160000", b"1" * 40)}), "RB105")
    assert "submodule" in found.message


def test_a_submodule_in_a_models_place_is_refused(desk: Desk) -> None:
    files = registry_files() | {f"{V1}/card.md": ("160000", b"1" * 40)}
    assert only(desk.check(files), "RB105").path == f"{V1}/card.md"


def test_an_executable_file_is_a_warning(desk: Desk) -> None:
    found = only(desk.check(registry_files() | {MODEL: ("100755", model_text().encode())}), "RB105")
    assert found.severity == "warning"


def test_registry_as_a_symbolic_link_is_refused(desk: Desk) -> None:
    found = desk.check({"registry": ("120000", b"elsewhere"), "elsewhere/policy.yaml": policy_text()})
    assert codes(found) == ["RB105", "RB103"]


def test_a_sample_input_that_is_no_json_is_refused(desk: Desk) -> None:
    found = only(desk.check(registry_files() | {f"{V1}/sample-input.json": '[\n{"a": }]'}), "RB101")
    assert found.line == 2


def test_a_sample_input_with_nan_is_refused(desk: Desk) -> None:
    assert "NaN" in only(desk.check(registry_files() | {f"{V1}/sample-input.json": "[NaN]"}), "RB101").message


def test_a_sample_input_nested_without_end_is_refused(desk: Desk) -> None:
    only(desk.check(registry_files() | {f"{V1}/sample-input.json": "[" * 100_000}), "RB101")


def test_a_card_that_is_not_utf8_is_refused(desk: Desk) -> None:
    found = only(desk.check(registry_files() | {f"{V1}/card.md": ("100644", b"# Card\n\xff\xfe\n")}), "RB101")
    assert found.line == 2


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("a\nb", "control"),
        ("a\x1b[2Jb", "control"),
        ("a\\b", "not safe"),
        ("a b", "not safe"),
        ("a:b", "not safe"),
        ("CON", "Windows"),
        ("nul.yaml", "Windows"),
        ("a.", "Windows drops"),
        ("-rf", "starts with"),
        ("cr\u0435dit", "ASCII"),
        ("a\u202eb", "ASCII"),
        ("\udcff", "ASCII"),
        ("a" * 129, "128"),
        ("/".join(["abcdefgh"] * 60), "400"),
    ],
)
def test_an_unsafe_name_is_told_why(name: str, reason: str) -> None:
    assert reason in unsafe_name(f"registry/{name}")


@pytest.mark.parametrize(
    "name", [".gitignore", "model.onnx.dvc", "evaluation-1.yaml", "2.0.0-rc.1", "a+b=c@d_e"]
)
def test_an_ordinary_name_is_safe(name: str) -> None:
    assert unsafe_name(f"registry/{name}") == ""


@pytest.mark.parametrize("name", ["x\ny.txt", "\udcff.txt", "\u202etxt.exe", "n" * 600])
def test_a_hostile_file_name_is_a_finding_and_no_crash(desk: Desk, name: str) -> None:
    assert codes(desk.check(registry_files() | {f"registry/{name}": "x"})) == ["RB104", "RB106"]


def test_a_pointer_with_a_name_too_long_to_read_is_a_finding(desk: Desk) -> None:
    found = desk.check(registry_files() | {f"{V1}/{'n' * 600}.dvc": "outs: []\n"})
    assert {"RB101", "RB106"} <= set(codes(found))


def test_the_working_tree_is_judged_like_a_commit(tmp_path: object, desk: Desk) -> None:
    from pathlib import Path

    from rollbook.check.judge import check_tree
    from rollbook.git.repository import discover

    work = Path(str(tmp_path)) / "work"
    commit = desk.commit(registry_files())
    desk.git("worktree", "add", "-q", "--detach", str(work), commit)
    (work / STAGES).write_text(f"production: {entry('9.9.9')}\n")
    (work / "registry" / "link.yaml").symlink_to("/etc/passwd")
    found = check_tree(worktree_snapshot(discover(work)))
    assert codes(found) == ["RB203", "RB105"]
