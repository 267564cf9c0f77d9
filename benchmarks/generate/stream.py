"""What landed as `git fast-import` reads it (https://git-scm.com/docs/git-fast-import)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.generate.story import Landing

MAIN = "refs/heads/main"
PROPOSAL = "refs/rollbook/proposal"  # the branch of each proposal in turn; deleted in the end
_MERGED_BY = b"Registry Bot <registry@example.com>"


def commits(landing: Landing, mark: int, *, first: bool) -> bytes:
    """The commit of main that a landing makes, under this mark; before it that of its proposal, if any."""
    files = b"".join(
        b"M 100644 inline %b\n%b" % (path.encode(), _data(content)) for path, content in landing.files.items()
    )
    author = f"{landing.author.partition('@')[0].capitalize()} <{landing.author}>".encode()
    message = "\n\n".join(filter(None, (landing.subject, landing.body))) + "\n"
    # Main stands already: the first commit must name it, the others follow on by themselves.
    main = MAIN.encode() + (b"^0" if first else b"")
    start = b"from %b\n" % main if first else b""
    if not landing.proposal:
        return _commit(MAIN, author, author, landing.seconds, message, b"mark :%d\n" % mark, start) + files
    proposed = _commit(PROPOSAL, author, author, landing.seconds - 60, message, b"", b"from %b\n" % main)
    merge = f"Merge {landing.proposal} into main\n\n{landing.subject}\n"
    links = start + b"merge %b\n" % PROPOSAL.encode()
    landed = _commit(MAIN, author, _MERGED_BY, landing.seconds, merge, b"mark :%d\n" % mark, links)
    return proposed + files + landed + files


def _commit(
    ref: str, author: bytes, committer: bytes, seconds: int, message: str, mark: bytes, links: bytes
) -> bytes:
    return b"commit %b\n%bauthor %b %d +0000\ncommitter %b %d +0000\n%b%b" % (
        ref.encode(), mark, author, seconds, committer, seconds, _data(message.encode()), links,
    )  # fmt: skip


def _data(content: bytes) -> bytes:
    return b"data %d\n%b\n" % (len(content), content)
