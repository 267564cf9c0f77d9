"""Who signed a tag of the trail, by a list of allowed signers and without a repository."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from rollbook.errors import CannotTell
from rollbook.git.environment import clean_environment
from rollbook.signing.ssh_keygen import verify_command

if TYPE_CHECKING:
    from rollbook.trail.standing_tags import StandingTag

_SSH = "-----BEGIN SSH SIGNATURE-----"
_PROGRAM = "ssh-keygen"
_NAMESPACE = "git"
_LAST_SECOND = 253_402_300_799  # of the year 9999


def signer_of(tag: StandingTag, allowed_signers: bytes) -> str:
    """Who, of those that `allowed_signers` (ssh-keygen(1), ALLOWED SIGNERS) names, signed a tag; empty when
    nobody did. A key is judged for the tagger's date.

    Raises CannotTell when ssh-keygen can't be started.
    """
    if not tag.signature.startswith(_SSH):
        return ""
    moment = datetime.fromtimestamp(min(int(tag.when.split(" ")[0]), _LAST_SECOND), UTC)
    with TemporaryDirectory(prefix="rollbook-") as directory:
        allowed, signature = Path(directory, "allowed_signers"), Path(directory, "signature")
        allowed.write_bytes(allowed_signers)
        signature.write_text(tag.signature, encoding="utf-8", errors="surrogateescape")
        at = f"-Overify-time={moment:%Y%m%d%H%M%S}Z"
        names = _run([_PROGRAM, "-Y", "find-principals", "-f", str(allowed), "-s", str(signature), at], b"")
        for name in names.stdout.decode(errors="replace").splitlines():
            command = verify_command(allowed, signature, name, _NAMESPACE, moment, _PROGRAM)
            # Only the exit code counts: ssh-keygen prints "Good" for keys it does not trust as well.
            if _run(command, tag.payload).returncode == 0:
                return name
    return ""


def _run(command: list[str], data: bytes) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(command, input=data, capture_output=True, env=clean_environment())
    except OSError as error:
        raise CannotTell(
            f"can't run {_PROGRAM} to verify signatures: {error.strerror}", hint="Install OpenSSH's client."
        ) from error
