"""Which file system a folder stands on, as Linux tells (https://man7.org/linux/man-pages/man5/proc.5.html)."""

from __future__ import annotations

from pathlib import Path

_MOUNTS = Path("/proc/self/mountinfo")
# File systems that several machines may write to at once.
_SHARED = frozenset(
    [
        "9p", "afs", "beegfs", "ceph", "cifs", "fuse.ceph", "fuse.glusterfs", "fuse.sshfs", "gfs2",
        "glusterfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs4", "ocfs2", "orangefs", "smb3", "smbfs",
        "virtiofs",
    ]
)  # fmt: skip


def is_shared_by_machines(folder: Path) -> bool:
    """Whether other machines may write to the folder as well. False where that can't be told."""
    try:
        mounts = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return False
    return kind_of(mounts, folder.resolve()) in _SHARED


def kind_of(mounts: str, folder: Path) -> str:
    """The type of the file system that `folder` stands on, by a `mountinfo`'s lines; empty without one."""
    best, kind = "", ""
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        fields = before.split(" ")
        if len(fields) < 5 or not after:
            continue
        point = _unescaped(fields[4])
        # Of several at one place, the last covers the others.
        if len(point) >= len(best) and (folder == Path(point) or Path(point) in folder.parents):
            best, kind = point, after.split(" ")[0]
    return kind


def _unescaped(text: str) -> str:
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(code, character)
    return text
