"""Renewing a card keeps what people wrote."""

from __future__ import annotations

import re

import pytest
from card_desk import CARD, front, made, text
from hypothesis import given
from hypothesis import strategies as st

from rollbook.check.card_sections import sections
from rollbook.errors import InvalidFile
from rollbook.insight.card.generated_parts import PARTS

PIECES = st.lists(
    st.one_of(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=30),
        st.sampled_from(["\n", "\n## Mine\n", "<!-- a comment -->", "---\n", "```\n", "| a |\n", "\n\n"]),
    ),
    max_size=6,
).map("".join)
PARTS_OF_CARD = re.compile(r"(<!-- rollbook:begin ([a-z-]+) -->).*?(<!-- rollbook:end \2 -->)", re.DOTALL)


def outside(card: str) -> str:
    """A card without what is generated."""
    body = PARTS_OF_CARD.sub(r"\1\3", card)
    return re.sub(r"# rollbook:begin\n.*?# rollbook:end\n", "", body, flags=re.DOTALL)


@given(pieces=st.lists(PIECES, min_size=len(PARTS) + 1, max_size=len(PARTS) + 1), data=st.data())
def test_whatever_stands_between_the_parts_survives(pieces: list[str], data: st.DataObject):
    names = data.draw(st.permutations([*PARTS]))
    parts = [f"\n<!-- rollbook:begin {name} -->\nold\n<!-- rollbook:end {name} -->\n" for name in names]
    body = "".join(piece + part for piece, part in zip(pieces, [*parts, ""], strict=True))
    card = f"---\nlicense: mit # as agreed\n---\n{body}"
    renewed = text(start=card, manifest={"metrics": {"auc": 0.9}})
    assert outside(renewed) == PARTS_OF_CARD.sub(r"\1\3", card)
    assert text(start=renewed, manifest={"metrics": {"auc": 0.9}}) == renewed


@given(written=PIECES)
def test_a_card_written_by_hand_is_kept_whole(written: str):
    card = f"# Ours\n{written}"
    renewed = text(start=card)
    assert card in renewed
    assert text(start=renewed) == renewed


def test_a_card_written_by_hand_gets_the_sections_that_it_lacks():
    renewed = text(start="# Ours\n\n## Limitations\n\nFew data.\n\n## Metrics\n\nGood ones.\n")
    found = sections(renewed)
    assert found["limitations"].strip() == "Few data."
    assert found["metrics"].strip() == "Good ones."
    assert "intended use" in found
    assert renewed.count("## Limitations") == 1


def test_new_facts_reach_the_parts():
    card = text(manifest={"metrics": {"auc": 0.8}})
    mine = card.replace("## Limitations\n", "## Limitations\n\nFew data.\n")
    renewed = text(start=mine, manifest={"metrics": {"auc": 0.95}})
    assert "0.95" in renewed
    assert "0.8" not in renewed
    assert "## Limitations\n\nFew data.\n" in renewed


def test_a_part_that_a_person_took_out_stays_out():
    card = re.sub(r"<!-- rollbook:begin lineage -->.*?end lineage -->\n", "", text(), flags=re.DOTALL)
    assert "rollbook:begin lineage" not in text(start=card)


def test_a_part_of_another_version_of_the_tool_stays():
    card = text() + "\n<!-- rollbook:begin carbon -->\n12 kg\n<!-- rollbook:end carbon -->\n"
    assert text(start=card) == card


def test_keys_that_a_person_wrote_win_over_generated_ones():
    card = "---\n# ours\nlicense: other\nlicense_name: house\ntags: [mine]\n---\n# C\n"
    facts = {"tags": {"license": "mit", "a": "b"}, "framework": {"name": "torch"}}
    renewed = text(start=card, manifest=facts)
    found = front(start=card, manifest=facts)
    assert found == {"library_name": "pytorch", "license": "other", "license_name": "house", "tags": ["mine"]}
    assert "# ours\nlicense: other\nlicense_name: house\ntags: [mine]\n" in renewed
    assert "| License | house |" in renewed


def test_a_license_that_a_person_gave_leaves_no_generated_name_beside_it():
    card = "---\nlicense: mit\n---\n# C\n"
    assert front(start=card, manifest={"tags": {"license": "Our House"}}) == {"license": "mit"}


def test_generated_front_matter_moves_with_the_facts():
    card = text(manifest={"framework": {"name": "torch"}})
    assert front(start=card, manifest={"framework": {"name": "xgboost"}})["library_name"] == "xgboost"
    assert "library_name" not in front(start=card, manifest={})


def test_line_endings_of_the_card_are_kept():
    card = text(manifest={"framework": {"name": "torch"}}).replace("\n", "\r\n")
    renewed = text(start=card, manifest={"framework": {"name": "torch"}, "metrics": {"auc": 0.5}})
    assert "0.5" in renewed
    assert "\n" not in renewed.replace("\r\n", "")


def test_a_byte_order_mark_does_not_hide_the_front_matter():
    assert front(start="\ufeff---\nlicense: mit\n---\n# C\n")["license"] == "mit"


@pytest.mark.parametrize(
    ("card", "said"),
    [
        ("<!-- rollbook:begin title -->\nmine\n", "no counterpart"),
        ("<!-- rollbook:end title -->\n", "no counterpart"),
        ("<!-- rollbook:begin title -->\n<!-- rollbook:begin details -->\n", "no counterpart"),
        ("<!-- rollbook:begin title -->\n<!-- rollbook:end details -->\n", "no counterpart"),
        ("<!-- rollbook:begin title -->\n<!-- rollbook:end title -->\n" * 2, "stands there twice"),
        ("---\n# rollbook:begin\na: b\n---\n# C\n", "no counterpart"),
        ("---\njust text\n---\n# C\n", "no mapping"),
        ("---\n{license: mit}\n---\n# C\n", "nothing can be added"),
        ("---\na: b\na: c\n---\n# C\n", "card.md"),
    ],
)
def test_a_card_that_can_not_be_renewed_safely_is_refused(card: str, said: str):
    with pytest.raises(InvalidFile, match=said) as caught:
        text(start=card, manifest={"framework": {"name": "torch"}}, files={CARD: "# old\n"})
    assert caught.value.path == CARD


def test_the_registrys_own_template_is_used():
    title = "<!-- rollbook:begin title -->\n<!-- rollbook:end title -->\n"
    template = f"---\nlicense: other\n---\n{title}\n## Our risks\n\nTBD\n"
    card = text(files={"registry/card-template.md": template})
    assert sections(card).keys() == {"credit 1.0.0", "our risks"}
    assert front(files={"registry/card-template.md": template}) == {"license": "other"}


def test_a_broken_template_is_named():
    template = "<!-- rollbook:begin title -->\n"
    with pytest.raises(InvalidFile) as caught:
        made(files={"registry/card-template.md": template})
    assert caught.value.path == "registry/card-template.md"


def test_a_card_is_stale_until_it_says_what_the_registry_knows():
    card = made()
    assert card.is_stale
    assert not made(files={CARD: card.text}).is_stale
    assert made(files={CARD: card.text}, manifest={"algorithm": "trees"}).is_stale
