"""The gate that what breaks callers has a new MAJOR number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ..desk import entry, manifest_text, version_files
from .bench import manifest, said, state

if TYPE_CHECKING:
    from ..desk import Desk, File

GATE = {"gate": "signature"}
AGE = "signature: {inputs: [{name: age, dtype: int64}]}\n"
BOTH = "signature: {inputs: [{name: age, dtype: int64}, {name: income, dtype: float64}]}\n"
OPTIONAL = AGE.replace("}]}", "}, {name: income, dtype: float64, required: false}]}")


def _added(version: str, extra: str) -> dict[str, File]:
    return version_files(version) | manifest(version, extra)


def test_a_version_that_keeps_the_signature_passes(desk: Desk) -> None:
    verdict = said(desk, GATE, manifest("1.0.0", AGE) | manifest("1.1.0", OPTIONAL))
    assert (state(verdict), verdict.figure) == ("passed", "keeps the signature of 1.0.0")


def test_a_break_without_a_new_major_number_fails_with_the_column(desk: Desk) -> None:
    verdict = said(desk, GATE, manifest("1.0.0", BOTH) | manifest("1.1.0", AGE))
    assert (state(verdict), verdict.figure) == ("failed", "breaks callers of 1.0.0: input `income` is gone")
    assert "--bump major" in verdict.hint


@pytest.mark.parametrize(
    ("before", "after", "broke"),
    [
        ("dtype: int64", "dtype: int32", "input `age` is narrowed to int32, and was int64"),
        ("dtype: int64", "dtype: str", "input `age` is string, and was int64"),
        ("dtype: int64", "dtype: int64, shape: [-1, 2]", "input `age` has the shape [-1, 2], and had any"),
    ],
)
def test_a_break_says_which_type_or_shape_an_input_had(
    desk: Desk, before: str, after: str, broke: str
) -> None:
    verdict = said(desk, GATE, manifest("1.0.0", AGE) | manifest("1.1.0", AGE.replace(before, after)))
    assert (state(verdict), verdict.figure) == ("failed", f"breaks callers of 1.0.0: {broke}")


@pytest.mark.parametrize(
    ("after", "broke"),
    [
        ("dtype: float32, shape: [-1, 3]", "output `p` has the shape [-1, 3], and had [-1, 2]"),
        ("dtype: double, shape: [-1, 2]", "output `p` is float64, and was float32"),
        ("dtype: float16, shape: [-1, 2]", "output `p` is float16, and was float32"),
    ],
)
def test_an_output_of_another_type_or_shape_is_a_break(desk: Desk, after: str, broke: str) -> None:
    one, other = (
        f"signature: {{outputs: [{{name: p, {told}}}]}}\n"
        for told in ("dtype: float32, shape: [-1, 2]", after)
    )
    verdict = said(desk, GATE, manifest("1.0.0", one) | manifest("1.1.0", other))
    assert (state(verdict), verdict.figure) == ("failed", f"breaks callers of 1.0.0: {broke}")
    assert "--bump major" in verdict.hint


def test_another_name_of_the_same_type_is_no_break(desk: Desk) -> None:
    verdict = said(desk, GATE, manifest("1.0.0", AGE.replace("int64", "long")) | manifest("1.1.0", AGE))
    assert (state(verdict), verdict.figure) == ("passed", "keeps the signature of 1.0.0")


def test_a_break_with_a_new_major_number_passes(desk: Desk) -> None:
    files = _added("0.9.0", BOTH) | manifest("1.0.0", "") | manifest("1.1.0", AGE)
    verdict = said(desk, GATE, files)
    assert state(verdict) == "passed"
    assert "breaks that of 0.9.0 with a new MAJOR number" in verdict.figure


def test_a_release_without_a_signature_in_between_hides_no_break(desk: Desk) -> None:
    files = manifest("1.0.0", BOTH) | _added("1.0.1", "") | manifest("1.1.0", AGE)
    assert "breaks callers of 1.0.0" in said(desk, GATE, files).figure


def test_a_break_that_was_registered_in_between_hides_none_from_the_stage(desk: Desk) -> None:
    files = manifest("1.0.0", BOTH) | _added("1.0.1", AGE) | manifest("1.1.0", AGE)
    assert state(said(desk, GATE, files)) == "passed"
    held = said(desk, GATE, files, standing=f"production: {entry('1.0.0')}\n")
    assert (state(held), "breaks callers of 1.0.0" in held.figure) == ("failed", True)


def test_another_stage_is_compared_with_when_the_policy_says_so(desk: Desk) -> None:
    files = manifest("1.0.0", BOTH) | _added("1.0.1", AGE) | manifest("1.1.0", AGE)
    standing = f"production: {entry('1.0.0')}\n"
    assert state(said(desk, GATE, files, target="canary", standing=standing)) == "passed"
    gate = {**GATE, "with": "production"}
    assert state(said(desk, gate, files, target="canary", standing=standing)) == "failed"


def test_a_version_is_not_held_against_one_above_it(desk: Desk) -> None:
    files = manifest("1.0.0", AGE) | _added("1.2.0", BOTH) | manifest("1.1.0", AGE)
    assert state(said(desk, GATE, files, standing=f"production: {entry('1.2.0')}\n")) == "passed"


def test_a_pre_release_promises_its_callers_nothing(desk: Desk) -> None:
    files = _added("1.1.0-rc.1", BOTH) | manifest("1.0.0", AGE) | manifest("1.1.0", AGE)
    standing = f"production: {entry('1.1.0-rc.1')}\n"
    assert state(said(desk, GATE, files, standing=standing)) == "passed"


def test_a_version_without_a_signature_fails_where_the_one_before_has_one(desk: Desk) -> None:
    verdict = said(desk, GATE, manifest("1.0.0", AGE))
    assert (state(verdict), verdict.figure) == ("failed", "no signature; 1.0.0 has one")
    assert "--sample-input" in verdict.hint


def test_where_no_lower_release_has_a_signature_there_is_nothing_to_break(desk: Desk) -> None:
    for extra in ("", AGE):
        verdict = said(desk, GATE, manifest("1.1.0", extra))
        assert (state(verdict), verdict.figure) == ("passed", "no lower release has a signature")


@pytest.mark.parametrize(
    "broken",
    [
        AGE.replace("dtype: int64", "type: int64"),
        "signature: {inputs: [{name: age, dtype: int64}, {name: age, dtype: string}]}\n",
    ],
)
def test_a_signature_that_can_not_be_compared_fails(desk: Desk, broken: str) -> None:
    assert state(said(desk, GATE, manifest("1.0.0", AGE) | manifest("1.1.0", broken))) == "failed"
    assert state(said(desk, GATE, manifest("1.0.0", broken) | manifest("1.1.0", AGE))) == "failed"


def test_a_new_major_number_goes_by_an_old_signature_that_can_not_be_compared(desk: Desk) -> None:
    broken = AGE.replace("dtype: int64", "type: int64")
    assert state(said(desk, GATE, _added("0.9.0", broken) | manifest("1.1.0", AGE))) == "passed"


def test_a_manifest_that_can_not_be_read_fails(desk: Desk) -> None:
    path = "registry/credit/versions/1.0.0/version.yaml"
    verdict = said(desk, GATE, {path: "- no mapping\n"} | manifest("1.1.0", AGE))
    assert (state(verdict), "1.0.0 can't be read" in verdict.figure) == ("failed", True)
    own = path.replace("1.0.0", "1.1.0")
    assert state(said(desk, GATE, {own: "- no mapping\n"})) == "failed"


def test_many_breaks_are_counted_and_not_all_listed(desk: Desk) -> None:
    columns = ", ".join(f"{{name: c{place}, dtype: int64}}" for place in range(40))
    old = f"signature: {{inputs: [{columns}]}}\n"
    verdict = said(desk, GATE, manifest("1.0.0", old) | manifest("1.1.0", AGE))
    assert "and 36 more" in verdict.figure
    assert len(verdict.figure) < 400


def test_a_stage_that_there_is_not_is_a_setting_that_can_not_be_used(desk: Desk) -> None:
    verdict = said(desk, {**GATE, "with": "nowhere"}, manifest("1.1.0", AGE))
    assert (state(verdict), "no stage 'nowhere'" in verdict.figure) == ("failed", True)


def test_a_break_is_a_finding_of_its_own_code(desk: Desk) -> None:
    from ..desk import POLICY, STAGES, only, policy_text, registry_files

    before = (
        registry_files("1.0.0")
        | version_files("1.1.0")
        | {POLICY: policy_text("gates: [{gate: signature, to: [staging]}]\n")}
    )
    before |= {
        f"registry/credit/versions/{version}/version.yaml": manifest_text("credit", version, extra)
        for version, extra in (("1.0.0", BOTH), ("1.1.0", AGE))
    }
    found = only(desk.check_change(before, before | {STAGES: f"staging: [{entry('1.1.0')}]\n"}), "RB417")
    assert "input `income` is gone" in found.message
