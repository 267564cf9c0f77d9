"""The tags that an administrator may remove: those that verifying condemns, and that nothing rests on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from rollbook.git.commits import read_commits
from rollbook.git.main_history import first_parent_line
from rollbook.git.refs import tag_ids
from rollbook.trail.standing_tags import standing
from rollbook.trail.verify import verify

if TYPE_CHECKING:
    from rollbook.git.commits import Commit
    from rollbook.git.repository import Repository

# What a tag is wrong in by itself; and what may be the last trace of a main, or of a key, that was there.
_STRAY = frozenset(["RB602", "RB603", "RB604", "RB606", "RB615"])
_DOUBTFUL = frozenset(["RB605", "RB607", "RB608", "RB609", "RB610", "RB613"])
_TRAILER = "Mended-Tag: "


@dataclass(frozen=True, slots=True)
class CondemnedTag:
    """A tag, the id of what it points at, the code and words of what is wrong with it.

    One that `is_evidence` may be all that is left of a main that was rewritten, or of a key that was taken
    off the list: it is removed by its name alone.
    """

    name: str
    oid: str
    code: str
    message: str
    is_evidence: bool


def condemned_tags(repository: Repository) -> list[CondemnedTag]:
    """Return the tags that `audit verify` condemns and that no sound tag was recorded after.

    Raises CannotTell where there is too little to verify.
    """
    verification = verify(repository)
    refs, tags = tag_ids(repository), standing(repository).tags
    line = {item.oid for item in first_parent_line(repository, verification.main)}
    condemned: dict[str, CondemnedTag] = {}
    for item in verification.contradictions:
        is_known = item.code in _STRAY | _DOUBTFUL and item.severity == "error"
        if is_known and item.tag in refs and item.tag not in verification.pinned:
            landed_in = tags[item.tag].trailer("Landed-In") if item.tag in tags else ""
            is_evidence = item.code in _DOUBTFUL or (bool(landed_in) and landed_in not in line)
            tag = CondemnedTag(item.tag, refs[item.tag], item.code, item.message, is_evidence)
            condemned.setdefault(item.tag, tag)
    sound = {name: oid for name, oid in refs.items() if name not in condemned}
    rests_on = {tag.previous for name, tag in tags.items() if name in sound}
    needed = rests_on - set(sound.values())
    return [tag for tag in condemned.values() if tag.oid not in needed]


def mending_message(tags: list[CondemnedTag]) -> str:
    """Return the message of the commit on main that records which tags are removed, and why."""
    why = "".join(f"- {tag.code}: {tag.message}\n" for tag in tags)
    return "Mend the audit trail\n\n" + why + "\n" + "".join(f"{_mark(tag.name, tag.oid)}\n" for tag in tags)


def mends(commit: Commit, name: str, oid: str) -> bool:
    """Return whether a commit records that the tag `name`, which points at `oid`, is removed."""
    return _mark(name, oid) in commit.message.split("\n")


def commits_of(repository: Repository, tip: str, since: str) -> list[Commit]:
    """Return the commits on main's line from `since` (excluded) to `tip`."""
    return list(read_commits(repository, [item.oid for item in first_parent_line(repository, tip, since)]))


def _mark(name: str, oid: str) -> str:
    # A tag's name may hold any byte above the blank.
    return f"{_TRAILER}{oid} {quote(name.encode(errors='surrogateescape'), safe='/@#!')}"
