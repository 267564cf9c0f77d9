"""SSH signatures: `ssh-keygen -Y sign` and `-Y verify`.

Format: https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.sshsig. A signature is made in a
namespace, so that one made for a git tag can't be passed off as an approval.
"""

from __future__ import annotations

import shlex
import subprocess
import tempfile
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING

from rollbook.errors import CannotTell, Refused
from rollbook.git.config import setting
from rollbook.git.environment import clean_environment
from rollbook.git.work_limit import counted_child, require_time

if TYPE_CHECKING:
    from datetime import datetime

    from rollbook.git.repository import Repository

_LITERAL = ("key::", "ssh-", "ecdsa-", "sk-")
_ARMOUR = b"-----BEGIN "


def ssh_key(repository: Repository) -> str:
    """Return the key that git signs with: `user.signingKey`, else the first that `gpg.ssh.defaultKeyCommand`
    prints. Raises Refused when there is none."""
    key = setting(repository, "user.signingKey")
    if key:
        return key
    command = setting(repository, "gpg.ssh.defaultKeyCommand")
    if not command:
        raise Refused(
            "there is no SSH key to sign with", hint="Set user.signingKey: git config user.signingKey PATH"
        )
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise Refused(f"gpg.ssh.defaultKeyCommand can't be read: {error}") from error
    done = _run(words, b"", repository.directory)
    first = done.stdout.decode(errors="replace").partition("\n")[0].strip()
    if done.returncode or not first.startswith(_LITERAL):
        said = done.stderr.decode(errors="replace").strip()
        raise Refused(
            f"gpg.ssh.defaultKeyCommand gives no key{': ' if said else ''}{said}",
            hint="Set user.signingKey, or leave tags unsigned: git config tag.gpgSign false",
        )
    return first


def ssh_sign(
    data: bytes, key: str, namespace: str, program: str = "ssh-keygen", directory: Path | None = None
) -> bytes:
    """Return the armoured signature of `data` by `key`: a file's path, from `directory`, or a public key
    whose private half the agent holds, written as git's `user.signingKey` takes it. Raises Refused when
    signing fails.
    """
    if not key.startswith(_LITERAL):
        command = [program, "-Y", "sign", "-n", namespace, "-f", str(Path(key).expanduser())]
        return signature_by(command, data, directory)
    with tempfile.NamedTemporaryFile("w", suffix=".pub", encoding="utf-8") as file:
        file.write(key.removeprefix("key::") + "\n")
        file.flush()
        return signature_by([program, "-Y", "sign", "-n", namespace, "-U", "-f", file.name], data, directory)


def ssh_verified(
    data: bytes,
    signature: str,
    *,
    principal: str,
    allowed_signers: bytes,
    namespace: str,
    at: datetime | None = None,
    program: str = "ssh-keygen",
) -> bool:
    """Whether `signature` is that of `data` by a key which `allowed_signers` (ssh-keygen(1), ALLOWED SIGNERS)
    gives to `principal`, valid at the moment `at`; now when None.

    Only the exit code counts: ssh-keygen prints "Good" for keys it does not trust as well.
    """
    with tempfile.TemporaryDirectory(prefix="rollbook-") as directory:
        allowed, signed = Path(directory, "allowed_signers"), Path(directory, "signature")
        allowed.write_bytes(allowed_signers)
        signed.write_text(signature, encoding="utf-8", errors="surrogateescape")
        question = ("verify", "-f", str(allowed), "-I", principal, "-n", namespace, "-s", str(signed))
        try:
            return ask(program, *question, *verify_time(at), data=data).returncode == 0
        except CannotTell as error:
            raise Refused(str(error), hint=error.hint) from error


def ask(program: str, *question: str, data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Ask `ssh-keygen -Y` a question about a signature of `data`; only its exit code tells who may sign.

    Raises CannotTell when it can't be started, TooMuch when the time of `limited_work` is over.
    """
    require_time()
    try:
        with counted_child():
            return subprocess.run(
                [program, "-Y", *question], input=data, capture_output=True, env=clean_environment()
            )
    except OSError as error:
        raise CannotTell(
            f"can't run {program} to verify signatures: {error.strerror}", hint="Install OpenSSH's client."
        ) from error


def verify_time(at: datetime | None) -> list[str]:
    """Return the option that has keys judged for a moment; none for now."""
    return [f"-Overify-time={at.astimezone(UTC):%Y%m%d%H%M%S}Z"] if at else []


def signature_by(command: list[str], data: bytes, directory: Path | None) -> bytes:
    """Return what a signing program, started in `directory`, prints for `data` on its stdin. Raises Refused
    when it fails, or prints no signature.
    """
    done = _run(command, data, directory)
    signature = done.stdout.replace(b"\r\n", b"\n")
    if done.returncode or not signature.startswith(_ARMOUR):
        stderr = done.stderr.decode(errors="replace").strip()
        raise Refused(
            f"signing failed: {command[0]}: {stderr or 'it printed no signature'}",
            hint="Check user.signingKey and gpg.format in git's configuration.",
        )
    return signature


def _run(command: list[str], data: bytes, directory: Path | None) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            command, input=data, capture_output=True, cwd=directory, env=clean_environment()
        )
    except OSError as error:
        raise Refused(
            f"can't run {command[0]}: {error.strerror}",
            hint="Install it, or name another program: `git help config` has gpg.program, gpg.ssh.program.",
        ) from error
