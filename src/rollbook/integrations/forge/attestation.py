"""What the recorder puts on record because a forge says so."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from rollbook.text import one_line
from rollbook.trail.record import Attestation

if TYPE_CHECKING:
    from collections.abc import Callable

    from rollbook.integrations.forge.interface import Forge


def attestation(forge: Forge, branch: str) -> Callable[[str], Attestation]:
    """A function that tells, for a commit of `branch`, its pull request and who approved what was merged.

    Each commit is asked for once. The names are marked as what they are, so that nobody takes them for
    signatures.
    """

    @functools.cache
    def attest(commit: str) -> Attestation:
        pull = forge.landed_by(commit, branch)
        if pull is None:
            return Attestation()
        names = (f"@{one_line(person.login)} ({forge.name} review)" for person in forge.reviews(pull, ()))
        return Attestation(one_line(pull.url), tuple(names))

    return attest
