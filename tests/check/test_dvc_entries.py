"""The finding RB215: the entries of dvc.yaml, where the policy asks for them, against the versions."""

from __future__ import annotations

import pytest

from check.desk import MODEL, Desk, codes, entry, model_files, one, only, policy_text, version_files
from rollbook.layout import POLICY

STAGES = "registry/credit/stages.yaml"
ON = policy_text("dvc_artifacts: true\n")


def path_of(version: str, model: str = "credit") -> str:
    return f"registry/{model}/versions/{version}/model.onnx"


def dvc_yaml(**models: str) -> dict[str, str]:
    lines = [f"  {name}:\n    path: {path}\n    type: model\n" for name, path in sorted(models.items())]
    return {"dvc.yaml": "artifacts:\n" + "".join(lines)}


def registry(*versions: str, model: str = "credit") -> dict[str, object]:
    return {POLICY: ON, **model_files(*versions, model=model)}


def test_an_entry_that_names_the_newest_version_is_fine(desk: Desk) -> None:
    assert desk.check(registry("1.0.0", "1.1.0") | dvc_yaml(credit=path_of("1.1.0"))) == []


def test_without_the_policy_nothing_is_asked_for(desk: Desk) -> None:
    files = registry("1.0.0") | {POLICY: policy_text(), "dvc.yaml": "artifacts: 5\n"}
    assert desk.check(files) == []


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"dvc.yaml": "stages: {}\n"},
        dvc_yaml(credit=path_of("1.0.0")),
        dvc_yaml(credit=path_of("9.0.0")),
        dvc_yaml(credit="registry/credit/versions/1.1.0/../1.1.0/model.onnx"),
        dvc_yaml(credit="../../etc/passwd"),
        dvc_yaml(credit="/etc/passwd"),
        dvc_yaml(credit="${model}"),
        {"dvc.yaml": f"artifacts:\n  credit: {path_of('1.1.0')}\n"},
        {"dvc.yaml": f"artifacts:\n  Credit: {{path: {path_of('1.1.0')}}}\n"},
    ],
)
def test_an_entry_that_leads_elsewhere_is_found(desk: Desk, files: dict[str, object]) -> None:
    newest = version_files("1.1.0")
    later = {path: str(text).replace("2026-01-01", "2026-02-01") for path, text in newest.items()}
    found = only(desk.check(registry("1.0.0") | later | files), "RB215")
    assert "credit@1.1.0" in found.message
    assert "rollbook dvc-artifacts" in found.hint


def test_the_finding_stands_at_the_entry(desk: Desk) -> None:
    found = only(desk.check(registry("1.0.0") | dvc_yaml(a="x", credit="y")), "RB215")
    assert (found.path, found.line, found.key) == ("dvc.yaml", 5, "artifacts.credit")


def test_a_patch_to_an_old_line_that_was_made_later_may_be_named(desk: Desk) -> None:
    patch = version_files("1.0.1")
    later = {path: str(text).replace("2026-01-01", "2026-02-01") for path, text in patch.items()}
    assert desk.check(registry("1.0.0", "2.0.0") | later | dvc_yaml(credit=path_of("1.0.1"))) == []


def test_entries_of_what_is_no_model_are_the_teams_own(desk: Desk) -> None:
    assert desk.check(registry("1.0.0") | dvc_yaml(credit=path_of("1.0.0"), tokeniser="data/tok.json")) == []


@pytest.mark.parametrize(
    "content",
    [
        "artifacts: &x {credit: {path: y}}\n",
        "a: 1\na: 2\n",
        "[" * 100,
        "x: " + "y" * (1 << 20),
        ("120000", b"artifacts: {credit: {path: registry/credit/versions/1.0.0/model.onnx}}"),
    ],
)
def test_a_hostile_dvc_yaml_is_a_finding_and_nothing_worse(desk: Desk, content: str) -> None:
    found = only(desk.check(registry("1.0.0") | {"dvc.yaml": content}), "RB215")
    assert found.message.startswith("it can't be read")


def test_a_name_that_dvc_would_fill_in_is_found(desk: Desk) -> None:
    files = dvc_yaml(credit=path_of("1.0.0"))
    files["dvc.yaml"] += "  ${x}: {path: elsewhere}\nvars: [{x: credit}]\n"
    assert "fill in" in only(desk.check(registry("1.0.0") | files), "RB215").message


def test_a_registration_without_its_entry_is_found(desk: Desk) -> None:
    before = registry("1.0.0") | dvc_yaml(credit=path_of("1.0.0"))
    after = before | version_files("1.1.0")
    found = one(desk.check_change(before, after), "RB215")
    assert "the change registers credit@1.1.0" in found.message
    assert desk.check_change(before, after | dvc_yaml(credit=path_of("1.1.0"))) == []


def test_a_patch_must_be_named_where_it_is_registered(desk: Desk) -> None:
    before = registry("1.0.0", "2.0.0") | dvc_yaml(credit=path_of("2.0.0"))
    after = before | version_files("1.0.1")
    assert codes(desk.check_change(before, after)) == ["RB215"]
    assert desk.check_change(before, after | dvc_yaml(credit=path_of("1.0.1"))) == []


def test_an_edit_of_another_models_entry_is_found(desk: Desk) -> None:
    before = registry("1.0.0") | model_files("1.0.0", model="other")
    before |= dvc_yaml(credit=path_of("1.0.0"), other=path_of("1.0.0", "other"))
    after = before | version_files("1.1.0") | dvc_yaml(credit=path_of("1.1.0"), other=path_of("1.1.0"))
    assert one(desk.check_change(before, after), "RB215").key == "artifacts.other"


def test_an_edit_of_dvc_yaml_alone_is_judged(desk: Desk) -> None:
    before = registry("1.0.0") | dvc_yaml(credit=path_of("1.0.0"))
    assert codes(desk.check_change(before, before | dvc_yaml(credit="x"))) == ["RB215"]
    assert codes(desk.check_change(before, {k: v for k, v in before.items() if k != "dvc.yaml"})) == ["RB215"]


def test_turning_it_on_asks_for_every_entry(desk: Desk) -> None:
    before = registry("1.0.0") | model_files("1.0.0", model="other") | {POLICY: policy_text()}
    assert codes(desk.check_change(before, before | {POLICY: ON})) == ["RB215", "RB215"]


def test_drift_that_stands_already_does_not_hold_up_a_promotion(desk: Desk) -> None:
    before = registry("1.0.0") | dvc_yaml(credit="elsewhere")
    after = before | {STAGES: f"staging: {entry('1.0.0')}\n"}
    assert desk.check_change(before, after) == []
    assert codes(desk.check(after)) == ["RB215"]


def test_changing_what_the_model_is_reads_no_entry(desk: Desk) -> None:
    before = registry("1.0.0") | {"dvc.yaml": "not: [yaml\n"}
    after = before | {MODEL: str(before[MODEL]) + "team: risk\n"}
    assert desk.check_change(before, after) == []
