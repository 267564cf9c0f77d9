"""What fills a card's `{{placeholders}}`, and what doesn't."""

from __future__ import annotations

import pytest
from card_desk import made, text

from growth import grows_linearly
from rollbook.check.wording import placeholder
from rollbook.insight.card.placeholders import unfilled
from rollbook.layout import CARD_TEMPLATE

FACTS = {
    "description": "Boosted trees.\n\nRetrained weekly.",
    "framework": {"name": "scikit-learn", "version": "1.5"},
    "hyperparameters": {"n_estimators": 60, "optimizer": {"name": "adam", "rate": 0.1}},
    "metrics": {"auc": 0.91, "recall": 0.5},
    "tags": {"region": "eu", "recall": "none"},
    "features": ["age", "income"],
    "lineage": {"data": [{"name": "applications", "version": "3", "uri": "https://data.example.com/3"}]},
}
FAIRNESS = {"fairness-1": {"summary": "Narrow.", "metrics": {"gap": 0.02}}}


def filled(template: str, **facts: object) -> str:
    """What a template becomes."""
    known = {"manifest": FACTS, "evidence": FAIRNESS, **facts}
    whole = text(files={CARD_TEMPLATE: template}, **known)  # type: ignore[arg-type]
    return whole.split("---\n\n", 1)[-1]


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{metrics.auc}}", "0.91"),
        ("an AUC of {{ METRICS_AUC }}.", "an AUC of 0.91."),
        ("{{AUC}}", "0.91"),
        ("{{MODEL_NAME}} {{VERSION}}", "credit 1.0.0"),
        ("{{framework}}: {{framework.version}}", "scikit-learn 1.5: 1.5"),
        ("{{n-estimators}} trees", "60 trees"),
        ("{{optimizer.rate}}", "0.1"),
        ("{{features}}", "age, income"),
        ("{{lineage.data}}", "applications 3"),
        ("{{evidence.fairness.result}}: {{evidence.fairness.metrics.gap}}", "passed: 0.02"),
        ("`{{artifact.sha256}}`", f"`{'a' * 64}`"),
        ("{{Region}}", "eu"),
        ("{{METRIC.auc}}, {{TAG_REGION}}", "0.91, eu"),
        ("{{SHA256}}", "a" * 64),
    ],
)
def test_a_placeholder_is_filled_with_what_is_on_record(template: str, expected: str) -> None:
    assert filled(template) == expected


def test_one_that_stands_alone_becomes_paragraphs() -> None:
    assert filled("{{description}}\n\nEnd.\n") == "Boosted trees.\n\nRetrained weekly.\n\nEnd.\n"


def test_one_that_is_called_like_a_part_becomes_the_part_and_is_renewed() -> None:
    card = filled("{{METRICS}}\n\n{{HYPERPARAMETERS}}\n")
    assert "<!-- rollbook:begin metrics -->\n\n| Metric |" in card
    assert "| n\\_estimators | 60 |" in card
    manifest = {**FACTS, "metrics": {"auc": 0.5}}
    assert "| auc | 0.5 |" in text(manifest=manifest, start=card)


def test_a_part_that_says_nothing_yet_is_left_to_be_found() -> None:
    assert filled("{{LIMITATIONS}}\n") == "{{LIMITATIONS}}\n"


def test_what_the_model_is_is_known_too() -> None:
    assert filled("{{OWNER}} of {{team}}", record={"team": "risk"}) == "jane@example.com of risk"


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("{{ROC}}", "nothing bears the name"),
        ("{{recall}}", "a metric and a tag bear it"),
        ("{{use_case}}", "what is there only holds a place"),
        ("```\n{{version}}\n```", "code"),
        ("[x]({{region}})", "no address"),
        ('<img src="{{region}}">', "no address"),
        ("https://{{region}}/x", "an address's host"),
        ("\\{{region}}", "an escape"),
        ("{{metrics.auc} }", "no placeholder"),
    ],
)
def test_what_is_not_filled_stays_as_it_is(template: str, why: str) -> None:
    assert filled(template, record={"use_case": "TODO"}) == template, why


def test_a_links_target_is_filled_with_a_plain_web_address() -> None:
    evidence = {"fairness-1": {"uri": "https://reports.example.com/1"}}
    template = "[report]({{evidence.fairness.uri}})"
    assert filled(template, evidence=evidence) == "[report](https://reports.example.com/1)"


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "[x](javascript:alert(1))",
        "{{version}}",
        "a | b",
        "`code`",
        "# head",
     "<!-- x"],
)  # fmt: skip
def test_a_value_shows_as_text(hostile: str) -> None:
    from markdown_it import MarkdownIt

    manifest = {**FACTS, "tags": {"t": f"say {hostile}"}}
    rendered = (
        MarkdownIt("commonmark").enable("table").render(filled("It says: {{tags.t}}", manifest=manifest))
    )
    assert rendered.count("<") == 2, "one paragraph"
    assert "<a" not in rendered


def test_what_is_filled_stays_when_the_facts_change() -> None:
    first = text(manifest=FACTS, files={CARD_TEMPLATE: "## Use\n\n{{region}}\n"})
    again = text(manifest={**FACTS, "tags": {"region": "us"}}, start=first)
    assert "\n\neu\n" in again


def test_what_came_to_be_known_later_is_filled_then() -> None:
    first = text(manifest=FACTS, files={CARD_TEMPLATE: "## Use\n\nGap: {{evidence.fairness.metrics.gap}}\n"})
    assert "Gap: 0.02" in text(manifest=FACTS, evidence=FAIRNESS, start=first)


def test_what_is_left_is_told_and_found_by_the_gate() -> None:
    card = made(manifest=FACTS, files={CARD_TEMPLATE: "{{version}} {{ROC}} {{Bias note}} {{ROC}}"})
    assert card.unfilled == ("ROC", "Bias note")
    assert placeholder(card.text) == "{{ROC}}"


def test_a_card_of_many_placeholders_stays_small_and_is_made_in_no_time() -> None:
    long = {**FACTS, "description": "word " * 1_000}
    card = filled("{{description}} x\n" * 5_000, manifest=long)
    assert len(card) < 3_000_000
    assert grows_linearly("{{a}} ".__mul__, lambda body: unfilled(str(body)), 20_000)


def test_hyperparameters_and_dates_are_told() -> None:
    training = {"started_at": "2026-11-20T22:00:00Z", "duration_seconds": 5400.5}
    card = text(manifest={**FACTS, "training": training})
    assert "| n\\_estimators | 60 |" in card
    assert "| optimizer | name = adam, rate = 0.1 |" in card
    assert "| Started | 2026-11-20T22:00:00Z |" in card
    assert "| Took | 5400.5 seconds |" in card
