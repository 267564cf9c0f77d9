"""Which branch is main, which remote it lives on, and where both stand: facts that are stated, never guessed.

Main is what the repository's own configuration pins; else what the policy says, on the branch that the
remote, or a bare repository itself, calls its head; else what the policies of the branches here agree on.
Where they disagree the remote is asked. Of a registry whose policy says nothing, main is that head itself; or
`main` or `master`, whichever there is; or the branch that is checked out.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.errors import GitFailed, InvalidFile, NotFound, Refused
from rollbook.git.config import setting_pairs
from rollbook.git.objects import ObjectReader
from rollbook.git.refs import HEADS, listed_refs, ref_id, remote_branch, remote_head
from rollbook.git.repository import current_branch, is_ancestor
from rollbook.records.policy import parse_policy
from rollbook.snapshot.snapshot import MAX_FILE

if TYPE_CHECKING:
    from rollbook.git.refs import Ref
    from rollbook.git.repository import Repository

MAIN = "rollbook.main"
REMOTE = "rollbook.remote"
_SETTINGS = r"^(rollbook\.(main|remote)|branch\..*\.remote|remote\..*\.(url|fetch))$"
_USUAL = ("main", "master")
_FIRST_REMOTE = "origin"  # as git calls it


@dataclass(frozen=True, slots=True)
class MainBranch:
    """The branch that holds the registry's truth: its name, the commits that the local one and that of
    `remote` (as last fetched) stand at; None where there is none. `asked` are the refs, besides HEAD, that
    this was told by."""

    name: str
    remote: str
    local: str | None
    tracked: str | None
    asked: tuple[str, ...] = ()

    @property
    def tracking(self) -> str:
        """The remote's branch as it is called in messages."""
        return f"{self.remote}/{self.name}"


@dataclass(slots=True)
class _Configuration:
    """What git's configuration says of main and of the remotes."""

    main: str | None = None
    remote: str | None = None
    addresses: dict[str, str] = field(default_factory=dict)
    refspecs: dict[str, list[str]] = field(default_factory=dict)
    upstreams: dict[str, str] = field(default_factory=dict)

    def tracking_ref(self, remote: str, branch: str) -> str | None:
        """Return the ref that a fetch keeps a remote's branch in; None where none does.

        Any other ref below refs/remotes says nothing of the remote: whoever pushes here can have made it.
        """
        ref = f"{HEADS}{branch}"
        for refspec in self.refspecs.get(remote, ()):
            source, _, target = refspec.removeprefix("+").partition(":")
            before, star, after = source.partition("*")
            if target and source == ref:
                return target
            long_enough = len(ref) >= len(before) + len(after)
            if target and star and long_enough and ref.startswith(before) and ref.endswith(after):
                return target.replace("*", ref[len(before) : len(ref) - len(after)])
        return None


def _configuration(repository: Repository) -> _Configuration:
    configuration = _Configuration()
    for key, value in setting_pairs(repository, _SETTINGS):
        section, _, rest = key.partition(".")
        name, _, last = rest.rpartition(".")
        match section, last:
            case "rollbook", "main":
                configuration.main = value
            case "rollbook", "remote":
                configuration.remote = value
            case "branch", _:
                configuration.upstreams[name] = value
            case _, "url":
                configuration.addresses[name] = value
            case _:
                configuration.refspecs.setdefault(name, []).append(value)
    return configuration


def read_main(repository: Repository) -> MainBranch:
    """Return the main branch and where it stands, as this module's first lines tell it.

    Raises Refused when it, or the remote that it lives on, can't be told.
    """
    configuration = _configuration(repository)
    remote = _home(repository, configuration)
    asked = _names(configuration, remote, *([configuration.main] if configuration.main else _USUAL))
    refs = _refs(repository, asked)
    name = configuration.main or _named(repository, configuration, remote, refs)
    tracking = configuration.tracking_ref(remote, name)
    if not configuration.main and name not in _USUAL:
        own = _names(configuration, remote, name)
        refs, asked = _refs(repository, own), [*asked, *own]
    local, tracked = refs.get(f"{HEADS}{name}"), refs.get(tracking or "")
    commits = (local.oid if local else None, tracked.oid if tracked else None)
    return MainBranch(name, remote, *commits, tuple(dict.fromkeys(asked)))


def _names(said: _Configuration, remote: str, *branches: str) -> list[str]:
    """Return the refs here of these branches and of those that a fetch keeps, and of what the remote calls
    its head.
    """
    tracking = (said.tracking_ref(remote, branch) for branch in branches)
    return [*(f"{HEADS}{branch}" for branch in branches), *filter(None, tracking), _remote_head(remote)]


def _refs(repository: Repository, names: list[str]) -> dict[str, Ref]:
    return {ref.name: ref for ref in listed_refs(repository, *names)}


def _remote_head(remote: str) -> str:
    return f"refs/remotes/{remote}/HEAD"


def _home(repository: Repository, said: _Configuration) -> str:
    """Return the remote that the registry lives on; what git would call the first where there is none yet."""
    if said.remote or len(said.addresses) <= 1:
        return said.remote or next(iter(said.addresses), _FIRST_REMOTE)
    mains = [said.main] if said.main else [_policys_main(repository, "HEAD"), *_USUAL]
    upstreams = (said.upstreams.get(branch, "") for branch in mains if branch)
    home = next((upstream for upstream in upstreams if upstream in said.addresses), None)
    if home is None:
        raise Refused(
            f"which remote the registry lives on can't be told: there are {', '.join(said.addresses)}",
            hint=f"Name it: git config {REMOTE} REMOTE",
        )
    return home


def _named(repository: Repository, said: _Configuration, remote: str, refs: dict[str, Ref]) -> str:
    """Return the main branch's name, of which the configuration says nothing."""
    head = refs.get(_remote_head(remote))
    branch = head.target.removeprefix(f"refs/remotes/{remote}/") if head else ""
    if head is not None and said.tracking_ref(remote, branch) == head.target:
        return _policys_main(repository, head.target) or branch
    here = current_branch(repository) if repository.work_tree is None else None
    if here is not None and ref_id(repository, f"{HEADS}{here}"):
        stated = _policys_main(repository, f"{HEADS}{here}")
        if stated or here in _USUAL:
            return stated or here
    names = _agreed(repository, said, remote, refs)
    if len(names) > 1:
        return _asked(repository, said, remote, names)
    name = next(iter(names), None) or current_branch(repository)
    if name is None:
        raise Refused("no main branch can be told", hint=f"Name it: git config {MAIN} BRANCH")
    return name


def _agreed(repository: Repository, said: _Configuration, remote: str, refs: dict[str, Ref]) -> set[str]:
    """Return the names that the branches here give main: by what their policies state, else by being
    there.
    """
    stated, implied, there = set[str](), set[str](), set[str]()
    for branch in _USUAL:
        for ref in (f"{HEADS}{branch}", said.tracking_ref(remote, branch)):
            if ref not in refs:
                continue
            there.add(branch)
            main = _policys_main(repository, ref)
            if main is not None:
                (stated if main else implied).add(main or branch)
    if not stated:
        stated = implied | ({_policys_main(repository, "HEAD") or ""} - {""})
    return stated or there


def _asked(repository: Repository, said: _Configuration, remote: str, names: set[str]) -> str:
    """Return the main branch by what the remote calls its head now. Raises Refused when it does not say."""
    try:
        branch = remote_head(repository, remote) if remote in said.addresses else None
    except GitFailed:
        branch = None
    if branch is None:
        raise Refused(
            f"which branch is main can't be told: it could be {' or '.join(sorted(names))}",
            hint=f"Name it: git config {MAIN} BRANCH",
        )
    tracking = said.tracking_ref(remote, branch)
    return (_policys_main(repository, tracking) if tracking else "") or branch


def _policys_main(repository: Repository, revision: str) -> str | None:
    """Return the main branch that the policy at a revision states, empty where it states none; None without a
    policy that can be read."""
    reader = ObjectReader(repository)
    try:
        policy = reader.read_blob(f"{revision}:{layout.POLICY}", MAX_FILE)
    finally:
        reader.close()
    return _main_in(policy) if policy is not None else None


@functools.lru_cache(maxsize=16)
def _main_in(policy: bytes) -> str | None:
    try:
        return parse_policy(policy, layout.POLICY).main
    except InvalidFile:
        return None


def main_branch(repository: Repository) -> str:
    """Return the name of the branch that holds the registry's truth, as `read_main` tells it."""
    return read_main(repository).name


def remote_name(repository: Repository) -> str:
    """Return the remote that the registry lives on: `git config rollbook.remote`; else the only one; else
    that of main's upstream. Raises Refused when none of these tells it."""
    return _home(repository, _configuration(repository))


def remote_url(repository: Repository) -> str | None:
    """Return the address of the remote that the registry lives on; None without one."""
    configuration = _configuration(repository)
    return configuration.addresses.get(_home(repository, configuration))


def has_remote(repository: Repository) -> bool:
    """Whether the remote that the registry lives on is configured."""
    return remote_url(repository) is not None


def main_commit(repository: Repository) -> str:
    """Return the commit the main branch stands at: the local one or the remote's, whichever is ahead.

    Raises Refused when there is neither, or when the two have diverged.
    """
    return ahead_commit(repository, read_main(repository))


def ahead_commit(repository: Repository, main: MainBranch) -> str:
    """Return the commit of main's two that is ahead. Raises Refused as `main_commit` does."""
    return _ahead(repository, main, main.tracked)


def _ahead(repository: Repository, main: MainBranch, far: str | None) -> str:
    local = main.local
    if not local and not far:
        raise Refused(f"the branch {main.name!r} has no commits yet that are here", hint=_how_to_bring(main))
    if not local or not far or local == far:
        return local or far or ""
    if is_ancestor(repository, local, far):
        return far
    if is_ancestor(repository, far, local):
        return local
    raise Refused(
        f"{main.name!r} and {main.tracking!r} have diverged",
        hint=f"Bring the local branch in line: git rebase {main.tracking} {main.name}",
    )


def _how_to_bring(main: MainBranch) -> str:
    bring = f"git remote set-branches --add {main.remote} {main.name} && git fetch {main.remote}"
    return f"Make its first commit; or, where the remote has it, bring it here: {bring}"


def landed_commit(repository: Repository, remote: str | None) -> str:
    """Return the commit of main that everybody has: that of `remote`, the home, as last fetched, asked of it
    where no fetch brings it; the local one when None.

    Raises Refused when the local main is ahead of the remote's, or has diverged from it; GitFailed when the
    remote must be asked and can't be reached.
    """
    return landed_main(repository, remote)[1]


def landed_main(repository: Repository, remote: str | None) -> tuple[MainBranch, str]:
    """Return the main branch, and the commit that `landed_commit` tells. Raises as it does."""
    main = read_main(repository)
    far = main.tracked
    if remote is not None and far is None:
        far = remote_branch(repository, remote, main.name)
    commit = _ahead(repository, main, far)
    if remote is not None and far != commit:
        raise Refused(
            f"the local {main.name} has commits that {main.tracking} has not",
            hint=f"Push them first (git push {main.remote} {main.name}), or put them on a branch.",
        )
    return main, commit


def published_commit(repository: Repository) -> str:
    """Return the commit of main as everybody has it: where the local one has left the remote's, the remote's.

    Raises Refused when there is neither.
    """
    main = read_main(repository)
    if main.tracked and main.local and not is_ancestor(repository, main.tracked, main.local):
        return main.tracked
    return ahead_commit(repository, main)


def any_main_commit(repository: Repository) -> str:
    """Return the commit of main, the local one where there is one. Raises NotFound without either."""
    main = read_main(repository)
    commit = main.local or main.tracked
    if commit is None:
        raise NotFound(f"the main branch {main.name[:120]!r} has no commits here", hint=_how_to_bring(main))
    return commit
