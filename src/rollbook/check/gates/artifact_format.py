"""The gate that an artifact has a format, and a size, that a stage takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.check.finding import Rule
from rollbook.check.gates.gate import SettingsSchema, failed, passed, ref, setting, waiting
from rollbook.errors import InvalidFile, RollbookError

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from rollbook.artifact.read_only_storage import ReadOnlyStorage
    from rollbook.check.gates.gate import Promotion, Verdict
    from rollbook.records.fields import Fields

_ANOTHER = "Register the model in another format, as a new version."


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
            "verify": setting(
                "Verify",
                "Whether the bytes are fetched from the remote and must have such a format too, whatever "
                "the manifest says; false unless set.",
                True,
                type="boolean",
                default=False,
            ),
        },
        example={"to": ["production"], "unsafe": False, "max_size": 1000000000},
    )

    def verdict(self, settings: Fields, promotion: Promotion) -> Verdict:
        from rollbook.artifact.formats.detection import UNSAFE_FORMATS

        allowed, denied = settings.texts("allow"), settings.texts("deny")
        unsafe, most = settings.flag("unsafe", default=True), settings.optional_integer("max_size")
        requirements = [f"one of {', '.join(allowed)}"] if allowed else []
        requirements += [f"none of {', '.join(denied)}"] if denied else []
        requirements += [] if unsafe else ["no format that can run code"]
        requirements += [] if most is None else [f"at most {most:,} bytes"]
        threshold = "; ".join(requirements) or "an artifact"
        if promotion.manifest is None:
            return failed("no manifest that can be read", threshold)
        artifact = promotion.manifest.artifact
        figure = f"{artifact.format}, {artifact.size:,} bytes"

        def fits(kind: str) -> bool:
            is_allowed = (not allowed or kind in allowed) and kind not in denied
            return is_allowed and (unsafe or kind not in UNSAFE_FORMATS)

        if not fits(artifact.format) or not (most is None or 0 <= artifact.size <= most):
            return failed(figure, threshold, _ANOTHER)
        if not settings.flag("verify", default=False):
            return passed(figure, threshold)
        if promotion.circumstances.storage is None:
            return waiting("the remote was not asked", threshold, "Check where the remote can be reached.")
        try:
            found = _stored_format(promotion.circumstances.storage, promotion)
        except RollbookError as error:
            return failed(str(error), threshold, error.hint)
        if not fits(found):
            return failed(f"{figure}, and by its bytes {found}", threshold, _ANOTHER)
        return passed(f"{figure}, verified", threshold)


def _stored_format(
    open_storage: Callable[[], AbstractContextManager[ReadOnlyStorage]], promotion: Promotion
) -> str:
    """Return the format of the bytes. Raises StorageFailed, and InvalidFile where no pointer leads to
    them.
    """
    from rollbook.artifact.pointer import parse_pointer
    from rollbook.artifact.stored_format import stored_format

    files, manifest = promotion.version_files, promotion.manifest
    pointers = files.pointers if files else []
    if manifest is None or len(pointers) != 1 or pointers[0].findings:
        raise InvalidFile("no pointer that can be read", hint="Register it with `rollbook register`.")
    with open_storage() as storage:
        return stored_format(storage, parse_pointer(pointers[0].value, pointers[0].path), manifest.artifact)


GATE = ArtifactFormat()
