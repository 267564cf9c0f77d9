"""The verb that signs models. `verify` is asked of a version."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rollbook.artifact.progress import quiet
from rollbook.registry import registry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollbook.artifact.progress import Progress
    from rollbook.propose.told_facts import PathLike
    from rollbook.propose.vouching import SignedVersion


class Signing(registry.Registry):
    """What signs models."""

    def sign(
        self,
        reference: str,
        *,
        key: PathLike | None = None,
        certificate: PathLike | None = None,
        chain: Sequence[PathLike] = (),
        keyless: bool = False,
        artifact: PathLike | None = None,
        remote: str | None = None,
        progress: Progress = quiet,
    ) -> SignedVersion:
        """Propose a signature of a version's artifact, in the format of OpenSSF Model Signing; return what
        was proposed.

        `key` is a private key (EC, a PEM file), `certificate` its certificate, `chain` those of who certified
        it; with `keyless` the identity signs that Sigstore certifies to a CI job. The bytes are fetched
        unless they are at `artifact`; `remote` takes the place of the DVC remote. Raises Refused for a
        version that is signed already or other bytes, BadCall for a key that can't sign and without the extra
        `sign`.
        """
        from rollbook.propose.vouching import sign_version, signing_key

        return sign_version(
            self.repository,
            reference,
            signing_key(key, certificate, chain, keyless=keyless),
            artifact=Path(artifact) if artifact else None,
            remote=remote,
            progress=progress,
        )
