"""The audit trail: `registry.audit.record()`, `.verify()` and `.head()`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rollbook.api.results import Recorded
from rollbook.errors import BadCall, CannotTell, NotFound, RollbookError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollbook.git.repository import Repository
    from rollbook.propose.mending import Mended
    from rollbook.propose.told_facts import PathLike
    from rollbook.trail.head import Head
    from rollbook.trail.verification import Verification


class AuditTrail:
    """The tags that say what landed on main."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    def record(self, *, push: bool | None = None, forge: str | None = None) -> Recorded:
        """Write the annotated tags of what landed on main; return what was written, and stray tags.

        Safe to do twice, by several at once, and after a crash. `push` sends the tags to the remote as well,
        by default when there is one; `forge` (`github`) puts the pull request and its approvals on record.
        """
        from rollbook.trail.record import record

        strays: list[str] = []
        if forge is None:
            return Recorded(record(self._repository, push_tags=push, name_stray=strays.append), strays)
        if forge != "github":
            raise BadCall(f"{forge[:40]!r} is no forge that can attest", hint="There is github.")
        from rollbook.integrations.forge.configured_forge import github
        from rollbook.integrations.forge.reviews import attestation
        from rollbook.registry.main_branch import main_branch

        attest = attestation(github(), main_branch(self._repository))
        recorded = record(self._repository, push_tags=push, attest=attest, name_stray=strays.append)
        return Recorded(recorded, strays)

    def mend(self, tags: Sequence[str] = (), *, dry_run: bool = False, push: bool | None = None) -> Mended:
        """Remove tags that look like the trail's and that main knows nothing of; return what was removed.

        `tags` names those to remove, by default all that are certainly stray. A commit on main records it;
        `push`, the default where there is a remote, removes them there too. `dry_run` changes nothing. Raises
        Refused for who is no admin, NotFound for a tag that nothing is wrong with or that others build on.
        """
        from rollbook.propose.mending import mend, to_mend

        return (to_mend if dry_run else mend)(self._repository, tags, push_refs=push)

    def verify(
        self,
        *,
        since: str | None = None,
        model: str | None = None,
        allowed_signers: PathLike | None = None,
        witness: str | None = None,
    ) -> Verification:
        """Derive every event from main's history anew and compare with the tags; return what came of it.

        `since` (a commit of main or a date) and `model` narrow what is reported; `allowed_signers` is a file
        of who may sign tags, by default that on main; `witness` the path or URL of an earlier head, which
        today's trail must extend. Raises CannotTell when there is too little here to tell, BadCall and
        NotFound for a call that makes no sense.
        """
        from rollbook.trail.verify import verify
        from rollbook.trail.witness import read_witness

        try:
            return verify(
                self._repository,
                since=since,
                model=model,
                allowed_signers=Path(allowed_signers).read_bytes() if allowed_signers else None,
                witness=read_witness(witness) if witness else None,
            )
        except (BadCall, CannotTell, NotFound):
            raise
        except RollbookError as error:
            raise CannotTell(str(error), hint=error.hint) from error
        except OSError as error:  # no room for what is judged, say
            raise CannotTell(
                f"the trail can't be verified: {error.strerror or error}",
                hint="Is there room for temporary files? TMPDIR names where.",
            ) from error

    def head(self) -> Head:
        """Return the head of the trail, to publish where those who write the registry can't write.

        Raises Refused when the tags make no single chain, CannotTell in a shallow clone.
        """
        from rollbook.trail.head import head

        return head(self._repository)
