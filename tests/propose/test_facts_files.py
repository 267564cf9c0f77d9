"""Metrics and parameters out of files as tools write them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rollbook.errors import BadCall
from rollbook.propose.facts_files import metrics_file, params_file, report_metrics

if TYPE_CHECKING:
    from pathlib import Path

ALIASES = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, {b: 1}]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]\n" for old, new in zip("abcdefg", "bcdefgh", strict=True)
)


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    ("name", "content", "metrics"),
    [
        ("m.json", '{"test": {"auc": 0.9, "f1": {"macro": 1}}}', {"test.auc": 0.9, "test.f1.macro": 1}),
        ("m.yaml", "test:\n  auc: 0.9\nlr: 1e-3\n", {"test.auc": 0.9, "lr": 0.001}),
        ("m.yml", "0: {auc: 0.9}\n", {"0.auc": 0.9}),
        ("m.toml", "auc = 0.9\n[val]\nf1 = 1\n", {"auc": 0.9, "val.f1": 1}),
        ("m.json", '{"metrics/mAP50(B)": 0.7, "lr/pg0": 0.01}', {"metrics/mAP50(B)": 0.7, "lr/pg0": 0.01}),
        ("m.json", '{"hellaswag": {"acc,none": 0.5}}', {"hellaswag.acc,none": 0.5}),
        ("m.json", '{"leaderboard|arc:challenge|0": {"acc": 0.5}}', {"leaderboard|arc:challenge|0.acc": 0.5}),
        ("m.json", '\ufeff{"auc": 0.9}', {"auc": 0.9}),
    ],
)
def test_numbers_are_taken_as_dvc_reads_them(
    tmp_path: Path, name: str, content: str, metrics: dict[str, float]
) -> None:
    assert metrics_file(written(tmp_path / name, content)) == (metrics, "")


def test_what_is_no_metric_is_left_out_and_told_in_one_line(tmp_path: Path) -> None:
    file = written(
        tmp_path / "m.json",
        '{"auc": 0.9, "loss": NaN, "note": "seed 3", "matrix": [[5, 1]], "ok": true, "f1": null, "größe": 1}',
    )
    found, told = metrics_file(file)
    assert found == {"auc": 0.9}
    assert told == (
        f"{file}: left out: loss (not finite), note (text), matrix (a list), ok (true or false), "
        "f1 (empty), größe (the registry can't hold it)"
    )


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1e999", '"high"', "true", "[1]", "1" + "0" * 400])
def test_a_file_without_a_finite_number_is_a_wrong_call_that_names_what_is_there(
    tmp_path: Path, value: str
) -> None:
    file = written(tmp_path / "m.json", f'{{"test": {{"auc": {value}}}}}')
    with pytest.raises(BadCall, match=r"m\.json: no finite number") as refused:
        metrics_file(file)
    assert "test.auc" in refused.value.hint


def test_a_number_in_a_report_that_is_not_finite_is_a_wrong_call(tmp_path: Path) -> None:
    with pytest.raises(BadCall, match="auc: a metric is a finite number"):
        report_metrics(written(tmp_path / "m.yaml", "auc: .nan\nf1: 1\n"))


@pytest.mark.parametrize(
    ("name", "content", "params"),
    [
        ("p.yaml", "train: {lr: 1e-3, betas: [0.9, 0.99]}", {"train": {"lr": 0.001, "betas": [0.9, 0.99]}}),
        ("p.yaml", "a: &a {lr: 0.1}\nb: {<<: *a, n: 3}\n", {"a": {"lr": 0.1}, "b": {"lr": 0.1, "n": 3}}),
        ("p.yaml", "train: {layers: [{units: 64}]}\n", {"train": {"layers.0.units": 64}}),
        ("p.yaml", "a: {b: {c: {d: 1}}}\n", {"a": {"b.c.d": 1}}),
        ("p.yaml", "use:\n- _self_\n- model: resnet\n", {"use.0": "_self_", "use.1.model": "resnet"}),
        ("p.yaml", "lr: ${oc.env:LR,0.1}\nyes: no\n", {"lr": "${oc.env:LR,0.1}", "yes": "no"}),
        ("p.yaml", "from: 2024-01-15\n", {"from": "2024-01-15"}),
        ("p.json", '{"seed": null, "id2label": {"0": "no"}}', {"seed": None, "id2label": {"0": "no"}}),
        ("p.toml", "lr = 0.1\n[opt]\nname = 'adam'\n", {"lr": 0.1, "opt": {"name": "adam"}}),
        ("p.py", "LR = 0.1\nclass Train:\n    EPOCHS = 3\n", {"LR": 0.1, "Train": {"EPOCHS": 3}}),
    ],
)  # fmt: skip
def test_parameters_are_taken_in_the_shape_of_a_manifest(
    tmp_path: Path, name: str, content: str, params: dict[str, Any]
) -> None:
    assert params_file(written(tmp_path / name, content)) == (params, "")


def test_a_parameter_that_a_manifest_can_not_hold_is_left_out_and_told(tmp_path: Path) -> None:
    found, told = params_file(
        written(tmp_path / "p.yaml", f"a: .inf\nb: {{c: {'x' * 20_000}, d: 1}}\ne: 2\n")
    )
    assert found == {"b": {"d": 1}, "e": 2}
    assert "left out: a (the registry can't hold it), b.c (the registry can't hold it)" in told


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("list.json", "[1]"), ("cut.json", '{"a": '), ("deep.json", "[" * 100_000),
        ("deep.yaml", "[" * 5_000),
        ("twice.yaml", "a: 1\na: 2\n"), ("text.yaml", "just text"), ("empty.yaml", ""), ("m.toml", "a = "),
        ("m.py", "a = "), ("tag.yaml", "a: !!python/object/apply:os.system [id]\n"),
        ("aliases.yaml", ALIASES),
    ],
)  # fmt: skip
def test_a_file_that_can_not_be_read_is_a_wrong_call_that_names_it(
    tmp_path: Path, name: str, content: str
) -> None:
    with pytest.raises(BadCall, match=name):
        params_file(written(tmp_path / name, content))


def test_a_pointer_of_git_lfs_is_no_file_of_metrics(tmp_path: Path) -> None:
    file = written(tmp_path / "m.json", "version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 1\n")
    with pytest.raises(BadCall, match="is a pointer of git LFS") as refused:
        metrics_file(file)
    assert "git lfs pull" in refused.value.hint
