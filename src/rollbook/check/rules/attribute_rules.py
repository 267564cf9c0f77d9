"""Rules about git's attributes: none makes a clone hold other bytes of a registry than were committed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.check.finding import Finding
from rollbook.errors import InvalidFile
from rollbook.git.attributes import attributes_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rollbook.snapshot.snapshot import Snapshot

ATTRIBUTES = ".gitattributes"
# Those of registry/ are the administrators' to set, and win over those of the root.
FILES = (ATTRIBUTES, f"{layout.ROOT}/{ATTRIBUTES}")
_NAMES = re.compile(rb"filter|ident|working-tree-encoding|eol|export-|merge")
_CHANGING = ("filter", "ident", "export-ignore", "export-subst")
_MERGED_AS_TEXT = frozenset(["set", "unset", "text", "binary"])


def attribute_findings(snapshot: Snapshot, paths: Iterable[str]) -> Iterator[Finding]:
    """Yield the attributes that the root gives files of a registry, each with the first of `paths` that a
    clone, an archive or a merge gets changed by it.
    """
    try:
        data = {path: text for path, text in zip(FILES, snapshot.read_many(FILES), strict=True) if text}
    except InvalidFile as error:
        yield Finding("RB109", error.path, error.message, hint="Shorten it.")
        return
    if not _NAMES.search(data.get(ATTRIBUTES, b"")):
        return
    told: set[str] = set()
    for path, attributes in attributes_of(data, paths).items():
        for name in sorted(_harmful(attributes) - told):
            told.add(name)
            yield Finding(
                "RB109",
                ATTRIBUTES,
                f"the attribute {name}={attributes[name][:80]} changes what clones get of {path}",
                hint=f"Name other paths, or take it back in {FILES[1]}: * !{name}",
            )


def _harmful(given: Mapping[str, str]) -> set[str]:
    changed = {name for name in _CHANGING if given.get(name, "unset") != "unset"}
    if "working-tree-encoding" in given:  # unset, git takes it for an encoding that there is none of
        changed.add("working-tree-encoding")
    if given.get("eol") == "crlf" and given.get("text") != "unset":
        changed.add("eol")
    if given.get("merge", "set") not in _MERGED_AS_TEXT:
        changed.add("merge")
    return changed
