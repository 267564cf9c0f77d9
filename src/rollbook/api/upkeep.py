"""The verbs that keep what is around a registry in order: files that others read, storage, and the forge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.registry import registry

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rollbook.git.repository import Repository
    from rollbook.integrations.forge.releases import Released
    from rollbook.integrations.notify.notifier import Outcome
    from rollbook.retention.sweeping import Sweeping


class Hooks:
    """The git hooks that run Rollbook."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    def install(self, *, server: bool = False, main: str | None = None) -> Sequence[Path]:
        """Write git hooks: `pre-commit` in a clone, `pre-receive` with `server`; return what was written.

        `main` is the branch that a server guards as main, by default main as the repository tells it. Raises
        Refused where somebody else's hook stands, or where there is no main yet and nothing names it.
        """
        from rollbook.access.hook_scripts import install_hooks

        return install_hooks(self._repository, server=server, main=main)


class Upkeep(registry.Registry):
    """What writes around the registry, and never to its record."""

    def sweep(self, *, yes: bool = False, also: Sequence[str] = ()) -> Sweeping:
        """Delete from the DVC remote what landed removals let go and nothing else needs; return what.

        Without `yes` nothing is deleted. `also` are other repositories (paths or URLs) that store in the same
        remote. Raises StorageFailed when the remote can't be read.
        """
        from rollbook.retention.sweeping import sweep

        return sweep(self.repository, delete=yes, also=also)

    def codeowners(self, *, check: bool = False) -> bool:
        """Write .github/CODEOWNERS from the policy's roles; return whether it said something else before.

        With `check` nothing is written. Raises Refused when somebody else wrote the file.
        """
        from rollbook.access.code_owners import differs, write_codeowners

        return differs(self.repository) if check else write_codeowners(self.repository)

    def dvc_artifacts(self, *, check: bool = False) -> Sequence[str]:
        """Write each model's newest artifact into dvc.yaml; return the models whose entry was missing or
        drifted.

        With `check` nothing is written. Raises Refused when the policy does not ask for it.
        """
        from rollbook.propose.dvc_entries_update import drifted, write_entries

        return drifted(self.repository) if check else write_entries(self.repository)

    def stale_cards(self) -> Sequence[str]:
        """Return the paths of the staged model cards whose generated parts say something else than the
        files."""
        from rollbook.propose.card_proposal import stale_cards

        return stale_cards(self.repository)

    def notify(self, *, limit: float = 60) -> Sequence[Outcome]:
        """Send what was recorded to those that the policy names, as signed CloudEvents; return what came of
        it.

        `limit` is how many seconds to try, for all together. What a receiver does not take waits for the next
        time.
        """
        from rollbook.integrations.notify.notifier import notify

        return notify(self.repository, limit=limit)

    def release(self, *, stage: str = "production") -> Sequence[Released]:
        """Publish a GitHub Release for each version that came into a stage and has none yet; return the new.

        Raises BadCall when the environment names no repository on GitHub or no token.
        """
        from rollbook.integrations.forge.configured_forge import github
        from rollbook.integrations.forge.releases import publish

        return publish(self.repository, github(), stage)

    @staticmethod
    def comment(number: str, text: str) -> str:
        """Write a text into the one comment that Rollbook has in a pull request on GitHub; return its
        address.

        The comment is written anew in its place each time. Raises ForgeFailed when GitHub refuses.
        """
        from rollbook.integrations.forge.configured_forge import github, pull_request_number
        from rollbook.integrations.forge.pull_request import MARKER

        return github().comment(pull_request_number(number), MARKER, text)

    @staticmethod
    def recheck(number: str) -> int:
        """Have GitHub run the finished check of a pull request once more; return how many runs start again.

        Raises ForgeFailed when GitHub refuses.
        """
        from rollbook.integrations.forge.configured_forge import github, pull_request_number

        forge = github()
        return forge.check_again(forge.pull_request(pull_request_number(number)))
