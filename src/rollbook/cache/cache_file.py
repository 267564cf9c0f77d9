"""A file in the git directory that makes things faster, and is never believed when it is broken.

Its own SHA-256 stands in front: one that was cut off or altered, or is another user's, counts as none.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from pathlib import Path

_DIGEST = 32


def read_kept(path: Path, magic: bytes, most: int) -> bytes | None:
    """What `write_kept` wrote under the same `magic`; None when there is no such file, when it isn't as this
    user has written it, or when it has more than `most` bytes."""
    try:
        with path.open("rb") as file:
            facts = os.fstat(file.fileno())
            if not _is_own(facts) or facts.st_size > len(magic) + _DIGEST + most:
                return None
            data = file.read()
    except OSError:
        return None
    start = len(magic) + _DIGEST
    body = data[start:]
    return body if data[:start] == magic + hashlib.sha256(body).digest() else None


def write_kept(path: Path, magic: bytes, body: bytes) -> None:
    """Replace the file as a whole. That it can't be written costs time only, and is no error."""
    try:
        path.parent.mkdir(exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f"{path.name}-", delete=False) as file:
            file.write(magic + hashlib.sha256(body).digest() + body)
        Path(file.name).replace(path)
    except OSError:
        return


def _is_own(facts: os.stat_result) -> bool:
    if not stat.S_ISREG(facts.st_mode):
        return False
    return os.name == "nt" or (facts.st_uid == os.geteuid() and not facts.st_mode & 0o022)
