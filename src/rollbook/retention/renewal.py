"""Objects that a registration must store anew, because a sweep may be about to delete them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.artifact.dir_object import SUFFIX
from rollbook.git.objects import ObjectReader
from rollbook.git.trees import files_holding
from rollbook.retention.needs import members
from rollbook.snapshot.snapshot import MAX_FILE

if TYPE_CHECKING:
    from rollbook.artifact.read_only_storage import ReadOnlyStorage
    from rollbook.git.repository import Repository

_MD5 = re.compile(r"md5: *['\"]?([0-9a-f]{32}(?:\.dir)?)")


def removed_objects(repository: Repository, commit: str, storage: ReadOnlyStorage) -> frozenset[str]:
    """Return the objects of all artifacts whose removal stands in a commit: whoever registers the same bytes
    again stores them again, so that they are young, and no sweep takes them for left over.
    """
    paths = files_holding(repository, commit, "md5: ", f"{layout.ROOT}/**/removed.yaml")
    reader = ObjectReader(repository)
    try:
        files = list(reader.read_many((f"{commit}:{path}" for path in paths), MAX_FILE))
    finally:
        reader.close()
    texts = ((file.data or b"").decode(errors="replace") for file in files if file is not None)
    oids = {oid for text in texts for oid in _MD5.findall(text)}
    folders = [oid for oid in oids if oid.endswith(SUFFIX)]
    for folder in storage.sizes(folders):
        oids.update(members(storage, folder) or ())
    return frozenset(oids)
