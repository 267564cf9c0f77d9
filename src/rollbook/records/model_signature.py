"""`model.sig`: a version's signature in the format of OpenSSF Model Signing.

It is a Sigstore bundle over an in-toto statement that names every file of the model with its digest:
https://github.com/ossf/model-signing-spec (predicate `https://model_signing/signature/v1.0`).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rollbook.errors import InvalidFile
from rollbook.records.attestation import Attested, parse_attested, statement_of
from rollbook.records.manifest import folder_sha256

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rollbook.records.manifest import Artifact

PREDICATE = "https://model_signing/signature/v1.0"
# What the format calls the one file that a model is.
ONLY_FILE = "."
MOST_FILES = 10_000


@dataclass(frozen=True, slots=True)
class ModelSignature:
    """A signature of a model: how it is to be verified, what the model was called, and the SHA-256 of each of
    its files by path, `.` for a model that is one file. Nothing of it is verified yet."""

    attested: Attested
    name: str
    files: Mapping[str, str]

    def covers(self, artifact: Artifact) -> str:
        """Return why the signature is not one over exactly this artifact; empty when it is."""
        if artifact.files is None:
            if set(self.files) != {ONLY_FILE}:
                return "it signs a folder, and the artifact is a file"
            return "" if self.files[ONLY_FILE] == artifact.sha256 else "it signs other bytes"
        if ONLY_FILE in self.files:
            return "it signs a file, and the artifact is a folder"
        if _digest(self.files) == artifact.sha256:
            return ""
        if len(self.files) != artifact.files:
            return f"it signs {len(self.files):,} files, and the artifact has {artifact.files:,}"
        return "it signs other bytes"


def parse_model_signature(data: bytes, path: str) -> ModelSignature:
    """Read a `model.sig`. Raises InvalidFile, naming what is wrong, for what is no model's signature."""
    attested = parse_attested(data, path)
    if not attested.is_bundle:
        raise InvalidFile("a model's signature is a Sigstore bundle", path=path)
    statement = statement_of(attested.envelope, path)
    if statement.predicate_type != PREDICATE:
        hint = "Sign it with `rollbook sign`, or with model-signing 1.0 or newer."
        raise InvalidFile(f"it is no {PREDICATE}", path=path, key="predicateType", hint=hint)
    if len(statement.subjects) != 1:
        raise InvalidFile("a model's signature is about one model", path=path, key="subject")
    _require_whole_files(statement.predicate.get("serialization"), path)
    resources = statement.predicate.get("resources")
    if not isinstance(resources, list) or not 0 < len(resources) <= MOST_FILES:
        raise InvalidFile(f"a model has 1 to {MOST_FILES:,} files", path=path, key="resources")
    pairs = [_resource(item, path) for item in resources]
    if len(dict(pairs)) != len(pairs):
        raise InvalidFile("a file stands there twice", path=path, key="resources")
    subject = statement.subjects[0]
    together = hashlib.sha256(b"".join(bytes.fromhex(digest) for _, digest in pairs)).hexdigest()
    if subject.digests.get("sha256") != together:
        raise InvalidFile("the digest of the model is not that of its files", path=path, key="subject")
    return ModelSignature(attested, subject.name, dict(pairs))


def _require_whole_files(serialization: object, path: str) -> None:
    """Raise InvalidFile unless every file was digested as a whole, by SHA-256, as manifests have it."""
    told = serialization if isinstance(serialization, dict) else {}
    if (told.get("method"), told.get("hash_type")) != ("files", "sha256"):
        message = "only SHA-256 digests of whole files can be compared with a manifest"
        hint = "Sign it with `rollbook sign`, or without shards and another hash."
        raise InvalidFile(message, path=path, key="serialization", hint=hint)


def _resource(item: Any, path: str) -> tuple[str, str]:
    name = item.get("name") if isinstance(item, dict) else None
    digest = item.get("digest") if isinstance(item, dict) else None
    if not isinstance(name, str) or not isinstance(digest, str) or item.get("algorithm") != "sha256":
        raise InvalidFile("a file has no name and SHA-256", path=path, key="resources")
    if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
        raise InvalidFile("a SHA-256 is not lower-case hexadecimal", path=path, key="resources")
    return name, digest


def _digest(files: Mapping[str, str]) -> str:
    try:
        return folder_sha256(files.items())
    except UnicodeEncodeError:  # a lone surrogate, which no file's name in a registry has
        return ""
