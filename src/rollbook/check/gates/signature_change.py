"""The gate that what breaks callers has a new MAJOR number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.check.finding import Rule
from rollbook.check.gates.gate import SettingsSchema, failed, passed, ref, setting
from rollbook.check.signature_contract import breaks, is_told, lower_releases, major, told_breaks
from rollbook.errors import InvalidFile
from rollbook.names import is_version
from rollbook.records.signature import Illegible

if TYPE_CHECKING:
    from rollbook.check.gates.gate import Promotion, Verdict
    from rollbook.records.fields import Fields
    from rollbook.records.manifest import Manifest

_SHOWN = 5
# Releases that are looked through for the newest with a signature.
_MOST = 100
_RAISE = "Register it again with --bump major; or one that takes and returns what callers rely on."
_THRESHOLD = "what callers rely on, or a new MAJOR number"


class Signature:
    """`{gate: signature, to: [staging, production], with: production}`"""

    name = "signature"
    sentence = "A version whose signature breaks what callers rely on has a new MAJOR number."
    code = "RB417"
    rule = Rule("signature", "What breaks callers of a model has a new MAJOR number.")
    schema = SettingsSchema(
        "A version whose signature breaks what callers rely on must have a new MAJOR number. It is compared "
        "with the newest release below it that has a signature, and with the lower ones that hold a stage.",
        {
            "with": setting(
                "Compared with",
                "The stage whose versions are compared with besides; the one that is entered unless set.",
                "production",
                **ref("stage-name"),
            ),
        },
        example={"to": ["staging", "production"], "with": "production"},
    )

    def verdict(self, settings: Fields, promotion: Promotion) -> Verdict:
        stage = settings.optional_text("with") or promotion.target
        if promotion.policy is not None and not promotion.policy.has_stage(stage):
            raise InvalidFile(f"there is no stage {stage[:60]!r}", key="with")
        manifest = promotion.manifest
        if manifest is None or not is_version(promotion.version):
            return failed("the manifest can't be read", _THRESHOLD)
        try:
            rivals = _rivals(promotion, stage)
            if not rivals:
                return passed("no lower release has a signature", _THRESHOLD)
            if not is_told(manifest.signature):
                hint = "Register a version with a signature: --sample-input, or `signature` in --from."
                return failed(f"no signature; {next(iter(rivals))} has one", _THRESHOLD, hint)
            breaks(manifest.signature, manifest.signature)  # can it be read at all?
        except Illegible as error:
            return failed(f"{promotion.version} can't be judged: {error}", _THRESHOLD)
        return _compared(promotion.version, manifest, rivals)


def _rivals(promotion: Promotion, stage: str) -> dict[str, Manifest]:
    """Return the lower releases to compare with, of those that have a signature: the ones in a stage, and the
    newest.

    Raises Illegible when a manifest can't be read.
    """
    lower = lower_releases(promotion.version, promotion.files.versions if promotion.files else ())
    held = {other.version for other in promotion.holders(stage)}
    rivals = {}
    for version in [one for one in lower if one in held][:_MOST]:
        manifest = _manifest(promotion, version)
        if is_told(manifest.signature):
            rivals[version] = manifest
    for version in lower[:_MOST]:
        manifest = _manifest(promotion, version)
        if is_told(manifest.signature):
            rivals[version] = manifest
            break
    return rivals


def _manifest(promotion: Promotion, version: str) -> Manifest:
    files = promotion.version_files_of(version)
    manifest = files.manifest if files else None
    if manifest is None:
        raise Illegible(f"the manifest of {version} can't be read")
    return manifest


def _compared(version: str, manifest: Manifest, rivals: dict[str, Manifest]) -> Verdict:
    kept: list[str] = []
    raised: list[str] = []
    for lower, rival in rivals.items():
        is_raised = major(version) > major(lower)
        try:
            found = breaks(rival.signature, manifest.signature)
        except Illegible as error:
            found = [f"its signature can't be compared: {error}"]
        if found and not is_raised:
            return failed(told_breaks(lower, found, _SHOWN), _THRESHOLD, _RAISE)
        (raised if found else kept).append(lower)
    figures = [f"keeps the signature of {', '.join(kept[:_SHOWN])}"] if kept else []
    figures += [f"breaks that of {', '.join(raised[:_SHOWN])} with a new MAJOR number"] if raised else []
    return passed("; ".join(figures), _THRESHOLD)


GATE = Signature()
