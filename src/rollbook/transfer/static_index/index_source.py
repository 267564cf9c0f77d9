"""Getting a document of an index: one request, confirmed by its ETag, or from the cache when the host fails.

The rule: the host is asked each time. What it answers counts, also that there is no such file. Only when no
answer comes (no connection, an error of the server, something that is no document) is the last answer used,
while it is at most MAX_STALE old, and that is said. `offline` asks nobody.
"""

from __future__ import annotations

import os
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar
from urllib.parse import quote, unquote, urlsplit

from rollbook.errors import BadCall, InvalidFile, NotFound, Refused, RollbookError
from rollbook.transfer.static_index.answer_cache import Cache, directory

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rollbook.artifact.http import Response
    from rollbook.transfer.static_index.answer_cache import CachedAnswer

MAX_STALE = 24 * 3600
LARGEST = 64 << 20  # bytes of one document
_PASSING = (408, 425, 429)  # answers that mean: later
_TOKEN = "ROLLBOOK_INDEX_TOKEN"  # noqa: S105 - the name of a variable

Document = TypeVar("Document")


class IndexSource(Protocol):
    """A place that holds an index. `warnings` collects what to tell about the answers."""

    address: str
    warnings: list[str]

    def read(
        self,
        name: str,
        parse: Callable[[bytes, str], Document],
        *,
        fresh: bool = False,
        settled: bool = False,
    ) -> Document:
        """Read the document `name`; `parse` makes it of its bytes and its address.

        `fresh` takes nothing from an answer that could not be confirmed; `settled` takes one that was got
        before without asking, of a document that changes no more. Raises NotFound when there is no
        such file, InvalidFile or Unreachable when no document can be had, BadCall for a folder that isn't
        there.
        """


def source_at(address: str, *, offline: bool = False) -> IndexSource:
    """Return the index at a path or a URL (https, file, http on this machine). Raises BadCall for others."""
    scheme, separator, rest = address.partition("://")
    if not address or (separator and scheme.lower() not in ("http", "https", "file")):
        raise BadCall(
            f"{address[:120]!r} is no address of an index", hint="Give a path, or a URL of https or file."
        )
    if not separator:
        return FolderSource(Path(address))
    if scheme.lower() == "file":
        host, slash, path = rest.partition("/")
        if host not in ("", "localhost"):
            raise BadCall(f"{address[:120]!r} names another machine", hint="Write file:///PATH.")
        return FolderSource(Path(unquote(slash + path)))
    return HostSource(address, Cache(directory()), offline=offline)


class FolderSource:
    """An index in a folder of this machine."""

    def __init__(self, folder: Path) -> None:
        self.address = str(folder)
        self.warnings: list[str] = []
        self._folder = folder

    def read(
        self,
        name: str,
        parse: Callable[[bytes, str], Document],
        *,
        fresh: bool = False,
        settled: bool = False,
    ) -> Document:
        path = self._folder / name
        try:
            with path.open("rb") as file:
                data = file.read(LARGEST + 1)
        except (FileNotFoundError, NotADirectoryError) as error:
            if not self._folder.is_dir():
                raise BadCall(f"{self._folder} is no folder", hint="Give the folder of an index.") from error
            raise NotFound(f"{path} does not exist") from error
        if len(data) > LARGEST:
            raise InvalidFile(f"has more than {LARGEST:,} bytes", path=str(path))
        return parse(data, str(path))


class HostSource:
    """An index that a host serves over HTTP."""

    def __init__(self, address: str, cache: Cache, *, offline: bool = False) -> None:
        from rollbook.git.address import require_safe

        parts = urlsplit(address)
        if parts.query or parts.fragment:
            raise BadCall("the address of an index has neither a query nor a fragment")
        require_safe(address)
        self.address = address.rstrip("/")
        self.warnings: list[str] = []
        self._cache = cache
        self._offline = offline

    def read(
        self,
        name: str,
        parse: Callable[[bytes, str], Document],
        *,
        fresh: bool = False,
        settled: bool = False,
    ) -> Document:
        url = f"{self.address}/{quote(name)}"
        kept = self._cache.get(url)
        if settled and kept is not None:
            return parse(kept.body, url)
        if self._offline and not fresh:
            if kept is None:
                raise NotFound(f"{url} is not in the cache", hint="Ask once without --offline.")
            return parse(kept.body, url)
        try:
            return self._asked(url, kept, parse)
        except (NotFound, BadCall, Refused):
            raise
        except RollbookError as error:
            if kept is None or fresh or kept.age > MAX_STALE:
                raise
            document = parse(kept.body, url)
            self.warnings.append(f"{error}; this is what it answered {_ago(kept.age)} ago")
            return document

    def _asked(
        self, url: str, kept: CachedAnswer | None, parse: Callable[[bytes, str], Document]
    ) -> Document:
        from rollbook.artifact.http import send

        answer = send("GET", url, headers=_headers(kept), longest=LARGEST)
        if answer.status == 304 and kept is not None:
            self._cache.confirm(url)
            return parse(kept.body, url)
        if answer.status in (403, 404, 410):
            self._cache.drop(url)
            raise NotFound(f"{url} does not exist: the host answers {answer.status}")
        if answer.status != 200:
            raise _failed(url, answer)
        body = _unpacked(answer, url)
        document = parse(body, url)  # before it is kept: an error page is no answer
        self._cache.put(url, body, answer.headers.get("etag", ""), _modified(answer))
        return document


def _headers(kept: CachedAnswer | None) -> dict[str, str]:
    headers = {"Accept": "application/json", "Accept-Encoding": "gzip"}
    if token := os.environ.get(_TOKEN):
        headers["Authorization"] = f"Bearer {token}"
    if kept is not None and kept.etag:
        headers["If-None-Match"] = kept.etag
    elif kept is not None and kept.modified:
        headers["If-Modified-Since"] = kept.modified
    return headers


def _modified(answer: Response) -> str:
    """Return the time to ask with later, where it tells two states apart: RFC 9110, section 8.8.2.2."""
    from email.utils import parsedate_to_datetime

    modified = answer.headers.get("last-modified", "")
    try:
        age = parsedate_to_datetime(answer.headers.get("date", "")) - parsedate_to_datetime(modified)
    except (ValueError, TypeError):
        return ""
    return modified if age.total_seconds() >= 2 else ""


def _unpacked(answer: Response, url: str) -> bytes:
    coding = answer.headers.get("content-encoding", "").lower()
    if coding in ("", "identity"):
        return answer.body
    reader = zlib.decompressobj(wbits=31)
    try:
        if coding not in ("gzip", "x-gzip"):
            raise InvalidFile(f"comes in the coding {coding[:40]!r}, which was not asked for", path=url)
        data = reader.decompress(answer.body, LARGEST + 1)
    except zlib.error as error:
        raise InvalidFile("is damaged", path=url) from error
    if len(data) > LARGEST or not reader.eof:
        raise InvalidFile(f"is damaged, or has more than {LARGEST:,} bytes", path=url)
    return data


def _failed(url: str, answer: Response) -> RollbookError:
    from rollbook.artifact.http import Unreachable

    message = f"no answer for {url}: the host says {answer.status}"
    if answer.status == 401:
        return Refused(message, hint=f"Put a token that may read it into the variable {_TOKEN}.")
    if 300 <= answer.status < 400:
        return Refused(message, hint=f"Redirects are not followed. It leads to {_target(answer.headers)}.")
    return Unreachable(message) if answer.status in _PASSING or answer.status >= 500 else Refused(message)


def _target(headers: Mapping[str, str]) -> str:
    return headers.get("location", "nowhere")[:200]


def _ago(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 7200 else f"{seconds / 3600:.0f} hours"
