"""Signing tag objects as `git tag -s` does, with the key that git's configuration names.

Formats: https://git-scm.com/docs/gitformat-signature (the signature is appended to the tag object).
"""

from __future__ import annotations

import shlex
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from rollbook.errors import Refused
from rollbook.git.process import clean_environment

if TYPE_CHECKING:
    from collections.abc import Callable

    from rollbook.git.repository import Repository

_NAMESPACE = "git"


def signer(repository: Repository) -> Callable[[bytes], bytes] | None:
    """A function that returns tag bytes with a signature appended; None when no key is configured.

    `user.signingKey` names the key, `gpg.format` its kind (`openpgp` or `ssh`); `tag.gpgSign = false`
    turns signing off. Raises Refused for a kind that Rollbook can't sign with.
    """
    key = repository.config("user.signingKey")
    if not key or repository.config("tag.gpgSign", kind="bool") == "false":
        return None
    kind = repository.config("gpg.format") or "openpgp"
    if kind == "ssh":
        program = repository.config("gpg.ssh.program") or "ssh-keygen"
        return lambda data: data + _ssh_signature(program, key, data)
    if kind == "openpgp":
        program = repository.config("gpg.openpgp.program") or repository.config("gpg.program") or "gpg"
        return lambda data: data + _run([program, "--status-fd=2", "-bsau", key], data)
    raise Refused(f"tags can't be signed with gpg.format={kind}", hint="Use an SSH or an OpenPGP key.")


def _ssh_signature(program: str, key: str, data: bytes) -> bytes:
    literal = key.removeprefix("key::")
    if literal == key and not key.startswith("ssh-"):
        path = str(Path(key).expanduser())
        return _run([program, "-Y", "sign", "-n", _NAMESPACE, "-f", path], data)
    with tempfile.NamedTemporaryFile("w", suffix=".pub", encoding="utf-8") as file:
        file.write(literal + "\n")
        file.flush()
        return _run([program, "-Y", "sign", "-n", _NAMESPACE, "-U", "-f", file.name], data)


def _run(command: list[str], data: bytes) -> bytes:
    try:
        done = subprocess.run(command, input=data, capture_output=True, env=clean_environment())
    except OSError as error:
        raise Refused(f"can't run {command[0]} to sign: {error.strerror}") from error
    if done.returncode or not done.stdout:
        said = done.stderr.decode(errors="replace").strip()
        raise Refused(
            f"signing failed: {shlex.join(command[:3])}: {said}",
            hint="Check user.signingKey and gpg.format in git's configuration.",
        )
    return done.stdout
