"""The gate that the model card is complete."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.check.card_sections import sections
from rollbook.check.finding import Rule
from rollbook.check.gates.gate import SettingsSchema, failed, passed, ref, setting
from rollbook.check.wording import placeholder
from rollbook.layout import Kind
from rollbook.schema.explanation import shown

if TYPE_CHECKING:
    from rollbook.check.gates.gate import Promotion, Verdict
    from rollbook.records.fields import Fields


class ModelCard:
    """`{gate: model-card, to: [production], sections: [Intended use, Limitations]}`"""

    name = "model-card"
    sentence = (
        "The version has a model card, its required sections say something, and no placeholder is left."
    )
    code = "RB404"
    rule = Rule("model card", "The model card says what a stage asks for, and no placeholder is left.")
    schema = SettingsSchema(
        "The model card must be there, say something in its required sections, and hold no placeholder.",
        {
            "sections": setting(
                "Sections",
                "Headings below which something must stand; upper and lower case are the same.",
                ["Intended use", "Limitations"],
                type="array",
                maxItems=100,
                items=ref("line"),
            )
        },
        example={"to": ["production"], "sections": ["Intended use", "Limitations"]},
    )

    def verdict(self, settings: Fields, promotion: Promotion) -> Verdict:
        required_sections = settings.texts("sections")
        threshold = (
            f"a card with {', '.join(required_sections)}"
            if required_sections
            else "a card without placeholders"
        )
        card = promotion.text_of(Kind.CARD)
        if card is None or not card.strip():
            return failed("no card.md", threshold, "Write card.md beside the manifest.")
        if leftover := placeholder(card):
            return failed(
                f"the placeholder {shown(leftover)} is left", threshold, "Write what belongs there."
            )
        card_sections = sections(card)
        missing = [name for name in required_sections if name.strip().casefold() not in card_sections]
        empty = [
            name
            for name in required_sections
            if name not in missing and not card_sections[name.strip().casefold()].strip()
        ]
        wrong = [f"no section {name}" for name in missing] + [f"{name} is empty" for name in empty]
        if wrong:
            return failed("; ".join(wrong), threshold, "Write them in card.md, each under its own heading.")
        if not required_sections and not any(text.strip() for text in card_sections.values()):
            return failed("the card says nothing", threshold, "Write sections, each under its own heading.")
        return passed(f"{len(card_sections)} sections, no placeholder", threshold)


GATE = ModelCard()
