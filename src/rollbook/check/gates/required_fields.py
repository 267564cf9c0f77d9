"""The gate that what has to be known of a version is known."""

from __future__ import annotations

import dataclasses
import re
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from rollbook.check.card_sections import front_matter
from rollbook.check.environment_files import environment_lines
from rollbook.check.finding import Rule
from rollbook.check.gates.gate import SettingsSchema, failed, passed, ref, setting
from rollbook.check.wording import placeholder
from rollbook.errors import InvalidFile
from rollbook.layout import Kind
from rollbook.records.lineage import parse_origin
from rollbook.text import decoded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rollbook.check.gates.gate import Promotion, Verdict
    from rollbook.records.fields import Fields
    from rollbook.records.manifest import Manifest

_MODEL, _CARD = "model", "card"
_VERSION = re.compile(r"[0-9][0-9A-Za-z.!+_-]*")


class RequiredFields:
    """`{gate: required-fields, to: [staging], fields: [signature.inputs, model.owner], clean_code: true}`"""

    name = "required-fields"
    sentence = (
        "Fields of the manifest, of model.yaml and of the card are there, code is clean, packages pinned."
    )
    code = "RB403"
    rule = Rule("required fields", "What a stage asks to be known of a version is known.")
    schema = SettingsSchema(
        "Fields must be given: in the manifest, in model.yaml, in the card's front matter.",
        {
            "fields": setting(
                "Fields",
                "Dotted paths into the manifest; below `model.` into model.yaml, below `card.` into the "
                "card's front matter. In a list every item must have the field.",
                ["signature.inputs", "lineage.data.version", "model.owner", "card.license"],
                type="array",
                maxItems=100,
                items=ref("line"),
            ),
            "clean_code": setting(
                "Clean code",
                "Whether `lineage.code` must name a commit, or several, each with nothing uncommitted.",
                True,
                type="boolean",
                default=False,
            ),
            "pinned": setting(
                "Pinned dependencies",
                "Whether every dependency, in the manifest and in requirements.txt, environment.yml, "
                "a lock of uv, Poetry, conda or pixi, or pylock.toml beside it, must have one version.",
                True,
                type="boolean",
                default=False,
            ),
        },
        example={
            "to": ["production"],
            "fields": ["signature.inputs", "lineage.code.commit"],
            "clean_code": True,
        },
    )

    def verdict(self, settings: Fields, promotion: Promotion) -> Verdict:
        fields = settings.texts("fields")
        clean = settings.flag("clean_code", default=False)
        pinned = settings.flag("pinned", default=False)
        demands = [*fields, *["clean code"] * clean, *["pinned dependencies"] * pinned]
        wrong = [f"no {path}" for path in fields if not is_given(promotion, path)]
        if clean and (reason := _unclean(promotion)):
            wrong.append(reason)
        if pinned and (reason := _unpinned(promotion)):
            wrong.append(reason)
        if wrong:
            hint = "The manifest is fixed at registration: register a version that has what is missing there."
            return failed("; ".join(wrong), ", ".join(demands), hint)
        return passed(f"{len(demands)} of {len(demands)} given", ", ".join(demands))


def is_given(promotion: Promotion, path: str) -> bool:
    """Whether a dotted path leads to something that is said: in the manifest; below `model.`, in model.yaml;
    below `card.`, in the card's front matter. In a list every item has to say it."""
    head, _, rest = path.partition(".")
    if head == _CARD and rest:
        return _has(_front_matter(promotion), rest.split("."))
    if head == _MODEL and rest:
        return promotion.record is not None and _has(dataclasses.asdict(promotion.record), rest.split("."))
    return promotion.manifest is not None and _has(_facts(promotion.manifest), path.split("."))


def _facts(manifest: Manifest) -> dict[str, Any]:
    """Return what a manifest says. What it says of its data in one of two places stands in both."""
    facts = dataclasses.asdict(manifest)
    try:
        origin = parse_origin(manifest)
    except InvalidFile:
        return facts
    listed, training = facts["lineage"].get("data") or [], facts["training"]
    known = [
        {"name": one.name, "version": one.version, **(told or {})}
        for one, told in zip_longest(origin.data, listed)
    ]
    if known:
        facts["lineage"] = {**facts["lineage"], "data": known}
    if len(origin.chain.trained_on) == 1:
        (only,) = origin.chain.trained_on
        facts["training"] = {"dataset": only.name, "dataset_version": only.version, **training}
    return facts


def _front_matter(promotion: Promotion) -> object:
    try:
        return front_matter(promotion.text_of(Kind.CARD) or "")
    except InvalidFile:
        return None


def _has(value: object, path: Sequence[str]) -> bool:
    if isinstance(value, list | tuple):
        return bool(value) and all(_has(item, path) for item in value)
    if path:
        return isinstance(value, dict) and _has(value.get(path[0]), path[1:])
    if isinstance(value, str):
        return bool(value.strip()) and not placeholder(value)
    return value is not None and value != {}


def _unclean(promotion: Promotion) -> str:
    """Why the training code is not known to be what its commit holds; empty when it is."""
    told = promotion.manifest.lineage.get("code") if promotion.manifest else None
    codes = told if isinstance(told, list) else [told]
    for code in codes:
        if not isinstance(code, dict) or not code.get("commit"):
            return "no lineage.code.commit"
        if code.get("dirty") is not False:
            of = f" of {code.get('role') or 'one commit'!r}" if len(codes) > 1 else ""
            return f"lineage.code.dirty{of} is {'true' if code.get('dirty') else 'not given'}"
    return "" if codes else "no lineage.code.commit"


def _unpinned(promotion: Promotion) -> str:
    dependencies = promotion.manifest.environment.get("dependencies") if promotion.manifest else None
    documents = promotion.version_files.documents if promotion.version_files else {}
    texts = {}
    for document in documents.get(Kind.REQUIREMENTS, ()):
        name = document.path.rpartition("/")[2]
        if document.findings:
            return f"{name} can't be read"
        texts[name] = decoded(document.data)
    return unpinned(dependencies, texts)


def unpinned(dependencies: object, texts: Mapping[str, str]) -> str:
    """Say which dependency is not pinned to one version, of a manifest's `environment.dependencies` and the
    texts of the environment's files, by their names; empty when all are, and there is one."""
    if not dependencies and not any(texts.values()):
        return "no dependencies, neither in the manifest nor in a file such as requirements.txt"
    for name, version in (dependencies if isinstance(dependencies, dict) else {}).items():
        if not isinstance(version, str) or not _VERSION.fullmatch(version.removeprefix("==").strip()):
            return f"{name} is not pinned to one version"
    for file, text in texts.items():
        try:
            lines = list(environment_lines(file, text))
        except InvalidFile as error:
            return f"{file} can't be read: {error.message}"
        if text and not lines and not dependencies:
            return f"{file} names no package"
        loose = next((line for line in lines if line.loose), None)
        if loose:
            return f"{loose.text[:60]!r} in {file} {loose.loose}"
    return ""


GATE = RequiredFields()
