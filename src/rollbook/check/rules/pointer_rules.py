"""Rules about DVC's pointers: what they say agrees with the manifest, and with the evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.artifact.dir_object import SUFFIX
from rollbook.layout import Kind, attachment_pointer_path
from rollbook.records.evidence import Evidence
from rollbook.schema.explanation import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rollbook.check.document import Document
    from rollbook.check.finding import Finding
    from rollbook.check.registry_files import VersionFiles
    from rollbook.records.evidence import Attachment

_ADD_ANEW = "Add the evidence anew with `rollbook evidence add --attach`, which writes both."
_WRITES_BOTH = "Register the artifact as a new version with `rollbook register`; it writes both."
_STRAY = "Remove it. What is attached comes with new evidence: `rollbook evidence add --attach`."


def pointer_findings(version: VersionFiles, pointer: Document) -> Iterator[Finding]:
    """Yield what is wrong with the pointer to a version's artifact."""
    name = pointer.path.rpartition("/")[2].removesuffix(".dvc")
    if len(version.pointers) > 1:
        yield pointer.finding(
            "RB205",
            "the version has more than one pointer",
            hint="A version has one artifact: a file or a folder.",
        )
    output = _output(pointer)
    if output is None:
        return
    facts: list[tuple[str, object, object]] = [("path", output.get("path"), name)]
    if (manifest := version.manifest) is not None:
        artifact = manifest.artifact
        facts.append(("path", output.get("path"), artifact.path))
        facts.append(("size", output.get("size"), artifact.size))
        facts.append(("nfiles", output.get("nfiles"), artifact.files))
    if all(actual == expected for _, actual, expected in facts) and (reason := _miscounted(output)):
        yield pointer.finding("RB205", reason, "outs", 0, "md5", hint=_WRITES_BOTH)
    for key, actual, expected in facts:
        if actual != expected:
            whose = "its own name" if expected is name else "the manifest"
            yield pointer.finding(
                "RB205",
                f"the pointer says {_said(actual)}; {whose} says {_said(expected)}",
                "outs",
                0,
                key,
                hint=_WRITES_BOTH,
            )


def _miscounted(output: Mapping[str, object]) -> str:
    """Why nobody could fetch what an output names: a folder's listing goes with the number of its files."""
    is_listing = str(output.get("md5")).endswith(SUFFIX)
    if is_listing == ("nfiles" in output):
        return ""
    return "the md5 is that of a folder, without `nfiles`" if is_listing else "the md5 is no folder's"


def _said(value: object) -> str:
    return "nothing" if value is None else shown(value)


def _output(pointer: Document) -> dict[str, object] | None:
    """Return the pointer's output; None when the file is not as its schema asks."""
    value = pointer.value
    if pointer.findings or not isinstance(value, dict):
        return None
    output: dict[str, object] = value["outs"][0]
    return output


def attachment_findings(version: VersionFiles) -> Iterator[Finding]:
    """Where evidence and the pointers to its attachments disagree: each has the other, and nothing else."""
    pointers = {pointer.path: pointer for pointer in version.documents.get(Kind.ATTACHMENT, ())}
    for path, pointer in pointers.items():
        folder = path.rpartition("/")[0]
        if f"{folder}.yaml" not in version.paths:
            yield pointer.finding("RB216", "no evidence has the name of this pointer's folder", hint=_STRAY)
    for evidence in version.evidence:
        record = evidence.record
        if evidence.findings or not isinstance(record, Evidence):
            continue
        yield from _unpointed(version, evidence, record.attachments)
        listed = {
            attachment_pointer_path(evidence.path, attachment.path): attachment
            for attachment in record.attachments
        }
        folder = f"{evidence.path.removesuffix('.yaml')}/"
        for path in [path for path in pointers if path.startswith(folder)]:
            if path in listed:
                yield from _unlike(pointers[path], listed[path])
            else:
                message = f"{evidence.path.rpartition('/')[2]} does not name what this points to"
                yield pointers[path].finding("RB216", message, hint=_STRAY)


def _unpointed(
    version: VersionFiles, evidence: Document, attachments: Sequence[Attachment]
) -> Iterator[Finding]:
    seen: set[str] = set()
    for place, attachment in enumerate(attachments):
        key, name = ("attachments", place, "path"), attachment.path.lower()
        if name in seen:
            message = f"{shown(attachment.path)} is attached twice"
            yield evidence.finding("RB216", message, *key, hint=_ADD_ANEW)
        elif attachment_pointer_path(evidence.path, attachment.path) not in version.paths:
            message = f"no DVC pointer to {shown(attachment.path)} stands in the evidence's folder"
            yield evidence.finding("RB216", message, *key, hint=_ADD_ANEW)
        seen.add(name)


def _unlike(pointer: Document, attachment: Attachment) -> Iterator[Finding]:
    output = _output(pointer) or {}
    facts = {"path": attachment.path, "size": attachment.size, "nfiles": attachment.files}
    is_alike = bool(output) and all(output.get(key) == expected for key, expected in facts.items())
    if is_alike and (reason := _miscounted(output)):
        yield pointer.finding("RB216", reason, "outs", 0, "md5", hint=_ADD_ANEW)
    for key, expected in facts.items() if output else ():
        if output.get(key) != expected:
            message = f"the pointer says {_said(output.get(key))}; the evidence says {_said(expected)}"
            yield pointer.finding("RB216", message, "outs", 0, key, hint=_ADD_ANEW)
