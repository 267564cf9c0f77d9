"""The registry as programs use it: what it holds, and every verb of the command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rollbook.api.access_verbs import OwnAccessQuestion
from rollbook.api.checking import Checks
from rollbook.api.log_model_verb import ModelLogging
from rollbook.api.model_runs import ModelRuns
from rollbook.api.moves import Moves
from rollbook.api.proposals import Proposals
from rollbook.api.reading import ReadOnlyRegistry
from rollbook.api.request_verbs import Requests
from rollbook.api.scan_verb import Scans
from rollbook.api.signing_verbs import Signing
from rollbook.api.takeovers import Takeovers
from rollbook.api.upkeep import Upkeep

if TYPE_CHECKING:
    from rollbook.api.monitor_verbs import MonitorVerbs
    from rollbook.api.trail_verbs import AuditTrail
    from rollbook.api.upkeep import Hooks
    from rollbook.propose.new_registry import Initialised


class Registry(
    ReadOnlyRegistry,
    Proposals,
    ModelLogging,
    Takeovers,
    Requests,
    Moves,
    ModelRuns,
    Signing,
    Checks,
    OwnAccessQuestion,
    Scans,
    Upkeep,
):
    """The models of one snapshot of one repository, and what can be done with them.

    What is asked is answered from the snapshot that was opened; what is proposed starts from main as it is
    then. A method has the name of its command and takes its options under their names.
    """

    @staticmethod
    def init(
        directory: str | Path = ".",
        *,
        remote: str | None = None,
        action: str | None = None,
        mlflow: bool = False,
        pages: bool = False,
        commit: bool = False,
    ) -> Initialised:
        """Turn the git repository around `directory` into a registry; return what was written.

        `remote` is where artifacts go (DVC's default remote); by default a folder beside the repository.
        `action` is the commit of Rollbook that workflows run, as OWNER/REPO@COMMIT; by default that which is
        installed, where it can be told. With `mlflow` the policy has MLflow's stages, and what MLflow's
        clients write lands at once; with `pages` a workflow publishes the catalog on GitHub Pages. Nothing
        that exists is overwritten, nothing is committed. With `commit`
        the folder and the repository are made where they are missing, and what was written is committed, as
        the first commit of main. Raises BadCall when there is no repository, or to commit, when git does not
        know who you are.

        >>> Registry.init("registry", commit=True)
        """
        from rollbook.git.repository import discover
        from rollbook.propose.new_registry import begin_registry, initialise

        if commit:
            return begin_registry(Path(directory), remote=remote, action=action, mlflow=mlflow, pages=pages)
        repository = discover(Path(directory))
        return initialise(repository, remote=remote, action=action, mlflow=mlflow, pages=pages)

    @property
    def audit(self) -> AuditTrail:
        """Return the audit trail: what writes its tags, verifies them, and tells its head."""
        from rollbook.api.trail_verbs import AuditTrail

        return AuditTrail(self.repository)

    @property
    def monitor(self) -> MonitorVerbs:
        """Return what watches the versions that serve."""
        from rollbook.api.monitor_verbs import MonitorVerbs

        return MonitorVerbs(self)

    @property
    def hooks(self) -> Hooks:
        """Return what installs git hooks."""
        from rollbook.api.upkeep import Hooks

        return Hooks(self.repository)
