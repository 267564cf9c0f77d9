"""The gate that an artifact has a format, and a size, that a stage takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.check.finding import Rule
from rollbook.check.gates.gate import SettingsSchema, failed, passed, ref, setting

if TYPE_CHECKING:
    from rollbook.check.gates.gate import Promotion, Verdict
    from rollbook.records.fields import Fields


class ArtifactFormat:
    """`{gate: artifact-format, to: [production], allow: [onnx], unsafe: false, max_size: 1000000}`"""

    name = "artifact-format"
    sentence = "The artifact's format is among those allowed, runs no code when loaded, and is not too large."
    code = "RB409"
    rule = Rule("artifact format", "The artifact has a format and a size that a stage takes.")
    schema = SettingsSchema(
        "The artifact must have a format and a size that the stage takes.",
        {
            "allow": setting(
                "Allowed formats",
                "The only formats that pass.",
                ["onnx", "safetensors"],
                type="array",
                maxItems=100,
                items=ref("identifier"),
            ),
            "deny": setting(
                "Denied formats",
                "Formats that do not pass.",
                ["pickle"],
                type="array",
                maxItems=100,
                items=ref("identifier"),
            ),
            "unsafe": setting(
                "Unsafe formats",
                "Whether formats pass that can run code when they are loaded (pickle and the like); "
                "true unless set.",
                False,
                type="boolean",
                default=True,
            ),
            "max_size": setting(
                "Greatest size",
                "How many bytes the artifact may have.",
                1000000000,
                type="integer",
                minimum=0,
                maximum=9007199254740991,
            ),
        },
        example={"to": ["production"], "unsafe": False, "max_size": 1000000000},
    )

    def verdict(self, settings: Fields, promotion: Promotion) -> Verdict:
        from rollbook.artifact.formats import UNSAFE_FORMATS

        allowed, denied = settings.texts("allow"), settings.texts("deny")
        unsafe, most = settings.flag("unsafe", default=True), settings.optional_integer("max_size")
        asked = [f"one of {', '.join(allowed)}"] if allowed else []
        asked += [f"none of {', '.join(denied)}"] if denied else []
        asked += [] if unsafe else ["no format that can run code"]
        asked += [] if most is None else [f"at most {most:,} bytes"]
        threshold = "; ".join(asked) or "an artifact"
        if promotion.manifest is None:
            return failed("no manifest that can be read", threshold)
        artifact = promotion.manifest.artifact
        figure = f"{artifact.format}, {artifact.size:,} bytes"
        fits = (not allowed or artifact.format in allowed) and artifact.format not in denied
        safe = unsafe or artifact.format not in UNSAFE_FORMATS
        if fits and safe and (most is None or 0 <= artifact.size <= most):
            return passed(figure, threshold)
        return failed(figure, threshold, "Register the model in another format, as a new version.")


GATE = ArtifactFormat()
