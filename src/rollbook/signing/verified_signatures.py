"""Signatures that were verified before, remembered in the git directory; safe to delete at any time.

Only success is remembered, under everything that it follows from: the tag object's id, the digest of the
trust root, and the moment it was judged for. Who can write there can also replace git's own configuration,
and so is trusted.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rollbook.git.repository import Repository

_PLACE = "rollbook/verified-signatures.json"
_FORMAT = 1
_LARGEST = 1 << 27  # bytes; about a million signatures
_MOST = 500_000


class VerifiedSignatures:
    """The principals of the signatures that were verified, by what the verification followed from."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known = _read(path)
        self._added = False

    def principal(self, oid: str, root: str, moment: int) -> str | None:
        """Return who made a signature that was verified before; None when it was not."""
        return self._known.get(_key(oid, root, moment))

    def add(self, oid: str, root: str, moment: int, principal: str) -> None:
        self._known[_key(oid, root, moment)] = principal
        self._added = True

    def save(self) -> None:
        """Write what was added. That it can't be written costs time only, and is no error."""
        if not self._added:
            return
        kept = dict(list(self._known.items())[-_MOST:])
        text = json.dumps({"format": _FORMAT, "verified": kept})
        try:
            self._path.parent.mkdir(exist_ok=True)
            with tempfile.NamedTemporaryFile(
                "w", encoding="utf-8", dir=self._path.parent, prefix="verified-", delete=False
            ) as file:
                file.write(text)
            Path(file.name).replace(self._path)
        except OSError:
            return
        self._added = False


def remembered(repository: Repository) -> VerifiedSignatures:
    """Open what this repository, with all its work trees, remembers."""
    return VerifiedSignatures(repository.common_dir / _PLACE)


def _key(oid: str, root: str, moment: int) -> str:
    return f"{oid} {moment} {root}"


def _read(path: Path) -> dict[str, str]:
    """What the file holds; nothing when there is none, or when it isn't one that was written here."""
    try:
        if path.stat().st_size > _LARGEST:
            return {}
        data = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    known = data.get("verified") if isinstance(data, dict) and data.get("format") == _FORMAT else None
    if not isinstance(known, dict) or not all(isinstance(name, str) for name in known.values()):
        return {}
    return known
