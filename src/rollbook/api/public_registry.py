"""The registry as programs use it: what it holds, and every verb of the command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rollbook.api.checking import Checks
from rollbook.api.exchange import Exchange
from rollbook.api.moves import Moves
from rollbook.api.proposals import Proposals
from rollbook.api.public_model import Model
from rollbook.api.reading import Questions
from rollbook.api.upkeep import Upkeep
from rollbook.api.version_answers import VersionQuestions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollbook.api.evidence_verbs import EvidenceVerbs
    from rollbook.api.public_model import ModelVersion
    from rollbook.api.trail_verbs import AuditTrail
    from rollbook.api.upkeep import Hooks
    from rollbook.names import Reference
    from rollbook.propose.new_registry import Initialised
    from rollbook.records.stages import StageTable


class Registry(VersionQuestions, Questions, Proposals, Moves, Checks, Exchange, Upkeep):
    """The models of one snapshot of one repository, and what can be done with them.

    What is asked is answered from the snapshot that was opened; what is proposed starts from main as it is
    then. A method has the name of its command and takes its options under their names.
    """

    @staticmethod
    def init(directory: str | Path = ".", *, remote: str | None = None) -> Initialised:
        """Turn the git repository around `directory` into a registry; return what was written.

        `remote` is where artifacts go (DVC's default remote); by default a folder beside the repository.
        Nothing that exists is overwritten, nothing is committed. Raises BadCall when there is no repository.
        """
        from rollbook.git.repository import discover
        from rollbook.propose.new_registry import initialise

        return initialise(discover(Path(directory)), remote=remote)

    @property
    def evidence(self) -> EvidenceVerbs:
        """Return what puts evidence on record, lists it, and gets what is attached to it."""
        from rollbook.api.evidence_verbs import EvidenceVerbs

        return EvidenceVerbs(self)

    @property
    def audit(self) -> AuditTrail:
        """Return the audit trail: what writes its tags, verifies them, and tells its head."""
        from rollbook.api.trail_verbs import AuditTrail

        return AuditTrail(self.repository)

    @property
    def hooks(self) -> Hooks:
        """Return what installs git hooks."""
        from rollbook.api.upkeep import Hooks

        return Hooks(self.repository)

    def make_model(self, name: str, versions: Sequence[str], stages: StageTable) -> Model:
        return Model(self, name, versions, stages)

    if TYPE_CHECKING:  # what `make_model` makes of them

        def models(self) -> Sequence[Model]: ...
        def models_named(self, names: Sequence[str]) -> Sequence[Model]: ...
        def model(self, name: str) -> Model: ...
        def version(self, reference: str | Reference) -> ModelVersion: ...
