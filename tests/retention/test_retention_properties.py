"""Whatever versions share, a sweep deletes no object that a version which is kept needs."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from building.world import git
from rollbook.artifact.dir_object import FolderEntry, listing_bytes
from rollbook.artifact.dvc_remote import RemoteSettings
from rollbook.artifact.local_store import ObjectFolder
from rollbook.artifact.storage import Storage
from rollbook.git.repository import discover
from rollbook.records.removal import Removal
from rollbook.retention.landed_removals import LandedRemoval
from rollbook.retention.needs import needs_of
from rollbook.retention.object_mentions import mentions

if TYPE_CHECKING:
    from collections.abc import Sequence

CONTENTS = [bytes([65 + number]) * (number + 1) for number in range(6)]
# An artifact is one file, or a folder of several; by the numbers of their contents.
ARTIFACT = st.lists(st.integers(0, 5), min_size=1, max_size=4, unique=True)
VERSIONS = st.lists(
    st.tuples(ARTIFACT, st.booleans(), st.sampled_from(["main", "branch"])), min_size=1, max_size=6
)


def md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def put(folder: ObjectFolder, artifact: Sequence[int]) -> str:
    """Store an artifact; what DVC calls it."""
    for number in artifact:
        folder.store_bytes(CONTENTS[number])
    if len(artifact) == 1:
        return md5(CONTENTS[artifact[0]])
    data = listing_bytes(FolderEntry(f"f{number}", md5(CONTENTS[number])) for number in artifact)
    return folder.store_bytes(data, ".dir")[0].md5 + ".dir"


def objects(name: str, artifact: Sequence[int]) -> set[str]:
    return {name, *(md5(CONTENTS[number]) for number in artifact)}


@settings(max_examples=30, deadline=None)
@given(VERSIONS)
def test_no_object_of_a_version_that_stays_is_let_go(versions: list[tuple[list[int], bool, str]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        remote = ObjectFolder(root / "remote")
        git(root, "init", "--quiet", "repository")
        repository = root / "repository"
        git(repository, "commit", "--quiet", "--allow-empty", "-m", "x")
        removed, kept, gone = [], set[str](), set[str]()
        for number, (artifact, is_removed, branch) in enumerate(versions):
            oid = put(remote, artifact)
            path = repository / f"registry/m/versions/{number}.0.0/model.dvc"
            path.parent.mkdir(parents=True)
            path.write_text(f"outs:\n- md5: {oid}\n  hash: md5\n  path: model\n")
            if is_removed:
                removal = Removal("m", f"{number}.0.0", "", "", "", "", "", 1, oid, None, {})
                removed.append(LandedRemoval(removal, 0, 0, ""))
                gone |= objects(oid, artifact)
            else:
                kept |= objects(oid, artifact)
            if branch == "branch":
                git(repository, "checkout", "--quiet", "-b", f"b{number}")
            git(repository, "add", ".")
            git(repository, "commit", "--quiet", "-m", "x")
            if branch == "branch":
                git(repository, "checkout", "--quiet", "main")
        storage = Storage(RemoteSettings("remote"), remote, ObjectFolder(root / "cache"))
        needs = needs_of(mentions(discover(repository)), removed, storage)
        let_go = {oid for each in removed for oid in needs.objects(each.removal.md5) if oid not in needs}
        assert let_go == gone - kept
