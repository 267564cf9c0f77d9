"""Rules about a model that is taken over: its origin.yaml comes with it, and says what the old tags say.

A tag's object is named by the hash of all that it says, so what stands in origin.yaml can be held against
it. Whether the old tool's tags told the truth, nobody can: that is for those who let the file land. So it is
for MLflow, which keeps no trail: what the origin names is held against the manifests.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.check.finding import Finding
from rollbook.git.objects import ObjectReader
from rollbook.layout import Kind
from rollbook.names import is_version, precedence
from rollbook.records.origin import MLFLOW
from rollbook.trail.gto_tags import old_tag
from rollbook.trail.standing_tags import MAX_TAG

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from rollbook.check.document import Document
    from rollbook.check.registry_files import ModelFiles
    from rollbook.git.objects import GitObject
    from rollbook.git.repository import Repository
    from rollbook.records.origin import OldTag, Origin
    from rollbook.registry.change import FileChange, Transition

_SHOWN = 10
_FETCH = "Fetch all tags (git fetch --tags), then check again."
_ANEW = "Take the model over again: rollbook import gto"
_ANEW_MLFLOW = "Take the model over again: rollbook import mlflow"
# What a tag's object tells; its version is told by its name.
_FACTS = ("commit", "action", "stage", "at", "by", "reason")


def comes_with_origin(model: ModelFiles, before: Mapping[str, str]) -> bool:
    """Whether a change brings a model together with its origin. `before` holds the base's paths."""
    return model.origin is not None and layout.model_path(model.name) not in before


def taken_over(model: ModelFiles, before: Mapping[str, str]) -> frozenset[str]:
    """Return the versions that a change takes over with the model."""
    origin = model.origin
    return origin.taken_over if origin is not None and comes_with_origin(model, before) else frozenset()


def origin_findings(
    repository: Repository,
    changes: Sequence[FileChange],
    before: Mapping[str, str],
    models: Mapping[str, ModelFiles],
) -> Iterator[Finding]:
    """Yield what is wrong with the origins that a change brings, and with versions that have one's number."""
    for change in changes:
        model = models.get(change.place.model or "")
        if model is None or model.origin_file is None or model.origin is None or not change.added:
            continue
        if change.place.kind is Kind.MANIFEST:
            yield from _number_taken(model, change, before)
        elif change.place.kind is Kind.ORIGIN and not comes_with_origin(model, before):
            message = "the model is in the registry already: nothing can be taken over for it any more"
            yield model.origin_file.finding("RB307", message, hint="Take the file out.")
        elif change.place.kind is Kind.ORIGIN and model.origin.tool == MLFLOW:
            yield from _misnumbered(model, model.origin_file, model.origin)
        elif change.place.kind is Kind.ORIGIN:
            if not model.origin.tags:
                yield model.origin_file.finding("RB307", "it names no tag", hint=_ANEW)
            yield from _contradicted(repository, model.origin_file, model.origin)


def _number_taken(model: ModelFiles, change: FileChange, before: Mapping[str, str]) -> Iterator[Finding]:
    """Yield a version that is new here, whose tag stands already."""
    name = f"{model.name}@v{change.place.version}"
    origin = model.origin
    is_old = origin is not None and any(tag.tag == name for tag in origin.tags)
    if is_old and change.place.version not in taken_over(model, before):
        message = f"{model.name} had a version {change.place.version} before it was taken over"
        yield Finding("RB307", change.path, message, hint="Take another number: versions are never reused.")


def _misnumbered(model: ModelFiles, document: Document, origin: Origin) -> Iterator[Finding]:
    """Yield in what an origin in MLflow and the manifests that come with it disagree."""
    if origin.tags or not origin.versions:
        message = "it is said to come from MLflow, and names " + ("tags" if origin.tags else "no version")
        yield document.finding("RB307", message, "tool", hint=_ANEW_MLFLOW)
        return
    last, ordered = 0, ""
    for index, old in enumerate(origin.versions):
        version = model.versions.get(old.version)
        manifest = version.manifest if version else None
        own = manifest.extra.get("mlflow") if manifest else None
        if manifest is None or not manifest.backfilled or not isinstance(own, dict):
            message = f"{old.version[:80]!r} is no version that comes from MLflow"
        elif own.get("version") != old.number:
            message = f"{old.version} had the number {own.get('version')!r:.20}, and not {old.number}"
        elif old.number <= last or (ordered and precedence(old.version) <= precedence(ordered)):
            message = f"{old.version}, the number {old.number}, is not after {ordered}, the number {last}"
        else:
            last, ordered = old.number, old.version
            continue
        yield document.finding("RB307", message, "versions", index, hint=_ANEW_MLFLOW)
        return


def _contradicted(repository: Repository, document: Document, origin: Origin) -> Iterator[Finding]:
    reader = ObjectReader(repository)
    count = 0
    try:
        objects = reader.read_many((tag.object for tag in origin.tags), MAX_TAG)
        for index, (tag, item) in enumerate(zip(origin.tags, objects, strict=True)):
            message = _contradiction(tag, item)
            if message:
                hint = _FETCH if item is None else _ANEW
                yield document.finding("RB307", message, "tags", index, hint=hint)
                count += 1
            if count == _SHOWN:
                return
    finally:
        reader.close()


def _contradiction(tag: OldTag, item: GitObject | None) -> str:
    """In what the file and the tag's object disagree; empty when they don't."""
    if item is None:
        return f"the object {tag.object[:12]} of the tag {tag.tag[:80]!r} is not here"
    parsed_tag, _ = old_tag(tag.tag, tag.object, item)
    for fact in _FACTS:
        told, actual = getattr(tag, fact), getattr(parsed_tag, fact)
        if told != actual:
            return f"the tag {tag.tag[:80]!r} says {fact}: {actual[:120]!r}, and not {told[:120]!r}"
    if parsed_tag.version and is_version(parsed_tag.version) and tag.version != parsed_tag.version:
        return f"the tag {tag.tag[:80]!r} is about {parsed_tag.version}, and not {tag.version[:80]!r}"
    return ""


def not_judged(findings: Iterator[Finding]) -> Iterator[Finding]:
    """Yield what the gates would say of versions that got to their stage before there was a policy: worth
    knowing, and nothing to hold up the takeover.
    """
    for finding in findings:
        yield replace(finding, severity="warning", waiting=False)


def split(moves: Sequence[Transition], taken: Collection[str]) -> tuple[list[Transition], list[Transition]]:
    """Return the moves that are made now, and those that were made before the model was taken over."""
    made = [move for move in moves if move.version not in taken]
    return made, [move for move in moves if move.version in taken]
