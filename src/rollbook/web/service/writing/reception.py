"""Receiving a body that may hold files: each is written to a folder of its own while it comes, and hashed.

`multipart/form-data` (https://www.rfc-editor.org/rfc/rfc7578): a part `facts` (JSON), and files by name.
Nothing is kept in memory but the facts, and everything is bounded: bytes, parts, the length of their headers.
"""

import hashlib
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from rollbook.errors import BadCall, InvalidFile, RollbookError, TooMuch

_MOST_FACTS = 1 << 20  # bytes
_MOST_PARTS = 1_000
_LONGEST_HEADER = 4 << 10
_SUFFIX_LONGEST = 20
FACTS, ARTIFACT = "facts", "artifact"

Body = TypeVar("Body", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """A file that came: the part's name, what the client calls the file, its place, size and SHA-256."""

    part: str
    name: str
    path: Path
    size: int
    sha256: str


@dataclass(slots=True)
class Received:
    """What a body holds: the facts as JSON, and files, below the folder `spool`, which goes away with it."""

    spool: Path
    facts: bytes = b""
    files: list[ReceivedFile] = field(default_factory=list)

    def of(self, part: str) -> list[ReceivedFile]:
        """Return the files of a part's name."""
        return [file for file in self.files if file.part == part]

    def one(self, part: str) -> ReceivedFile | None:
        """Return the file of a part's name; None without. Raises BadCall where there are several."""
        found = self.of(part)
        if len(found) > 1:
            raise BadCall(f"there are {len(found)} parts {part!r}", hint="Send one.")
        return found[0] if found else None

    def as_sent(self, text: str) -> str:
        """Return a text about these files as whoever sent them knows them, by the names of their parts."""
        for file in sorted(self.files, key=lambda file: len(file.path.name), reverse=True):
            text = text.replace(str(file.path), file.part)
        return text.replace(f"{self.spool}/", "")

    def told(self, shape: type[Body]) -> Body:
        """Return the facts. Raises RequestValidationError for what has another shape."""
        try:
            return shape.model_validate_json(self.facts or b"{}")
        except ValidationError as error:
            # Not the input: it may be long, and hold anything.
            errors = error.errors(include_url=False, include_context=False, include_input=False)
            raise RequestValidationError([{**one, "loc": ("body", *one["loc"])} for one in errors]) from error


@asynccontextmanager
async def received(request: Request, parts: frozenset[str], most: int) -> AsyncIterator[Received]:
    """Receive a request's body: JSON, or parts of these names and `facts`, of `most` bytes in all.

    Raises BadCall for a body of another kind, TooMuch for a larger one. Nothing of it stays afterwards; an
    error that ends the block speaks of the parts, not of the files here.
    """
    spool = Path(tempfile.mkdtemp(prefix="rollbook-"))
    came = Received(spool)
    try:
        kind, boundary = _content_type(request)
        if kind == "application/json":
            came.facts = await _bounded(request)
        elif kind == "multipart/form-data" and boundary:
            await _Parts(came, parts, boundary, most).receive(request)
        else:
            raise BadCall("the body is neither JSON nor multipart/form-data", hint="Say its Content-Type.")
        yield came
    except RollbookError as error:
        error.args = tuple(came.as_sent(str(arg)) for arg in error.args)
        error.hint = came.as_sent(error.hint)
        if isinstance(error, InvalidFile):
            error.path = came.as_sent(error.path)
        raise
    finally:
        shutil.rmtree(spool, ignore_errors=True)


def _content_type(request: Request) -> tuple[str, bytes]:
    from python_multipart.multipart import parse_options_header

    kind, options = parse_options_header(request.headers.get("content-type", ""))
    return kind.decode("latin-1").lower(), options.get(b"boundary", b"")


async def _bounded(request: Request) -> bytes:
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > _MOST_FACTS:
            raise TooMuch(f"the facts have more than {_MOST_FACTS:,} bytes")
    return bytes(data)


class _Parts:
    """The parts of a body as they come, called by python-multipart's parser."""

    def __init__(self, came: Received, parts: frozenset[str], boundary: bytes, most: int) -> None:
        from python_multipart.multipart import MultipartParser

        self._came, self._parts, self._most = came, parts, most
        self._header_name, self._header_value = bytearray(), bytearray()
        self._headers: dict[bytes, bytes] = {}
        self._open: IO[bytes] | None = None
        self._hash = hashlib.sha256()
        self._size = self._count = 0
        self._name = self._file_name = ""
        self._facts = bytearray()
        self._has_ended = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": self._field,
                "on_header_value": self._value,
                "on_header_end": self._header,
                "on_headers_finished": self._headers_end,
                "on_part_data": self._data,
                "on_part_end": self._end,
                "on_end": self._finish,
            },
        )

    async def receive(self, request: Request) -> None:
        """Receive all of it. Raises BadCall for what is no such body."""
        from python_multipart.exceptions import FormParserError

        size = 0
        try:
            async for chunk in request.stream():
                size += len(chunk)
                if size > self._most:
                    raise TooMuch(f"the body has more than {self._most:,} bytes")
                self._parser.write(chunk)
            self._parser.finalize()
        except FormParserError as error:
            raise BadCall("the body is no multipart/form-data", hint="Use a client that makes it.") from error
        finally:
            if self._open:
                self._open.close()
        if not self._has_ended:
            raise BadCall("the body ends in the middle of a part", hint="Send it again, whole.")
        self._came.facts = bytes(self._facts)

    def _begin(self) -> None:
        self._headers = {}
        self._count += 1
        if self._count > _MOST_PARTS:
            raise TooMuch(f"there are more than {_MOST_PARTS:,} parts")

    def _field(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]
        self._require_short(self._header_name)

    def _value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]
        self._require_short(self._header_value)

    def _require_short(self, text: bytearray) -> None:
        if len(text) > _LONGEST_HEADER:
            raise TooMuch(f"a part's header has more than {_LONGEST_HEADER:,} bytes")

    def _header(self) -> None:
        self._headers[bytes(self._header_name).lower()] = bytes(self._header_value)
        self._header_name.clear()
        self._header_value.clear()

    def _headers_end(self) -> None:
        from python_multipart.multipart import parse_options_header

        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        self._name = options.get(b"name", b"").decode(errors="replace")
        self._file_name = options.get(b"filename", b"").decode(errors="replace")
        if self._name == FACTS:
            if self._facts:
                raise BadCall("there are two parts 'facts'", hint="Send one.")
            return
        if self._name not in self._parts:
            known = ", ".join(sorted({FACTS, *self._parts}))
            raise BadCall(f"no part is called {self._name[:80]!r}", hint=f"There may be: {known}.")
        suffix = Path(self._file_name).suffix
        plain = suffix if len(suffix) <= _SUFFIX_LONGEST and suffix[1:].isalnum() and suffix.isascii() else ""
        self._path = self._came.spool / f"{self._count}{plain}"
        self._open, self._hash, self._size = self._path.open("xb"), hashlib.sha256(), 0

    def _data(self, data: bytes, start: int, end: int) -> None:
        piece = data[start:end]
        if self._open is None:
            self._facts += piece
            if len(self._facts) > _MOST_FACTS:
                raise TooMuch(f"the facts have more than {_MOST_FACTS:,} bytes")
            return
        self._open.write(piece)
        self._hash.update(piece)
        self._size += len(piece)

    def _end(self) -> None:
        if self._open is None:
            return
        self._open.close()
        self._open = None
        self._came.files.append(
            ReceivedFile(self._name, self._file_name, self._path, self._size, self._hash.hexdigest())
        )

    def _finish(self) -> None:
        self._has_ended = True
