"""The gate that a version bears certain tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.check.finding import Rule
from rollbook.check.gates.gate import SettingsSchema, failed, passed, ref, setting
from rollbook.errors import InvalidFile
from rollbook.schema.explanation import shown

if TYPE_CHECKING:
    from rollbook.check.gates.gate import Promotion, Verdict
    from rollbook.records.fields import Fields


class RequiredTags:
    """`{gate: required-tags, to: [production], tags: {data_validated: "true"}}`"""

    name = "required-tags"
    sentence = "The version's tags, those of notes.yaml included, have certain values."
    code = "RB407"
    rule = Rule("required tags", "A version bears the tags that a stage asks for.")
    schema = SettingsSchema(
        "Tags must have certain values; those of notes.yaml count before those of the manifest.",
        {
            "tags": setting(
                "Tags", "The values by the tags' names.", {"data_validated": "true"}, **ref("tag-values")
            )
        },
        example={"to": ["production"], "tags": {"data_validated": "true"}},
        required=("tags",),
    )

    def verdict(self, settings: Fields, promotion: Promotion) -> Verdict:
        required_tags = settings.mapping("tags")
        if not required_tags or not all(isinstance(value, str) for value in required_tags.values()):
            raise InvalidFile(
                "tags must be a mapping of names to texts", key="tags", hint="Quote the values."
            )
        threshold = ", ".join(f"{name}: {value}" for name, value in required_tags.items())
        tags = promotion.tags
        wrong = [
            f"{name}: {shown(tags[name])}" if name in tags else f"no tag {name}"
            for name, value in required_tags.items()
            if tags.get(name) != value
        ]
        if wrong:
            way = f"Set them: rollbook note {promotion.model}@{promotion.version} --tag NAME=VALUE"
            return failed(", ".join(wrong), threshold, way)
        return passed(threshold, threshold)


GATE = RequiredTags()
