"""`provenance.jsonl`: what the builders of a version attest of its making, one attestation a line.

Each is an in-toto statement with SLSA provenance of version 0.2 (https://slsa.dev/spec/v0.2/provenance) or 1
(https://slsa.dev/spec/v1.0/provenance), in a DSSE envelope or a Sigstore bundle. What it says is its
builder's word; who signed it is another question.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rollbook.errors import InvalidFile
from rollbook.records.attestation import LARGEST, Attested, parse_attested, statement_of
from rollbook.records.strict_json import strict_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rollbook.records.training_code import TrainingCode

SLSA_1, SLSA_0_2 = "https://slsa.dev/provenance/v1", "https://slsa.dev/provenance/v0.2"
MOST_ATTESTATIONS = 20
_MOST_MATERIALS = 1_000
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_SCP = re.compile(r"[\w.-]+@(?P<host>[\w.-]+):(?P<path>[^/].*)")


@dataclass(frozen=True, slots=True)
class Material:
    """Something that a build took in: its address or name, and its digest, `algorithm:hexadecimal`."""

    uri: str
    digest: str = ""

    def __str__(self) -> str:
        return f"{self.uri}  {self.digest}" if self.digest else self.uri


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a builder attests: who it is, which source it built at which commit, by which workflow, in which
    run, and what it took in. What it does not say is empty. `digests` are the SHA-256 of what it made."""

    attested: Attested
    digests: frozenset[str]
    builder: str
    build_type: str
    source: str
    commit: str
    workflow: str
    invocation: str
    started: str
    finished: str
    materials: tuple[Material, ...]

    def contradicts(self, codes: Iterable[TrainingCode]) -> str:
        """Return how the manifest's training code contradicts this; empty where it doesn't: another commit
        of the same repository."""
        same = [code for code in codes if self.commit and _plain(code.repository) == _plain(self.source)]
        if not same or any(code.commit == self.commit for code in same):
            return ""
        return (
            f"the provenance has commit {self.commit[:12]} of {self.source}, and the manifest "
            f"{same[0].commit[:12]}"
        )

    def agrees(self, codes: Iterable[TrainingCode]) -> bool:
        """Return whether the manifest names the very commit that was built."""
        return bool(self.commit) and any(code.commit == self.commit for code in codes)

    def as_document(self) -> dict[str, Any]:
        """Return what it says as JSON data."""
        told = ("builder", "build_type", "source", "commit", "workflow", "invocation", "started", "finished")
        materials = [{"uri": one.uri, "digest": one.digest} for one in self.materials]
        return {**{name: getattr(self, name) for name in told}, "materials": materials}


def parse_provenance(data: bytes, path: str) -> tuple[Provenance, ...]:
    """Read attestations, one a line. Raises InvalidFile, naming the line, for one that is no provenance."""
    if len(data) > LARGEST:
        raise InvalidFile(f"the attestations have at most {LARGEST:,} bytes together", path=path)
    lines = [(number, line) for number, line in enumerate(data.split(b"\n"), 1) if line.strip()]
    if not 0 < len(lines) <= MOST_ATTESTATIONS:
        raise InvalidFile(f"it has 1 to {MOST_ATTESTATIONS} attestations", path=path)
    return tuple(_parse(line, path, number) for number, line in lines)


def as_lines(data: bytes, path: str) -> list[bytes]:
    """Return the attestations in a file, each on a line: it holds one JSON document, or one a line.

    What is signed stays as it is, byte for byte. Raises InvalidFile for what is no provenance.
    """
    if len(data) > LARGEST:
        raise InvalidFile(f"the attestations have at most {LARGEST:,} bytes together", path=path)
    try:
        documents = [strict_json(data, path)]
    except InvalidFile:
        lines = [line for line in data.split(b"\n") if line.strip()]
        if len(lines) < 2:
            raise
        documents = [strict_json(line, path) for line in lines]
    texts = [json.dumps(one, ensure_ascii=False, separators=(",", ":")).encode() for one in documents]
    for text in texts:
        _parse(text, path, 0)
    return texts


def _parse(line: bytes, path: str, number: int) -> Provenance:
    try:
        return _provenance(line, path)
    except InvalidFile as error:
        where = number or error.line
        raise InvalidFile(error.message, path=path, line=where, key=error.key, hint=error.hint) from error


def _provenance(line: bytes, path: str) -> Provenance:
    attested = parse_attested(line, path)
    statement = statement_of(attested.envelope, path)
    read = {SLSA_1: _slsa_1, SLSA_0_2: _slsa_0_2}.get(statement.predicate_type)
    if read is None:
        message = "the attestation is no SLSA provenance of version 0.2 or 1"
        raise InvalidFile(message, path=path, key="predicateType")
    digests = frozenset(
        subject.digests["sha256"] for subject in statement.subjects if "sha256" in subject.digests
    )
    told = read(statement.predicate)
    if not told["builder"]:
        raise InvalidFile("the provenance names no builder", path=path, key="builder.id")
    return Provenance(attested, digests, **told)


def _slsa_1(predicate: Mapping[str, Any]) -> dict[str, Any]:
    definition, details = _inner(predicate, "buildDefinition"), _inner(predicate, "runDetails")
    parameters, metadata = _inner(definition, "externalParameters"), _inner(details, "metadata")
    workflow = _inner(parameters, "workflow")
    materials = _materials(definition.get("resolvedDependencies"))
    source = _text(workflow, "repository") or _uri(parameters.get("source"))
    path, ref = _text(workflow, "path"), _text(workflow, "ref")
    return {
        "builder": _text(_inner(details, "builder"), "id"),
        "build_type": _text(definition, "buildType"),
        "source": source,
        "commit": _commit_of(source, materials),
        "workflow": f"{path}@{ref}" if path and ref else path,
        "invocation": _text(metadata, "invocationId"),
        "started": _text(metadata, "startedOn"),
        "finished": _text(metadata, "finishedOn"),
        "materials": materials,
    }


def _slsa_0_2(predicate: Mapping[str, Any]) -> dict[str, Any]:
    invocation, metadata = _inner(predicate, "invocation"), _inner(predicate, "metadata")
    config = _inner(invocation, "configSource")
    materials = _materials(predicate.get("materials"))
    source, digest = _text(config, "uri"), _digest(config.get("digest"))
    commit = digest.partition(":")[2] if digest.startswith(("sha1:", "gitCommit:")) else ""
    return {
        "builder": _text(_inner(predicate, "builder"), "id"),
        "build_type": _text(predicate, "buildType"),
        "source": source.partition("@refs/")[0],
        "commit": commit or _commit_of(source, materials),
        "workflow": _text(config, "entryPoint"),
        "invocation": _text(metadata, "buildInvocationID") or _text(metadata, "buildInvocationId"),
        "started": _text(metadata, "buildStartedOn"),
        "finished": _text(metadata, "buildFinishedOn"),
        "materials": materials,
    }


def _materials(listed: object) -> tuple[Material, ...]:
    items = listed[:_MOST_MATERIALS] if isinstance(listed, list) else []
    found = [
        Material(_text(item, "uri") or _text(item, "name"), _digest(item.get("digest")))
        for item in items
        if isinstance(item, dict)
    ]
    return tuple(one for one in found if one.uri or one.digest)


def _digest(digests: object) -> str:
    """Return the digest by which a source is best known: a commit's, else SHA-256, else any."""
    told = digests if isinstance(digests, dict) else {}
    order = ["gitCommit", "sha1", "sha256", *sorted(told)]
    return next((f"{name}:{told[name]}" for name in order if isinstance(told.get(name), str)), "")


def _commit_of(source: str, materials: Sequence[Material]) -> str:
    """Return the commit that was built: that of the material which is the source."""
    for material in materials:
        algorithm, _, commit = material.digest.partition(":")
        is_commit = algorithm in ("gitCommit", "sha1") and _COMMIT.fullmatch(commit)
        if is_commit and (not source or _plain(material.uri) == _plain(source)):
            return commit
    return ""


def _plain(address: str) -> str:
    """Return what an address of a repository has in common with others of the same one."""
    text = address.strip().removeprefix("git+").partition("@refs/")[0]
    if scp := _SCP.fullmatch(text):
        text = f"ssh://{scp['host']}/{scp['path']}"
    host_and_path = text.partition("://")[2] or text
    host_and_path = (
        host_and_path.rpartition("@")[2] if "@" in host_and_path.partition("/")[0] else host_and_path
    )
    return host_and_path.rstrip("/").removesuffix(".git").casefold()


def _uri(source: object) -> str:
    return source if isinstance(source, str) else _text(source, "uri") if isinstance(source, dict) else ""


def _inner(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    inner = value.get(name)
    return inner if isinstance(inner, dict) else {}


def _text(value: Mapping[str, Any], name: str) -> str:
    text = value.get(name)
    return text if isinstance(text, str) else ""
