"""Waiting until main holds what was requested."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rollbook.errors import GitFailed, Refused
from rollbook.git.operation import own_operation
from rollbook.git.refs import remote_branch, resolve_branch
from rollbook.integrations.mlflow.failures import RequestWaits
from rollbook.propose.direct_landing import fetched_main
from rollbook.registry.main_branch import has_remote, remote_name
from rollbook.registry.request_branches import has_landed

if TYPE_CHECKING:
    from rollbook.git.repository import Repository
    from rollbook.integrations.forge.change_request import Request

_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 10.0  # seconds


def landed(repository: Repository, made: Request, wait: float, hint: str = "") -> str:
    """Return the commit of main that holds a request, as soon as there is one.

    Raises RequestWaits, with `hint` at its end, when there is none after `wait` seconds, Refused when the
    request is withdrawn meanwhile.
    """
    remote = remote_name(repository) if has_remote(repository) else None
    commit = _waited(repository, made.branch, made.commit, remote, wait) if wait else None
    if commit is None:
        raise RequestWaits(made.subject, made.branch, made.pull_request, made.waits_for, made.trouble, hint)
    return commit


def _waited(
    repository: Repository, branch: str, commit: str, remote: str | None, seconds: float
) -> str | None:
    """Return the commit of main that holds a request, as soon as there is one; None after some seconds."""
    end, pause = time.monotonic() + seconds, _FIRST_PAUSE
    while True:
        try:
            # Not as the operation that waits once found things: settings may change in the meantime.
            with own_operation():
                is_open = _is_open(repository, branch, remote)
                # Asked after the branch: it goes away when it lands.
                main = fetched_main(repository)
        except GitFailed:
            if time.monotonic() >= end:
                raise
        else:
            if has_landed(repository, main, commit):
                return main
            if not is_open:
                raise Refused(
                    f"the request {branch} is withdrawn: its branch is gone, and main does not hold it"
                )
        left = end - time.monotonic()
        if left <= 0:
            return None
        time.sleep(min(left, pause))
        pause = min(pause * 1.5, _LONGEST_PAUSE)


def _is_open(repository: Repository, branch: str, remote: str | None) -> bool:
    tip = remote_branch(repository, remote, branch) if remote else resolve_branch(repository, branch)
    return tip is not None
