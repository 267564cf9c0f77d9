"""Gates on what is known of a version: fields, tags, the model card."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ..desk import MODEL, model_text
from .bench import NEW, manifest, said, state

if TYPE_CHECKING:
    from ..desk import Desk, File

LINEAGE = """\
lineage:
  code: {commit: 1f7a7a472abf3dd9643fd615f6da379c4acb3e3a, dirty: false}
  data: [{name: a, version: "1"}, {name: b, version: "2"}]
signature:
  inputs: [{name: age, type: int64}]
"""
CARD = """\
---
license: apache-2.0
---

# Credit

## Intended use

Scoring.

## Limitations

None known.
"""


def fields(*paths: str, **settings: Any) -> dict[str, Any]:
    return {"gate": "required-fields", "fields": list(paths), **settings}


def test_fields_of_manifest_model_and_card_that_are_given_pass(desk: Desk) -> None:
    gate = fields("signature.inputs", "lineage.data.version", "model.owner", "card.license", clean_code=True)
    verdict = said(desk, gate, {**manifest(extra=LINEAGE), f"{NEW}/card.md": CARD})
    assert (state(verdict), verdict.figure) == ("passed", "5 of 5 given")


@pytest.mark.parametrize(
    "extra",
    [
        'training: {dataset: loans, dataset_version: "1"}\n',
        'lineage: {data: [{name: loans, version: "1"}]}\n',
        'training: {dataset_version: "1"}\nlineage: {data: [{name: loans}]}\n',
    ],
)
def test_a_data_set_that_is_told_in_one_place_is_given_in_both(desk: Desk, extra: str) -> None:
    gate = fields("lineage.data", "lineage.data.version", "training.dataset", "training.dataset_version")
    assert state(said(desk, gate, manifest(extra=extra))) == "passed"


def test_a_data_set_without_a_version_gives_none_in_either_place(desk: Desk) -> None:
    extra = manifest(extra="lineage: {data: [{name: loans}]}\n")
    for path in ("lineage.data.version", "training.dataset_version"):
        assert state(said(desk, fields(path), extra)) == "failed"


@pytest.mark.parametrize(
    "path",
    [
        "signature.outputs",
        "lineage.data.rows",
        "lineage.run",
        "model.team",
        "card.datasets",
        "no.such",
        "tags",
    ],
)
def test_a_field_that_is_not_given_fails_by_its_name(desk: Desk, path: str) -> None:
    verdict = said(desk, fields(path), {**manifest(extra=LINEAGE), f"{NEW}/card.md": CARD})
    assert (state(verdict), verdict.figure) == ("failed", f"no {path}")


def test_one_data_set_without_a_version_fails(desk: Desk) -> None:
    extra = LINEAGE.replace('{name: b, version: "2"}', "{name: b}")
    assert state(said(desk, fields("lineage.data.version"), manifest(extra=extra))) == "failed"


def test_a_placeholder_gives_no_field(desk: Desk) -> None:
    files = {MODEL: model_text(extra="team: TODO\n")}
    assert state(said(desk, fields("model.team"), files)) == "failed"


@pytest.mark.parametrize(
    ("code", "said_so"),
    [
        ("{commit: 1f7a7a472abf3dd9643fd615f6da379c4acb3e3a, dirty: true}", "dirty is true"),
        ("{commit: 1f7a7a472abf3dd9643fd615f6da379c4acb3e3a}", "dirty is not given"),
        ("{}", "no lineage.code.commit"),
    ],
)
def test_code_that_is_not_known_to_be_clean_fails(desk: Desk, code: str, said_so: str) -> None:
    verdict = said(desk, fields(clean_code=True), manifest(extra=f"lineage: {{code: {code}}}\n"))
    assert state(verdict) == "failed"
    assert said_so in verdict.figure


HASH = f"--hash=sha256:{'0' * 64}"
COMMIT = "5e7a7a472abf3dd9643fd615f6da379c4acb3e3a"


@pytest.mark.parametrize(
    ("requirements", "passed"),
    [
        ("numpy==2.1.3\nonnx[all] == 1.17.0 ; python_version > '3.10'  # why\n", True),
        ("numpy==2.1.3 \\\n    --hash=sha256:aa\n", True),
        ("--index-url https://example.com\nnumpy==2.1.3\n", True),
        ("numpy>=2\n", False),
        ("numpy\n", False),
        ("numpy==2.*\n", False),
        ("numpy==2.1.3,!=2.1.4\n", True),
        ("\ufeffnumpy==2.1.3\r\n", True),
        (f"-f https://example.com/whl\ntorch==1.13.1+cpu {HASH}\n", True),
        ("--trusted-host h\n--only-binary :all:\n--require-hashes\n--pre\n-c c.txt\nnumpy==2.1.3\n", True),
        ("numpy (==2.1.3)\n", True),
        (f"acme @ https://example.com/acme-1-py3-none-any.whl#sha256={'0' * 64}\n", True),
        (f"https://example.com/acme-1-py3-none-any.whl {HASH}\n", True),
        (f"acme @ git+https://example.com/acme.git@{COMMIT}\n", True),
        (f"-e git+https://example.com/acme.git@{COMMIT}#egg=acme\n", True),
        ("acme @ https://example.com/acme-1-py3-none-any.whl\n", False),
        ("acme @ git+https://example.com/acme.git@main\n", False),
        ("numpy==2.1.3\n-r more.txt\n", False),
        ("numpy==2.1.3\n--requirement=more.txt\n", False),
        ("git+https://example.com/x.git\n", False),
        ("numpy==2.1.3\n-e .\n", False),
        ("numpy==2.1.3\n# why \\\nscipy\n", False),
        ("numpy==2.1.3\n# why\x85scipy\n", False),
        ("numpy==2.1.3 \\\n  # why\nscipy==1.0\n", True),
        ("numpy==2.1.3\n./acme.whl\n", False),
        ("numpy=2.1.3=py311_0\n", False),
        ("# nothing\n", False),
    ],
)
def test_pinned_asks_for_one_version_of_every_requirement(
    desk: Desk, requirements: str, passed: bool
) -> None:
    verdict = said(desk, fields(pinned=True), {f"{NEW}/requirements.txt": requirements})
    assert state(verdict) == ("passed" if passed else "failed")


def test_pinned_opens_no_file_and_no_variable_that_a_requirement_names(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "secret")
    verdict = said(desk, fields(pinned=True), {f"{NEW}/requirements.txt": "${TOKEN}==1\n-r /etc/passwd\n"})
    assert state(verdict) == "failed"
    assert "secret" not in verdict.figure


@pytest.mark.parametrize(
    ("dependencies", "passed"), [('{numpy: "2.1.3"}', True), ('{numpy: ">=2"}', False), ("{}", False)]
)
def test_pinned_asks_for_one_version_of_every_dependency(desk: Desk, dependencies: str, passed: bool) -> None:
    verdict = said(
        desk, fields(pinned=True), manifest(extra=f"environment: {{dependencies: {dependencies}}}\n")
    )
    assert state(verdict) == ("passed" if passed else "failed")


TAGS = {"gate": "required-tags", "tags": {"data_validated": "true"}}


def test_a_tag_with_the_value_asked_for_passes(desk: Desk) -> None:
    assert state(said(desk, TAGS, manifest(extra='tags: {data_validated: "true"}\n'))) == "passed"


def test_a_tag_of_the_notes_counts_before_that_of_the_manifest(desk: Desk) -> None:
    late: dict[str, File] = {f"{NEW}/notes.yaml": 'tags: {data_validated: "true"}\n'}
    assert state(said(desk, TAGS, {**manifest(extra='tags: {data_validated: "no"}\n'), **late})) == "passed"
    taken_back: dict[str, File] = {f"{NEW}/notes.yaml": 'tags: {data_validated: "no"}\n'}
    held = manifest(extra='tags: {data_validated: "true"}\n')
    assert state(said(desk, TAGS, {**held, **taken_back})) == "failed"


def test_a_missing_or_other_tag_fails_with_what_it_is(desk: Desk) -> None:
    assert said(desk, TAGS).figure == "no tag data_validated"
    verdict = said(desk, TAGS, manifest(extra='tags: {data_validated: "yes"}\n'))
    assert (verdict.figure, verdict.threshold) == ("data_validated: `yes`", "data_validated: true")


CARD_GATE = {"gate": "model-card", "sections": ["Intended use", "Limitations"]}


def card(text: str) -> dict[str, File]:
    return {f"{NEW}/card.md": text}


def test_a_complete_card_passes(desk: Desk) -> None:
    assert state(said(desk, CARD_GATE, card(CARD))) == "passed"


def test_a_missing_card_fails(desk: Desk) -> None:
    assert said(desk, CARD_GATE).figure == "no card.md"


@pytest.mark.parametrize(
    ("text", "figure"),
    [
        (CARD.replace("## Limitations", "## Other"), "no section Limitations"),
        (CARD.replace("None known.", ""), "Limitations is empty"),
        (CARD.replace("None known.", "<!-- a comment only -->"), "Limitations is empty"),
        (CARD.replace("None known.", "```\n## Limitations\n```").replace("## Limitations\n\n```", "```"),
         "no section Limitations"),
    ],
)  # fmt: skip
def test_a_section_that_says_nothing_fails(desk: Desk, text: str, figure: str) -> None:
    verdict = said(desk, CARD_GATE, card(text))
    assert (state(verdict), verdict.figure) == ("failed", figure)


@pytest.mark.parametrize(
    "left",
    ["TODO", "TBD: ask Jane", "[More Information Needed]", "<!-- fill in -->", "{{ limits }}", "…", "...",
     "- …", "<!-- TODO", "<your text here>", "[TO BE FILLED]", "[Describe the training data]", "tbd",
     "| AUC | to be determined |", "Lorem ipsum dolor", "- todo", "**TBC**", "[Insert name]",
     "{{METRICS_AUC}}"],
)  # fmt: skip
def test_a_placeholder_in_the_card_fails_and_is_shown(desk: Desk, left: str) -> None:
    verdict = said(desk, CARD_GATE, card(CARD.replace("None known.", f"Known.\n\n{left}\n")))
    assert state(verdict) == "failed"
    assert "placeholder" in verdict.figure


@pytest.mark.parametrize(
    "text",
    ["[Describe the data](https://example.com/data)", "See [your team][1].",
     "The threshold is to be determined by you.",
     "The list of things to do is empty.", "- [x] done", "Adds [additional] features."],
)  # fmt: skip
def test_what_only_resembles_a_placeholder_passes(desk: Desk, text: str) -> None:
    assert state(said(desk, CARD_GATE, card(CARD.replace("None known.", text)))) == "passed"


def test_an_ellipsis_inside_a_sentence_is_no_placeholder(desk: Desk) -> None:
    assert (
        state(said(desk, CARD_GATE, card(CARD.replace("None known.", "Age, income, ... are used."))))
        == "passed"
    )


def test_a_section_is_found_at_any_level_and_in_any_case(desk: Desk) -> None:
    text = CARD.replace("## Limitations", "#### LIMITATIONS ##")
    assert state(said(desk, CARD_GATE, card(text))) == "passed"


@pytest.mark.parametrize(
    ("codes", "passes"),
    [
        ("[{commit: %s, dirty: false}, {commit: %s, dirty: false, role: features}]", True),
        ("[{commit: %s, dirty: false}, {commit: %s, dirty: true, role: features}]", False),
        ("[{commit: %s, dirty: false}, {commit: %s}]", False),
    ],
)
def test_every_commit_of_code_has_to_be_clean(desk: Desk, codes: str, passes: bool) -> None:
    lineage = f"lineage: {{code: {codes % ('a' * 40, 'b' * 40)}}}\n"
    verdict = said(desk, fields("lineage.code.commit", clean_code=True), manifest(extra=lineage))
    assert (state(verdict) == "passed") is passes, verdict.figure


def test_an_empty_list_of_code_is_not_clean(desk: Desk) -> None:
    assert state(said(desk, fields(clean_code=True), manifest(extra="lineage: {code: []}\n"))) == "failed"
