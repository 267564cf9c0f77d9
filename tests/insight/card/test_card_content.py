"""What a card says, and that nothing in it acts."""

from __future__ import annotations

import pytest
from card_desk import front, made, text
from markdown_it import MarkdownIt

from rollbook.check.card_sections import sections
from rollbook.check.wording import placeholder
from rollbook.errors import InvalidFile
from rollbook.insight.card.card_html import as_html
from rollbook.schema.schemas import violations
from rollbook.snapshot.snapshot import MAX_FILE

SECTIONS = [
    "Model details",
    "Intended use",
    "Out-of-scope use",
    "Training data",
    "Metrics",
    "Fairness and bias",
    "Limitations",
    "Ethical considerations",
    "Caveats and recommendations",
    "References",
]
FACTS = {
    "framework": {"name": "scikit-learn", "version": "1.5"},
    "metrics": {"auc": 0.91},
    "tags": {"region": "eu", "license": "Apache-2.0"},
    "lineage": {
        "data": [{"name": "applications", "version": "3", "uri": "https://data.example.com/3"}],
        "code": {"repository": "https://git.example.com/credit", "commit": "b" * 40, "dirty": True},
        "run": {"tool": "mlflow", "id": "7"},
        "parents": ["credit@0.9.0"],
    },
}
HOSTILE = [
    "<script>alert(1)</script>",
    "<!-- hidden",
    "x\n---\nlicense: mit\n---\n",
    "\n\n## Limitations\n\nnone",
    "<!-- rollbook:end title -->",
    "| a | b |\n| --- | --- |",
    "[click](javascript:alert(1)) ![x](https://evil.example.com/pixel)",
    "```\ncode",
    "`code` **bold** _it_ ~~gone~~ $math$",
    "&lt;b&gt; &amp;",
    "\\<b>",
    "- item",
    "1. item",
    "> quote",
    "{{ jinja }} {% raw %}",
    "red \u200b \u0435",
    "# heading",
    "<https://evil.example.com>",
    "[a]: https://evil.example.com",
]


@pytest.mark.parametrize("title", SECTIONS)
def test_the_card_has_the_sections_of_the_paper(title: str):
    assert f"\n## {title}\n" in text()


def test_what_is_still_to_be_written_is_what_the_gate_finds():
    card = text(manifest=FACTS)
    assert placeholder(card) == "[More Information Needed]"
    assert placeholder(card.replace("[More Information Needed]", "Said.")) == ""


def test_a_section_that_the_registry_can_fill_asks_for_nothing():
    found = sections(text(record={"use_case": "Consumer loans."}, manifest=FACTS))
    assert found["intended use"].strip() == "Consumer loans."
    for title in ("training data", "metrics", "lineage", "model details"):
        assert placeholder(found[title]) == ""


def test_a_use_case_that_only_holds_a_place_is_asked_for():
    assert placeholder(sections(text(record={"use_case": "TODO"}))["intended use"])


def test_the_front_matter_follows_the_schema_and_hugging_faces_words():
    found = front(manifest=FACTS, record={"task": "tabular-classification"})
    assert violations("card", found) == []
    assert found["license"] == "apache-2.0"
    assert found["library_name"] == "sklearn"
    assert found["pipeline_tag"] == "tabular-classification"
    assert found["datasets"] == ["applications"]
    assert found["metrics"] == ["auc"]
    assert found["tags"] == ["region:eu"]


def test_a_license_that_the_hub_does_not_know_is_other_with_its_name():
    found = front(manifest={"tags": {"license": "Example Internal 1.0"}})
    assert (found["license"], found["license_name"]) == ("other", "example-internal-1.0")


def test_a_task_that_the_hub_does_not_know_is_no_pipeline_tag():
    assert "pipeline_tag" not in front(record={"task": "credit-scoring"})


def test_hugging_face_reads_the_card_and_its_results():
    hub = pytest.importorskip("huggingface_hub")
    evidence = {
        "evaluation-1": {
            "metrics": {"auc": 0.93},
            "data": {"name": "holdout", "version": "2026-10"},
            "uri": "https://reports.example.com/1",
        }
    }
    card = hub.ModelCard(text(manifest=FACTS, evidence=evidence, record={"task": "tabular-classification"}))
    first, second = card.data.eval_results
    assert card.data.model_name == "credit"
    assert (first.metric_type, first.metric_value, first.task_type) == ("auc", 0.91, "tabular-classification")
    assert (second.dataset_name, second.dataset_revision, second.metric_value) == ("holdout", "2026-10", 0.93)
    assert (second.source_name, second.source_url) == ("evaluation-1", "https://reports.example.com/1")


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hugging_face_reads_no_metadata_out_of_hostile_facts(hostile: str):
    hub = pytest.importorskip("huggingface_hub")
    card = hub.ModelCard(text(manifest={"description": hostile, "tags": {"t": hostile}}))
    assert set(card.data.to_dict()) <= {"tags"}


def test_the_newest_evidence_of_a_data_set_counts():
    evidence = {
        "evaluation-1": {"metrics": {"auc": 0.5}, "created_at": "2026-03-01T09:00:00+02:00"},
        "evaluation-2": {"metrics": {"auc": 0.7}, "created_at": "2026-03-01T08:00:00Z"},
    }
    (result,) = front(evidence=evidence)["model-index"][0]["results"]
    assert result["metrics"] == [{"type": "auc", "value": 0.7}]


def test_evidence_about_another_artifact_is_not_told():
    evidence = {"fairness-1": {"artifact_sha256": "b" * 64, "summary": "Another one."}}
    assert "Another one" not in text(evidence=evidence)


def test_evidence_says_how_it_went_with_what_and_by_whom():
    evidence = {
        "fairness-1": {
            "passed": False,
            "metrics": {"gap": 0.1},
            "summary": "Too wide.",
            "tool": {"name": "fairlearn", "version": "0.12"},
        }
    }
    found = sections(text(evidence=evidence))["fairness and bias"]
    for said in ("failed", "gap = 0.1", "Too wide.", "ci@example.com with fairlearn 0.12"):
        assert said in found


def test_lineage_is_told():
    found = sections(text(manifest=FACTS))["lineage"]
    for said in (f"`{'b' * 40}` with changes that were not committed", "mlflow 7", "credit@0.9.0"):
        assert said in found


def test_notes_win_over_the_manifest():
    notes = "description: As noted\ntags: {region: us}\n"
    card = made(
        manifest={**FACTS, "description": "As registered"},
        files={"registry/credit/versions/1.0.0/notes.yaml": notes},
    ).text
    assert "As noted" in card
    assert "As registered" not in card
    assert "region:us" in card


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_facts_make_no_markdown_but_text(hostile: str):
    def shape(fact: str) -> list[str]:
        facts = {"description": f"a {fact}", "algorithm": fact, "tags": {"t": fact}}
        card = text(manifest=facts, record={"use_case": fact, "team": fact}).split("---\n", 2)[2]
        tokens = MarkdownIt("commonmark").enable("table").parse(card)
        flat = [inner for token in tokens for inner in (token.children or [token])]
        paragraphs = {"paragraph_open", "paragraph_close"}  # a text may have several
        return [
            token.type for token in flat if token.type not in {"text", "text_special", "entity", *paragraphs}
        ]

    assert shape(hostile) == shape("plain")


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_facts_change_neither_sections_nor_front_matter(hostile: str):
    facts = {"description": hostile, "algorithm": hostile, "tags": {"t": hostile}}
    record = {"use_case": hostile, "description": hostile}
    evidence = {"fairness-1": {"summary": hostile, "data": {"name": hostile}}}
    found = text(manifest=facts, record=record, evidence=evidence)
    assert sections(found).keys() == sections(text()).keys()
    assert front(manifest=facts, record=record, evidence=evidence).keys() == {"tags"}


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_card_with_hostile_facts_is_renewed_to_itself(hostile: str):
    facts = {"description": hostile, "tags": {"t": hostile}}
    card = text(manifest=facts)
    assert text(manifest=facts, start=card) == card


def test_html_inside_a_card_is_shown_and_not_obeyed():
    page = as_html(
        "---\na: b\n---\n# T\n\n<script>x</script> <img src=x>\n\n<!-- gone -->\n\n<div onclick=x>\n", "<t>"
    )
    assert "<script>x" not in page
    assert "&lt;script&gt;" in page
    assert "&lt;div onclick=x&gt;" in page
    assert "gone" not in page
    assert "<title>&lt;t&gt;</title>" in page
    assert "a: b" not in page


def test_html_has_no_link_that_runs_a_program():
    page = as_html("[x](javascript:alert(1)) [y](data:text/html,x) [z](vbscript:x)", "t")
    assert "<a " not in page


def test_html_shows_the_tables_of_the_card():
    page = as_html(text(manifest=FACTS), "credit@1.0.0")
    assert "<td>0.91</td>" in page
    assert "rollbook:begin" not in page
    assert "default-src 'none'" in page


def test_a_broken_piece_of_evidence_is_named():
    with pytest.raises(InvalidFile, match="fairness-1"):
        made(evidence={"fairness-1": {"created_at": "soon"}})


def test_a_card_stays_a_file_that_a_registry_can_hold():
    many = {f"metric-{number}": 0.5 for number in range(1000)}
    evidence = {
        f"evaluation-{number}": {"metrics": many, "data": {"name": f"set {number}"}, "summary": "<" * 9000}
        for number in range(1, 30)
    }
    card = text(manifest={"metrics": many, "description": "<" * 9000}, evidence=evidence)
    assert len(card.encode()) < MAX_FILE


def test_a_very_long_table_is_cut_and_says_so():
    card = text(manifest={"metrics": {f"m{number}": 1 for number in range(150)}})
    assert "and 50 more" in card


def test_a_data_set_that_only_training_names_is_told():
    training = {"dataset": "applications", "dataset_version": "2026-10"}
    told = sections(text(manifest={"training": training}))["training data"]
    assert "| applications | 2026-10 |" in told
    assert front(manifest={"training": training})["datasets"] == ["applications"]


def test_a_data_version_that_is_told_twice_stands_there_once():
    lineage = {"data": [{"name": "applications", "version": "2026-10"}]}
    facts = {"training": {"dataset_version": "2026-10"}, "lineage": lineage}
    assert sections(text(manifest=facts))["training data"].count("2026-10") == 1


def test_a_card_tells_how_the_version_was_made_and_its_limits():
    facts = {
        "feature_pipeline": {"name": "loans", "version": "3"},
        "preprocessing": ["rows without income go", {"name": "scaler", "settings": {"columns": ["age"]}}],
        "training": {"trained_at": "2026-11-20", "duration_seconds": 5400.5},
        "limitations": ["Few below 25.\n\nNone below 20."],
        "protected_groups": ["age", "sex"],
    }
    found = sections(text(manifest=facts))
    assert "loans 3" in found["training data"]
    assert "| scaler (columns =" in found["training procedure"]
    assert "5400.5 seconds" in found["training procedure"]
    assert "| Few below 25. None below 20. |" in found["limitations"]
    assert placeholder(found["limitations"]) == ""
    assert "age, sex" in found["fairness and bias"]


def _made_of(fact: str) -> dict[str, object]:
    return {
        "feature_pipeline": {"name": fact, "version": fact},
        "preprocessing": [fact, {"name": fact, "settings": {fact: fact}}],
        "training": {"trained_at": fact, "started_at": fact, "duration_seconds": fact},
        "limitations": [fact],
        "protected_groups": [fact],
    }


@pytest.mark.parametrize("hostile", HOSTILE)
def test_what_a_manifest_says_of_its_making_and_limits_does_not_act(hostile: str):
    card = text(manifest=_made_of(hostile))
    page = as_html(card, "x")
    assert [part for part in ("<script", "<img", "<a ", "<strong", "<li") if part in page] == []
    assert sections(card).keys() == sections(text(manifest=_made_of("plain"))).keys()
    assert text(manifest=_made_of(hostile), start=card) == card
