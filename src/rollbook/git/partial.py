"""A bare repository that holds a part of another one's objects, and asks it for more when they are needed.

Git's own partial clones (https://git-scm.com/docs/partial-clone) fetch what is missing one object at a time.
Here nothing is fetched unasked: whoever reads names all that it will need together, so that a question costs
a few round trips, each a `git fetch` with a filter
(https://git-scm.com/docs/git-rev-list#Documentation/git-rev-list.txt---filterltfilter-specgt).
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from typing import TYPE_CHECKING

from rollbook.errors import BadCall, GitFailed, NotFound
from rollbook.git.environment import counted_settings
from rollbook.git.process import git_failed, try_git
from rollbook.git.refs import REMOTES
from rollbook.git.repository import commit_or_none, new_bare, places

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

# Filters, one for each way of asking, since servers differ in those that they take: the first is the best,
# the second for a server that computes no depth of trees, the last for one that takes no filter.
Filters = tuple[str | None, str | None, None]
# An object that is asked for by its id always comes, so this brings such alone.
ALONE: Filters = ("tree:0", "tree:0", None)
SMALL = "blob:limit=16384"
# A model's folder with all small files of its versions. What is larger (sample rows, say), and what somebody
# has put deeper, comes when it is read.
CONTENT: Filters = (f"combine:tree:4+{SMALL}", SMALL, None)
SMALL_FILES: Filters = (SMALL, SMALL, None)
WHOLE: Filters = (None, None, None)
# No file of a registry is larger.
REGISTRY_FILES: Filters = ("blob:limit=1048577", "blob:limit=1048577", None)

_REMOTE = "rollbook"
_ASKED = "refs/rollbook/asked"
# A ref's name as `git check-ref-format` allows it, and steps from there to an ancestor, such as `~2`.
_REVISION = re.compile(
    r"(?P<base>(?![-+])(?!.*(?:\.\.|@\{))[^\x00-\x20\x7f~^:?*\[\\]+)(?P<steps>(?:[~^].*)?)", re.DOTALL
)
_SHORT_ID = re.compile(r"(?:.*-g)?[0-9a-f]{4,39}")
_QUIETLY = (
    "--quiet", "--no-tags", "--no-recurse-submodules", "--no-auto-maintenance", "--no-write-fetch-head",
    "--no-write-commit-graph", "--no-show-forced-updates",
)  # fmt: skip

_NEWEST = "--depth=1"
# Every commit; a server that can't be asked for a part refuses this too.
_ALL = f"--depth={2**31 - 1}"


class _NoSuchRef(GitFailed):
    """The server has no ref of that name, or no object of that id."""


class _FilterRefused(GitFailed):
    """The server does not take the filter."""


class _IdRefused(GitFailed):
    """The server gives objects only by the names of refs (protocol versions 0 and 1)."""


class _OnlyWhole(GitFailed):
    """The server is one of files, which gives the repository whole or not at all."""


# What git says of each, in English because of LC_ALL.
_REFUSALS = (
    (re.compile(r"couldn't find remote ref|not our ref"), _NoSuchRef),
    (re.compile(r"filter '.*' not supported|tree filter allows max depth"), _FilterRefused),
    (re.compile(r"does not allow request for unadvertised object"), _IdRefused),
    (re.compile(r"does not support shallow"), _OnlyWhole),
)
_OTHER_HASH = re.compile(r"mismatched algorithms: client sha1; server (\w+)")


def trees_down_to(depth: int) -> Filters:
    """Return a commit's trees, 1 for the root alone, and the files in all but the deepest."""
    return (f"tree:{depth}", ALONE[1], None)


def down_to(depth: int) -> Filters:
    """Return a commit's trees and small files down to a depth."""
    return (f"combine:tree:{depth}+{SMALL}", SMALL, None)


class PartialClone:
    """What is known here of the repository at an address: a new bare repository in `directory`.

    Every method that brings something raises GitFailed when the repository can't be read, BadCall when it
    names its objects otherwise than by SHA-1.
    """

    def __init__(self, directory: Path, address: str, settings: Mapping[str, str]) -> None:
        self.repository = new_bare(directory, settings)
        self._address = address
        self._variables = _variables(address)
        self._way = 0
        self._asked = (_NEWEST, f"+HEAD:{_ASKED}")

    def newest(self, revision: str, depth: int) -> str:
        """Bring the commit that `revision` names at the address, with its trees down to `depth` (1: the root
        alone); return its id. Raises NotFound when it names none."""
        named = _parts(revision)
        if named is None or named["steps"]:
            return self.past(revision)
        try:
            self._ask_named(_NEWEST, named["base"], trees_down_to(depth))
        except _NoSuchRef as error:
            if not _SHORT_ID.fullmatch(revision):
                raise _no_commit(revision) from error
            return self.past(revision)
        return self._commit(_ASKED, revision)

    def past(self, revision: str) -> str:
        """Bring the commits that lead to the one that `revision` names, without their trees; return its id.

        Raises NotFound when it names none.
        """
        named = _parts(revision)
        if named is None or _SHORT_ID.fullmatch(named["base"]):
            self._ask(_ALL, f"+refs/heads/*:{_ASKED}/*", ALONE)
            return self._commit(revision, revision)
        try:
            self._ask_named(_ALL, named["base"], ALONE)
        except _NoSuchRef as error:
            raise _no_commit(revision) from error
        return self._commit(f"{_ASKED}{named['steps']}", revision)

    def bring(self, oids: Iterable[str], filters: Filters) -> None:
        """Bring objects that are not here, and of what is below them what `filters` let through."""
        self._or_whole(filters, ["--stdin"], [], "".join(f"{oid}\n" for oid in oids).encode())

    def bring_again(self, commit: str, filters: Filters) -> None:
        """Bring what `filters` let through of a commit, those objects that are here already too."""
        self._or_whole(filters, [_NEWEST, "--refetch"], [commit])

    def history(self, commit: str) -> None:
        """Bring the commits that lead to one that is here, with their trees and all but their large files."""
        with suppress(_OnlyWhole):  # of such a server's everything is here already
            try:
                self._filtered(REGISTRY_FILES, ["--refetch", _ALL], [f"+{commit}:{_ASKED}"])
            except _IdRefused:
                self._filtered(REGISTRY_FILES, ["--refetch", _ALL], [self._asked[1]])

    def _or_whole(
        self, filters: Filters, options: list[str], refspecs: list[str], stdin: bytes | None = None
    ) -> None:
        """Fetch objects by their ids; from a server that gives none so, all below the ref asked for."""
        try:
            self._filtered(filters, options, refspecs, stdin)
        except _IdRefused:
            extent, refspec = self._asked
            self._filtered(WHOLE, ["--refetch", extent], [refspec])

    def _commit(self, revision: str, asked: str) -> str:
        commit = commit_or_none(self.repository, revision)
        if commit is None:
            raise _no_commit(asked)
        return commit

    def _ask_named(self, extent: str, name: str, filters: Filters) -> None:
        """Bring what a name stands for at the address, tried in the order of `places`."""
        *likely, last = (place for place in places(name) if place != REMOTES)
        for place in likely:
            with suppress(_NoSuchRef):
                self._ask(extent, f"+{place}{name}:{_ASKED}", filters)
                return
        self._ask(extent, f"+{last}{name}:{_ASKED}", filters)

    def _ask(self, extent: str, refspec: str, filters: Filters) -> None:
        self._asked = (extent, refspec)
        try:
            self._filtered(filters, [extent], [refspec])
        except _OnlyWhole:
            # Git would ask such a server for each object that a partial clone lacks, for ever.
            self._variables = {}
            self._fetch([], [self._address, refspec])

    def _filtered(
        self, filters: Filters, options: list[str], refspecs: list[str], stdin: bytes | None = None
    ) -> None:
        """Fetch with the filter of the best way that the server takes."""
        while True:
            chosen = filters[self._way]
            filtering = f"--filter={chosen}" if chosen else "--no-filter"
            try:
                self._fetch([filtering, *options], [_REMOTE, *refspecs], stdin)
            except _FilterRefused:
                if self._way == len(filters) - 1:
                    raise
                self._way += 1
            else:
                return

    def _fetch(self, options: list[str], refspecs: list[str], stdin: bytes | None = None) -> None:
        done = try_git(
            self.repository, "fetch", *_QUIETLY, *options, "--", *refspecs,
            stdin=stdin, variables=self._variables,
        )  # fmt: skip
        if done.returncode:
            stderr = done.stderr.decode(errors="replace")
            if other := _OTHER_HASH.search(stderr):
                raise BadCall(
                    f"the repository names its objects by {other[1]}; only SHA-1 repositories are supported",
                    hint="Start the registry in a repository made with `git init --object-format=sha1`.",
                )
            for pattern, error in _REFUSALS:
                if pattern.search(stderr):
                    raise error(str(git_failed(["fetch"], done.stderr)))
            raise git_failed(["fetch"], done.stderr)


def _parts(revision: str) -> re.Match[str] | None:
    return _REVISION.fullmatch(re.sub(r"^@(?=$|[~^])", "HEAD", revision))


def _no_commit(revision: str) -> NotFound:
    if revision == "HEAD":
        return NotFound("the repository has no commits yet", hint="Make a first commit, then try again.")
    return NotFound(f"{revision[:120]!r} names no commit", hint="Name a branch, a tag or a commit.")


def _variables(address: str) -> dict[str, str]:
    """Return the variables that name the remote, so that no address with its credentials is written to a
    file.
    """
    count = counted_settings(os.environ)
    settings = {
        f"remote.{_REMOTE}.url": address,
        f"remote.{_REMOTE}.promisor": "true",
        f"remote.{_REMOTE}.partialclonefilter": "tree:0",
        "protocol.version": "2",
        "fetch.negotiationAlgorithm": "noop",
        "core.fsync": "none",
    }
    variables: dict[str, str] = {}
    for number, (key, value) in enumerate(settings.items(), count):
        variables |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    # What a server does not give must not be asked for again by every git command that runs below this one.
    return {**variables, "GIT_CONFIG_COUNT": str(count + len(settings)), "GIT_NO_LAZY_FETCH": "1"}
