"""Bytes of a verified copy on their way out: a file, whole or a range of it, or a folder as a tar archive.

Ranges as in https://www.rfc-editor.org/rfc/rfc9110#name-range-requests, digests as in
https://www.rfc-editor.org/rfc/rfc9530, the archive as in POSIX (pax).
"""

from __future__ import annotations

import base64
import os
import re
import tarfile
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from rollbook.web.service.middleware.named_paths import HEAD_ALONE
from rollbook.web.service.problems import problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from fastapi import Request
    from starlette.types import Receive, Scope, Send

BINARY, TAR = "application/octet-stream", "application/x-tar"
_CHUNK = 1 << 20
_RANGE = re.compile(r"bytes=(?P<first>[0-9]{0,18})-(?P<last>[0-9]{0,18})")


class SentBytes(Response):
    """An answer of bytes that are read as they are sent; `release` is called when it is over."""

    def __init__(
        self,
        chunks: Callable[[], Iterator[bytes]],
        size: int,
        release: Callable[[], object],
        *,
        status: int = 200,
        media_type: str = BINARY,
        headers: Mapping[str, str],
    ) -> None:
        super().__init__(b"", status, {**headers, "content-length": str(size)}, media_type)
        self._chunks = chunks
        self._release = release

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await send(
                {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
            )
            if not scope.get(HEAD_ALONE):
                chunks = self._chunks()
                while chunk := await run_in_threadpool(next, chunks, b""):
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            self._release()


def sent_file(
    request: Request, path: Path, release: Callable[[], object], headers: Mapping[str, str], sha256: str = ""
) -> Response:
    """Return an answer with a file, or with the range of it that is asked for (206); 416 for one that it does
    not have."""
    size = path.stat().st_size
    digest = _digest(sha256)
    told = {**headers, "accept-ranges": "bytes", **({"repr-digest": digest} if digest else {})}
    wanted = _wanted(request, size, headers["etag"])
    if wanted is None:
        whole = {"content-digest": digest} if digest else {}
        return SentBytes(lambda: _part(path, 0, size), size, release, headers={**told, **whole})
    first, last = wanted
    if first >= size or last < first:
        release()
        unsatisfiable = problem(416, "RangeNotSatisfiable", f"there are {size} bytes")
        unsatisfiable.headers["content-range"] = f"bytes */{size}"
        return unsatisfiable
    last = min(last, size - 1)
    told["content-range"] = f"bytes {first}-{last}/{size}"
    count = last - first + 1
    return SentBytes(lambda: _part(path, first, count), count, release, status=206, headers=told)


def _digest(sha256: str) -> str:
    return f"sha-256=:{base64.b64encode(bytes.fromhex(sha256)).decode()}:" if sha256 else ""


def _wanted(request: Request, size: int, etag: str) -> tuple[int, int] | None:
    """Return the first and the last byte that are asked for; None for all, also for several ranges."""
    found = _RANGE.fullmatch(request.headers.get("range", "").strip())
    if found is None or request.headers.get("if-range", etag) != etag:
        return None
    first, last = found["first"], found["last"]
    if not first:
        return (max(size - int(last), 0) if int(last) else size, size - 1) if last else None
    if last and int(last) < int(first):
        return None  # https://www.rfc-editor.org/rfc/rfc9110#section-14.1.1-4: invalid, so it is ignored
    return int(first), int(last) if last else size - 1


def _part(path: Path, first: int, count: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(first)
        while count and (chunk := file.read(min(_CHUNK, count))):
            count -= len(chunk)
            yield chunk
    if count:
        raise OSError(f"{path.name} is shorter than it was")


def sent_tar(folder: Path, name: str, release: Callable[[], object], headers: Mapping[str, str]) -> Response:
    """Return an answer with a folder as a tar archive, which is the same each time: files sorted by path,
    without times or owners, below a folder of this name."""
    files = folder_files(folder)
    heads = {path: _tar_head(f"{name}/{path}", size) for path, size in files.items()}
    length = sum(len(heads[path]) + size + -size % tarfile.BLOCKSIZE for path, size in files.items())
    length += 2 * tarfile.BLOCKSIZE

    def chunks() -> Iterator[bytes]:
        for path, size in files.items():
            yield heads[path]
            yield from _part(folder / path, 0, size)
            if size % tarfile.BLOCKSIZE:
                yield b"\0" * (-size % tarfile.BLOCKSIZE)
        yield b"\0" * (2 * tarfile.BLOCKSIZE)

    return SentBytes(chunks, length, release, media_type=TAR, headers=headers)


def folder_files(folder: Path) -> dict[str, int]:
    """Return the size of each file of a folder, by its path in it, sorted."""
    found = {}
    for directory, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(directory, name)  # noqa: PTH118 - as os.walk gives them
            found[os.path.relpath(path, folder)] = os.lstat(path).st_size
    return dict(sorted(found.items(), key=lambda item: item[0].encode(errors="surrogateescape")))


def _tar_head(name: str, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o644
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


def attached_as(name: str) -> str:
    """Return the header that has a browser save bytes under a name, and show none of them
    (https://www.rfc-editor.org/rfc/rfc6266)."""
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", name) or "artifact"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
