"""`rollbook history`, narrowed, and as JSON Lines and CSV."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

import pytest

from building.texts import stages
from building.world import rollbook
from rollbook.trail.record import record
from trail.histories import START, History, new_history, registration

if TYPE_CHECKING:
    from pathlib import Path

CREDIT = "registry/credit/stages.yaml"
EVIDENCE = "registry/credit/versions/1.0.0/evidence/evaluation-1.yaml"


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> History:
    """Seven events in three days; the clock of one commit goes back a year."""
    history = new_history(tmp_path_factory.mktemp("filters") / "registry.git")
    history.commit(registration("credit", "1.0.0"), at=START + 3600)
    history.commit({EVIDENCE: "kind: evaluation\n"}, at=START + 4000)
    history.commit({CREDIT: stages(staging=["1.0.0"])}, at=START + 86_400 + 60)
    history.commit(registration("risk/fraud", "0.1.0"), at=START - 365 * 86_400)
    approved = (
        'production: {version: "1.0.0", reason: "=cmd|x", requested_by: eve@example.com, '
        "requested_at: 2026-01-03T09:00:00Z, approvals: [{by: bob@example.com, signature: s}]}\n"
    )
    history.commit({CREDIT: approved}, at=START + 2 * 86_400)
    history.commit(
        {CREDIT: stages(production=["1.0.0"]) + "aliases: {champion: 1.0.0}\n"}, at=START + 2 * 86_400
    )
    history.commit(registration("credit", "1.1.0"), at=START + 2 * 86_400 + 1)
    record(history.repository)
    return history


TAGS = [
    "credit@v1.0.0", "credit#staging#2", "risk/fraud@v0.1.0", "credit#staging!#3", "credit#production#4",
    "credit@v1.1.0",
]  # fmt: skip


def tags(history: History, *options: str) -> list[str]:
    ran = rollbook(history.directory, "history", "--json", *options)
    assert ran.code == 0, ran.err
    return [event["tag"] for event in json.loads(ran.out)]


@pytest.mark.parametrize(
    ("options", "places"),
    [
        ([], [0, 1, 2, 3, 4, 5]),
        (["--since", "2026-01-02"], [1, 2, 3, 4, 5]),
        (["--since", "2026-01-02T00:02:00Z"], [3, 4, 5]),
        (["--since", "20260102"], [1, 2, 3, 4, 5]),
        (["--since", "9999-12-31"], []),
        (["--until", "2026-01-01"], [0]),
        (["--until", "2026-01-02"], [0, 1, 2]),
        (["--since", "2026-01-02", "--until", "2026-01-02"], [1, 2]),
        (["--action", "registered"], [0, 2, 5]),
        (["--action", "unassigned"], [3]),
        (["--stage", "staging"], [1, 3, 4]),
        (["--stage", "production"], [3, 4]),
        (["--by", "EVE@example.com"], [3, 4]),
        (["--by", "bob@example.com"], [3, 4]),
        (["--by", "nobody"], []),
        (["--ref", "credit@1.1.0"], [5]),
        (["--ref", "credit@champion"], [0, 1, 3, 4]),
        (["risk/fraud"], [2]),
        (["credit", "--ref", "credit@1.0.0", "--stage", "staging", "--action", "assigned"], [1, 4]),
    ],
)
def test_the_options_narrow_the_history(recorded: History, options: list[str], places: list[int]) -> None:
    assert tags(recorded, *options) == [TAGS[place] for place in places]


def test_a_reference_to_another_model_is_a_wrong_call(recorded: History) -> None:
    assert rollbook(recorded.directory, "history", "risk/fraud", "--ref", "credit@1.0.0").code == 2


@pytest.mark.parametrize("options", [["--since", "soon"], ["--until", "2026-13-01"], ["--action", "x"]])
def test_what_cant_be_read_is_a_wrong_call(recorded: History, options: list[str]) -> None:
    assert rollbook(recorded.directory, "history", *options).code == 2


def test_an_event_tells_the_evidence_that_stood_when_it_landed(recorded: History) -> None:
    events = json.loads(rollbook(recorded.directory, "history", "credit", "--json").out)
    assert [event["evidence"] for event in events] == [[], [EVIDENCE], [EVIDENCE], [EVIDENCE], []]


def test_json_lines_hold_what_json_holds(recorded: History) -> None:
    lines = rollbook(recorded.directory, "history", "--format", "jsonl").out.splitlines()
    whole = json.loads(rollbook(recorded.directory, "history", "--json").out)
    assert [json.loads(line) for line in lines] == whole


def test_csv_holds_what_json_holds_and_no_formula(recorded: History) -> None:
    rows = list(csv.DictReader(io.StringIO(rollbook(recorded.directory, "history", "--format", "csv").out)))
    events = json.loads(rollbook(recorded.directory, "history", "--json").out)
    assert [list(row) for row in rows] == [list(event) for event in events]
    assert [row["tag"] for row in rows] == TAGS
    assert {row["approved_by"] for row in rows} == {"", "bob@example.com"}
    assert rows[4]["reason"] == "'=cmd|x"


def test_a_format_for_programs_goes_to_a_file(recorded: History, tmp_path: Path) -> None:
    ran = rollbook(recorded.directory, "history", "--format", "csv", "-o", str(tmp_path / "events.csv"))
    assert (ran.code, ran.out) == (0, "")
    assert (tmp_path / "events.csv").read_text().count("\n") == 1 + len(TAGS)


def test_two_formats_are_a_wrong_call(recorded: History) -> None:
    assert rollbook(recorded.directory, "history", "--json", "--format", "csv").code == 2
    assert rollbook(recorded.directory, "history", "--format", "html").code == 2


def test_the_state_at_a_date_by_the_trail_agrees_with_the_tree_at_that_date(recorded: History) -> None:
    for date in ("2026-01-01", "2026-01-02", "2026-01-03"):
        held: dict[str, str] = {}
        for event in json.loads(rollbook(recorded.directory, "history", "--json", "--until", date).out):
            if event["action"] != "unassigned" or event["to"] == "development":
                held[f"{event['model']}@{event['version']}"] = event["to"]
        listed = json.loads(rollbook(recorded.directory, "list", "--json", "--at", date).out)
        versions = {
            f"{model['model']}@{version['version']}": version["stage"]
            for model in listed
            for version in json.loads(
                rollbook(recorded.directory, "list", model["model"], "--json", "--at", date).out
            )
        }
        assert held == versions
