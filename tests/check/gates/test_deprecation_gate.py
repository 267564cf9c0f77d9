"""The gate that those who use a version are told what comes instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rollbook.registry.served import Served, Use

from ..desk import STAGES, entry, model_files
from .bench import NOW, known, said, state

if TYPE_CHECKING:
    from rollbook.check.gates.gate import Verdict

    from ..desk import Desk, File

GIVEN = {"replacement": '"1.0.0"', "sunset": "2027-03-01", "migration": "The score is a probability now."}


def deprecated(
    desk: Desk, files: dict[str, File] | None = None, days: int | None = None, **given: Any
) -> Verdict:
    facts = {name: value for name, value in {**GIVEN, **given}.items() if value is not None}
    extra = "".join(f", {name}: {value}" for name, value in facts.items())
    table = {STAGES: f"deprecated:\n  - {entry('1.1.0', extra=extra)}\n"}
    gate = {"gate": "deprecation"} | ({"days": days} if days is not None else {})
    return said(desk, gate, {**table, **(files or {})}, target="deprecated")


def test_a_replacement_a_sunset_and_a_note_pass(desk: Desk) -> None:
    verdict = deprecated(desk)
    assert (state(verdict), verdict.figure) == ("passed", "1.0.0 instead, sunset 2027-03-01")


@pytest.mark.parametrize(
    ("name", "value", "figure"),
    [
        ("replacement", None, "no replacement is named"),
        ("replacement", '"1.1.0"', "the replacement is the version itself"),
        ("replacement", '"credit@1.1.0"', "the replacement is the version itself"),
        ("replacement", '"9.0.0"', "the replacement `9.0.0` does not exist"),
        ("replacement", '"debit@1.0.0"', "the replacement `debit@1.0.0` does not exist"),
        ("replacement", '"latest"', "the replacement `latest` is no version"),
        ("sunset", None, "no sunset is set"),
        ("sunset", "2027-02-18", "the sunset 2027-02-18 is 89 days ahead"),
        ("sunset", "2020-01-01", "the sunset 2020-01-01 is -2516 days ahead"),
        ("sunset", '"2027-02-30"', "the sunset `2027-02-30` is no date like 2027-03-01"),
        ("migration", None, "no migration note"),
        ("migration", '"  "', "no migration note"),
        ("migration", "TODO", "the migration note still says `TODO`"),
    ],
)
def test_what_is_missing_or_wrong_fails_by_its_name(
    desk: Desk, name: str, value: str | None, figure: str
) -> None:
    verdict = deprecated(desk, **{name: value})
    assert (state(verdict), verdict.figure) == ("failed", figure)


def test_the_sunset_may_be_exactly_as_far_ahead_as_asked(desk: Desk) -> None:
    assert state(deprecated(desk, sunset="2027-02-19")) == "passed"
    assert state(deprecated(desk, sunset="2026-12-01", days=10)) == "passed"
    assert state(deprecated(desk, sunset="2026-12-01", days=11)) == "failed"


def test_a_version_of_another_model_may_replace_it(desk: Desk) -> None:
    assert (
        state(deprecated(desk, model_files("2.0.0", model="debit"), replacement='"debit@2.0.0"')) == "passed"
    )


def test_a_replacement_that_is_deprecated_itself_fails(desk: Desk) -> None:
    extra = "".join(f", {name}: {value}" for name, value in GIVEN.items())
    table = f"deprecated:\n  - {entry('1.1.0', extra=extra)}\n  - {entry('1.0.0')}\n"
    verdict = said(desk, {"gate": "deprecation"}, {STAGES: table}, target="deprecated")
    assert verdict.figure == "the replacement `1.0.0` is in deprecated too"


def test_before_a_proposal_it_waits(desk: Desk) -> None:
    assert state(said(desk, {"gate": "deprecation"}, target="deprecated")) == "waiting"


def test_who_judges_is_told_where_the_version_still_runs(desk: Desk) -> None:
    served = Served(NOW, "deployment-1", ("eu-west",))
    extra = "".join(f", {name}: {value}" for name, value in GIVEN.items())
    table = {STAGES: f"deprecated:\n  - {entry('1.1.0', extra=extra)}\n"}
    circumstances = known(use=lambda _model, _version: Use(served))
    verdict = said(desk, {"gate": "deprecation"}, table, target="deprecated", known=circumstances)
    assert state(verdict) == "passed"
    assert verdict.figure == "1.0.0 instead, sunset 2027-03-01; it runs on `eu-west`"
