"""The verbs on what is proposed and has not landed: to push it, to see it, to turn it down, to land it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rollbook.registry import registry

if TYPE_CHECKING:
    from rollbook.propose.landed_branches import LandedBranch
    from rollbook.propose.landing import Landing
    from rollbook.propose.open_requests import Request
    from rollbook.propose.rejection import Rejected


class Requests(registry.Registry):
    """What becomes of proposals."""

    def push(self, branch: str) -> str:
        """Push a proposal's branch to the remote; return the remote's name.

        Raises Refused without a remote, Conflict when the remote has another branch of that name.
        """
        from rollbook.propose.proposal import push_branch

        return push_branch(self.repository, branch)

    def open_pull_request(self, branch: str) -> str:
        """Open the pull request of a branch that was pushed; return its address.

        The commit's message describes it. Raises BadCall when the remote is no repository on GitHub, or
        there is no token.
        """
        from rollbook.integrations.forge.configured_forge import forge_of
        from rollbook.integrations.forge.opening import open_pull_request

        return open_pull_request(self.repository, forge_of(self.repository), branch)

    def requests(self, *, offline: bool = False) -> list[Request]:
        """Return what is proposed on branches below `rollbook/`, here and on the remote, and has not landed;
        the oldest first.

        Each is judged as CI would, but for the programs of gates. With `offline` the remote is not asked, and
        no forge for pull requests; a forge is asked where it is GitHub and there is a token. Raises GitFailed
        when the remote can't be reached.
        """
        from rollbook.integrations.forge.configured_forge import forge_at_hand
        from rollbook.propose.open_requests import open_requests

        requests = open_requests(self.repository, ask_remote=not offline)
        forge = None if offline or not requests else forge_at_hand(self.repository)
        if forge is None:
            return requests
        pulls = forge.open_pull_requests()
        return [replace(request, pull_request=pulls.get(request.branch, "")) for request in requests]

    def remove_landed_requests(self) -> list[LandedBranch]:
        """Remove the branches below `rollbook/` that have landed, here and on the remote; return them.

        Raises GitFailed when the remote can't be reached, Conflict when a branch moved meanwhile.
        """
        from rollbook.propose.landed_branches import remove_landed

        return remove_landed(self.repository)

    def reject(self, branch: str, *, reason: str) -> Rejected:
        """Close a request: remove its branch, here and on the remote, and keep in a tag what was proposed and
        why it was turned down; return that.

        Raises BadCall without a reason, NotFound for an unknown branch, Refused for one that is no request or
        has landed, Conflict when it moved meanwhile.
        """
        from rollbook.propose.rejection import reject

        return reject(self.repository, branch, reason=reason)

    def land(self, branch: str, *, keep_branch: bool = False) -> Landing:
        """Check a proposal exactly as CI does, merge it into main, record it, push it all; return what
        landed.

        What this registry reads stays as it was: open it again to read main as it is then. Raises
        ChangeRefused when the check says no, Conflict when somebody else landed first, Refused when the
        repository's state forbids it.

        >>> registry.land(proposal.branch)
        """
        from rollbook.propose.landing import land

        return land(self.repository, branch, keep_branch=keep_branch)
