"""What Rollbook asks of a forge, whichever it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection

    from rollbook.access.roles import Person


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request: its number and address, who opened it (a login, empty when the account is gone), the
    commit it offers, the branch it is for, and whether it has been merged."""

    number: int
    url: str
    author: str
    head: str
    base: str
    merged: bool


@dataclass(frozen=True, slots=True)
class Release:
    """What is published about a version: the tag it stands on, a title, and a body in Markdown."""

    tag: str
    title: str
    body: str


@dataclass(frozen=True, slots=True)
class Issue:
    """An issue: its number and address."""

    number: int
    url: str


class Forge(Protocol):
    """A forge. Every method raises ForgeFailed when the forge can't be asked or says no."""

    name: str

    def pull_request(self, number: int) -> PullRequest:
        """Return a pull request by its number. Raises NotFound when there is none."""

    def open_pull_request(self, branch: str, base: str, title: str, body: str) -> str:
        """Open a pull request from a branch of the repository into `base`, and return its address: that of
        the one there is when there is one."""

    def open_pull_requests(self) -> dict[str, str]:
        """Return the address of the open pull request of each branch of the repository, by the branch."""

    def landed_by(self, commit: str, branch: str) -> PullRequest | None:
        """Return the pull request that brought a commit of `branch`; None when it came without one."""

    def reviews(self, pull: PullRequest, teams: Collection[str]) -> tuple[Person, ...]:
        """Return who approves the commit that a pull request offers now, in the order they did.

        A person's last word counts, and only about the very commit that is offered. Whoever opened the pull
        request or made one of its commits does not count, nor does a program, nor who may not write there. Of
        `teams` (`org/team`), each person has those that they are in.
        """

    def comment(self, number: int, marker: str, body: str) -> str:
        """Write the one comment of a pull request or an issue that begins with `marker`, or write it anew in
        its place.

        Returns its address.
        """

    def issue(self, marker: str, title: str, body: str, since: str) -> Issue:
        """Open the one issue that begins with `marker`, unless there is one, and return it; `since` as for
        `find_issue`."""

    def find_issue(self, marker: str, since: str) -> Issue | None:
        """Return the issue that begins with `marker` and was opened by whom the token is of, open or closed;
        None without one. `since` is a time (RFC 3339) before which it can't have been opened."""

    def check_again(self, pull: PullRequest) -> int:
        """Have the finished checks of a pull request run once more; return how many there are."""

    def released(self) -> frozenset[str]:
        """Return the tags that have a release."""

    def release(self, release: Release) -> str:
        """Publish a release and return its address, that of the one there is when the tag has one already."""
