"""What lets git show other objects than a repository's ids stand for; nothing of it is believed here."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rollbook.git.refs import ref_ids

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rollbook.git.repository import Repository

_REPLACE = "refs/replace/"


class Substitute(NamedTuple):
    """Something that stands in for objects: where, what it does, how it goes, and whether it is as harmless
    as objects that are borrowed from another repository."""

    place: str
    deed: str
    remedy: str
    is_borrowed: bool = False


def substitutes(repository: Repository) -> Iterator[Substitute]:
    """Yield replacement refs (git-replace(1)), grafts, and the folders that objects are borrowed from."""
    for ref in ref_ids(repository, _REPLACE):
        oid = ref.removeprefix(_REPLACE)
        yield Substitute(ref, f"git shows another object in place of {oid[:12]}", f"git replace -d {oid}")
    grafts = repository.common_dir / "info" / "grafts"
    if grafts.exists():
        yield Substitute("info/grafts", "git shows other parents than commits have", f"Delete {grafts}.")
    alternates = repository.common_dir / "objects" / "info" / "alternates"
    if alternates.exists():
        deed = "objects are borrowed from other folders, and go when those go"
        yield Substitute("objects/info/alternates", deed, "To own them: git repack -a -d.", is_borrowed=True)
