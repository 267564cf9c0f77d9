"""An object that its store has put away: it is there, and can't be read until it is restored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rollbook.errors import StorageFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

_CODES = frozenset(["InvalidObjectState", "BlobArchived"])  # as S3 and Azure say it
_HINT = (
    "Have the store restore it, which takes minutes to two days and costs (S3: `aws s3api restore-object`, "
    "Azure: rehydrate the blob), then try again."
)


def archived_failure(error: BaseException, place: str) -> StorageFailed | None:
    """Return what to tell of an error that says an object is archived; None where it says something else.

    `place` is the object's address.
    """
    for cause in _causes(error):
        told = _told(cause)
        if told is not None:
            where = f"{place} is archived ({told})" if told else f"{place} is archived"
            return StorageFailed(f"{where}: it is there, and can't be read now", hint=_HINT)
    return None


def _told(error: BaseException) -> str | None:
    """Return the class of storage that an error names; empty where it names none, None where the error is
    another."""
    response: Any = getattr(error, "response", None)
    details = response.get("Error") if isinstance(response, dict) else None
    if isinstance(details, dict) and details.get("Code") in _CODES:
        storage_class = str(details.get("StorageClass") or "")
        return storage_class if storage_class.replace("_", "").isalnum() and storage_class.isascii() else ""
    return "" if getattr(error, "error_code", None) in _CODES else None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and all that led to it: cleaning up after one may have failed as well."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        cause = waiting.pop()
        if cause is not None and id(cause) not in seen:
            seen.add(id(cause))
            yield cause
            waiting += [cause.__cause__, cause.__context__]
