"""Reading a repository on this machine that somebody else may have made, its configuration included.

What a repository's own configuration names, git runs: to fetch what is missing, to watch files, to sign. So
the objects are read through a bare repository of ours, which knows theirs as an alternate, has a copy of
their refs, and nothing else of theirs (https://git-scm.com/docs/gitrepository-layout).
"""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rollbook.errors import Refused
from rollbook.git.config import settings
from rollbook.git.process import line_of
from rollbook.git.quoting import quoted
from rollbook.git.refs import listed_refs
from rollbook.git.repository import Repository, discover, new_bare

if TYPE_CHECKING:
    from collections.abc import Iterator

# What is taken over of their configuration: names and addresses, which nothing runs.
_HARMLESS = r"^(rollbook\.(main|remote)|branch\..*\.remote|remote\..*\.(url|fetch|tagopt))$"
_PARTIAL = r"^(extensions\.partialclone|remote\..*\.(promisor|partialclonefilter))$"


@contextmanager
def strangers_repository(directory: Path, home: str) -> Iterator[Repository]:
    """Open the repository around `directory` for reading; nothing that its configuration names is run.

    `home` is the setting that keeps where it stands. Raises BadCall when there is none, Refused for a
    partial clone, which could be read only by fetching what it lacks as its configuration says.
    """
    theirs = discover(directory)
    if settings(theirs, _PARTIAL):
        raise Refused(
            f"{directory} is a partial clone, which lacks a part of what it stands for",
            hint="Name the repository that it was cloned from; or, if you trust its configuration, use -C.",
        )
    kept = settings(theirs, _HARMLESS) | {home: str(theirs.work_tree or theirs.git_dir)}
    with tempfile.TemporaryDirectory(prefix="rollbook-") as place:
        ours = new_bare(Path(place) / ".git", kept)
        _share_objects(theirs, ours.git_dir)
        _copy_refs(theirs, ours.git_dir)
        yield ours


def _share_objects(theirs: Repository, git_dir: Path) -> None:
    (git_dir / "objects/info").mkdir()
    objects = quoted(str(theirs.common_dir / "objects"))
    (git_dir / "objects/info/alternates").write_bytes(objects.encode(errors="surrogateescape") + b"\n")
    shallow = theirs.common_dir / "shallow"
    if shallow.is_file():
        (git_dir / "shallow").write_bytes(shallow.read_bytes())


def _copy_refs(theirs: Repository, git_dir: Path) -> None:
    packed = ["# pack-refs with: sorted \n"]
    for ref in listed_refs(theirs):
        if ref.target:
            place = git_dir / ref.name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(f"ref: {ref.target}\n".encode(errors="surrogateescape"))
        else:
            packed.append(f"{ref.oid} {ref.name}\n")
    (git_dir / "packed-refs").write_bytes("".join(packed).encode(errors="surrogateescape"))
    branch = line_of(theirs, "symbolic-ref", "--quiet", "HEAD")
    commit = None if branch else line_of(theirs, "rev-parse", "--verify", "--quiet", "HEAD")
    head = f"ref: {branch}" if branch else commit or "ref: refs/heads/none"
    (git_dir / "HEAD").write_bytes(f"{head}\n".encode(errors="surrogateescape"))
