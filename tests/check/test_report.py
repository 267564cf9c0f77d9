"""Findings as text, JSON, annotations and SARIF."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft4Validator

from rollbook.check.codes import rules
from rollbook.check.finding import Finding
from rollbook.check.report import FORMATS
from rollbook.check.report.findings_text import summary
from rollbook.text import printable

# Cut by cut_sarif_schema.py; SARIF's schema is one of draft 4.
SARIF = Draft4Validator(json.loads(Path(__file__).with_name("sarif-2.1.0.schema.json").read_text()))
FOUND = Finding("RB102", "registry/credit/model.yaml", "is not text", 3, "owner", "Quote it.")
WHOLE = Finding("RB104", "registry/x", "no place", severity="warning")
HOSTILE = Finding(
    "RB104",
    "::error::\n##[x]\udcff,a:b%0A",
    "\x1b[2J\r\n::set-output name=a::b ##vso[x]",
    1,
    "k\n::e",
    "\n::h",
)


def test_text_names_path_line_code_and_key() -> None:
    assert FORMATS["text"]([FOUND, WHOLE]).splitlines() == [
        "registry/credit/model.yaml:3: RB102 owner: is not text",
        "    Quote it.",
        "registry/x: RB104: warning: no place",
        "1 error and 1 warning",
    ]


@pytest.mark.parametrize(
    ("findings", "words"),
    [
        ([], "no errors"),
        ([FOUND, FOUND], "2 errors"),
        ([WHOLE], "1 warning"),
        ([WHOLE, WHOLE, FOUND], "1 error and 2 warnings"),
    ],
)
def test_the_summary_counts(findings: list[Finding], words: str) -> None:
    assert summary(findings) == words


def test_json_holds_every_field() -> None:
    report = json.loads(FORMATS["json"]([FOUND]))
    assert report["errors"] == 1
    assert report["findings"] == [
        {
            "code": "RB102",
            "path": "registry/credit/model.yaml",
            "line": 3,
            "key": "owner",
            "message": "is not text",
            "hint": "Quote it.",
            "severity": "error",
            "waiting": False,
        }
    ]


def test_annotations_name_file_line_and_title() -> None:
    assert FORMATS["github"]([FOUND]) == (
        "::error file=registry/credit/model.yaml,line=3,title=RB102 schema violated::"
        "owner: is not text%0AQuote it.\n"
    )


def test_annotations_escape_what_separates_properties() -> None:
    finding = Finding("RB104", "registry/a,line=9:b%", "100% wrong")
    text = FORMATS["github"]([finding])
    assert "file=registry/a%2Cline=9%3Ab%25,line=1," in text
    assert "::100%25 wrong" in text


@pytest.mark.parametrize("name", ["text", "github"])
def test_hostile_content_starts_no_command_and_no_escape(name: str) -> None:
    report = FORMATS[name]([HOSTILE])
    assert "\x1b" not in report
    assert "\r" not in report
    assert "##[" not in report
    assert "##vso[" not in report
    starts = [line for line in report.splitlines() if line.lstrip().startswith("::")]
    assert len(starts) == (1 if name == "github" else 0)


def test_json_and_sarif_of_hostile_content_can_be_read_anywhere() -> None:
    for name in ("json", "sarif"):
        text = FORMATS[name]([HOSTILE])
        json.dumps(json.loads(text)).encode().decode()
        json.loads(text.encode("ascii"))
        assert "\\udcff" not in text


def test_sarif_has_a_rule_for_every_code_and_a_place_for_every_result() -> None:
    run = json.loads(FORMATS["sarif"]([FOUND, WHOLE]))["runs"][0]
    described = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in described] == list(rules())
    first, second = run["results"]
    assert described[first["ruleIndex"]]["id"] == first["ruleId"] == "RB102"
    assert first["level"] == "error"
    assert first["locations"][0]["physicalLocation"]["region"] == {"startLine": 3}
    assert second["level"] == "warning"
    assert "region" not in second["locations"][0]["physicalLocation"]


def test_a_fingerprint_stays_when_lines_move_and_tells_findings_apart() -> None:
    moved = Finding(FOUND.code, FOUND.path, FOUND.message, 99, FOUND.key, FOUND.hint)
    prints = [fingerprints([FOUND]), fingerprints([moved]), fingerprints([FOUND, moved])]
    assert prints[0] == prints[1]
    assert len(set(prints[2])) == 2


def fingerprints(findings: list[Finding]) -> list[str]:
    results = json.loads(FORMATS["sarif"](findings))["runs"][0]["results"]
    return [result["partialFingerprints"]["rollbookFinding/v1"] for result in results]


def test_every_code_is_explained() -> None:
    assert all(rule.title and rule.explanation.endswith(".") for rule in rules().values())


@given(st.text(st.characters(codec=None)))
def test_printable_text_is_one_printable_line(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    assert not shown.lstrip().startswith("::")
    assert "##[" not in shown


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters=":#")))
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert printable(text) == text


@pytest.mark.parametrize("findings", [[], [FOUND], [FOUND, WHOLE, HOSTILE, HOSTILE]])
def test_sarif_is_as_its_published_schema_asks(findings: list[Finding]) -> None:
    assert [error.message for error in SARIF.iter_errors(json.loads(FORMATS["sarif"](findings)))] == []


def test_the_published_schema_refuses_what_is_not_sarif() -> None:
    log = json.loads(FORMATS["sarif"]([FOUND]))
    log["runs"][0]["results"][0]["level"] = "fatal"
    assert not SARIF.is_valid(log)
