"""The check of a registry as it stands. What was found clean before, and still is the same, is not read.

Little is imported here: most often nothing has changed.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING

from rollbook.check.clean_files import Fingerprint, Remembered, fingerprint
from rollbook.layout import CODEOWNERS, DVC_YAML, ROOT, meant

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import date

    from rollbook.check.finding import Finding
    from rollbook.snapshot.snapshot import FileIdentity, Snapshot

SECOND = 1_000_000_000  # nanoseconds
_QUIET = 400  # days for which it is remembered at the most that no sunset comes


def check_tree(
    snapshot: Snapshot,
    only: Collection[str] | None = None,
    known: Remembered | None = None,
    *,
    processes: int = 1,
    today: date | None = None,
) -> list[Finding]:
    """Everything that is wrong with a registry as it stands.

    With `only`, a set of model names: with these models, and with the files that belong to no model. What is
    in `known` is passed over, and what turns out to be clean is added to it. Large registries are judged
    by several `processes`, where that pays. With `today`, also what is past its sunset on that day, or near
    it.
    """
    known = Remembered() if known is None else known
    rules = _rules() if known.keeps else ""
    entries: Mapping[str, FileIdentity] | None = None
    indexed = everything = None
    if known.keeps:
        everything = _by_tree(snapshot, rules)
        if everything is None:
            indexed = _by_index(snapshot, rules)
            if indexed is not None and indexed in known and _is_still(snapshot, rules, indexed):
                return _sunsets(snapshot, known, (indexed,), today)
            known.begin()
            entries = snapshot.identities(ROOT)
            everything = _by_entries(snapshot, rules, entries)
        if everything is not None and everything in known:
            _remember_index(snapshot, rules, known, indexed, everything)
            return _sunsets(snapshot, known, (everything, indexed), today)
    entries = snapshot.identities(ROOT) if entries is None else entries
    known.begin()

    from rollbook.check.everything import Everything, findings

    all_findings = findings(Everything(snapshot, entries, rules), only, known, processes)
    if only is None and not all_findings and everything is not None:
        known.add(everything)
        _remember_index(snapshot, rules, known, indexed, everything)
    known.save()
    return [*all_findings, *_sunsets(snapshot, known, (everything, indexed), today)]


def _sunsets(
    snapshot: Snapshot, known: Remembered, marks: Iterable[Fingerprint | None], today: date | None
) -> list[Finding]:
    """Return what is to be said of sunsets, unless it is remembered of what any of `marks` stands for that
    nothing is before a day that is still to come."""
    if today is None:
        return []
    days = [today + timedelta(days=ahead) for ahead in range(1, _QUIET)]
    # An index stands for files where that is known alone; what else is a mark is made of the files.
    first, *others = marks
    standing = [mark for mark in (first, *(mark for mark in others if mark in known)) if mark is not None]
    if any(_quiet(mark, day) in known for mark in standing for day in days):
        return []
    known.begin()

    from rollbook.check.sunsets import outlook

    told = outlook(snapshot, today)
    for mark in () if told.findings else standing:
        known.add(_quiet(mark, min(told.quiet_until or days[-1], days[-1])))
    known.save()
    return [*told.findings]


def _quiet(mark: Fingerprint, day: date) -> Fingerprint:
    """Return what stands for: of these files nothing is to be said of sunsets before this day."""
    return Fingerprint(
        hashlib.sha256(b"quiet until %b %b" % (f"{day}".encode(), mark.key)).digest(), mark.newest
    )


def _rules() -> str:
    from rollbook.check.rules_digest import rules_digest

    return rules_digest()


# --- the fingerprint of a whole registry ------------------------------------------------------------------


def _by_tree(snapshot: Snapshot, rules: str) -> Fingerprint | None:
    """By the id of git's tree, which saves listing it; None where no tree is the registry."""
    tree = snapshot.tree_id(ROOT)
    if tree is None or not _is_alone(snapshot.root_names()):
        return None
    around = _around(snapshot)
    return fingerprint(["tree", rules, tree], around, around)


def _by_entries(snapshot: Snapshot, rules: str, entries: Mapping[str, FileIdentity]) -> Fingerprint | None:
    """By what tells each file's content from others; None where more than the files decides."""
    if not _is_alone(snapshot.root_names()):
        return None
    everything = {**entries, **_around(snapshot)}
    return fingerprint(["entries", rules], everything, everything)


def _by_index(snapshot: Snapshot, rules: str) -> Fingerprint | None:
    """By git's index, for as long as git finds each file to be as that says, which takes no look at each file
    here; None where more than the files decides."""
    index = snapshot.index_digest()
    if index is None or not _is_alone(snapshot.root_names()):
        return None
    around = _around(snapshot)
    return fingerprint(["index", rules, index], around, around)


def _is_still(snapshot: Snapshot, rules: str, indexed: Fingerprint) -> bool:
    """Whether git finds the files to be as the index says, and that is still the same one."""
    return snapshot.is_as_indexed(ROOT) and _by_index(snapshot, rules) == indexed


def _remember_index(
    snapshot: Snapshot, rules: str, known: Remembered, indexed: Fingerprint | None, clean: Fingerprint
) -> None:
    """Remember that the files which were found `clean` are those of the index, where they are."""
    if indexed is not None and snapshot.looks_at_all(ROOT) and _is_still(snapshot, rules, indexed):
        # Git tells times of one second apart by contents, which are not always all that a file is.
        settled = (max(clean.newest, indexed.newest) // SECOND + 1) * SECOND
        known.add(Fingerprint(indexed.key, settled))
        known.save()


def _is_alone(names: Iterable[str]) -> bool:
    names = set(names)
    return ROOT in names and all(meant(name) == name for name in names)


def _around(snapshot: Snapshot) -> dict[str, FileIdentity]:
    """Return what the check of a whole registry reads outside of it."""
    identities = {path: snapshot.identity(path) for path in (DVC_YAML, CODEOWNERS, ".gitattributes")}
    return {path: entry for path, entry in identities.items() if entry is not None}
