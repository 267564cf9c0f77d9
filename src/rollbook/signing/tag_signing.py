"""Signing tag objects as `git tag -s` does, with the key that git's configuration names.

Formats: https://git-scm.com/docs/gitformat-signature (the signature is appended to the tag object).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.errors import Refused
from rollbook.git.config import flag, openpgp_program, setting, ssh_program
from rollbook.git.write import committer_identity
from rollbook.signing.ssh_keygen import signature_by, ssh_key, ssh_sign

if TYPE_CHECKING:
    from collections.abc import Callable

    from rollbook.git.repository import Repository

_NAMESPACE = "git"


def signer(repository: Repository) -> Callable[[bytes], bytes] | None:
    """Return a function that returns tag bytes with a signature appended; None when tags are not to be
    signed.

    They are where `tag.gpgSign` says so, or where there is a key and it says nothing. `user.signingKey` names
    the key, else git's own default for its kind (`gpg.format`: `openpgp` or `ssh`). Raises Refused for a kind
    that Rollbook can't sign with, and where SSH is to sign without a key.
    """
    if not _are_signed(repository):
        return None
    kind = setting(repository, "gpg.format") or "openpgp"
    if kind == "ssh":
        key, program = ssh_key(repository), ssh_program(repository)
        return lambda data: data + ssh_sign(data, key, _NAMESPACE, program, repository.directory)
    if kind == "openpgp":
        command = [openpgp_program(repository), "--status-fd=2", "-bsau", _openpgp_key(repository)]
        return lambda data: data + signature_by(command, data, repository.directory)
    raise Refused(
        f"tags can't be signed with gpg.format={kind}",
        hint="Use an SSH or an OpenPGP key, or leave tags unsigned: git config tag.gpgSign false",
    )


def has_key(repository: Repository) -> bool:
    """Whether git's configuration names a key to sign with."""
    by_ssh = setting(repository, "gpg.format") == "ssh"
    names = ["user.signingKey", "gpg.ssh.defaultKeyCommand"] if by_ssh else ["user.signingKey"]
    return any(setting(repository, name) for name in names)


def _are_signed(repository: Repository) -> bool:
    # Whoever gives an annotated tag its message without `-a`, says git, has it signed by this.
    if flag(repository, "tag.forceSignAnnotated"):
        return True
    wanted = flag(repository, "tag.gpgSign")
    return has_key(repository) if wanted is None else wanted


def _openpgp_key(repository: Repository) -> str:
    key = setting(repository, "user.signingKey")
    if key:
        return key
    user = committer_identity(repository)
    return f"{user.name} <{user.email}>"
