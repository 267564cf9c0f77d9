"""Signing tag objects as `git tag -s` does, with the key that git's configuration names.

Formats: https://git-scm.com/docs/gitformat-signature (the signature is appended to the tag object).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.errors import Refused
from rollbook.git.config import flag, openpgp_program, setting, ssh_program
from rollbook.signing.ssh_keygen import signature_by, ssh_sign

if TYPE_CHECKING:
    from collections.abc import Callable

    from rollbook.git.repository import Repository

_NAMESPACE = "git"


def signer(repository: Repository) -> Callable[[bytes], bytes] | None:
    """A function that returns tag bytes with a signature appended; None when no key is configured.

    `user.signingKey` names the key, `gpg.format` its kind (`openpgp` or `ssh`); `tag.gpgSign = false`
    turns signing off. Raises Refused for a kind that Rollbook can't sign with.
    """
    key = setting(repository, "user.signingKey")
    if not key or flag(repository, "tag.gpgSign") is False:
        return None
    kind = setting(repository, "gpg.format") or "openpgp"
    if kind == "ssh":
        program = ssh_program(repository)
        return lambda data: data + ssh_sign(data, key, _NAMESPACE, program)
    if kind == "openpgp":
        program = openpgp_program(repository)
        return lambda data: data + signature_by([program, "--status-fd=2", "-bsau", key], data)
    raise Refused(f"tags can't be signed with gpg.format={kind}", hint="Use an SSH or an OpenPGP key.")
