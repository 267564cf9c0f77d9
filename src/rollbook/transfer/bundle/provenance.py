"""Verifying where a bundle comes from, and writing that down as the `imported.yaml` of the version here.

Signatures are judged for the present moment. When a tag was made says only the tag itself, so a key that has
expired since may have signed it yesterday.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from rollbook import layout
from rollbook.errors import InvalidFile, Refused
from rollbook.git.write import identity
from rollbook.layout import Kind
from rollbook.names import time_now
from rollbook.records.evidence import parse_evidence
from rollbook.records.imported import Imported, ImportSource, SourceTag, parse_imported
from rollbook.records.manifest import parse_manifest
from rollbook.schema.schemas import schema_line
from rollbook.signing.signature import judge
from rollbook.signing.verdict import Judgement, SignatureVerdict, Signed
from rollbook.signing.verified_signatures import VerifiedSignatures
from rollbook.trail.foreign_trail import contradictions, tag_name
from rollbook.trail.standing_tags import standing_tag
from rollbook.trail.tag import recorded_tag
from rollbook.transfer.bundle.payloads import HeldPayload, holdings
from rollbook.yaml.scalars import FORBIDDEN
from rollbook.yaml.write import dump

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rollbook.git.repository import Repository
    from rollbook.records.manifest import Manifest
    from rollbook.transfer.bundle.bundle_reading import Bundle


_FORGED = "Do not use the bundle. Ask who gave it to you, or export the version again."
_MOST_SOURCES = 20
# Judged by an empty list, a signature would not be looked at; by this one, it is nobody's.
_NOBODY = b"# nobody\n"
_UNSIGNED = SignatureVerdict(Judgement.UNKNOWN, why="it is not signed")


@dataclass(frozen=True, slots=True)
class Trust:
    """What signatures are judged by: a list of allowed signers, whether it was given for this very bundle,
    and whether everything has to be signed."""

    allowed_signers: bytes
    is_given: bool
    required: bool


@dataclass(frozen=True, slots=True)
class VerifiedOrigin:
    """A bundle's files by name, its manifest, what it keeps in DVC's storage, where it comes from, and why
    nobody vouches for that (empty where somebody does)."""

    files: Mapping[str, bytes]
    manifest: Manifest
    holdings: tuple[HeldPayload, ...]
    imported: Imported
    doubt: str


def verify_origin(repository: Repository, bundle: Bundle, trust: Trust) -> VerifiedOrigin:
    """Hold everything but the large files' bytes against the tags in a bundle.

    Raises InvalidFile for a file that can't be read, Refused when the tags say something else than the
    files, a signature is broken, or a required one is missing.
    """
    contents, files = bundle.contents, bundle.files()
    path = layout.manifest_path(contents.model, contents.version)
    manifest = parse_manifest(files["version.yaml"], path)
    payloads = _holdings(bundle, manifest, files)
    user = identity(repository).email
    nearest = ImportSource(contents.registry, contents.commit, time_now(), user, _tags(bundle))
    sources = [nearest, *_earlier(files, contents.model, contents.version)]
    if len(sources) > _MOST_SOURCES:
        raise Refused(f"the version went through more than {_MOST_SOURCES} registries")
    digest = hashlib.sha256(files["version.yaml"]).hexdigest()
    for source in sources:
        conflicts = contradictions(
            source.tags, contents.model, contents.version, digest, manifest.artifact.sha256
        )
        for _, wrong in conflicts:
            raise Refused(f"the bundle contradicts itself: {wrong}", hint=_FORGED)
    judged, doubt = _vouched(repository, sources, trust)
    return VerifiedOrigin(
        files, manifest, payloads, Imported(contents.model, contents.version, judged), doubt
    )


def imported_yaml(imported: Imported) -> bytes:
    """Return the content of `imported.yaml`."""
    path = layout.imported_path(imported.model, imported.version)
    data: dict[str, Any] = {
        "model": imported.model,
        "version": imported.version,
        "sources": [_source(source) for source in imported.sources],
    }
    return dump(data, header=schema_line("imported", path))


def _source(source: ImportSource) -> dict[str, Any]:
    facts = {
        "registry": source.registry,
        "commit": source.commit,
        "imported_at": source.imported_at,
        "imported_by": source.imported_by,
        "signed_by": source.signed_by,
    }
    tags = [{"tag": tag.tag, "object": tag.object, "content": tag.content} for tag in source.tags]
    return {**{name: value for name, value in facts.items() if value}, "tags": tags}


def _holdings(bundle: Bundle, manifest: Manifest, files: Mapping[str, bytes]) -> tuple[HeldPayload, ...]:
    """Return what manifest and evidence name. Raises Refused unless the bundle lists the very files of it."""
    model, version = bundle.contents.model, bundle.contents.version
    directory = layout.version_directory(model, version)
    evidence = [
        parse_evidence(data, f"{directory}/{name}")
        for name, data in files.items()
        if layout.place(f"{directory}/{name}").kind is Kind.EVIDENCE
    ]
    payloads = holdings(manifest, model, version, evidence)
    members = bundle.stored()
    listed = 0
    for holding in payloads:
        own = holding.members(members)
        listed += len(own)
        if not holding.consists_of(own):
            what = f"attached to {holding.evidence}" if holding.evidence else "the manifest's artifact"
            raise Refused(f"what lies in {holding.folder} is not {what}", hint=_FORGED)
    if listed != len(members):
        raise Refused("the bundle holds files that neither manifest nor evidence names", hint=_FORGED)
    return tuple(payloads)


def _tags(bundle: Bundle) -> tuple[SourceTag, ...]:
    """Return the bundle's own tags, in the order of their events."""
    numbered: list[tuple[int, SourceTag]] = []
    for oid, data in bundle.tags().items():
        try:
            content = data.decode()
        except UnicodeDecodeError:
            content = ""
        name = tag_name(data)
        event = recorded_tag(name, oid, data) if name else None
        if not content or FORBIDDEN.search(content) or name is None or event is None:
            raise InvalidFile(f"trail/{oid} is no tag of an audit trail", path=str(bundle.path), hint=_FORGED)
        numbered.append((event.event.number, SourceTag(name, oid, content)))
    return tuple(tag for _, tag in sorted(numbered, key=lambda pair: pair[0]))


def _earlier(files: Mapping[str, bytes], model: str, version: str) -> Sequence[ImportSource]:
    """Where the other registry had the version from. Who vouches for that is judged here anew."""
    if "imported.yaml" not in files:
        return ()
    told = parse_imported(files["imported.yaml"], layout.imported_path(model, version))
    return [replace(source, signed_by="") for source in told.sources]


def _vouched(
    repository: Repository, sources: Sequence[ImportSource], trust: Trust
) -> tuple[tuple[ImportSource, ...], str]:
    """Return the sources with who signed for each, and why nobody vouches for the nearest."""
    tags = [tag for source in sources for tag in source.tags]
    judgements = iter(verdicts(repository, tags, trust.allowed_signers, only_ssh=trust.is_given))
    judged: list[ImportSource] = []
    doubt = ""
    for place, source in enumerate(sources):
        own = [next(judgements) for _ in source.tags]
        require_sound(source.tags, own, source.registry)
        if place == 0 and trust.required:
            require_good(source.tags, own, source.registry)
        registration = own[0]
        if place == 0 and registration.judgement is not Judgement.GOOD:
            prefix = "it was signed " if registration.judgement is Judgement.NOT_ALLOWED else ""
            doubt = f"{prefix}{registration.why}"
        judged.append(replace(source, signed_by=registration.principal))
    return tuple(judged), doubt


def verdicts(
    repository: Repository, tags: Sequence[SourceTag], allowed_signers: bytes, *, only_ssh: bool
) -> list[SignatureVerdict]:
    """Judge the signature of each tag, in order; the verdict is UNKNOWN for one without.

    Raises CannotTell when the program that judges can't be started.
    """
    now = int(time.time())
    roots = (allowed_signers if allowed_signers.strip() else _NOBODY,)
    questions: dict[str, Signed] = {}
    for tag in tags:
        read = standing_tag(tag.tag, tag.object, tag.content.encode(errors="surrogateescape"))
        if read is not None and read.signature:
            questions[tag.object] = Signed(tag.object, read.payload, read.signature, now, roots, only_ssh)
    judged = judge(repository, [*questions.values()], VerifiedSignatures(repository))
    by_object = dict(zip(questions, judged, strict=True))
    return [by_object.get(tag.object, _UNSIGNED) for tag in tags]


def require_sound(tags: Sequence[SourceTag], judged: Sequence[SignatureVerdict], registry: str) -> None:
    """Raise Refused when a signature is none of the tag that bears it: somebody forged one or the other."""
    for tag, verdict in zip(tags, judged, strict=True):
        if verdict.judgement is Judgement.BROKEN:
            raise Refused(
                f"the tag {tag.tag!r} of {registry}: {verdict.why}",
                hint="Do not use the bundle. Compare the tag with the one in its registry.",
            )


def require_good(tags: Sequence[SourceTag], judged: Sequence[SignatureVerdict], registry: str) -> None:
    """Raise Refused unless somebody who may has signed every tag."""
    for tag, verdict in zip(tags, judged, strict=True):
        if verdict.judgement is not Judgement.GOOD:
            prefix = "it was signed " if verdict.judgement is Judgement.NOT_ALLOWED else ""
            hint = "Name a list that holds the signer's key: --allowed-signers FILE"
            if not tag.signed:
                hint = "Let that registry sign its trail: git config user.signingKey KEY"
            raise Refused(
                f"nobody vouches for the tag {tag.tag!r} of {registry}: {prefix}{verdict.why}", hint=hint
            )
