"""The bytes of versions, verified before the first of them leaves."""

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response

from rollbook.artifact.artifact_files import unsafe_name
from rollbook.artifact.pointer import Pointer
from rollbook.artifact.retrieval import attached_pointer, evidence_named, read_pointer, registry_storage
from rollbook.errors import BadCall, NotFound, nearest
from rollbook.web.identity.caller import Right
from rollbook.web.service.asking import ArtifactReading, ModelName, VersionReference
from rollbook.web.service.reading import read_models
from rollbook.web.service.reading.read_answers import Reading, Unchanged, offers
from rollbook.web.service.reading.sent_bytes import (
    BINARY,
    TAR,
    attached_as,
    folder_files,
    sent_file,
    sent_tar,
)
from rollbook.web.service.reading.verified_copies import HeldCopy, VerifiedCopies

if TYPE_CHECKING:
    from rollbook.web.registries.served_registries import ServedRegistries

router = APIRouter(tags=["artifacts"])
_BASE = "/models/{name:model}/{reference}"
_BYTES: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "The bytes, verified.", "content": {BINARY: _BYTES, TAR: _BYTES}},
    206: {"description": "The range that is asked for.", "content": {BINARY: _BYTES}},
    416: {"description": "There is no such range."},
}
FilePath = Annotated[str, Path(description="A file's path in the artifact, with `/`.", max_length=4096)]


@router.get(f"{_BASE}/artifact", operation_id="get_artifact", response_class=Response, responses=_ANSWERS)
@offers()
def get_artifact(
    request: Request, reading: ArtifactReading, name: ModelName, reference: VersionReference
) -> Response:
    """Get a version's artifact: a file, also a range of it, or a folder as a tar archive."""
    version = reading.version(Right.FETCH, name, reference)
    artifact, pointer = version.artifact, read_pointer(version)
    shown = f"{artifact.path}.tar" if pointer.is_directory else artifact.path
    headers = _headers(reading, f'"{artifact.sha256}"', shown)
    _require_changed(request, headers)
    held = _copy(request, reading, pointer, artifact.sha256, artifact.size)
    if pointer.is_directory:
        return sent_tar(held.path, artifact.path, held, headers)
    return sent_file(request, held.path, held, headers, artifact.sha256)


@router.get(
    f"{_BASE}/artifact/files", response_model=read_models.ArtifactFiles, operation_id="list_artifact_files"
)
def list_artifact_files(
    request: Request, reading: ArtifactReading, name: ModelName, reference: VersionReference
) -> Response:
    """List the files of a version's artifact."""
    version = reading.version(Right.FETCH, name, reference)
    artifact, pointer = version.artifact, read_pointer(version)
    files = {artifact.path: artifact.size}
    if pointer.is_directory:
        held = _copy(request, reading, pointer, artifact.sha256, artifact.size)
        try:
            files = folder_files(held.path)
        finally:
            held()
    document = {
        "model": name,
        "version": version.version,
        "sha256": artifact.sha256,
        "size": artifact.size,
        "files": [{"path": path, "size": size} for path, size in files.items()],
    }
    return reading.answer(document)


@router.get(
    f"{_BASE}/artifact/files/{{path:path}}",
    operation_id="get_artifact_file",
    response_class=Response,
    responses=_ANSWERS,
)
@offers()
def get_artifact_file(
    request: Request, reading: ArtifactReading, name: ModelName, reference: VersionReference, path: FilePath
) -> Response:
    """Get one file of a version's artifact, also a range of it."""
    version = reading.version(Right.FETCH, name, reference)
    artifact, pointer = version.artifact, read_pointer(version)
    if not pointer.is_directory:
        _require_among(path, [artifact.path], version)
        return get_artifact(request, reading, name, reference)
    _require_inside(path)
    held = _copy(request, reading, pointer, artifact.sha256, artifact.size)
    try:
        _require_among(path, [*folder_files(held.path)], version)
        headers = _headers(reading, f'"{artifact.sha256}"', PurePosixPath(path).name)
        _require_changed(request, headers)
        return sent_file(request, held.path / path, held, headers)
    except BaseException:
        held()
        raise


@router.get(
    f"{_BASE}/evidence/{{evidence}}/attachments/{{path:path}}",
    operation_id="get_attachment",
    response_class=Response,
    responses=_ANSWERS,
)
@offers()
def get_attachment(
    request: Request,
    reading: ArtifactReading,
    name: ModelName,
    reference: VersionReference,
    evidence: Annotated[str, Path(description="As `fairness-1`.", max_length=200)],
    path: Annotated[str, Path(description="The name of what is attached.", max_length=300)],
) -> Response:
    """Get what is attached to evidence of a version: a file, or a folder as a tar archive."""
    version = reading.version(Right.FETCH, name, reference)
    record = evidence_named(version, evidence)
    attached = {attachment.path: attachment for attachment in record.attachments}
    if path not in attached:
        raise NotFound(f"{evidence} has no attachment {path[:200]!r}", hint=nearest(path, [*attached]))
    found = attached[path]
    pointer = attached_pointer(version, record, found)
    headers = _headers(reading, f'"{found.sha256}"', f"{path}.tar" if pointer.is_directory else path)
    _require_changed(request, headers)
    held = _copy(request, reading, pointer, found.sha256, found.size)
    if pointer.is_directory:
        return sent_tar(held.path, path, held, headers)
    return sent_file(request, held.path, held, headers, found.sha256)


def _copy(request: Request, reading: Reading, pointer: Pointer, sha256: str, size: int) -> HeldCopy:
    """Return a verified copy. Where the bytes are kept is main's to say, whatever revision is read: of a
    branch that waits for review, the address may be anybody's."""
    request.state.read["sha256"] = sha256
    copies: VerifiedCopies = request.app.state.copies
    registries: ServedRegistries = request.app.state.registries

    def fetch(destination: Any) -> None:
        main = registries.served(request.path_params.get("registry")).now().registry
        with registry_storage(main) as storage:
            storage.fetch(pointer, sha256=sha256, size=size, destination=destination)

    return copies.hold(sha256, size, fetch)


def _headers(reading: Reading, etag: str, name: str) -> dict[str, str]:
    return {
        **reading.headers(etag),
        "content-disposition": attached_as(name),
        "content-security-policy": "default-src 'none'; sandbox",
    }


def _require_changed(request: Request, headers: dict[str, str]) -> None:
    held = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
    if headers["etag"] in held:
        raise Unchanged(headers)


def _require_inside(path: str) -> None:
    """Raise BadCall for what is no path of a file in a folder."""
    for part in path.split("/"):
        if reason := unsafe_name(part):
            raise BadCall(
                f"{path[:200]!r}: {part[:80]!r} {reason}", hint="See .../artifact/files for the paths."
            )


def _require_among(path: str, files: list[str], version: object) -> None:
    if path not in files:
        raise NotFound(f"{version} has no file {path[:200]!r}", hint=nearest(path, files))
