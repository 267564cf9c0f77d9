"""Refs: listing them, here and on a remote; moving all of a set in one transaction, or none."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from rollbook.errors import Conflict
from rollbook.git.process import git, git_failed, line_of, text, try_git, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rollbook.git.repository import Repository

NO_OBJECT = "0" * 40
HEADS = "refs/heads/"
REMOTES = "refs/remotes/"
TAGS = "refs/tags/"
_REMOTE_HEAD = re.compile(rb"ref: (?P<ref>.+)\tHEAD", re.DOTALL)
_REMOTE_REF = re.compile(rb"(?P<oid>[0-9a-f]{40})\t(?P<name>.+)", re.DOTALL)
# A user's settings must not widen what is asked for: pruning would delete tags that only stand here, and
# following tags would publish a user's own.
_FETCH = ("fetch", "--no-write-fetch-head", "--no-recurse-submodules")
_PUSH = ("push", "--atomic", "--porcelain", "--quiet", "--no-follow-tags", "--recurse-submodules=no")
_ALL_TAGS = f"{TAGS}*:{TAGS}*"
# How git says of a ref here that it isn't where it was, or that another git moves it.
_MOVED = (b"but expected", b"already exists", b"unable to resolve reference", b"File exists")
# How git says, when it answers a push, that the ref has moved or is being moved by somebody else.
_OVERTAKEN = (
    b"stale info",
    b"fetch first",
    b"non-fast-forward",
    b"already exists",
    b"cannot lock ref",
    b"failed to update ref",
    b"incorrect old value",
)


class Ref(NamedTuple):
    """A ref: its full name, the id of what it points at, and for a symbolic one the ref it stands for."""

    name: str
    oid: str
    target: str


@dataclass(frozen=True, slots=True)
class RefUpdate:
    """A ref, what it shall point at, and what it points at now; `NO_OBJECT` where it does not exist."""

    ref: str
    new: str
    old: str


def listed_refs(repository: Repository, *patterns: str) -> list[Ref]:
    """Return the refs that a pattern of `git for-each-ref` is met by (none: all), by name."""
    # Not the objects' types: git gives up on an object that it can't parse.
    listed = git(repository, "for-each-ref", "--format=%(objectname)%00%(refname)%00%(symref)%00", *patterns)
    parts = text(listed).split("\0")
    ids = (part.removeprefix("\n") for part in parts[:-1:3])
    return [Ref(name, oid, target) for oid, name, target in zip(ids, parts[1::3], parts[2::3], strict=True)]


def ref_ids(repository: Repository, *patterns: str) -> dict[str, str]:
    """Return what each ref points at, by the ref's full name; `patterns` as in `listed_refs`."""
    parts = text(git(repository, "for-each-ref", "--format=%(refname)%00%(objectname)%00", *patterns)).split(
        "\0"
    )
    names = [part.removeprefix("\n") for part in parts[:-1:2]]
    return dict(zip(names, parts[1::2], strict=True))


def tag_ids(repository: Repository) -> dict[str, str]:
    """Return what each tag points at, by the tag's name."""
    return {name[len(TAGS) :]: oid for name, oid in ref_ids(repository, TAGS).items()}


def annotated_tags(
    repository: Repository, names: Iterable[str] | None = None
) -> tuple[dict[str, str], list[str]]:
    """Return the id of each annotated tag's object by the tag's name, and the names of all other tags: of all
    tags, or of those that meet patterns.

    Raises GitFailed when a tag points at nothing.
    """
    patterns = [TAGS] if names is None else [f"{TAGS}{name}" for name in names]
    if not patterns:
        return {}, []
    shape = "--format=%(refname)%00%(objectname)%00%(objecttype)%00"
    parts = text(git(repository, "for-each-ref", shape, *patterns)).split("\0")
    start = len(TAGS)
    tags, others = dict[str, str](), list[str]()
    for name, oid, kind in zip(parts[:-1:3], parts[1::3], parts[2::3], strict=True):
        plain = name.removeprefix("\n")[start:]
        if kind == "tag":
            tags[plain] = oid
        else:
            others.append(plain)
    return tags, others


def ref_id(repository: Repository, ref: str) -> str | None:
    """Return what the ref of this very name points at; None when there is none.

    Only a full name counts: `refs/heads/main~1` or `refs/heads/main^{tree}` is none.
    """
    return line_of(repository, "show-ref", "--verify", "--hash", "--", ref)


def resolve_branch(repository: Repository, branch: str, remote: str | None = None) -> str | None:
    """Return the commit of a local branch, or of a remote's as it was last seen; None without."""
    return ref_id(repository, f"refs/remotes/{remote}/{branch}" if remote else f"refs/heads/{branch}")


def is_branch_name(repository: Repository, name: str) -> bool:
    """Whether a branch may be called so."""
    return line_of(repository, "check-ref-format", "--branch", name) == name


def remote_refs(repository: Repository, remote: str, *patterns: str) -> dict[str, str]:
    """Return what each ref of a remote points at now, by the ref's full name; `patterns` as in `ls-remote`.

    Raises GitFailed when the remote can't be reached.
    """
    return _remote_refs(git(repository, "ls-remote", "--", remote, *patterns))


def _remote_refs(listed: bytes) -> dict[str, str]:
    refs = (_REMOTE_REF.fullmatch(line) for line in listed.split(b"\n"))
    return {text(ref["name"]): ref["oid"].decode() for ref in refs if ref is not None}


def remote_branch(repository: Repository, remote: str, branch: str) -> str | None:
    """Return the commit of a branch on the remote as it stands there now, its objects fetched; None without.

    Raises GitFailed when the remote can't be reached.
    """
    ref = f"refs/heads/{branch}"
    oid = remote_refs(repository, remote, ref).get(ref)
    if oid is not None and try_git(repository, "cat-file", "-e", oid).returncode:
        fetch(repository, remote, ref)
    return oid


def reached_address(repository: Repository, remote: str) -> str:
    """Return the address that git reaches a remote by, once `url.*.insteadOf` has had its say."""
    return line_of(repository, "ls-remote", "--get-url", "--", remote) or ""


def remote_head(repository: Repository, remote: str) -> str | None:
    """Return the branch that a remote calls its head now; None where it names none.

    Raises GitFailed when the remote can't be reached.
    """
    lines = git(repository, "ls-remote", "--symref", "--", remote, "HEAD").split(b"\n")
    heads = (_REMOTE_HEAD.fullmatch(line) for line in lines)
    refs = (text(head["ref"]) for head in heads if head is not None)
    return next((ref.removeprefix(HEADS) for ref in refs if ref.startswith(HEADS)), None)


def update_refs(repository: Repository, updates: Sequence[RefUpdate]) -> None:
    """Move local refs, all or none. Raises Conflict when one isn't where `old` says, GitFailed when they
    can't be moved: the disk is full, or a hook refuses it."""
    if not updates:
        return
    lines = "".join(f"update {update.ref}\0{update.new}\0{update.old}\0" for update in updates)
    done = try_git(repository, "update-ref", "--stdin", "-z", stdin=lines.encode(errors="surrogateescape"))
    if not done.returncode:
        return
    if any(reason in done.stderr for reason in _MOVED):
        raise Conflict(
            f"the repository has moved meanwhile: {words(done.stderr)}",
            hint="Nothing was changed. Try again.",
        )
    raise git_failed(["update-ref"], done.stderr)


def push(repository: Repository, remote: str, updates: Sequence[RefUpdate]) -> None:
    """Move refs on a remote, atomically, each only from where `old` says it is.

    Raises Conflict when the remote has moved, GitFailed when it can't be reached or refuses.
    """
    if not updates:
        return
    leases = [
        f"--force-with-lease={update.ref}:{'' if update.old == NO_OBJECT else update.old}"
        for update in updates
    ]
    specs = [f"{'' if update.new == NO_OBJECT else update.new}:{update.ref}" for update in updates]
    done = try_git(repository, *_PUSH, *leases, "--", remote, *specs)
    if not done.returncode:
        return
    rejected = [line for line in done.stdout.split(b"\n") if line.startswith(b"!")]
    overtaken = any(reason in line for line in rejected for reason in _OVERTAKEN)
    if overtaken or _has_moved(repository, remote, updates):
        raise Conflict(
            f"somebody else was first: {remote} has moved",
            hint="Nothing was changed there. Try again.",
        )
    # A rejected ref is told as a sign, where from and where to, and why, parted by tabs.
    told = [b": ".join(line.rpartition(b":refs/")[2].split(b"\t")) for line in rejected]
    raise git_failed(["push"], b"\n".join([done.stderr, *told]))


def _has_moved(repository: Repository, remote: str, updates: Sequence[RefUpdate]) -> bool:
    """Whether a ref isn't where its update says. A remote that moves during a push says no more."""
    standing = _standing(repository, remote)
    return bool(standing) and any(standing.get(update.ref, NO_OBJECT) != update.old for update in updates)


def _standing(repository: Repository, remote: str, *patterns: str) -> dict[str, str]:
    """Return the refs of a remote; none when it can't be reached, of which whoever asks has better words."""
    done = try_git(repository, "ls-remote", "--", remote, *patterns)
    return {} if done.returncode else _remote_refs(done.stdout)


def fetch(repository: Repository, remote: str, *refspecs: str) -> None:
    """Fetch from a remote, its branches by default. Raises GitFailed."""
    git(repository, *_FETCH, "--no-prune", "--quiet", "--", remote, *refspecs)


def mirror_refs(repository: Repository, remote: str, place: str) -> None:
    """Bring what stands below `place` (e.g. `refs/seen/`) to all that the remote's refs are now.

    Raises GitFailed when the remote can't be reached.
    """
    exact = ("--quiet", "--no-tags", "--prune", "--force")
    git(repository, *_FETCH, *exact, "--", remote, f"+refs/*:{place}*")


def fetch_tags(repository: Repository, remote: str) -> None:
    """Fetch every tag. A tag that differs here and there is left as it is, and reported by Conflict."""
    done = try_git(repository, *_FETCH, "--no-prune", "--quiet", "--", remote, _ALL_TAGS)
    if done.returncode:
        here, there = ref_ids(repository, TAGS), _standing(repository, remote, f"{TAGS}*")
        clashing = [name[len(TAGS) :] for name, oid in here.items() if there.get(name, oid) != oid]
        if clashing:
            raise Conflict(
                f"tags differ from those of {remote}: {', '.join(clashing)}",
                hint="One of the two was changed after the fact. Find out which before you go on.",
            )
        raise git_failed(["fetch"], done.stderr)
