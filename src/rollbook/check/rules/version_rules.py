"""What versions are by themselves, judged a few thousand files at a time, so that memory stays small."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rollbook.check.document import read_documents
from rollbook.check.registry_files import VersionFiles, readable_places
from rollbook.check.rules.model_rules import directory_findings
from rollbook.names import is_version

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from rollbook.check.document import Document
    from rollbook.check.finding import Finding
    from rollbook.snapshot.snapshot import Snapshot

    Key = tuple[str, str]

_FILES = 2_000


def version_findings(
    snapshot: Snapshot, modes: Mapping[str, str], versions: Mapping[Key, Sequence[str]]
) -> dict[Key, list[Finding]]:
    """Return what is wrong with each version, as far as that depends on nothing outside of its directory;
    only those with which something is.

    `versions` are their paths by model and version, `modes` those of at least these paths. What stands in a
    directory that is not named like a version is judged file by file.
    """
    findings = {}
    for part in _parts(versions):
        paths = [path for _, own in part for path in own]
        with _no_collection():
            documents = read_documents(snapshot, readable_places(modes, paths))
            for key, own in part:
                if wrong := list(one_versions_findings(key, own, documents)):
                    findings[key] = wrong
    return findings


@contextmanager
def _no_collection() -> Iterator[None]:
    # What is parsed has no cycles; looking for them takes a tenth of the time.
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


def _parts(versions: Mapping[Key, Sequence[str]]) -> Iterator[list[tuple[Key, Sequence[str]]]]:
    part: list[tuple[Key, Sequence[str]]] = []
    count = 0
    for key, paths in versions.items():
        part.append((key, paths))
        count += len(paths)
        if count >= _FILES:
            yield part
            part, count = [], 0
    if part:
        yield part


def one_versions_findings(
    key: Key, paths: Iterable[str], documents: Mapping[str, Document]
) -> Iterator[Finding]:
    own = [documents[path] for path in paths if path in documents]
    for document in own:
        yield from document.findings
    if is_version(key[1]):
        version = VersionFiles(*key, lambda _: own)
        version.paths.update(paths)
        yield from directory_findings(version)
