"""Who vouches for the tags of a bundle: their signatures, judged by a list of allowed signers.

They are judged for the present moment. When a tag was made says only the tag itself, so a key that has
expired since may have signed it yesterday.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rollbook.errors import Refused
from rollbook.signing.signature import judge
from rollbook.signing.verdict import Judgement, Signed, Verdict
from rollbook.signing.verified_signatures import VerifiedSignatures
from rollbook.trail.standing_tags import standing_tag

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollbook.git.repository import Repository
    from rollbook.records.imported import SourceTag

# Judged by an empty list, a signature would not be looked at; by this one, it is nobody's.
_NOBODY = b"# nobody\n"
_UNSIGNED = Verdict(Judgement.UNKNOWN, why="it is not signed")


def verdicts(
    repository: Repository, tags: Sequence[SourceTag], allowed_signers: bytes, *, only_ssh: bool
) -> list[Verdict]:
    """A verdict on the signature of each tag, in order; UNKNOWN for one without.

    Raises CannotTell when the program that judges can't be started.
    """
    now = int(time.time())
    roots = (allowed_signers if allowed_signers.strip() else _NOBODY,)
    questions: dict[str, Signed] = {}
    for tag in tags:
        read = standing_tag(tag.tag, tag.object, tag.content.encode(errors="surrogateescape"))
        if read is not None and read.signature:
            questions[tag.object] = Signed(tag.object, read.payload, read.signature, now, roots, only_ssh)
    judged = judge(repository, [*questions.values()], VerifiedSignatures(repository))
    found = dict(zip(questions, judged, strict=True))
    return [found.get(tag.object, _UNSIGNED) for tag in tags]


def require_sound(tags: Sequence[SourceTag], found: Sequence[Verdict], registry: str) -> None:
    """Raise Refused when a signature is none of the tag that bears it: somebody forged one or the other."""
    for tag, verdict in zip(tags, found, strict=True):
        if verdict.judgement is Judgement.BROKEN:
            raise Refused(
                f"the tag {tag.tag!r} of {registry}: {verdict.why}",
                hint="Do not use the bundle. Compare the tag with the one in its registry.",
            )


def require_good(tags: Sequence[SourceTag], found: Sequence[Verdict], registry: str) -> None:
    """Raise Refused unless somebody who may has signed every tag."""
    for tag, verdict in zip(tags, found, strict=True):
        if verdict.judgement is not Judgement.GOOD:
            said = "it was signed " if verdict.judgement is Judgement.NOT_ALLOWED else ""
            hint = "Name a list that holds the signer's key: --allowed-signers FILE"
            if not tag.signed:
                hint = "Let that registry sign its trail: git config user.signingKey KEY"
            raise Refused(
                f"nobody vouches for the tag {tag.tag!r} of {registry}: {said}{verdict.why}", hint=hint
            )
